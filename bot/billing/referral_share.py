"""The referral share: which calendar months are over, and what of a user's bills in a month is shared. Pure.

A referral partner gets 20 % of every bill that a referred user pays within a year after registering, credited monthly
(help page "Links"). A month is one of the partner's own calendar. What was not the user's own money earns nothing: a
welcome credit, and money of a discounted transfer unless the program says otherwise; such money is taken as spent
first. The share of a month is rounded once, by the product's one rule.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from bot.billing.local_day import first_instant, local_date
from bot.billing.subscription import add_months
from bot.money import Money

CLOSED_AFTER = timedelta(hours=1)
"""A month is shared so long after its end: what was written in its last moment is there by then."""


@dataclass(frozen=True, slots=True)
class Line:
    """A movement of the user's account: money that came, or a bill that was paid. `amount` in minor units, above zero.

    `own`: money that came is the user's own and earns when it is spent.
    """

    at: datetime
    amount: int
    is_bill: bool
    own: bool = True


@dataclass(frozen=True, slots=True)
class Month:
    """A month to share: bills from `start` on, before `end`; `name` is `2026-11`."""

    name: str
    start: datetime
    end: datetime


def months_over(
    registered_at: datetime, months: int, zone: str, now: datetime, *, after: str | None, since: datetime | None
) -> Iterator[Month]:
    """The months to share by now, the oldest first, from registering until so many months later.

    `after` and `since`: the last month that was shared and when it ended. The next begins at that very moment, so that
    no bill is shared twice or lost, even where the partner has moved to another zone meanwhile. After the month of the
    last day there is none: moving after that opens no new one.
    """
    begun = local_date(registered_at, zone)
    last_day = add_months(begun, months, begun.day)
    last = first_instant(last_day, zone)
    start = since or registered_at
    first = _following(after) if after else begun.replace(day=1)
    while start < last and first <= last_day:
        following = add_months(first, 1, 1)
        end = min(first_instant(following, zone), last)
        if first_instant(following, zone) + CLOSED_AFTER > now:
            return
        yield Month(f"{first:%Y-%m}", start, max(start, end))
        start, first = max(start, end), following


def shared_bills(lines: Iterable[Line], start: datetime, end: datetime) -> int:
    """What of the bills within a span was paid with the user's own money, in minor units.

    `lines` are all movements of the account from its beginning, in their order.
    """
    not_own, shared = 0, 0
    for line in lines:
        if not line.is_bill:
            not_own += 0 if line.own else line.amount
            continue
        given = min(not_own, line.amount)
        not_own -= given
        if start <= line.at < end:
            shared += line.amount - given
    return shared


def share(bills: int, rate: Decimal, currency: str) -> Money:
    """The partner's part of a month's bills."""
    return Money(bills, currency).share(rate)


def _following(name: str) -> date:
    year, month = name.split("-")
    return add_months(date(int(year), int(month), 1), 1, 1)
