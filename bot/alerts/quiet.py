"""When a person may be written to: the hour, working days and quiet hours of one curator, in its own zone. Pure."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.directory.people import Curator

QUIET_FROM, QUIET_TO = time(20), time(8)
"""Nobody is written to in these hours who did not ask for it."""
WORK_ENDS = time(18)
_DAY = timedelta(days=1)
_SOON = timedelta(hours=2)
_SEARCH_DAYS = 60
"""No holiday lasts longer."""

DaysOff = Callable[[Curator, date], bool]
"""Whether a day is a holiday for a person, whatever day of the week it is."""


def no_holidays(person: Curator, day: date) -> bool:
    """Every day is like any other."""
    return False


def send_at(person: Curator, now: datetime, deadline: datetime | None, days_off: DaysOff = no_holidays) -> datetime:
    """When something that is worth saying now goes to a person.

    At once inside its working hours (from its alert hour to the quiet hours of a working day), else at its next alert
    hour. If that is too late for `deadline`, any day will do, but never the quiet hours, unless it asked for them.
    """
    if person.any_hour:
        return now
    working = next_opening(person, now, days_off)
    if deadline is None or working < deadline:
        return working
    return _first(person, now, person.alert_hour, _any_day)


def is_quiet(person: Curator, now: datetime) -> bool:
    """Whether these are the quiet hours of somebody who did not ask to be told at any hour."""
    local = now.astimezone(ZoneInfo(person.time_zone)).time()
    return not person.any_hour and not QUIET_TO <= local < QUIET_FROM


def next_opening(person: Curator, now: datetime, days_off: DaysOff = no_holidays) -> datetime:
    """The first moment from now on inside a person's working hours."""
    return _first(person, now, person.alert_hour, lambda day: works(person, day, days_off))


def opening_after(person: Curator, now: datetime, days_off: DaysOff = no_holidays) -> datetime:
    """The first moment of a person's next working day, today left out."""
    tomorrow = now.astimezone(ZoneInfo(person.time_zone)).date() + _DAY
    return next_opening(person, _moment(tomorrow, time(), person), days_off)


def reminded_at(person: Curator, now: datetime, deadline: datetime | None, days_off: DaysOff = no_holidays) -> datetime:
    """When to come back to what a person put off: at its hour of the next working day.

    If that is too late for `deadline`, tomorrow whatever day it is; on the last day some hours later.
    """
    working = opening_after(person, now, days_off)
    if deadline is None or working < deadline:
        return working
    tomorrow = now.astimezone(ZoneInfo(person.time_zone)).date() + _DAY
    at = _first(person, _moment(tomorrow, time(), person), person.alert_hour, _any_day)
    return at if at < deadline else _first(person, now + _SOON, person.alert_hour, _any_day)


def end_of_work(person: Curator, now: datetime, days_off: DaysOff = no_holidays) -> datetime:
    """When a person's working day ends: today's, or that of the next working day once today's is over."""
    day = now.astimezone(ZoneInfo(person.time_zone)).date()
    for _ in range(_SEARCH_DAYS):
        ends = _moment(day, WORK_ENDS, person)
        if ends > now and works(person, day, days_off):
            return ends
        day += _DAY
    return now + _DAY


def _first(person: Curator, now: datetime, opens: time, allowed: Callable[[date], bool]) -> datetime:
    day = now.astimezone(ZoneInfo(person.time_zone)).date()
    for _ in range(_SEARCH_DAYS):
        if allowed(day):
            start, end = _moment(day, max(opens, QUIET_TO), person), _moment(day, QUIET_FROM, person)
            if now < end:
                return max(now, start)
        day += _DAY
    return now


def _any_day(day: date) -> bool:
    return True


def works(person: Curator, day: date, days_off: DaysOff = no_holidays) -> bool:
    """Whether it is one of the person's working days."""
    return str(day.isoweekday()) in person.working_days and not days_off(person, day)


def _moment(day: date, at: time, person: Curator) -> datetime:
    return datetime.combine(day, at, ZoneInfo(person.time_zone)).astimezone(UTC)
