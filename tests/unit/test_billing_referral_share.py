"""The referral share by example: which months are over, and what of a month's bills was the user's own money."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.billing.referral_share import CLOSED_AFTER, Line, Month, months_over, share, shared_bills
from bot.money import Money

REGISTERED = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(now: datetime, *, after: str | None = None, since: datetime | None = None, months: int = 3) -> list[Month]:
    return list(months_over(REGISTERED, months, "Europe/Riga", now, after=after, since=since))


NOVEMBER = Month("2026-11", REGISTERED, at("2026-11-30T22:00"))
DECEMBER = Month("2026-12", at("2026-11-30T22:00"), at("2026-12-31T22:00"))
JANUARY = Month("2027-01", at("2026-12-31T22:00"), at("2027-01-31T22:00"))
FEBRUARY = Month("2027-02", at("2027-01-31T22:00"), at("2027-02-25T22:00"))
"""The last one ends with the day three months after registering."""


def test_a_month_is_shared_an_hour_after_its_end_and_in_order() -> None:
    closed = NOVEMBER.end + CLOSED_AFTER
    assert told(closed - INSTANT) == []
    assert told(closed) == [NOVEMBER]
    assert told(at("2027-02-28T22:59")) == [NOVEMBER, DECEMBER, JANUARY]
    assert told(at("2027-02-28T23:00")) == told(at("2029-01-01T00:00")) == [NOVEMBER, DECEMBER, JANUARY, FEBRUARY]


def test_after_a_month_that_was_shared_comes_the_next() -> None:
    late = at("2029-01-01T00:00")
    assert told(late, after="2026-11", since=NOVEMBER.end) == [DECEMBER, JANUARY, FEBRUARY]
    assert told(late, after="2026-12", since=DECEMBER.end) == [JANUARY, FEBRUARY]
    assert told(late, after="2027-01", since=JANUARY.end) == [FEBRUARY]
    assert told(late, after="2027-02", since=FEBRUARY.end) == []


def test_what_was_shared_later_than_a_month_of_the_new_zone_leaves_it_empty() -> None:
    """A partner who moves east has the old zone's end behind the new one's: no hour is shared twice."""
    since = at("2026-12-31T23:30")
    (first, *_) = told(at("2027-02-01T00:00"), after="2026-11", since=since)
    assert first == Month("2026-12", since, since)


def test_the_last_hours_of_the_year_are_kept_by_a_partner_who_moves_west() -> None:
    """Registered on a first of the month: the hours between the old zone's midnight and the new one's are shared."""
    registered = datetime(2026, 2, 1, tzinfo=UTC)
    old_end, new_end = datetime(2027, 1, 31, 10, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
    year = months_over(registered, 12, "Pacific/Kiritimati", old_end + CLOSED_AFTER, after=None, since=None)
    assert [one.name for one in year][-1:] == ["2027-01"]
    later = new_end + timedelta(days=90)
    last = list(months_over(registered, 12, "UTC", later, after="2027-01", since=old_end))
    assert last == [Month("2027-02", old_end, new_end)]
    assert list(months_over(registered, 12, "UTC", later, after="2027-01", since=new_end)) == []
    gone = months_over(
        registered + timedelta(days=31), 1, "Pacific/Kiritimati", later, after="2026-04", since=registered
    )
    assert list(gone) == []


A, B = at("2026-12-01T00:00"), at("2027-01-01T00:00")


@pytest.mark.parametrize(
    ("lines", "shared"),
    [
        ([], 0),
        ([Line(A, 500, is_bill=False), Line(A, 300, is_bill=True)], 300),
        ([Line(A, 300, is_bill=True), Line(B - INSTANT, 20, is_bill=True), Line(B, 7, is_bill=True)], 320),
        ([Line(A - INSTANT, 300, is_bill=True), Line(A, 4, is_bill=True)], 4),
        # a gift is spent first, also by bills before the span; what is left of it is spent next
        ([Line(A, 100, is_bill=False, own=False), Line(A, 300, is_bill=True)], 200),
        ([Line(A, 100, is_bill=False, own=False), Line(A, 60, is_bill=True), Line(A, 60, is_bill=True)], 20),
        ([Line(A, 50, is_bill=False, own=False)] * 2 + [Line(A, 130, is_bill=True)], 30),
        ([Line(A, 100, is_bill=False, own=False), Line(A - INSTANT, 90, is_bill=True), Line(A, 30, is_bill=True)], 20),
        ([Line(A, 100, is_bill=True), Line(A, 100, is_bill=False, own=False), Line(A, 100, is_bill=True)], 100),
    ],
)
def test_own_money_of_a_span(lines: list[Line], shared: int) -> None:
    """Its first instant belongs to it, its last one does not."""
    assert shared_bills(lines, A, B) == shared


def test_a_fifth_is_rounded_once() -> None:
    assert [share(bills, Decimal("0.20"), "EUR").minor for bills in (0, 2, 3, 12, 13)] == [0, 0, 1, 2, 3]
    assert share(1_000, Decimal("0.20"), "EUR") == Money(200, "EUR")
