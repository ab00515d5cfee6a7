"""Turns rungs that were reached into alerts: a snapshot of the facts, who is to be told of it, who is not and why."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from bot.alerts import ladder_rows, notifications, repository, said_before
from bot.alerts.alert import Alert, Due, Kind
from bot.alerts.facts import snapshot
from bot.alerts.fingerprint import alert_key
from bot.alerts.report import ScanReport
from bot.alerts.repository import UNSAID
from bot.alerts.rules import pick
from bot.alerts.stopped import paid_through
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import moments
from bot.alerts.unraised import LASTS_LONGER, due_facts, gone, unraised
from bot.billing.local_day import local_date
from bot.billing.standing import Standing
from bot.billing.standings import standings
from bot.directory import service as directory
from bot.directory.people import Client, Suppression
from bot.directory.routing import Recipients
from bot.id_generator import new_id
from bot.ids import AlertId, ClientId, CuratorId, PartnerId

_DAY = timedelta(days=1)
NOBODY = "nobody"
"""The reason noted when an alert has no one at all who is told."""
_SUPERSEDED, _FORGOTTEN = UNSAID
_NOTHING: Mapping[PartnerId, datetime] = MappingProxyType({})
_COOLDOWN, _DECLINED = "cooldown", "declined"
"""Reasons why nobody at all is told: the same was said only lately; an owner said no to an avalanche."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What came of some due clients. `told` pairs each open alert with the people to tell."""

    alerts: tuple[Alert, ...]
    told: tuple[tuple[Alert, CuratorId], ...]
    suppressed: tuple[tuple[Alert, CuratorId, str], ...]
    due: int
    unheard: int

    def report(self, clients: int) -> ScanReport:
        """The numbers, without messages: those are counted when they are written."""
        silent = Counter(one.resolution.partition(":")[0] for one in self.alerts if one.resolution is not None)
        reasons = Counter(reason for _, _, reason in self.suppressed) + silent + Counter({NOBODY: self.unheard})
        alerts = sum(one.open for one in self.alerts)
        return ScanReport(
            clients=clients, due=self.due, alerts=alerts, suppressed={str(k): n for k, n in reasons.items()}
        )


def raise_due(
    conn: Connection,
    due: Mapping[ClientId, list[Due]],
    *,
    now: datetime,
    env: Surroundings,
    declined: Mapping[PartnerId, datetime] = _NOTHING,
) -> Raised:
    """Raise these rungs, and take them off the ladders. What was raised before is left out.

    `declined`: nobody of these partners is told of what was due by then.
    """
    found = plan(conn, due, now=now, env=env, declined=declined)
    news = repository.insert_alerts(conn, found.alerts)
    ladder_rows.delete_rungs(conn, due)
    raised = _only(found, news)
    notifications.insert_waiting(conn, moments(conn, raised.told, now, env), now)
    silent = [(alert.id, curator_id, why) for alert, curator_id, why in raised.suppressed]
    notifications.insert_suppressed(conn, silent, now)
    return raised


def plan(
    conn: Connection,
    due: Mapping[ClientId, list[Due]],
    *,
    now: datetime,
    env: Surroundings,
    declined: Mapping[PartnerId, datetime] = _NOTHING,
    known_at: datetime | None = None,
) -> Raised:
    """What raising these rungs would come to; writes nothing. `known_at`: as clients stood then, if not now."""
    alerts, unsaid = _alerts(conn, due, now, env, declined, known_at or now)
    people = directory.recipients(conn, {one.client_id for one in alerts if one.open}, now)
    open_alerts = [one for one in alerts if one.open]
    return Raised(
        alerts=tuple(alerts),
        told=tuple(
            (one, curator_id)
            for one in open_alerts
            if one.id not in unsaid
            for curator_id in people[one.client_id].curators
        ),
        suppressed=tuple(
            (one, curator_id, why)
            for one in open_alerts
            for curator_id, why in _spared(people[one.client_id], unsaid.get(one.id)).items()
        ),
        due=sum(len(rungs) for rungs in due.values()),
        unheard=_unheard(open_alerts, people),
    )


def _spared(people: Recipients, unsaid: str | None) -> dict[CuratorId, str]:
    """Who is not told and why; nobody is, when the alert is `unsaid` for a reason of its own.

    Then it is not left to the one responsible either, from whom it would go on to the others.
    """
    spared = {curator_id: why.value for curator_id, why in people.suppressed.items()}
    if unsaid is None:
        return spared
    left = [one for one, why in people.suppressed.items() if why is Suppression.ASSIGNED]
    return spared | dict.fromkeys((*people.curators, *left), unsaid)


def _alerts(
    conn: Connection,
    due: Mapping[ClientId, list[Due]],
    now: datetime,
    env: Surroundings,
    declined: Mapping[PartnerId, datetime],
    known_at: datetime,
) -> tuple[list[Alert], dict[AlertId, str]]:
    """What the rungs come to, and what of it nobody is told, with the reason."""
    known = standings(conn, due, known_at, env.book)
    clients = directory.clients_by_id(conn, due)
    stopped = paid_through(conn, known)
    open_rungs = repository.open_rungs(conn, due)
    cooling = said_before.said_lately(conn, due, now, env.policy.cooldowns)
    forget_after = timedelta(days=env.policy.forget_after_days)
    alerts: list[Alert] = []
    unsaid: dict[AlertId, str] = {}
    for client_id, rungs in due.items():
        open_kinds = {kind for _, kind, _, _ in open_rungs.get(client_id, ())}
        off = [rung for rung in rungs if _put_off(rung, known[client_id])]
        rungs = [rung for rung in rungs if rung not in off]
        alerts += [
            unraised(clients[client_id].partner_id, client_id, rung, off, LASTS_LONGER, now)
            for rung in gone(off, (), now)
        ]
        picked = pick(rungs, open_kinds, now, forget_after, cooling.get(client_id, ()))
        endings = {rung: _SUPERSEDED for rung in picked.superseded} | {rung: _FORGOTTEN for rung in picked.forgotten}
        for rung in (*picked.say, *picked.cooling, *endings):
            facts = snapshot(clients[client_id], known[client_id], rung, env.book, stopped.get(client_id))
            facts |= due_facts(rung, rungs)
            alerts.append(_alert(clients[client_id], rung, facts, now, endings.get(rung)))
            refused = declined.get(alerts[-1].partner_id)
            if rung in picked.cooling:
                unsaid[alerts[-1].id] = _COOLDOWN
            elif refused is not None and rung.due_at <= refused:
                unsaid[alerts[-1].id] = _DECLINED
    return alerts, unsaid


def _put_off(rung: Due, standing: Standing) -> bool:
    """Whether money that is spent by use lasts longer than it did when the ladder was made: days without use change no
    fact, and the next use makes the ladder anew. One day more is none: what a day costs is known a day later.
    """
    if rung.kind is not Kind.RUNNING_OUT or standing.runs_out_on is not None:
        return False
    expected = local_date(rung.due_at, standing.time_zone) + timedelta(days=rung.stage)
    return standing.money_until is None or standing.money_until > expected + _DAY


def _alert(client: Client, rung: Due, facts: Mapping[str, Any], now: datetime, resolution: str | None) -> Alert:
    return Alert(
        id=AlertId(new_id()),
        partner_id=client.partner_id,
        client_id=client.id,
        key=alert_key(client.id, rung),
        kind=rung.kind,
        stage=rung.stage,
        cycle=rung.cycle,
        facts=facts,
        raised_at=now,
        resolved_at=now if resolution else None,
        resolution=resolution,
    )


def _only(found: Raised, news: Iterable[AlertId]) -> Raised:
    known = set(news)
    alerts = tuple(one for one in found.alerts if one.id in known)
    told = tuple(pair for pair in found.told if pair[0].id in known)
    suppressed = tuple(row for row in found.suppressed if row[0].id in known)
    heard = {one.id for one, _ in told} | {one.id for one, _, why in suppressed if why in (_COOLDOWN, _DECLINED)}
    unheard = sum(one.open and one.id not in heard for one in alerts)
    return Raised(alerts, told, suppressed, found.due, unheard)


def _unheard(alerts: Iterable[Alert], people: Mapping[ClientId, Recipients]) -> int:
    return sum(not people[one.client_id].curators for one in alerts)
