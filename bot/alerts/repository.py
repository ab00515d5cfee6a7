"""The ladder and the alerts in the database: set-based reads by index, and writes; no decisions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, delete, exists, func, or_, select, text, update

from bot.alerts.alert import WATCHED, Alert, Due, Kind
from bot.ids import AlertId, ClientId, CuratorId, PartnerId
from bot.storage.queries import add_absent, insert_if_absent
from bot.storage.reading import Reading
from bot.storage.tables import alert, alert_due, channel, client, delivery, notification
from bot.storage.types import UtcDateTime
from bot.storage.writing import Writing

OPEN = text("alert.state = 'open'")
"""In the words of the partial index, so that it is used."""
UNSAID = ("superseded", "forgotten")
"""Resolutions of alerts that nobody was to be told of: a bigger one spoke, it is history."""
UNRAISED = "unraised"
"""With this word begins the resolution of what came due and was over before it was raised. It is kept for `why` alone:
the same may come due again and be said then."""
RAISED = or_(alert.c.resolution.is_(None), alert.c.resolution.not_like(f"{UNRAISED}:%"))
OpenRung = tuple[AlertId, Kind, int, str]
"""Of an open alert what it stands for: kind, stage and cycle."""
_WATCHED = [kind.value for kind in WATCHED]
_AHEAD = [Kind.ENDING.value, Kind.RUNNING_OUT.value, Kind.UNPAID.value]
_UNHEARD = ["cancelled", "failed", "undelivered", "expired"]
_AHEAD_DAYS = 16
"""What ends later than this is not looked for early."""
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_BY_ID = Reading(select(alert).where(alert.c.id.in_(_IDS)))
_OPEN_OF_CLIENTS = Reading(
    select(alert)
    .where(alert.c.client_id.in_(_IDS), alert.c.state == "open")
    .order_by(alert.c.raised_at.desc(), alert.c.id.desc())
)
_OPEN_RUNGS = Reading(
    select(alert.c.id, alert.c.client_id, alert.c.kind, alert.c.stage, alert.c.cycle)
    .where(alert.c.client_id.in_(_IDS), alert.c.state == "open")
    .order_by(alert.c.raised_at.desc(), alert.c.id.desc())
)
_SAID = Reading(
    select(alert.c.client_id, alert.c.kind, alert.c.cycle, func.min(alert.c.stage).label("most"))
    .where(alert.c.client_id.in_(_IDS), alert.c.kind.in_(_WATCHED), RAISED)
    .group_by(alert.c.client_id, alert.c.kind, alert.c.cycle)
)
_HELD = Reading(select(alert_due).where(alert_due.c.client_id.in_(_IDS)))
_DELETE_LADDERS = Writing(delete(alert_due).where(alert_due.c.client_id.in_(_IDS)))
_DELETE_RUNG = Writing(
    delete(alert_due).where(
        alert_due.c.client_id == bindparam("which"),
        alert_due.c.kind == bindparam("of_kind"),
        alert_due.c.stage == bindparam("at_stage"),
        alert_due.c.cycle == bindparam("in_cycle"),
    )
)
_REACHED = Reading(select(alert_due).where(alert_due.c.client_id.in_(_IDS), alert_due.c.due_at <= bindparam("now")))
_PARTNERS_AHEAD = Reading(
    select(alert_due.c.partner_id)
    .where(alert_due.c.due_at > bindparam("now"), alert_due.c.due_at <= bindparam("until"))
    .distinct()
)
_DUE = select(alert_due.c.client_id).where(
    alert_due.c.due_at <= bindparam("now"), alert_due.c.partner_id.not_in(bindparam("without", expanding=True))
)
_LONGEST_FIRST = (alert_due.c.due_at, alert_due.c.client_id)
_DUE_OF_ALL = Reading(_DUE.order_by(*_LONGEST_FIRST).limit(bindparam("most")))
_DUE_OF_ONE = Reading(
    _DUE.where(alert_due.c.partner_id == bindparam("of_partner")).order_by(*_LONGEST_FIRST).limit(bindparam("most"))
)
_ENDS = [
    and_(alert_due.c.stage == stage, alert_due.c.due_at <= bindparam(f"until_{stage}", type_=UtcDateTime))
    for stage in range(_AHEAD_DAYS + 1)
]
_RUNGS_AHEAD = Reading(
    select(alert_due, client.c.time_zone)
    .join(client, client.c.id == alert_due.c.client_id)
    .where(
        alert_due.c.due_at > bindparam("now"),
        alert_due.c.due_at <= bindparam("until"),
        or_(*_ENDS),
        alert_due.c.kind.in_(_AHEAD),
    )
    .order_by(*_LONGEST_FIRST)
    .limit(bindparam("most"))
)
_FOLLOWING = Reading(
    select(alert_due.c.client_id, alert_due.c.cycle, func.min(alert_due.c.due_at).label("due_at"))
    .where(alert_due.c.client_id.in_(_IDS), alert_due.c.due_at > bindparam("now"))
    .group_by(alert_due.c.client_id, alert_due.c.cycle)
)
_HEARD_OF = exists().where(
    notification.c.alert_id == alert.c.id,
    or_(
        notification.c.outcome == "waiting",
        and_(
            notification.c.outcome == "sent",
            ~exists().where(delivery.c.id == notification.c.delivery_id, delivery.c.state.in_(_UNHEARD)),
        ),
    ),
)
_SAID_LATELY = Reading(
    select(alert.c.client_id, alert.c.kind, alert.c.stage, alert.c.raised_at).where(
        alert.c.client_id.in_(_IDS),
        alert.c.kind.in_(bindparam("kinds", expanding=True)),
        alert.c.raised_at > bindparam("since"),
        _HEARD_OF,
    )
)
_RESOLVE = Writing(
    update(alert)
    .where(alert.c.id.in_(_IDS), alert.c.state == "open")
    .values(state="resolved", resolved_at=bindparam("now"), resolution=bindparam("what"))
)
_PAID_THROUGH = Reading(
    select(channel.c.client_id, func.max(channel.c.charged_through).label("day"))
    .where(channel.c.client_id.in_(_IDS), channel.c.state == "notEnoughMoney")
    .group_by(channel.c.client_id)
)
_OPEN_OF_PARTNER = Reading(
    select(alert)
    .where(and_(alert.c.partner_id == bindparam("of_partner"), alert.c.client_id.is_not(None), OPEN))
    .order_by(alert.c.raised_at.desc(), alert.c.id.desc())
    .limit(bindparam("most"))
)


def replace_ladders(conn: Connection, ladders: Mapping[ClientId, tuple[PartnerId, Sequence[Due]]]) -> None:
    """Write the rungs of these clients in place of those they had; clients whose rungs are the same are not touched."""
    held: dict[str, set[Due]] = defaultdict(set)
    for row in _HELD.rows(conn, ids=list(ladders)) if ladders else ():
        held[row.client_id].add(_due(row))
    changed = {client_id: mine for client_id, mine in ladders.items() if held[client_id] != set(mine[1])}
    if not changed:
        return
    _DELETE_LADDERS.run(conn, ids=[client_id for client_id in changed if held[client_id]])
    rows = [
        {
            "client_id": client_id,
            "partner_id": partner_id,
            "kind": rung.kind.value,
            "stage": rung.stage,
            "cycle": rung.cycle,
            "due_at": rung.due_at,
        }
        for client_id, (partner_id, rungs) in changed.items()
        for rung in rungs
    ]
    add_absent(conn, alert_due, rows)


def clients_due(
    conn: Connection,
    now: datetime,
    limit: int,
    partner_id: PartnerId | None = None,
    without: Collection[PartnerId] = (),
) -> list[ClientId]:
    """Clients with a rung that was reached, the longest waiting first: those of the first `limit` rungs."""
    given = {"now": now, "without": list(without), "most": limit}
    if partner_id is None:
        rows = _DUE_OF_ALL.rows(conn, **given)
    else:
        rows = _DUE_OF_ONE.rows(conn, of_partner=partner_id, **given)
    return [ClientId(found) for found in dict.fromkeys(row.client_id for row in rows)]


def rungs_reached(conn: Connection, client_ids: Iterable[ClientId], now: datetime) -> dict[ClientId, list[Due]]:
    """What is due of these clients."""
    found: dict[ClientId, list[Due]] = defaultdict(list)
    for row in _REACHED.rows(conn, ids=list(client_ids), now=now):
        found[ClientId(row.client_id)].append(_due(row))
    return found


def delete_rungs(conn: Connection, rungs: Mapping[ClientId, Sequence[Due]]) -> None:
    """Take these rungs off the ladders."""
    rows = [
        {"which": client_id, "of_kind": rung.kind.value, "at_stage": rung.stage, "in_cycle": rung.cycle}
        for client_id, found in rungs.items()
        for rung in found
    ]
    _DELETE_RUNG.each(conn, rows)


def partners_ahead(conn: Connection, now: datetime, until: datetime) -> set[PartnerId]:
    """Partners with a rung that is reached by then and was not before."""
    return {PartnerId(row.partner_id) for row in _PARTNERS_AHEAD.rows(conn, now=now, until=until)}


def rungs_ahead(
    conn: Connection, now: datetime, until: datetime, limit: int
) -> list[tuple[ClientId, PartnerId, str, Due]]:
    """Rungs not reached yet of what ends by then (at the hour of the rung), with the client's partner and time zone;
    at most 16 days ahead."""
    ends = {f"until_{stage}": until - timedelta(days=stage) for stage in range(_AHEAD_DAYS + 1)}
    return [
        (ClientId(row.client_id), PartnerId(row.partner_id), row.time_zone, _due(row))
        for row in _RUNGS_AHEAD.rows(conn, now=now, until=until, most=limit, **ends)
    ]


def next_due(conn: Connection, client_id: ClientId) -> list[Due]:
    """The rungs of a client, the next one first."""
    query = select(alert_due).where(alert_due.c.client_id == client_id).order_by(alert_due.c.due_at)
    return [_due(row) for row in conn.execute(query)]


def next_stage_at(conn: Connection, alerts: Sequence[Alert], now: datetime) -> datetime | None:
    """When every one of these alerts has been followed by its next stage; None when one of them is the last."""
    following = _FOLLOWING.rows(conn, ids=[one.client_id for one in alerts], now=now)
    found = {(client_id, cycle): due_at for client_id, cycle, due_at in following}
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
    found: dict[ClientId, set[tuple[Kind, int]]] = defaultdict(set)
    kinds, since = [kind.value for kind in cooldowns], now - max(cooldowns.values())
    for row in _SAID_LATELY.rows(conn, ids=list(client_ids), kinds=kinds, since=since):
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


def open_rungs(
    conn: Connection, client_ids: Iterable[ClientId]
) -> dict[ClientId, list[tuple[AlertId, Kind, int, str]]]:
    """Of the open alerts of these clients what each stands for: kind, stage and cycle; the newest first."""
    found: dict[ClientId, list[tuple[AlertId, Kind, int, str]]] = defaultdict(list)
    for row in _OPEN_RUNGS.rows(conn, ids=list(client_ids)):
        found[ClientId(row.client_id)].append((AlertId(row.id), Kind(row.kind), row.stage, row.cycle))
    return found


def alerts_of_client(conn: Connection, client_id: ClientId, limit: int) -> list[Alert]:
    """What the ladder of a client raised, the newest first."""
    query = select(alert).where(alert.c.client_id == client_id, alert.c.kind.in_(_WATCHED))
    query = query.order_by(alert.c.raised_at.desc(), alert.c.id.desc()).limit(limit)
    return [as_alert(row) for row in conn.execute(query)]


def open_of_partner(conn: Connection, partner_id: PartnerId, limit: int) -> list[Alert]:
    """The open alerts of a partner, the newest first."""
    return [as_alert(row) for row in _OPEN_OF_PARTNER.rows(conn, of_partner=partner_id, most=limit)]


def resolve(conn: Connection, alert_ids: Iterable[AlertId], resolution: str, now: datetime) -> None:
    """Close alerts, noting what settled them."""
    _RESOLVE.run(conn, ids=list(alert_ids), now=now, what=resolution)


def paid_through(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, date]:
    """The last day that the now stopped channels of these clients paid for by daily payment."""
    rows = _PAID_THROUGH.rows(conn, ids=list(client_ids))
    return {ClientId(row.client_id): date.fromisoformat(row.day) for row in rows if row.day}


def _due(row: Any) -> Due:
    return Due(Kind(row.kind), row.stage, row.cycle, row.due_at)


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
