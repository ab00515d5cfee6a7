"""When each person is told of what was raised: held by a promise or a snooze, and never outside its hours."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.alerts import holds, repository
from bot.alerts.alert import Alert, Kind
from bot.alerts.holds import Hold, HoldKind
from bot.alerts.quiet import opening_after, send_at
from bot.alerts.rules import local_time
from bot.alerts.surroundings import Surroundings
from bot.billing.local_day import first_instant
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.ids import AlertId, CuratorId

_DAY = timedelta(days=1)
_LONG = timedelta(days=60)
"""What is put off until it changes, and has no end, comes again after so long."""
AHEAD = (Kind.ENDING, Kind.RUNNING_OUT, Kind.UNPAID)
"""What has an end that can be told before."""
_WITH_AN_END = (*AHEAD, Kind.NOT_RENEWED)


def moments(
    conn: Connection, told: Sequence[tuple[Alert, CuratorId]], now: datetime, env: Surroundings
) -> list[tuple[AlertId, CuratorId, datetime]]:
    """For each alert and person the moment from which on it may be told."""
    people = directory.curators_by_id(conn, {curator_id for _, curator_id in told})
    held = holds.running(conn, {alert.client_id for alert, _ in told}, [HoldKind.PROMISE, HoldKind.SNOOZE])
    same = repository.alerts_by_id(conn, {one.alert_id for one in held if one.until is None and one.alert_id})
    found = []
    for alert, curator_id in told:
        put_off = [
            one for one in held if one.until is not None or _is_same(alert, same.get(one.alert_id or AlertId("")))
        ]
        at = max(now, _held_until(alert, curator_id, put_off, env))
        if env.policy.respect_hours:
            at = send_at(people[curator_id], at, deadline(alert), env.policy.is_day_off)
        found.append((alert.id, curator_id, at))
    return found


def polite(person: Curator, now: datetime, env: Surroundings, too_late: datetime | None = None) -> datetime:
    """When a person is told of what is neither an alert with an end nor an answer; on a day off only where the next
    working day is `too_late`."""
    return send_at(person, now, too_late, env.policy.is_day_off) if env.policy.respect_hours else now


def deadline(alert: Alert) -> datetime | None:
    """When it is too late to hear of it: the moment at which what is announced happens. None for what has happened."""
    if alert.kind not in _WITH_AN_END or alert.last_day is None:
        return None
    return first_instant(alert.last_day + _DAY, alert.facts["time_zone"])


def can_wait(alert: Alert, until: datetime) -> bool:
    """Whether it is early enough to hear of it then: what has happened, or happens before, cannot wait.

    Nor can a renewal that fails: what it lacks is known a day before the end only.
    """
    too_late = deadline(alert)
    return alert.kind in AHEAD and too_late is not None and until < too_late


def in_turn(person: Curator, alert: Alert, at: datetime, gone: bool, env: Surroundings) -> datetime:
    """When an alert goes that may be told from `at` on: with the one regular message of that day. Once that one is
    `gone`, the next day's, unless it would be too late then."""
    if not gone or not env.policy.respect_hours or person.any_hour:
        return at
    following = opening_after(person, at, env.policy.is_day_off)
    return following if can_wait(alert, following) else at


def _is_same(alert: Alert, snoozed: Alert | None) -> bool:
    """Whether this is another stage of what was put off until it changes."""
    return snoozed is not None and (snoozed.kind, snoozed.cycle) == (alert.kind, alert.cycle)


def _held_until(alert: Alert, curator_id: CuratorId, held: Sequence[Hold], env: Surroundings) -> datetime:
    """Until when somebody asked to hear nothing of the client."""
    asked = [
        _lasts(one, alert, env)
        for one in held
        if one.client_id == alert.client_id and (one.kind is HoldKind.PROMISE or one.curator_id == curator_id)
    ]
    return max(asked, default=alert.raised_at)


def _lasts(one: Hold, alert: Alert, env: Surroundings) -> datetime:
    """Never past the day before the end, except for what was agreed once that was over."""
    until = one.until or alert.raised_at + _LONG
    if alert.last_day is None:
        return until
    zone = alert.facts["time_zone"]
    if one.since >= first_instant(alert.last_day + _DAY, zone):
        return until
    return min(until, local_time(alert.last_day - _DAY, env.policy.raise_at, zone))
