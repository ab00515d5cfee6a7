"""The ladder and the alerts in the database: set-based reads by index, and writes; no decisions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, delete, exists, func, or_, select, text, update

from bot.alerts.alert import WATCHED, Alert, Due, Kind
from bot.ids import AlertId, ClientId, CuratorId, PartnerId
from bot.storage.queries import insert_if_absent
from bot.storage.reading import Reading
from bot.storage.tables import alert, alert_due, channel, client, delivery, notification

OPEN = text("alert.state = 'open'")
"""In the words of the partial index, so that it is used."""
UNSAID = ("superseded", "forgotten")
"""Resolutions of alerts that nobody was to be told of: a bigger one spoke, it is history."""
UNRAISED = "unraised"
"""With this word begins the resolution of what came due and was over before it was raised. It is kept for `why` alone:
the same may come due again and be said then."""
RAISED = or_(alert.c.resolution.is_(None), alert.c.resolution.not_like(f"{UNRAISED}:%"))
_WATCHED = [kind.value for kind in WATCHED]
_AHEAD = [Kind.ENDING.value, Kind.RUNNING_OUT.value]
_UNHEARD = ["cancelled", "failed", "undelivered", "expired"]
_DELETE_RUNG = delete(alert_due).where(
    alert_due.c.client_id == bindparam("which"),
    alert_due.c.kind == bindparam("of_kind"),
    alert_due.c.stage == bindparam("at_stage"),
    alert_due.c.cycle == bindparam("in_cycle"),
)


_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_BY_ID = Reading(select(alert).where(alert.c.id.in_(_IDS)))
_OPEN_OF_CLIENTS = Reading(
    select(alert)
    .where(alert.c.client_id.in_(_IDS), alert.c.state == "open")
    .order_by(alert.c.raised_at.desc(), alert.c.id.desc())
)
_SAID = Reading(
    select(alert.c.client_id, alert.c.kind, alert.c.cycle, func.min(alert.c.stage).label("most"))
    .where(alert.c.client_id.in_(_IDS), alert.c.kind.in_(_WATCHED), RAISED)
    .group_by(alert.c.client_id, alert.c.kind, alert.c.cycle)
)
_REACHED = Reading(select(alert_due).where(alert_due.c.client_id.in_(_IDS), alert_due.c.due_at <= bindparam("now")))
_PARTNERS_AHEAD = Reading(
    select(alert_due.c.partner_id)
    .where(alert_due.c.due_at > bindparam("now"), alert_due.c.due_at <= bindparam("until"))
    .distinct()
)


def replace_ladders(conn: Connection, ladders: Mapping[ClientId, tuple[PartnerId, Sequence[Due]]]) -> None:
    """Write the rungs of these clients in place of those they had."""
    if not ladders:
        return
    conn.execute(delete(alert_due).where(alert_due.c.client_id.in_(list(ladders))))
    rows = [
        {
            "client_id": client_id,
            "partner_id": partner_id,
            "kind": rung.kind.value,
            "stage": rung.stage,
            "cycle": rung.cycle,
            "due_at": rung.due_at,
        }
        for client_id, (partner_id, rungs) in ladders.items()
        for rung in rungs
    ]
    insert_if_absent(conn, alert_due, rows)


def clients_due(
    conn: Connection,
    now: datetime,
    limit: int,
    partner_id: PartnerId | None = None,
    without: Collection[PartnerId] = (),
) -> list[ClientId]:
    """Clients with a rung that was reached, the longest waiting first: those of the first `limit` rungs."""
    query = select(alert_due.c.client_id).where(alert_due.c.due_at <= now)
    if partner_id is not None:
        query = query.where(alert_due.c.partner_id == partner_id)
    if without:
        query = query.where(alert_due.c.partner_id.not_in(list(without)))
    query = query.order_by(alert_due.c.due_at, alert_due.c.client_id).limit(limit)
    return [ClientId(found) for found in dict.fromkeys(conn.execute(query).scalars())]


def rungs_reached(conn: Connection, client_ids: Iterable[ClientId], now: datetime) -> dict[ClientId, list[Due]]:
    """What is due of these clients."""
    found: dict[ClientId, list[Due]] = defaultdict(list)
    for row in _REACHED.rows(conn, ids=list(client_ids), now=now):
        found[ClientId(row.client_id)].append(Due(Kind(row.kind), row.stage, row.cycle, row.due_at))
    return found


def delete_rungs(conn: Connection, rungs: Mapping[ClientId, Sequence[Due]]) -> None:
    """Take these rungs off the ladders."""
    rows = [
        {"which": client_id, "of_kind": rung.kind.value, "at_stage": rung.stage, "in_cycle": rung.cycle}
        for client_id, found in rungs.items()
        for rung in found
    ]
    if rows:
        conn.execute(_DELETE_RUNG, rows)


def partners_ahead(conn: Connection, now: datetime, until: datetime) -> set[PartnerId]:
    """Partners with a rung that is reached by then and was not before."""
    return {PartnerId(row.partner_id) for row in _PARTNERS_AHEAD.rows(conn, now=now, until=until)}


def rungs_ahead(
    conn: Connection, now: datetime, until: datetime, limit: int
) -> list[tuple[ClientId, PartnerId, str, Due]]:
    """Rungs not reached yet of what ends by then (at the hour of the rung), with the client's partner and time zone."""
    ends = [
        and_(alert_due.c.stage == stage, alert_due.c.due_at <= until - timedelta(days=stage))
        for stage in range((until - now).days + 1)
    ]
    query = (
        select(alert_due, client.c.time_zone)
        .join(client, client.c.id == alert_due.c.client_id)
        .where(alert_due.c.due_at > now, alert_due.c.due_at <= until, or_(*ends), alert_due.c.kind.in_(_AHEAD))
        .order_by(alert_due.c.due_at, alert_due.c.client_id)
        .limit(limit)
    )
    return [
        (
            ClientId(row.client_id),
            PartnerId(row.partner_id),
            row.time_zone,
            Due(Kind(row.kind), row.stage, row.cycle, row.due_at),
        )
        for row in conn.execute(query)
    ]


def next_due(conn: Connection, client_id: ClientId) -> list[Due]:
    """The rungs of a client, the next one first."""
    query = select(alert_due).where(alert_due.c.client_id == client_id).order_by(alert_due.c.due_at)
    return [Due(Kind(row.kind), row.stage, row.cycle, row.due_at) for row in conn.execute(query)]


def next_stage_at(conn: Connection, alerts: Sequence[Alert], now: datetime) -> datetime | None:
    """When every one of these alerts has been followed by its next stage; None when one of them is the last."""
    following = (
        select(alert_due.c.client_id, alert_due.c.cycle, func.min(alert_due.c.due_at))
        .where(alert_due.c.client_id.in_([one.client_id for one in alerts]), alert_due.c.due_at > now)
        .group_by(alert_due.c.client_id, alert_due.c.cycle)
    )
    found = {(client_id, cycle): due_at for client_id, cycle, due_at in conn.execute(following)}
    moments = [found.get((one.client_id, one.cycle)) for one in alerts]
    return max((one for one in moments if one is not None), default=None) if None not in moments else None


def said(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, dict[tuple[Kind, str], int]]:
    """The most advanced stage that was raised of each client, by kind and cycle."""
    found: dict[ClientId, dict[tuple[Kind, str], int]] = defaultdict(dict)
    for client_id, kind, cycle, stage in _SAID.rows(conn, ids=list(client_ids)):
        found[ClientId(client_id)][(Kind(kind), cycle)] = stage
    return found


def said_lately(
    conn: Connection, client_ids: Iterable[ClientId], now: datetime, cooldowns: Mapping[Kind, timedelta]
) -> dict[ClientId, set[tuple[Kind, int]]]:
    """Kinds and stages of which somebody was told about each client within their cooldown, or is to be told.

    What was settled before it was said, taken back or lost on the way was told to nobody.
    """
    if not cooldowns:
        return {}
    unheard = exists().where(delivery.c.id == notification.c.delivery_id, delivery.c.state.in_(_UNHEARD))
    somebody = exists().where(
        notification.c.alert_id == alert.c.id,
        or_(notification.c.outcome == "waiting", and_(notification.c.outcome == "sent", ~unheard)),
    )
    query = select(alert.c.client_id, alert.c.kind, alert.c.stage, alert.c.raised_at).where(
        alert.c.client_id.in_(list(client_ids)),
        alert.c.kind.in_([kind.value for kind in cooldowns]),
        alert.c.raised_at > now - max(cooldowns.values()),
        somebody,
    )
    found: dict[ClientId, set[tuple[Kind, int]]] = defaultdict(set)
    for row in conn.execute(query):
        if row.raised_at > now - cooldowns[Kind(row.kind)]:
            found[ClientId(row.client_id)].add((Kind(row.kind), row.stage))
    return found


def heard_lately(
    conn: Connection,
    curator_id: CuratorId,
    client_ids: Iterable[ClientId],
    now: datetime,
    cooldowns: Mapping[Kind, timedelta],
) -> set[tuple[ClientId, Kind, int]]:
    """Kinds and stages that this one person was told of each client within their cooldown."""
    if not cooldowns:
        return set()
    query = (
        select(alert.c.client_id, alert.c.kind, alert.c.stage, notification.c.at)
        .join(notification, notification.c.alert_id == alert.c.id)
        .where(
            alert.c.client_id.in_(list(client_ids)),
            alert.c.kind.in_([kind.value for kind in cooldowns]),
            notification.c.curator_id == curator_id,
            notification.c.outcome.in_(["sent", "waiting"]),
            notification.c.at > now - max(cooldowns.values()),
        )
    )
    return {
        (ClientId(row.client_id), Kind(row.kind), row.stage)
        for row in conn.execute(query)
        if row.at > now - cooldowns[Kind(row.kind)]
    }


def insert_alerts(conn: Connection, alerts: Sequence[Alert]) -> set[AlertId]:
    """Raise these alerts; one whose key is known was raised before and is left out. Which were news."""
    rows = [
        {
            "id": one.id,
            "partner_id": one.partner_id,
            "client_id": one.client_id,
            "key": one.key,
            "kind": one.kind.value,
            "stage": one.stage,
            "cycle": one.cycle,
            "state": "open" if one.open else "resolved",
            "facts": dict(one.facts),
            "raised_at": one.raised_at,
            "resolved_at": one.resolved_at,
            "resolution": one.resolution,
        }
        for one in alerts
    ]
    return {AlertId(row.id) for row in insert_if_absent(conn, alert, rows)}


def alerts_by_id(conn: Connection, alert_ids: Iterable[AlertId]) -> dict[AlertId, Alert]:
    """Alerts by id, open or not."""
    wanted = list(alert_ids)
    return {AlertId(row.id): as_alert(row) for row in _BY_ID.rows(conn, ids=wanted)} if wanted else {}


def open_of_clients(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, list[Alert]]:
    """The open alerts of these clients, the newest first."""
    found: dict[ClientId, list[Alert]] = defaultdict(list)
    for row in _OPEN_OF_CLIENTS.rows(conn, ids=list(client_ids)):
        found[ClientId(row.client_id)].append(as_alert(row))
    return found


def alerts_of_client(conn: Connection, client_id: ClientId, limit: int) -> list[Alert]:
    """What the ladder of a client raised, the newest first."""
    query = select(alert).where(alert.c.client_id == client_id, alert.c.kind.in_(_WATCHED))
    query = query.order_by(alert.c.raised_at.desc(), alert.c.id.desc()).limit(limit)
    return [as_alert(row) for row in conn.execute(query)]


def open_of_partner(conn: Connection, partner_id: PartnerId, limit: int) -> list[Alert]:
    """The open alerts of a partner, the newest first."""
    query = select(alert).where(and_(alert.c.partner_id == partner_id, alert.c.client_id.is_not(None), OPEN))
    rows = conn.execute(query.order_by(alert.c.raised_at.desc(), alert.c.id.desc()).limit(limit))
    return [as_alert(row) for row in rows]


def resolve(conn: Connection, alert_ids: Iterable[AlertId], resolution: str, now: datetime) -> None:
    """Close alerts, noting what settled them."""
    which = alert.c.id.in_(list(alert_ids)), alert.c.state == "open"
    conn.execute(update(alert).where(*which).values(state="resolved", resolved_at=now, resolution=resolution))


def paid_through(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, date]:
    """The last day that the now stopped channels of these clients paid for by daily payment."""
    query = (
        select(channel.c.client_id, func.max(channel.c.charged_through))
        .where(channel.c.client_id.in_(list(client_ids)), channel.c.state == "notEnoughMoney")
        .group_by(channel.c.client_id)
    )
    return {ClientId(client_id): date.fromisoformat(day) for client_id, day in conn.execute(query) if day}


def as_alert(row: Any) -> Alert:
    """An alert of a row of its table."""
    return Alert(
        id=AlertId(row.id),
        partner_id=PartnerId(row.partner_id),
        client_id=ClientId(row.client_id),
        key=row.key,
        kind=Kind(row.kind),
        stage=row.stage,
        cycle=row.cycle,
        facts=row.facts,
        raised_at=row.raised_at,
        resolved_at=row.resolved_at,
        resolution=row.resolution,
    )
