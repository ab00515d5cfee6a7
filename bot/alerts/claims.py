"""Who takes care of a client: a claim stops what is still on its way to others, and returns when nothing came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import holds, ladder_rows, notifications, repository
from bot.alerts.alert import Alert
from bot.alerts.holds import Hold, HoldKind
from bot.alerts.quiet import end_of_work
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import moments
from bot.alerts.wording import alert_facts
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.errors import UserError
from bot.ids import AlertId, ClientId, CuratorId
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing
from bot.messaging.templates import Button

_CHUNK = 200
_LAST_STAGES = 1
"""From this stage on a claim lasts to the end of the working day only."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's work on a client until a moment. `news`: it began just now; `others` were told of the alert too."""

    client_id: ClientId
    curator_id: CuratorId
    since: datetime
    until: datetime | None
    news: bool = False
    others: tuple[CuratorId, ...] = ()


def claim(conn: Connection, alert_id: AlertId, curator_id: CuratorId, *, now: datetime, env: Surroundings) -> Claim:
    """ "I'm on it": messages about this client that the partner's others have not got yet are taken back. What the
    client's own curators hear of is not touched: it is they who pay.

    A claim lasts to the next stage, from stage 1 on to the end of the working day.

    UserError alert_unknown, alert_settled (`resolution`), already_claimed (`who`, `until`).
    """
    found = _open_alert(conn, alert_id)
    curator = directory.get_curator(conn, curator_id)
    _end_if_over(conn, found.client_id, now)
    until = _until(conn, found, curator, now, env)
    made = holds.insert_hold(
        conn,
        HoldKind.CLAIM,
        found.partner_id,
        found.client_id,
        curator_id,
        now=now,
        until=until,
        alert_id=alert_id,
    )
    if made is None:
        return _known(conn, found.client_id, curator_id)
    alerts = [one.id for one in repository.open_of_clients(conn, [found.client_id]).get(found.client_id, [])]
    staff = directory.list_curators(conn, found.partner_id)
    others = [one.id for one in staff if one.client_id is None and one.id != curator_id]
    outbox.cancel_queued(conn, ids=notifications.take_back(conn, alerts, others, "claimed", now), reason="claimed")
    told = directory.recipients(conn, [found.client_id], now)[found.client_id].informed
    return Claim(found.client_id, curator_id, now, until, True, tuple(one for one in told if one in others))


def release(conn: Connection, client_id: ClientId, curator_id: CuratorId, *, now: datetime) -> bool:
    """Give a claim back; whether this person had one."""
    own = [one for one in holds.running(conn, [client_id], [HoldKind.CLAIM]) if one.curator_id == curator_id]
    holds.end(conn, [one.id for one in own], now)
    return bool(own)


def claims(conn: Connection, client_ids: Iterable[ClientId], now: datetime) -> dict[ClientId, Claim]:
    """Who takes care of which of these clients now."""
    return {
        one.client_id: Claim(one.client_id, one.curator_id, one.since, one.until)
        for one in holds.running(conn, client_ids, [HoldKind.CLAIM])
        if one.until is None or one.until > now
    }


def return_due(conn: Connection, *, now: datetime, env: Surroundings, limit: int = _CHUNK) -> int:
    """End what has run its time. A claim on something still open returns: everybody who is told of it hears so, unless
    they hear of the next stage anyhow; where the client promised, or a person put it off, not before that day.

    Returns how many holds ended; call again while it is `limit`.
    """
    ended = holds.over(conn, now, limit)
    if not ended:
        return 0
    holds.end(conn, [one.id for one in ended], now)
    claimed = [one for one in ended if one.kind is HoldKind.CLAIM]
    open_alerts = repository.open_of_clients(conn, {one.client_id for one in claimed})
    for one in claimed:
        waiting = open_alerts.get(one.client_id, [])
        if waiting and waiting[0].raised_at <= one.since:
            _say_returned(conn, one, waiting[0], now, env)
    return len(ended)


def take_back_returned(conn: Connection, settled: Sequence[Alert]) -> None:
    """Nobody need be told any more that these alerts' claims came back."""
    ended = holds.claims_on(conn, [one.id for one in settled])
    people = {one.partner_id: directory.list_curators(conn, one.partner_id) for one in ended}
    keys = [_returned_key(one, person.id) for one in ended for person in people[one.partner_id]]
    if keys:
        outbox.cancel_queued(conn, keys=keys)


def _returned_key(ended: Hold, curator_id: CuratorId) -> str:
    return f"returned:{ended.id}:{curator_id}"


def _open_alert(conn: Connection, alert_id: AlertId) -> Alert:
    found = repository.alerts_by_id(conn, [alert_id]).get(alert_id)
    if found is None:
        raise UserError("alert_unknown", alert=alert_id)
    if not found.open:
        raise UserError("alert_settled", resolution=found.resolution)
    return found


def _end_if_over(conn: Connection, client_id: ClientId, now: datetime) -> None:
    """A claim that ran out a moment ago does not stand in the way of the next one."""
    run = holds.running(conn, [client_id], [HoldKind.CLAIM])
    holds.end(conn, [one.id for one in run if one.until is not None and one.until <= now], now)


def _until(conn: Connection, found: Alert, curator: Curator, now: datetime, env: Surroundings) -> datetime:
    following = [
        rung.due_at
        for rung in ladder_rows.next_due(conn, found.client_id)
        if rung.due_at > now and rung.cycle == found.cycle
    ]
    if found.stage > _LAST_STAGES and following:
        return following[0]
    return end_of_work(curator, now, env.policy.is_day_off)


def _known(conn: Connection, client_id: ClientId, curator_id: CuratorId) -> Claim:
    """The claim that runs already: one's own is fine, somebody else's is not."""
    run = holds.running(conn, [client_id], [HoldKind.CLAIM])
    if not run:
        raise UserError("alert_settled", resolution=None)
    other = run[0]
    if other.curator_id != curator_id:
        until = other.until.isoformat() if other.until else None
        raise UserError("already_claimed", who=directory.get_curator(conn, other.curator_id).name, until=until)
    return Claim(client_id, curator_id, other.since, other.until)


def _say_returned(conn: Connection, ended: Hold, found: Alert, now: datetime, env: Surroundings) -> None:
    told = directory.recipients(conn, [ended.client_id], now)[ended.client_id].informed
    people = directory.curators_by_id(conn, [*told, ended.curator_id])
    who = people[ended.curator_id].name
    for _, curator_id, at in moments(conn, [(found, one) for one in told], now, env):
        person = people[curator_id]
        if person.address is None or person.client_id is not None:
            continue
        returned = Outgoing(
            key=_returned_key(ended, curator_id),
            to=person.address,
            kind=Kind.ALERT,
            template="alerts/returned",
            language=person.language,
            facts={**alert_facts(found, now, person.time_zone), "who": who},
            buttons=(Button("alert", f"alert:{found.id}"),),
            partner_id=ended.partner_id,
            curator_id=curator_id,
            client_id=ended.client_id,
            not_before=at,
        )
        outbox.enqueue(conn, returned, sender=env.sender, now=now, jobs=env.jobs)
