"""What a WhatsApp message costs by the price table: the provider's fee and Meta's, by category, country and date. Pure.

Amounts are millionths of the table's currency (micros): a message costs fractions of a cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from bot.errors import ConfigError

MICROS = 1_000_000
OTHER = "other"
"""The rate of countries that have none and stand in no region."""


class Category(StrEnum):
    """What Meta takes a message for."""

    UTILITY = "utility"
    """A stored text, inside the 24-hour window or outside."""
    SERVICE = "service"
    """A free reply inside the window."""


@dataclass(frozen=True, slots=True)
class Fee:
    """What the provider takes for each message from `since` on, and for one that failed instead."""

    since: date
    message: int
    failed: int


@dataclass(frozen=True, slots=True)
class WindowTerms:
    """Whether Meta bills inside the 24-hour window from `since` on, and how many replies of a sender a month it does
    not."""

    since: date
    billed: bool
    free_replies: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Meta's price of a utility message by country or region from `since` on; a billed reply costs the same."""

    since: date
    by_market: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices. Lists are ordered by date; the last one that has begun is in force."""

    currency: str
    fees: Sequence[Fee]
    windows: Sequence[WindowTerms]
    rates: Sequence[Rates]
    region_of: Mapping[str, str]

    def free_replies(self, on: date) -> int:
        """How many replies of a sender Meta does not bill in the month of that day."""
        terms = _in_force(self.windows, on)
        return terms.free_replies if terms is not None and terms.billed else 0

    def cost(
        self, category: Category, country: str | None, on: date, *, in_window: bool, is_free: bool = False
    ) -> int | None:
        """Of a message that was taken that day, in micros; None when the table does not reach back so far.

        `is_free`: a reply within the month's free number.
        """
        fee, terms, rates = _in_force(self.fees, on), _in_force(self.windows, on), _in_force(self.rates, on)
        if fee is None or terms is None or rates is None:
            return None
        if in_window and (not terms.billed or (category is Category.SERVICE and is_free)):
            return fee.message
        market = country if country in rates.by_market else self.region_of.get(country or "", OTHER)
        return fee.message + rates.by_market[market or OTHER]

    def failed(self, on: date) -> int | None:
        """Of a message that was taken and not delivered, in micros; None as above."""
        fee = _in_force(self.fees, on)
        return fee.failed if fee is not None else None


class _Dated(Protocol):
    @property
    def since(self) -> date: ...


D = TypeVar("D", bound=_Dated)


def _in_force(entries: Sequence[D], on: date) -> D | None:
    return next((one for one in reversed(entries) if one.since <= on), None)


def price_table(data: Mapping[str, Any]) -> PriceTable:
    """Read the parsed message_prices.toml. ConfigError naming what is wrong."""
    try:
        regions: Mapping[str, Sequence[str]] = data["regions"]
        table = PriceTable(
            currency=data["currency"],
            fees=_ordered([Fee(one["since"], micros(one["message"]), micros(one["failed"])) for one in data["fee"]]),
            windows=_ordered(
                [WindowTerms(one["since"], one["billed"], one.get("free_replies", 0)) for one in data["window"]]
            ),
            rates=_ordered(
                [Rates(one["since"], {k: micros(v) for k, v in one["rates"].items()}) for one in data["utility"]]
            ),
            region_of={country: region for region, countries in regions.items() for country in countries},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError([f"message prices: {error!r}"]) from error
    for rates in table.rates:
        if missing := {*regions, OTHER} - set(rates.by_market):
            raise ConfigError([f"message prices: no rate since {rates.since} for {', '.join(sorted(missing))}"])
    return table


def micros(amount: str) -> int:
    """Millionths of an amount such as "0.0212". ValueError when it is none, is negative or finer than a millionth."""
    if not isinstance(amount, str):
        raise ValueError(f"an amount is text: {amount!r}")
    try:
        scaled = Decimal(amount).scaleb(6)
    except InvalidOperation as error:
        raise ValueError(f"{amount!r} is no amount") from error
    if not scaled.is_finite() or scaled < 0 or scaled != scaled.to_integral_value():
        raise ValueError(f"{amount!r} is no amount of whole millionths")
    return int(scaled)


def amount(in_micros: int) -> str:
    """Whole units with as many places as needed, two at least: 26200 is `0.0262`."""
    whole, places = f"{Decimal(in_micros).scaleb(-6):.6f}".split(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def _ordered(entries: Sequence[D]) -> Sequence[D]:
    return tuple(sorted(entries, key=lambda one: one.since))
