"""Calendar days of a client's own time zone: which day it is there, and the first instant of a day. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


def local_date(moment: datetime, zone: str) -> date:
    """The calendar day that a moment falls on in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def first_instant(day: date, zone: str) -> datetime:
    """When a day begins in a zone, in UTC. Where clocks jump over midnight it begins with the jump."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def days_from(first: date, last: date, zone: str) -> Iterator[date]:
    """Every day from first to last, both included, that really existed in the zone (Samoa had no 30 Dec 2011)."""
    day = first
    while day <= last:
        if local_date(first_instant(day, zone), zone) == day:
            yield day
        day += _DAY
