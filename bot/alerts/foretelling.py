"""What the next scans will make of the rungs of a client, and when each person hears of it.

It asks the functions that will raise and send, so that it cannot promise what they do not keep.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.alerts import outstanding
from bot.alerts.ahead import raised_at
from bot.alerts.alert import Alert, Due
from bot.alerts.raising import plan
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import in_turn, moments
from bot.directory import service as directory
from bot.directory.people import Client, Curator
from bot.ids import AlertId, CuratorId


@dataclass(frozen=True, slots=True)
class Foretold:
    """What one rung will come to for one person: told at `told_at`, or not for a `reason`. `passed`: the earlier stages
    of its cycle that it stands for."""

    rung: Due
    raised_at: datetime
    told_at: datetime | None
    reason: str | None
    passed: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True)
class Turns:
    """What is known of the regular messages of some people: the days that had theirs, and what waits till when."""

    had: frozenset[tuple[CuratorId, str]]
    waits: Sequence[tuple[AlertId, CuratorId, datetime]]
    now: datetime

    def told_at(self, person: Curator, alert: Alert, at: datetime, env: Surroundings) -> datetime:
        """When something goes to a person that may go from `at` on."""
        zone = ZoneInfo(person.time_zone)
        day = at.astimezone(zone).date()
        before = [max(until, self.now) for one, who, until in self.waits if who == person.id and one != alert.id]
        gone = (person.id, day.isoformat()) in self.had or any(
            one < at and one.astimezone(zone).date() == day for one in before
        )
        return in_turn(person, alert, at, gone, env)


def turns_of(conn: Connection, people: Iterable[Curator], now: datetime) -> Turns:
    """What these people's days have brought and will bring them already."""
    ids = [one.id for one in people]
    return Turns(frozenset(outstanding.regular_messages(conn, ids)), outstanding.waits(conn, ids), now)


def batches(
    conn: Connection, client: Client, rungs: Collection[Due], *, now: datetime, env: Surroundings
) -> list[tuple[datetime, list[Due]]]:
    """The rungs that are not reached yet by the moment at which they are raised, the next one first."""
    hearing = directory.hearing_of_money(conn, [client.partner_id])
    found: dict[datetime, list[Due]] = {}
    for rung in rungs:
        at = raised_at(rung, client.time_zone, hearing, now=now, env=env)
        found.setdefault(max(at, now), []).append(rung)
    return sorted(found.items())


def foretell(
    conn: Connection,
    client: Client,
    rungs: Sequence[Due],
    people: Sequence[Curator],
    turns: Turns,
    *,
    at: datetime,
    env: Surroundings,
) -> dict[CuratorId, list[Foretold]]:
    """What a scan at this moment makes of these rungs, for each of these people; the stages it leaves out are in
    `passed` of the one that is said."""
    raised = plan(conn, {client.id: list(rungs)}, now=at, env=env, known_at=turns.now)
    by_id = {one.id: one for one in people}
    alerts = {one.id: one for one in raised.alerts}
    times = {
        (alert_id, who): turns.told_at(by_id[who], alerts[alert_id], when, env)
        for alert_id, who, when in moments(conn, raised.told, at, env)
        if who in by_id
    }
    silent = {(alert.id, who): why for alert, who, why in raised.suppressed}
    found: dict[CuratorId, list[Foretold]] = {one.id: [] for one in people}
    for alert in raised.alerts:
        rung, passed = _rung(alert, rungs)
        for who in by_id:
            told_at = times.get((alert.id, who))
            why = None if told_at else silent.get((alert.id, who)) or _unsaid(alert)
            found[who].append(Foretold(rung, at, told_at, why, passed))
    return found


def _unsaid(alert: Alert) -> str:
    """Why nobody at all is told of an alert."""
    return (alert.resolution or "").rpartition(":")[2] or "added_later"


def _rung(alert: Alert, rungs: Sequence[Due]) -> tuple[Due, tuple[Due, ...]]:
    same = [one for one in rungs if (one.kind, one.cycle) == (alert.kind, alert.cycle)]
    passed = [one for one in same if one.stage > alert.stage]
    return next(one for one in same if one.stage == alert.stage), tuple(passed)
