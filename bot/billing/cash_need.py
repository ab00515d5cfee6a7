"""What the partner account must hold to renew everybody whose subscription ends soon. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bot.billing.holdings import Holdings, Subscription, total_price
from bot.billing.plan import PriceBook
from bot.billing.program import split
from bot.errors import UserError
from bot.ids import ClientId
from bot.money import Money, zero

DAYS = 30
_NO_PLAN = ""
"""No plan is called so: its price is unknown."""


@dataclass(frozen=True, slots=True)
class Due:
    """One client: renewing what ends by then costs `price`, his balance lacks `missing`, the partner pays `pays`."""

    client_id: ClientId
    ends_on: date
    price: Money
    missing: Money
    pays: Money


@dataclass(frozen=True, slots=True)
class CashNeed:
    """One currency: `total` is what the partner pays for all, net of his discount; `short` is what his account lacks.

    `unknown` are clients whose renewal has no known price: they come on top.
    """

    currency: str
    due: tuple[Due, ...]
    total: Money
    available: Money
    short: Money
    unknown: tuple[ClientId, ...]


def cash_need(
    clients: Iterable[Holdings],
    book: PriceBook,
    rate: Mapping[ClientId, Decimal],
    available: Mapping[str, Money],
    today: Mapping[ClientId, date],
    days: int = DAYS,
) -> list[CashNeed]:
    """The need by currency for what ends within `days`, or ended as many days ago and waits, or was never paid yet.

    Each client's balance counts once, however many subscriptions he has. Daily payments are not renewals: left out.
    """
    due: dict[str, list[Due]] = defaultdict(list)
    unknown: dict[str, list[ClientId]] = defaultdict(list)
    for held in clients:
        ending = _ending(held, today[held.client_id], days)
        if not ending:
            continue
        try:
            due[held.currency].append(_due(held, ending, book, rate[held.client_id], today[held.client_id]))
        except UserError:
            unknown[held.currency].append(held.client_id)
    currencies = sorted({*due, *unknown, *available})
    return [_need(one, due[one], unknown[one], available.get(one, zero(one))) for one in currencies]


def _ending(held: Holdings, today: date, days: int) -> list[Subscription]:
    span = timedelta(days=days)
    kept = [one for one in held.subscriptions if one.state != "closed" and held.in_subscription(one.id)]
    return sorted((one for one in kept if today - span <= one.end_date <= today + span), key=lambda one: one.end_date)


def _due(held: Holdings, ending: list[Subscription], book: PriceBook, rate: Decimal, today: date) -> Due:
    price = zero(held.currency)
    for one in ending:
        if one.unpaid:
            price += Money(one.due_minor or 0, held.currency)
            continue
        months, plan = one.months or book.renew_months, one.plan or _NO_PLAN
        price += total_price(held.in_subscription(one.id), plan, months, held.currency, book, today)
    missing = Money(max(price.minor - held.available.minor, 0), held.currency)
    return Due(held.client_id, ending[0].end_date, price, missing, split(missing, rate).pays)


def _need(currency: str, due: list[Due], unknown: list[ClientId], available: Money) -> CashNeed:
    total = sum((one.pays for one in due), zero(currency))
    short = Money(max(total.minor - max(available.minor, 0), 0), currency)
    in_order = sorted(due, key=lambda one: (one.ends_on, one.client_id))
    return CashNeed(currency, tuple(in_order), total, available, short, tuple(unknown))
