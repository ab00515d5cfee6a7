"""Money: an integer of minor units with a currency, and the one rounding rule. Pure.

Floor 0 and not `bot/billing`, because texts (i18n), people's tables and billing all speak of it.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "KWD": 3, "BHD": 3, "TND": 3}
"""Currencies whose minor unit is not a hundredth (ISO 4217)."""
_ALIASES = {
    "RUR": "RUB",
    "РУБ": "RUB",
    "РУБ.": "RUB",
    "Р": "RUB",
    "Р.": "RUB",
    "₽": "RUB",
    "€": "EUR",
    "$": "USD",
    "₸": "KZT",
    "ТЕНГЕ": "KZT",
    "ЕВРО": "EUR",
    "ДОЛЛ": "USD",
    "ДОЛЛ.": "USD",
    "R$": "BRL",
    "US$": "USD",
}
MINOR_MAX = 10**15
"""No single amount is above ten trillion; keeps every sum far inside 64 bits."""


class CurrencyMismatch(ValueError):
    """Two currencies never add."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount: `minor` units (cents, kopecks) of `currency` (ISO 4217, upper case)."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def share(self, rate: Decimal) -> "Money":
        """This amount times a rate, rounded by the product's one rule."""
        return Money(round_half_up(self.minor * rate), self.currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exactly."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal:.{minor_digits(self.currency)}f} {self.currency}"

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other.minor


def zero(currency: str) -> Money:
    """Nothing, in a currency."""
    return Money(0, currency)


def of(amount: Decimal | int | str, currency: str) -> Money:
    """Money from whole units: `of("1440.50", "EUR")`. ValueError when the currency has no such small unit."""
    scaled = Decimal(amount).scaleb(minor_digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} is finer than {currency} can be")
    return Money(int(scaled), currency)


def round_half_up(value: Decimal) -> int:
    """THE rounding rule: to the nearest minor unit, a half goes away from zero."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def minor_digits(currency: str) -> int:
    """How many decimal places a currency has; two unless known otherwise."""
    return _MINOR_DIGITS.get(currency, 2)


def normal_currency(text: str) -> str | None:
    """ISO code for what people write (`RUR`, `руб.`, `€`), or None when it is no currency."""
    word = text.strip().upper()
    code = _ALIASES.get(word, word)
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def as_json(money: Money) -> dict[str, str | int]:
    """The shape of money in every JSON answer (INTERFACES): amount, currency, minor."""
    return {
        "amount": f"{money.decimal:.{minor_digits(money.currency)}f}",
        "currency": money.currency,
        "minor": money.minor,
    }
