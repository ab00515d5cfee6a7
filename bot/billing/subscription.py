"""End-date arithmetic of subscriptions: a new term, a renewed one, the difference of an upgrade. Pure.

An end date is the last paid day. Which day of the month a subscription ends on is its anchor: 31 Jan and one month more
is 28 Feb, and one more is 31 Mar again.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.money import Money, round_half_up


@dataclass(frozen=True, slots=True)
class Term:
    """What a payment buys: days from `start` to `end`, both paid, and the anchor that the next renewal goes by."""

    start: date
    end: date
    anchor_day: int


def add_months(day: date, months: int, anchor_day: int) -> date:
    """The anchor day `months` months later, or the last day of a month that has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(anchor_day, monthrange(year, month + 1)[1]))


def first_term(today: date, months: int) -> Term:
    """A subscription bought today: on 26 Nov for one month, till 26 Dec."""
    return Term(today, add_months(today, months, today.day), today.day)


def renewed(end: date, anchor_day: int, months: int, today: date) -> Term:
    """The next term: from the end date while that has not passed, so that no day is lost; else from today."""
    if end < today:
        return first_term(today, months)
    return Term(date.fromordinal(end.toordinal() + 1), add_months(end, months, anchor_day), anchor_day)


def upgrade_difference(old: Money, new: Money, end: date, anchor_day: int, months: int, today: date) -> Money:
    """What moving to a dearer plan costs for the days left, today excluded: pro rata by days, rounded half up.

    `old` and `new` are the prices of the running period of `months` under either plan. Zero once the term has passed;
    negative when the new plan is cheaper.
    """
    left = (end - today).days
    whole = (end - add_months(end, -months, anchor_day)).days
    if left <= 0:
        return Money(0, old.currency)
    return pro_rata((new - old) * left, whole)


def pro_rata(day_amounts: Money, whole: int) -> Money:
    """One day's part of `whole` days of an amount that has been summed over the days wanted; rounded half up once."""
    return Money(round_half_up(Decimal(day_amounts.minor) / whole), day_amounts.currency)
