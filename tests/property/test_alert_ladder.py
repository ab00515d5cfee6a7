"""However unevenly the scan runs, whatever happens to a client: each stage is said once at most, and only forward."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.alert import Due, Kind
from bot.alerts.rules import Hours, Outlook, ladder, not_said_before, pick

START = datetime(2026, 10, 20, 7, tzinfo=UTC)
"""A few days before the clocks of Europe go back."""
ZONES = ("Europe/Riga", "America/Sao_Paulo", "Asia/Almaty", "Pacific/Auckland", "America/Havana")
HOURS = Hours(ending=(14, 7, 3, 1, 0), running_out=(7, 3, 1), raise_at=time(9))
FORGET = timedelta(days=30)

ends = st.lists(st.integers(0, 60), max_size=2)
change = st.tuples(st.just("change"), ends, st.none() | st.integers(0, 20), st.integers(0, 2), st.integers(0, 3))
wait = st.tuples(st.just("wait"), st.integers(1, 24 * 12))
scan = st.tuples(st.just("scan"))
timeline = st.lists(st.one_of(change, wait, scan), max_size=40)


@dataclass
class Watch:
    """What the repository does, without a database: one client's ladder, and what was said."""

    zone: str
    now: datetime = START
    rungs: tuple[Due, ...] = ()
    said: list[tuple[Due, datetime]] = field(default_factory=list)
    used: dict[tuple[Kind, str], int] = field(default_factory=dict)

    def change(self, ends: list[int], money: int | None, stopped: int, increase: int) -> None:
        today = self.now.astimezone(ZoneInfo(self.zone)).date()
        outlook = Outlook(
            self.zone,
            end_dates=tuple(today + timedelta(days=days) for days in ends),
            money_until=None if money is None else today + timedelta(days=money),
            stopped=stopped,
            increase=f"t{increase}",
        )
        self.rungs = not_said_before(ladder(outlook, HOURS, self.now), self.used)

    def scan(self) -> None:
        due = [rung for rung in self.rungs if rung.due_at <= self.now]
        self.rungs = tuple(rung for rung in self.rungs if rung not in due)
        picked = pick(due, (), self.now, FORGET)
        self.said += [(rung, self.now) for rung in picked.say]
        for rung in (*picked.say, *picked.superseded, *picked.forgotten):
            self.used[(rung.kind, rung.cycle)] = rung.stage


def _play(zone: str, steps: list[tuple[object, ...]]) -> Watch:
    watch = Watch(zone)
    for name, *values in steps:
        if name == "wait":
            watch.now += timedelta(hours=values[0])  # type: ignore[arg-type]
        else:
            getattr(watch, str(name))(*values)
    return watch


@given(st.sampled_from(ZONES), timeline)
def test_each_stage_is_said_once_and_never_after_a_later_one(zone: str, steps: list[tuple[object, ...]]) -> None:
    watch = _play(zone, steps)
    stages: dict[tuple[Kind, str], list[int]] = {}
    for rung, _ in watch.said:
        stages.setdefault((rung.kind, rung.cycle), []).append(rung.stage)
    for told in stages.values():
        assert told == sorted(set(told), reverse=True)


@given(st.sampled_from(ZONES), timeline)
def test_nothing_is_said_before_its_hour_of_the_clients_day(zone: str, steps: list[tuple[object, ...]]) -> None:
    for rung, at in _play(zone, steps).said:
        assert rung.due_at <= at
        if rung.kind is Kind.ENDING:
            local = at.astimezone(ZoneInfo(zone))
            assert (date.fromisoformat(rung.cycle) - local.date()).days <= rung.stage


@given(st.sampled_from(ZONES), st.integers(0, 40), st.lists(st.integers(1, 24 * 9), min_size=1, max_size=60))
def test_however_long_the_scan_slept_the_stage_reached_is_said(zone: str, days: int, naps: list[int]) -> None:
    """No stage is lost: after every scan the most advanced one that was reached has been said, or the end itself."""
    watch = Watch(zone)
    watch.change([days], None, 0, 0)
    for hours in naps:
        watch.now += timedelta(hours=hours)
        reached = [rung for rung in watch.rungs if rung.due_at <= watch.now]
        watch.scan()
        over = [rung for rung in reached if rung.kind is Kind.ENDED]
        expected = over or ([min(reached, key=lambda rung: rung.stage)] if reached else [])
        assert [rung for rung, at in watch.said if at == watch.now] == expected
