"""Reads an amount as people type it, and says plainly when it cannot be read safely. Pure.

`babel.parse_decimal` takes "1,440" for 1.44 in Russian and "1.440" for 1.44 in English; here one separator before
exactly three digits is ambiguous, and the curator is asked.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bot.handlers.plain_text import key_of, plain
from bot.money import normal_currency

AMOUNT_BELOW = Decimal(10) ** 9
"""A single top-up stays below this many whole units; more is taken for a slip."""

_DIGITS_MAX = 40
"""Nobody types a longer number on purpose."""

Trouble = Literal[
    "missing", "zero", "negative", "not_a_number", "in_words", "shorthand", "too_fine", "too_large", "unclear"
]
"""Why an amount is refused: none given, 0, below 0, not a number, spelled out, "1k", more decimals than money has,
unlikely large, or digits that can be read in more than one way."""

_BODY = re.compile(r"^([+-]?)\s*(\d[\d.,' ]*)$")
_SHORTHAND = re.compile(r"^[+-]?\d[\d.,' ]*\s*(?:k|к|m|м|тыс|тысяч|тысячи|млн|mln|mio|т)\.?$", re.IGNORECASE)
_SPACED = re.compile(r"^[1-9]\d{0,2}(?:(?: \d{3})+|(?:'\d{3})+)(?:[.,](\d+))?$")
_COMMA_GROUPS = re.compile(r"^[1-9]\d{0,2}(?:,\d{3})+(?:\.(\d+))?$")
_POINT_GROUPS = re.compile(r"^[1-9]\d{0,2}(?:\.\d{3})+(?:,(\d+))?$")
_SIMPLE = re.compile(r"^(?:0|[1-9]\d*)(?:[.,](\d+))?$")
_CODES = frozenset(
    {"EUR", "USD", "RUB", "RUR", "KZT", "BRL", "GBP", "CHF", "PLN", "UAH", "BYN", "GEL", "AMD", "AZN", "KGS", "UZS",
     "MXN", "ARS", "CLP", "COP", "PEN", "CAD", "AUD", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "CZK", "HUF", "RON",
     "BGN", "ILS", "AED", "TJS", "MDL"}
)  # fmt: skip
"""ISO 4217 codes taken for a currency when typed; those that are everyday words too (ALL, TRY) are not."""
_CURRENCY_WORDS = {
    "euro": "EUR", "euros": "EUR", "евро": "EUR",
    "dollar": "USD", "dollars": "USD", "bucks": "USD", "доллар": "USD", "доллара": "USD", "долларов": "USD",
    "долл": "USD", "бакс": "USD", "баксов": "USD",
    "rub": "RUB", "ruble": "RUB", "rubles": "RUB", "rouble": "RUB", "roubles": "RUB", "руб": "RUB", "р": "RUB",
    "рубль": "RUB", "рубля": "RUB", "рублей": "RUB", "рубли": "RUB",
    "tenge": "KZT", "тенге": "KZT", "тг": "KZT",
    "real": "BRL", "reais": "BRL",
    "£": "GBP",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """A positive amount in whole units and the currency that was written with it, if any.

    `other` is the second reading of an ambiguous one: `1,440` is 1440, or else 1.44.
    """

    value: Decimal
    currency: str | None = None
    other: Decimal | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether the curator must be asked which of two readings was meant."""
        return self.other is not None


@dataclass(frozen=True, slots=True)
class AmountProblem:
    """Why no amount could be read, and the text that was tried."""

    reason: Trouble
    text: str = ""


def currency_word(word: str) -> str | None:
    """The ISO code of a currency sign, code or word in any supported language; None for other words."""
    key = key_of(word).rstrip(".")
    if key in _CURRENCY_WORDS:
        return _CURRENCY_WORDS[key]
    if key.upper() in _CODES or not key.isalpha():
        return normal_currency(word)
    return None


def parse_amount(text: str) -> Amount | AmountProblem:
    """Read `1 440,50 €`, `$100`, `1,440.50`, `1440.5 eur`. Text is one amount and nothing else."""
    written = " ".join(plain(text).split())
    currencies, body = _split_currency(written)
    if not body:
        return AmountProblem("missing", written)
    if len(set(currencies)) > 1:
        return AmountProblem("unclear", written)
    read = _read(body)
    if isinstance(read, str):
        return AmountProblem(read, written)
    values = [value for value in read if value < AMOUNT_BELOW]
    if not values:
        return AmountProblem("too_large", written)
    return Amount(values[0], currencies[0] if currencies else None, values[1] if len(values) > 1 else None)


def _split_currency(written: str) -> tuple[list[str], str]:
    """The currencies named before or after the number, and what is left."""
    spaced = re.sub(r"(US\$|R\$|[€$₽₸£])", r" \1 ", written, flags=re.IGNORECASE)
    spaced = re.sub(r"(?<=\d)(?=[^\W\d_]{1,8}\.?$)", " ", spaced.strip())
    found: list[str] = []
    rest: list[str] = []
    for part in spaced.split():
        code = currency_word(part)
        if code:
            found.append(code)
        else:
            rest.append(part)
    return found, " ".join(rest)


def _read(body: str) -> tuple[Decimal, ...] | Trouble:
    """One value, two for an ambiguous text (thousands first), or why there is none."""
    if _SHORTHAND.match(body):
        return "shorthand"
    match = _BODY.match(body)
    if not match:
        return "not_a_number"
    if match[1] == "-":
        return "negative"
    number = match[2].strip().rstrip(".,")
    grouped = _SPACED.match(number) or _COMMA_GROUPS.match(number) or _POINT_GROUPS.match(number)
    simple = _SIMPLE.match(number)
    if grouped and simple:
        return _both(number)
    found = grouped or simple
    if len(number) > _DIGITS_MAX:
        return "too_large"
    if not found:
        return "unclear"
    return _one(number, found[1] or "")


def _one(number: str, decimals: str) -> tuple[Decimal, ...] | Trouble:
    whole = re.sub(r"\D", "", number[: len(number) - len(decimals)])
    if len(decimals) > 2:
        return "too_fine"
    value = Decimal(f"{whole}.{decimals}" if decimals else whole)
    return (value,) if value else "zero"


def _both(number: str) -> tuple[Decimal, ...]:
    thousands = Decimal(re.sub(r"\D", "", number))
    return (thousands, Decimal(number.replace(",", ".")))
