"""Amounts as people write them, with the currency beside them. Pure.

`1,440` may be a thousand and more or one and a bit. Such a cell is read only when the rest of its column shows
which mark parts the cents; otherwise it is refused with both readings, never guessed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.imports.cells import Cell, Number, Unreadable, as_text, is_blank, is_nothing, shown
from bot.imports.money_words import currency_of
from bot.money import MINOR_MAX, Money, of

_PARTS = re.compile(r"(?P<before>\D*)(?P<number>\d(?:[\d .,']*\d)?)(?P<after>\D*)")
_MARKED = re.compile(r"(\d+)([.,])(\d+)")
_GROUPED = re.compile(r"(\d{1,3}(?:([ '.,])\d{3})(?:\2\d{3})*)(?:([.,])(\d+))?")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "`": "'", "−": "-", "–": "-", "—": "-", "‑": "-"})
_OTHER = {".": ",", ",": "."}


@dataclass(frozen=True, slots=True)
class Marks:
    """What a column shows of its habits: marks seen before cents, and those seen before three decimals."""

    decimal: frozenset[str] = frozenset()
    thousandths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Written:
    """One amount taken apart. `mark` parts its decimals if it shows that; `ambiguous` has the other reading."""

    value: Decimal
    currency: str | None
    mark: str | None = None
    thousandths: bool = False
    ambiguous: Decimal | None = None


def marks_of(cells: Iterable[Cell]) -> Marks:
    """The habits of a whole column, from the cells that can be read one way only."""
    decimal, thousandths = set(), set()
    for cell in cells:
        try:
            written = _written(cell)
        except Unreadable:
            continue
        if written and written.mark and written.ambiguous is None:
            decimal.add(written.mark)
            if written.thousandths:
                thousandths.add(written.mark)
    return Marks(frozenset(decimal), frozenset(thousandths))


def read_amount(cell: Cell, marks: Marks, *currencies: str | None) -> Money | None:
    """Money in a cell; None for nothing. `currencies`: what its row and its heading say, in that order.

    Unreadable: `amount_unreadable`, `amount_ambiguous`, `amount_too_fine`, `amount_too_large`, `currency_unknown`,
    `currency_missing`, `currency_conflict`.
    """
    written = _written(cell)
    if written is None:
        return None
    currency = _one_currency(written.currency, currencies)
    text = shown(as_text(cell))
    value = written.value if written.ambiguous is None else _settled(written, marks, text)
    try:
        money = of(value, currency)
    except ValueError as error:
        raise Unreadable("amount_too_fine", value=text) from error
    if abs(money.minor) > MINOR_MAX:
        raise Unreadable("amount_too_large", value=text)
    return money


def _one_currency(beside: str | None, others: tuple[str | None, ...]) -> str:
    row, *headings = others or (None,)
    if beside and row and beside != row:
        raise Unreadable("currency_conflict", one=beside, other=row)
    currency = next((code for code in (beside, row, *headings) if code), None)
    if currency is None:
        raise Unreadable("currency_missing")
    return currency


def _settled(written: _Written, marks: Marks, text: str) -> Decimal:
    """The reading that the column allows. Three decimals of money are odd, so they need an example of their own."""
    mark = written.mark or ""
    if marks.decimal == {_OTHER[mark]}:
        return written.value
    if marks.decimal == {mark} and mark in marks.thousandths and written.ambiguous is not None:
        return written.ambiguous
    raise Unreadable("amount_ambiguous", value=text, one=f"{written.value:.2f}", other=f"{written.ambiguous}")


def _written(cell: Cell) -> _Written | None:
    if isinstance(cell, Number):
        return _Written(cell.value, currency_of(cell.currency) if cell.currency else None)
    if is_blank(cell) or is_nothing(as_text(cell)):
        return None
    text = as_text(cell)
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).strip()
    parts = _PARTS.fullmatch(" ".join(plain.split()))
    if parts is None or not parts["number"].isascii():
        raise Unreadable("amount_unreadable", value=shown(text))
    negative, words = _sign(parts["before"], parts["after"], text)
    number = _number(parts["number"], text)
    factor = -1 if negative else 1
    other = None if number.ambiguous is None else factor * number.ambiguous
    return _Written(factor * number.value, _currency(words, text), number.mark, number.thousandths, other)


def _sign(before: str, after: str, text: str) -> tuple[bool, list[str]]:
    """Is it negative (a minus on either side, or brackets), and the words left on both sides."""
    around = before + "\0" + after
    bracketed = around.count("(") == 1 and around.count(")") == 1 and "(" in before and ")" in after
    signs = around.count("-") + around.count("+") + bracketed
    if signs > 1 or (not bracketed and ("(" in around or ")" in around)):
        raise Unreadable("amount_unreadable", value=shown(text))
    bare = re.sub(r"[-+()]", " ", around)
    return bracketed or "-" in around, [word.strip() for word in bare.split("\0") if word.strip()]


def _currency(words: list[str], text: str) -> str | None:
    if not words:
        return None
    codes = {currency_of(word) for word in words}
    if len(codes) != 1 or None in codes:
        named = any(char.isalpha() or unicodedata.category(char) == "Sc" for char in "".join(words))
        raise Unreadable("currency_unknown" if named else "amount_unreadable", value=shown(text))
    return codes.pop()


def _number(text: str, whole: str) -> _Written:
    """Digits with their marks: `1 440,50`, `1,440.50`, `1'440.50`, `1440.5`, `1440`."""
    if text.isdigit():
        return _Written(Decimal(text), None)
    if marked := _MARKED.fullmatch(text):
        units, mark, decimals = marked.groups()
        value = Decimal(f"{units}.{decimals}")
        if len(decimals) == 3 and len(units) <= 3 and not units.startswith("0"):
            return _Written(Decimal(units + decimals), None, mark, ambiguous=value)
        return _Written(value, None, mark, thousandths=len(decimals) == 3)
    grouped = _GROUPED.fullmatch(text)
    if grouped is None or grouped[2] == grouped[3]:
        raise Unreadable("amount_unreadable", value=shown(whole))
    units = grouped[1].replace(grouped[2], "")
    mark = grouped[3] or _OTHER.get(grouped[2])
    return _Written(Decimal(f"{units}.{grouped[4] or 0}"), None, mark, thousandths=len(grouped[4] or "") == 3)
