"""Reads values out of a parsed configuration and collects what is wrong with them, one line per mistake. Pure."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from bot import money
from bot.money import Money

_WHOLE_MAX = 1_000_000


class BookReader:
    """Reads the price book's dictionary. Each reading returns a usable value, wrong or not: `problems` decides."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems

    def known(self, table: Mapping[str, Any], where: str, allowed: Iterable[str]) -> None:
        """Complain about every key of the table that means nothing here."""
        names = sorted(allowed)
        for key in table:
            if key not in names:
                near = get_close_matches(key, names, n=1)
                hint = f", did you mean {near[0]}?" if near else f", known are {', '.join(names)}"
                self.problems.append(f"{where}{key}: no such setting{hint}")

    def tables(self, data: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The tables of an array, each with its place in words: `prices[3].`."""
        found = data.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.problems.append(f"{key}: must be written as [[{key}]]")
            return []
        return [(f"{key}[{n}].", one) for n, one in enumerate(found, 1)]

    def named(self, data: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
        """The tables under one name: `plans.start`, `plans.pro`."""
        found = data.get(key, {})
        if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
            self.problems.append(f"{key}: must be written as [{key}.name]")
            return {}
        return found

    def text(self, table: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
        """A word; without a default it must be there."""
        value = table.get(key, default)
        if isinstance(value, str) and value:
            return value
        self.problems.append(f"{where}{key}: a word is needed")
        return "?"

    def whole(self, table: Mapping[str, Any], key: str, where: str, default: int) -> int:
        """A whole number from 0 to a million: no number of months, minutes, channels or dialogues is larger."""
        value = table.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _WHOLE_MAX:
            return value
        self.problems.append(f"{where}{key}: {value!r} is not a whole number from 0 to {_WHOLE_MAX}")
        return default

    def day(self, table: Mapping[str, Any], key: str, where: str) -> date:
        """A calendar day."""
        value = table.get(key)
        if type(value) is date:
            return value
        self.problems.append(f"{where}{key}: a day such as 2026-01-31 is needed")
        return date.min

    def flag(self, table: Mapping[str, Any], key: str, where: str) -> bool:
        """Yes or no; no when nothing is said."""
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.problems.append(f"{where}{key}: {value!r} is neither true nor false")
        return value is True

    def share(self, table: Mapping[str, Any], key: str, where: str, default: str | None = None) -> Decimal:
        """A share from 0 to 1, written as a text: "0.35"."""
        value = table.get(key, default)
        if isinstance(value, str):
            with suppress(InvalidOperation):  # no number, or one that does not compare: "NaN"
                if 0 <= (number := Decimal(value)) <= 1:
                    return number
        self.problems.append(f'{where}{key}: {value!r} is not a share from 0 to 1 in quotes, such as "0.35"')
        return Decimal(0)

    def amount(self, value: object, currency: str, where: str) -> Money:
        """An amount of money from 0 on, written as a text: "30.00"."""
        if isinstance(value, str):
            with suppress(ValueError, ArithmeticError):  # no number, finer than the currency, or without an end
                if (found := money.of(value, currency)).minor >= 0:
                    return found
        self.problems.append(f'{where}: {value!r} is not an amount of {currency} in quotes, such as "30.00"')
        return money.zero(currency)
