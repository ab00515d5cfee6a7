"""Partner programs: what share of a transfer the partner keeps by date and number of clients. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.money import Money


@dataclass(frozen=True, slots=True)
class Rate:
    """From `since` on, a partner with at least `clients` clients keeps `rate` (0.35 is 35 %)."""

    since: date
    clients: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Program:
    """The terms of one partner program; `rates` are ordered by date, then by number of clients.

    The seed's program keeps 35 % whatever the number of clients; the later rules give 50 % from ten clients on.
    """

    name: str
    rates: tuple[Rate, ...]
    free_channels: int
    free_years: int
    own_channel_discount: Decimal
    referral_rate: Decimal
    referral_months: int
    referral_on_discounted: bool = False
    """Whether a bill paid with money of a discounted transfer earns a referral share as well."""

    def rate(self, on: date, clients: int) -> Decimal:
        """The share the partner keeps on a day, having so many clients; before the first date, the earliest terms."""
        first = self.rates[0].since
        in_force = max((rate.since for rate in self.rates if rate.since <= on), default=first)
        tiers = [rate for rate in self.rates if rate.since == in_force]
        reached = [tier for tier in tiers if tier.clients <= max(clients, tiers[0].clients)]
        return reached[-1].rate


@dataclass(frozen=True, slots=True)
class Split:
    """An amount for a client, divided: the partner pays one part, the discount covers the other."""

    amount: Money
    pays: Money
    keeps: Money


def split(amount: Money, rate: Decimal) -> Split:
    """What a transfer of `amount` costs the partner who keeps `rate`: of 1440 at 35 % he pays 936 and keeps 504.

    The rounding rule of the product is applied to what the partner *pays* (a half cent up); what he keeps is the rest,
    so that both parts always make the whole.
    """
    pays = amount.share(1 - rate)
    return Split(amount, pays, amount - pays)
