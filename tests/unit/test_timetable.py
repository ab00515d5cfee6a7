"""The timetable: the latest missed fire counts, once."""

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from bot.scheduler.timetable import Entry, Timetable, every_minute, every_seconds

START = datetime(2026, 11, 26, 7, 0, 0, tzinfo=UTC)


def test_nothing_is_due_before_its_time() -> None:
    table = Timetable([every_minute("scan", "scan")], START)
    assert table.due(START + timedelta(seconds=59)) == []


def test_a_fire_is_due_until_it_is_durable_and_then_no_more() -> None:
    table = Timetable([every_minute("scan", "scan")], START)
    now = START + timedelta(seconds=61)
    first = table.due(now)
    assert [at for _, at in first] == [START + timedelta(minutes=1)]
    assert table.due(now) == first
    table.passed(first)
    assert table.due(now) == []


def test_a_day_that_was_slept_through_is_one_fire() -> None:
    table = Timetable([every_seconds("sweep", "sweep", 5)], START)
    assert [at for _, at in table.due(START + timedelta(days=1))] == [START + timedelta(days=1)]


def test_a_zone_s_autumn_night_names_two_different_moments() -> None:
    entry = Entry("night", "x", CronTrigger(hour=2, minute=30, timezone="Europe/Berlin"), timedelta(days=1))
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert entry.latest(after, datetime(2026, 10, 25, 12, tzinfo=UTC)) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=30))
def test_any_walk_of_the_clock_meets_each_fire_at_most_once_and_always_the_last(steps: list[int]) -> None:
    table, now, met = Timetable([every_minute("scan", "scan")], START), START, []
    for step in steps:
        now += timedelta(seconds=step)
        fires = table.due(now)
        met += [at for _, at in fires]
        table.passed(fires)
        assert all(now - at < timedelta(minutes=1) for _, at in fires)
    assert met == sorted(set(met))
    if now - START >= timedelta(minutes=1):
        assert met[-1] == now.replace(second=0)
