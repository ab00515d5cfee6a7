"""What has not left yet: what waits for people and till when, which days had their message, what was taken back."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select, update

from bot.alerts.alert import Alert
from bot.alerts.notifications import WAITING
from bot.alerts.repository import as_alert
from bot.ids import AlertId, ClientId, CuratorId, DeliveryId
from bot.storage.tables import alert, delivery, digest, notification


def regular_messages(conn: Connection, curator_ids: Iterable[CuratorId]) -> set[tuple[CuratorId, str]]:
    """The days, in ISO form, whose one regular message these people got."""
    query = select(digest.c.curator_id, digest.c.day).where(digest.c.curator_id.in_(list(curator_ids)))
    return {(CuratorId(row.curator_id), row.day) for row in conn.execute(query)}


def waits(conn: Connection, curator_ids: Iterable[CuratorId]) -> list[tuple[AlertId, CuratorId, datetime]]:
    """Everything that waits for these people, and till when."""
    query = select(notification.c.alert_id, notification.c.curator_id, notification.c.send_at)
    query = query.where(WAITING, notification.c.curator_id.in_(list(curator_ids)))
    return [(AlertId(row.alert_id), CuratorId(row.curator_id), row.send_at) for row in conn.execute(query)]


def not_left_yet(
    conn: Connection, *, client_id: ClientId | None = None, curator_id: CuratorId | None = None
) -> list[tuple[Alert, CuratorId, bool]]:
    """Of a client, or of a person: the open alerts that somebody is to be told of and has not been, and whether they
    were called because nobody else reacted."""
    queued = and_(notification.c.outcome == "sent", delivery.c.state == "queued")
    query = (
        select(notification.c.curator_id, notification.c.reason, alert)
        .join(alert, alert.c.id == notification.c.alert_id)
        .outerjoin(delivery, delivery.c.id == notification.c.delivery_id)
        .where(alert.c.state == "open", alert.c.client_id.is_not(None))
        .where(or_(notification.c.outcome == "waiting", queued))
        .order_by(alert.c.id, notification.c.curator_id)
    )
    if client_id is not None:
        query = query.where(alert.c.client_id == client_id)
    if curator_id is not None:
        query = query.where(notification.c.curator_id == curator_id)
    return [(as_alert(row), CuratorId(row.curator_id), row.reason == "escalated") for row in conn.execute(query)]


def note_taken_back(conn: Connection, delivery_ids: Sequence[DeliveryId], reason: str, now: datetime) -> None:
    """Who would have got these deliveries has heard nothing: those that were taken back stand for nothing more."""
    gone = select(delivery.c.id).where(delivery.c.id.in_(delivery_ids), delivery.c.state == "cancelled")
    values = {"outcome": "suppressed", "reason": reason, "at": now}
    conn.execute(update(notification).where(notification.c.delivery_id.in_(gone)).values(values))
