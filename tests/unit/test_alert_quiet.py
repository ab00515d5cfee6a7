"""The hours of a person: working hours, days off, quiet hours, deadlines, and nights when clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.quiet import QUIET_FROM, QUIET_TO, end_of_work, next_opening, opening_after, send_at
from bot.directory.people import Curator
from tests.unit.test_directory_people import ANNA

RIGA = ZoneInfo("Europe/Riga")


def _at(text: str, zone: ZoneInfo = RIGA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def _christmas(person: Curator, day: date) -> bool:
    return person.holiday_country == "LV" and day in (date(2026, 12, 24), date(2026, 12, 25))


@pytest.mark.parametrize(
    ("now", "deadline", "expected"),
    [
        ("2026-11-26T10:00", None, "2026-11-26T10:00"),
        ("2026-11-26T06:00", None, "2026-11-26T09:00"),
        ("2026-11-26T19:59", None, "2026-11-26T19:59"),
        ("2026-11-26T20:00", None, "2026-11-27T09:00"),
        ("2026-11-27T20:00", None, "2026-11-30T09:00"),
        ("2026-11-28T12:00", None, "2026-11-30T09:00"),
        ("2026-11-28T12:00", "2026-12-01T00:00", "2026-11-30T09:00"),
        ("2026-11-28T12:00", "2026-11-30T00:00", "2026-11-28T12:00"),
        ("2026-11-28T23:00", "2026-11-30T00:00", "2026-11-29T09:00"),
        ("2026-11-28T04:00", "2026-11-29T00:00", "2026-11-28T09:00"),
    ],
)
def test_when_it_goes(now: str, deadline: str | None, expected: str) -> None:
    assert send_at(ANNA, _at(now), _at(deadline) if deadline else None) == _at(expected)


def test_who_asked_for_it_is_written_to_at_night() -> None:
    night = _at("2026-11-28T03:00")
    assert send_at(replace(ANNA, any_hour=True), night, None) == night


def test_days_off_are_each_persons_own() -> None:
    estonian = replace(ANNA, country="EE")
    assert next_opening(ANNA, _at("2026-12-24T08:00"), _christmas) == _at("2026-12-28T09:00")
    assert next_opening(estonian, _at("2026-12-24T08:00"), _christmas) == _at("2026-12-24T09:00")
    weekend = replace(ANNA, working_days="67", alert_hour=time(11))
    assert next_opening(weekend, _at("2026-11-26T10:00")) == _at("2026-11-28T11:00")


def test_the_next_working_day_and_the_end_of_this_one() -> None:
    assert opening_after(ANNA, _at("2026-11-27T10:00")) == _at("2026-11-30T09:00")
    assert end_of_work(ANNA, _at("2026-11-26T10:00")) == _at("2026-11-26T18:00")
    assert end_of_work(ANNA, _at("2026-11-27T18:00")) == _at("2026-11-30T18:00")


@pytest.mark.parametrize("zone", ["Europe/Riga", "America/Sao_Paulo", "America/New_York", "Asia/Almaty"])
@given(
    minutes=st.integers(0, 366 * 24 * 60),
    wait=st.none() | st.integers(0, 5 * 24 * 60),
    days=st.sets(st.sampled_from("1234567"), min_size=1),
    hour=st.integers(0, 23),
)
def test_nothing_goes_in_quiet_hours_and_nothing_early(
    zone: str, minutes: int, wait: int | None, days: set[str], hour: int
) -> None:
    person = replace(ANNA, time_zone=zone, working_days="".join(sorted(days)), alert_hour=time(min(hour, 19)))
    now = datetime.fromtimestamp(_at("2026-01-01T00:00").timestamp() + minutes * 60, UTC)
    deadline = None if wait is None else datetime.fromtimestamp(now.timestamp() + wait * 60, UTC)
    goes = send_at(person, now, deadline)
    local = goes.astimezone(ZoneInfo(zone))
    assert goes >= now
    assert QUIET_TO <= local.time() < QUIET_FROM
    if deadline is None:
        assert str(local.isoweekday()) in days
