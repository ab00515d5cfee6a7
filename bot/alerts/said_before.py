"""What was said of each client before: how far its ladder got, and what is too fresh to be said again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, exists, func, or_, select

from bot.alerts.alert import Kind
from bot.alerts.repository import RAISED, WATCHED_KINDS
from bot.ids import ClientId, CuratorId
from bot.storage.reading import Reading
from bot.storage.tables import alert, delivery, notification

_UNHEARD = ["cancelled", "failed", "undelivered", "expired"]
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_SAID = Reading(
    select(alert.c.client_id, alert.c.kind, alert.c.cycle, func.min(alert.c.stage).label("most"))
    .where(alert.c.client_id.in_(_IDS), alert.c.kind.in_(WATCHED_KINDS), RAISED)
    .group_by(alert.c.client_id, alert.c.kind, alert.c.cycle)
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
