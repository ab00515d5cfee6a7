"""Alerts in the database: set-based reads by index, and writes; no decisions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, or_, select, text, update

from bot.alerts.alert import WATCHED, Alert, Kind
from bot.ids import AlertId, ClientId, PartnerId
from bot.storage.queries import insert_if_absent
from bot.storage.reading import Reading
from bot.storage.tables import alert
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
WATCHED_KINDS = [kind.value for kind in WATCHED]
"""Of what the ladders raise, as their alerts have it."""
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
_RESOLVE = Writing(
    update(alert)
    .where(alert.c.id.in_(_IDS), alert.c.state == "open")
    .values(state="resolved", resolved_at=bindparam("now"), resolution=bindparam("what"))
)
_OPEN_OF_PARTNER = Reading(
    select(alert)
    .where(and_(alert.c.partner_id == bindparam("of_partner"), alert.c.client_id.is_not(None), OPEN))
    .order_by(alert.c.raised_at.desc(), alert.c.id.desc())
    .limit(bindparam("most"))
)


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


def open_rungs(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, list[OpenRung]]:
    """Of the open alerts of these clients what each stands for: kind, stage and cycle; the newest first."""
    found: dict[ClientId, list[OpenRung]] = defaultdict(list)
    for row in _OPEN_RUNGS.rows(conn, ids=list(client_ids)):
        found[ClientId(row.client_id)].append((AlertId(row.id), Kind(row.kind), row.stage, row.cycle))
    return found


def alerts_of_client(conn: Connection, client_id: ClientId, limit: int) -> list[Alert]:
    """What the ladder of a client raised, the newest first."""
    query = select(alert).where(alert.c.client_id == client_id, alert.c.kind.in_(WATCHED_KINDS))
    query = query.order_by(alert.c.raised_at.desc(), alert.c.id.desc()).limit(limit)
    return [as_alert(row) for row in conn.execute(query)]


def open_of_partner(conn: Connection, partner_id: PartnerId, limit: int) -> list[Alert]:
    """The open alerts of a partner, the newest first."""
    return [as_alert(row) for row in _OPEN_OF_PARTNER.rows(conn, of_partner=partner_id, most=limit)]


def resolve(conn: Connection, alert_ids: Iterable[AlertId], resolution: str, now: datetime) -> None:
    """Close alerts, noting what settled them."""
    _RESOLVE.run(conn, ids=list(alert_ids), now=now, what=resolution)


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
