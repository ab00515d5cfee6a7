"""What may be paid in, and how: the limits of payment pages, and what is told to whom no page serves. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from bot.money import Money

_LEAST, _MOST = 50, 99_999_999
"""Stripe's limits in minor units: half a euro or dollar, eight digits."""


@dataclass(frozen=True, slots=True)
class ReplenishTerms:
    """`provider` None: there are no payment pages, only the bank. `currencies` are those that pages are opened in."""

    provider: str | None = None
    currencies: frozenset[str] = frozenset()
    link_life: timedelta = timedelta(hours=23)
    bank_details: str | None = None

    def serves(self, currency: str) -> bool:
        """Whether a payment page can be opened in a currency."""
        return self.provider is not None and currency in self.currencies

    def least(self, currency: str) -> Money:
        """The smallest amount of a page."""
        return Money(_LEAST, currency)

    def most(self, currency: str) -> Money:
        """The largest amount of a page."""
        return Money(_MOST, currency)
