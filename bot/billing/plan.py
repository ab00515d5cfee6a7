"""The price book: what a channel costs by plan, transport, currency, period and date. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal

from bot.billing.program import Program
from bot.errors import UserError
from bot.money import Money

Per = Literal["month", "day"]
ANY_TRANSPORT = "default"
"""The price of a transport that has none of its own."""
QUOTE_LASTS_MAX = timedelta(hours=1)
"""No quote is open for longer: what was confirmed lately was asked for lately, and is found by that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A price plan. `dialogues` a month per channel, None without limit."""

    name: str
    title: str
    dialogues: int | None
    writes_first: bool


@dataclass(frozen=True, slots=True)
class Price:
    """What one channel costs per month in a subscription, or per day outside of one, from `since` on."""

    since: date
    amount: Money
    sample: bool


@dataclass(frozen=True, slots=True)
class Period:
    """A term of so many months and its discount from `since` on."""

    since: date
    months: int
    discount: Decimal


@dataclass(frozen=True, slots=True)
class CurrencyTerms:
    """Welcome credit of a new client and bounds of one top-up; None where nothing is set."""

    welcome: Money | None
    top_up_min: Money | None
    top_up_max: Money | None


PriceKey = tuple[Per, str, str, str]
"""Per, plan, transport, currency."""


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All prices and terms. Lists are ordered by date; the last one that has begun is in force."""

    plans: Mapping[str, Plan]
    prices: Mapping[PriceKey, tuple[Price, ...]]
    period_terms: tuple[Period, ...]
    programs: Mapping[str, Program]
    currencies: Mapping[str, CurrencyTerms]
    daily_plan: str
    subscribe_months: int
    renew_months: int
    quote_lasts: timedelta
    repeat_within: timedelta
    grace_days: int = 3
    """How many days after today a subscription may wait for its payment."""
    renews_before: timedelta = timedelta(hours=2)
    """How long before the end a client that renews by itself is renewed."""
    renews_late_days: int = 2
    """So many days after the end it is still renewed, from that day on, when that was missed."""

    def price(self, plan: str, transport: str, currency: str, months: int, on: date) -> Money:
        """List price of one channel for the whole period, its discount taken off, rounded half up once.

        Raises UserError unknown_plan, unknown_period or price_unknown.
        """
        month = self._in_force("month", plan, transport, currency, on).amount
        return (month * months).share(1 - self.discount(months, on))

    def daily(self, plan: str | None, transport: str, currency: str, on: date) -> Money:
        """What a channel in no subscription costs a day; without a plan, by the plan set for such channels."""
        return self._in_force("day", plan or self.daily_plan, transport, currency, on).amount

    def is_sample(self, per: Per, plan: str | None, transport: str, currency: str, on: date) -> bool:
        """Whether the price in force is a sample of ours rather than a published one."""
        return self._in_force(per, plan or self.daily_plan, transport, currency, on).sample

    def discount(self, months: int, on: date) -> Decimal:
        """The discount of a period, 0.20 for 20 %."""
        found = self.periods(on).get(months)
        if found is None:
            raise UserError("unknown_period", months=months, known=sorted(self.periods(on)))
        return found

    def periods(self, on: date) -> dict[int, Decimal]:
        """The periods that can be bought on a day, with their discounts, the shortest first."""
        return {
            term.months: term.discount
            for term in sorted(self.period_terms, key=lambda term: (term.months, term.since))
            if term.since <= on
        }

    def plan(self, name: str) -> Plan:
        """The plan of that name, upper or lower case. Raises UserError unknown_plan."""
        found = self.plans.get(name.strip().lower())
        if found is None:
            near = get_close_matches(name.lower(), self.plans, n=1)
            raise UserError("unknown_plan", plan=name, known=list(self.plans), nearest=near[0] if near else None)
        return found

    def program(self, name: str) -> Program:
        """The partner program of that name. Raises UserError unknown_program."""
        found = self.programs.get(name)
        if found is None:
            raise UserError("unknown_program", program=name, known=sorted(self.programs))
        return found

    def terms(self, currency: str) -> CurrencyTerms:
        """Welcome credit and bounds of a currency; a currency without any has none."""
        return self.currencies.get(currency, CurrencyTerms(None, None, None))

    def _in_force(self, per: Per, plan: str, transport: str, currency: str, on: date) -> Price:
        name = self.plan(plan).name
        for kind in (transport, ANY_TRANSPORT):
            known = self.prices.get((per, name, kind, currency), ())
            begun = [price for price in known if price.since <= on]
            if begun:
                return begun[-1]
        raise UserError("price_unknown", plan=name, transport=transport, currency=currency)
