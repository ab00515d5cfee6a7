"""The ladder of one client: which rungs, at which moment of its own day, and what a bigger one silences."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bot.alerts.alert import Due, Kind
from bot.alerts.rules import Hours, Outlook, ladder, local_time, not_said_before, pick

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
HOURS = Hours(ending=(14, 7, 3, 1, 0), running_out=(7, 3, 1), raise_at=time(9))
RIGA = "Europe/Riga"
MONTH = timedelta(days=30)


def _due(kind: Kind, stage: int, cycle: str = "2026-12-03", day: int = 26) -> Due:
    return Due(kind, stage, cycle, datetime(2026, 11, day, 7, tzinfo=UTC))


def test_a_subscription_has_a_rung_per_stage_and_one_for_the_morning_after() -> None:
    rungs = ladder(Outlook(RIGA, end_dates=(date(2026, 12, 3),)), HOURS, NOW)
    nine = {(rung.kind, rung.stage): rung.due_at for rung in rungs}
    assert nine == {
        (Kind.ENDING, 14): datetime(2026, 11, 19, 7, tzinfo=UTC),
        (Kind.ENDING, 7): datetime(2026, 11, 26, 7, tzinfo=UTC),
        (Kind.ENDING, 3): datetime(2026, 11, 30, 7, tzinfo=UTC),
        (Kind.ENDING, 1): datetime(2026, 12, 2, 7, tzinfo=UTC),
        (Kind.ENDING, 0): datetime(2026, 12, 3, 7, tzinfo=UTC),
        (Kind.ENDED, 0): datetime(2026, 12, 4, 7, tzinfo=UTC),
    }
    assert {rung.cycle for rung in rungs} == {"2026-12-03"}


def test_two_subscriptions_are_two_cycles_and_equal_ends_are_one() -> None:
    ends = (date(2026, 12, 10), date(2026, 12, 3), date(2026, 12, 3))
    rungs = ladder(Outlook(RIGA, end_dates=ends), HOURS, NOW)
    assert sorted({rung.cycle for rung in rungs}) == ["2026-12-03", "2026-12-10"]
    assert len(rungs) == 12


def test_money_counts_to_the_last_day_it_pays_and_its_cycle_is_the_increase_not_the_forecast() -> None:
    first = ladder(Outlook(RIGA, money_until=date(2026, 11, 28), increase="t1"), HOURS, NOW)
    assert [(rung.stage, rung.due_at.date().isoformat()) for rung in first] == [
        (7, "2026-11-21"),
        (3, "2026-11-25"),
        (1, "2026-11-27"),
    ]
    drifted = ladder(Outlook(RIGA, money_until=date(2026, 11, 30), increase="t1"), HOURS, NOW)
    assert {rung.cycle for rung in (*first, *drifted)} == {"t1"}


def test_stopped_channels_are_due_at_once_or_from_the_day_that_is_known() -> None:
    assert ladder(Outlook(RIGA, stopped=2), HOURS, NOW) == (Due(Kind.STOPPED, 0, "start", NOW),)
    known = ladder(Outlook(RIGA, stopped=2, stopped_on=date(2026, 11, 26), increase="t1"), HOURS, NOW)
    assert known == (Due(Kind.STOPPED, 0, "t1", datetime(2026, 11, 25, 22, tzinfo=UTC)),)


def test_nothing_runs_out_nothing_is_due() -> None:
    assert ladder(Outlook(RIGA), HOURS, NOW) == ()


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        ("Europe/Riga", date(2026, 3, 29), time(9), "2026-03-29T06:00"),
        ("Europe/Riga", date(2026, 3, 29), time(3, 30), "2026-03-29T01:30"),
        ("Europe/Riga", date(2026, 10, 25), time(3, 30), "2026-10-25T00:30"),
        ("Europe/Riga", date(2026, 10, 25), time(9), "2026-10-25T07:00"),
        ("America/Sao_Paulo", date(2018, 11, 4), time(0), "2018-11-04T03:00"),
        ("Asia/Almaty", date(2026, 12, 3), time(9), "2026-12-03T04:00"),
    ],
)
def test_an_hour_of_the_clients_day_on_nights_when_clocks_change(zone: str, day: date, at: time, utc: str) -> None:
    assert local_time(day, at, zone) == datetime.fromisoformat(utc + "+00:00")


def test_stages_already_said_or_less_advanced_never_come_back() -> None:
    rungs = [_due(Kind.ENDING, stage) for stage in (14, 7, 3, 1, 0)]
    left = not_said_before(rungs, {(Kind.ENDING, "2026-12-03"): 3, (Kind.ENDED, "2026-12-03"): 0})
    assert [rung.stage for rung in left] == [1, 0]


def test_a_missed_week_comes_to_its_most_advanced_stage() -> None:
    picked = pick([_due(Kind.ENDING, stage) for stage in (14, 7, 3)], (), NOW, MONTH)
    assert [rung.stage for rung in picked.say] == [3]
    assert picked.superseded == ()


def test_an_end_that_has_passed_is_not_announced() -> None:
    picked = pick([_due(Kind.ENDING, 0), _due(Kind.ENDED, 0), _due(Kind.ENDING, 7, "2027-01-01")], (), NOW, MONTH)
    assert [(rung.kind, rung.stage) for rung in picked.say] == [(Kind.ENDED, 0), (Kind.ENDING, 7)]
    assert [rung.kind for rung in picked.superseded] == [Kind.ENDING]


@pytest.mark.parametrize("already", [False, True])
def test_stopped_channels_silence_what_led_to_it(already: bool) -> None:
    due = [_due(Kind.ENDED, 0), _due(Kind.RUNNING_OUT, 1, "t1"), *([] if already else [_due(Kind.STOPPED, 0, "t1")])]
    picked = pick(due, {Kind.STOPPED} if already else (), NOW, MONTH)
    assert [rung.kind for rung in picked.say] == ([] if already else [Kind.STOPPED])
    assert {rung.kind for rung in picked.superseded} == {Kind.ENDED, Kind.RUNNING_OUT}


def test_what_ended_long_ago_is_history_but_what_is_still_to_end_never_is() -> None:
    old = Due(Kind.ENDED, 0, "2026-01-01", NOW - timedelta(days=300))
    early = Due(Kind.ENDING, 90, "2027-01-01", NOW - timedelta(days=50))
    picked = pick([old, early], (), NOW, MONTH)
    assert picked.forgotten == (old,)
    assert picked.say == (early,)
