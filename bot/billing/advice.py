"""What a client's channels would cost under every plan and period, against paying by the day. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.billing.holdings import Channel, Holdings, total_price
from bot.billing.plan import PriceBook
from bot.billing.program import split
from bot.billing.subscription import add_months
from bot.errors import UserError
from bot.money import Money

YEAR = 12


@dataclass(frozen=True, slots=True)
class Option:
    """One plan bought in one period, again and again for the months looked at.

    `price` is one period's list price for all channels, `cost` all of them, `partner_cost` what the partner pays for
    it, `saves` what the client keeps compared with paying by the day (below zero: it costs more).
    """

    plan: str
    title: str
    months: int
    times: int
    price: Money
    cost: Money
    partner_cost: Money
    saves: Money | None


@dataclass(frozen=True, slots=True)
class Mix:
    """A way to cover some months: which periods to buy one after another, the longest first, and what they cost."""

    periods: tuple[int, ...]
    cost: Money


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All options, the cheapest first. `daily_cost`: paying by the day, None when no daily price is known.

    `plan` is the client's own (or the one taken for clients without), `best` the cheapest way to have that plan.
    """

    months: int
    days: int
    channels: int
    plan: str
    daily_cost: Money | None
    options: tuple[Option, ...]
    best: Mix | None


def what_if(held: Holdings, book: PriceBook, rate: Decimal, today: date, months: int = YEAR) -> WhatIf:
    """Compare for all channels that are not free. Raises UserError no_subscription when there are none."""
    channels = [one for one in held.channels if not one.free]
    if not channels:
        raise UserError("no_subscription", client=held.client_id)
    known = held.to_renew(today)
    plan = book.plan((known.plan if known else None) or book.daily_plan).name
    days = (add_months(today, months, today.day) - today).days
    daily = _daily_cost(held, channels, book, today, days)
    found = [one for name in book.plans for one in _options(held, channels, book, rate, today, months, name, daily)]
    prices = {one.months: one.price for one in found if one.plan == plan}
    return WhatIf(
        months=months,
        days=days,
        channels=len(channels),
        plan=plan,
        daily_cost=daily,
        options=tuple(sorted(found, key=lambda one: (one.cost.minor, one.months, one.plan))),
        best=cheapest_mix(prices, months) if prices else None,
    )


def cheapest_mix(prices: Mapping[int, Money], months: int) -> Mix:
    """The cheapest periods that together cover at least `months`; of equally cheap ways, the one with fewest purchases.

    Dynamic programming over the months to cover; periods may be bought any number of times.
    """
    currency = next(iter(prices.values())).currency
    best: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
    for left in range(1, months + 1):
        ways = (_extended(best[max(left - period, 0)], period, price) for period, price in prices.items())
        best.append(min(ways))
    cost, _, periods = best[months]
    return Mix(tuple(sorted(periods, reverse=True)), Money(cost, currency))


def _extended(way: tuple[int, int, tuple[int, ...]], period: int, price: Money) -> tuple[int, int, tuple[int, ...]]:
    cost, purchases, periods = way
    return cost + price.minor, purchases + 1, (*periods, period)


def _options(
    held: Holdings,
    channels: Sequence[Channel],
    book: PriceBook,
    rate: Decimal,
    today: date,
    months: int,
    plan: str,
    daily: Money | None,
) -> Iterator[Option]:
    for period in book.periods(today):
        try:
            price = total_price(channels, plan, period, held.currency, book, today)
        except UserError:
            continue
        times = -(-months // period)
        cost = price * times
        pays = split(price, rate).pays * times
        yield Option(plan, book.plan(plan).title, period, times, price, cost, pays, daily - cost if daily else None)


def _daily_cost(held: Holdings, channels: Sequence[Channel], book: PriceBook, today: date, days: int) -> Money | None:
    rates = [held.daily_rate(one, book, today) for one in channels]
    if any(rate is None for rate in rates):
        return None
    return Money(sum(rate for rate in rates if rate is not None) * days, held.currency)
