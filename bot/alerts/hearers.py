"""Who was told of which alert and what came of it, and who was left out: reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, or_, select, text

from bot.alerts.alert import Alert
from bot.alerts.repository import as_alert
from bot.ids import AlertId, CuratorId, DeliveryId
from bot.messaging.message import ErrorCode
from bot.storage.reading import Reading
from bot.storage.tables import alert, delivery, hold, notification

SUPPRESSED = text("notification.outcome = 'suppressed'")
_TOLD_IN = Reading(
    select(notification.c.delivery_id).where(
        notification.c.alert_id == bindparam("which"), notification.c.curator_id == bindparam("person")
    )
)
_ASSIGNED = "assigned"
_SPARED = (
    select(notification.c.curator_id, alert)
    .join(alert, alert.c.id == notification.c.alert_id)
    .where(SUPPRESSED, notification.c.reason == bindparam("reason"), alert.c.state == "open")
    .order_by(alert.c.raised_at, alert.c.id, notification.c.curator_id)
    .limit(bindparam("most"))
)
_SPARED_FOR = Reading(_SPARED)
_CLAIMED = exists().where(hold.c.client_id == alert.c.client_id, hold.c.kind == "claim", hold.c.ended_at.is_(None))
_told = notification.alias("told")
_DOUBTFUL = and_(or_(delivery.c.unconfirmed, delivery.c.contradicted), delivery.c.state != "read")
_TOO_LATE = and_(delivery.c.state == "expired", delivery.c.attempts > 0)
_LOST = or_(delivery.c.state.in_(["failed", "undelivered"]), _TOO_LATE, _DOUBTFUL)
_THEIRS = and_(_told.c.alert_id == alert.c.id, _told.c.outcome == "sent", delivery.c.id == _told.c.delivery_id)
_LEFT_ALONE = Reading(
    _SPARED.where(
        ~_CLAIMED,
        or_(
            and_(alert.c.stage <= bindparam("at_stage"), alert.c.raised_at <= bindparam("since")),
            and_(~exists().where(_THEIRS, ~_LOST), exists().where(_THEIRS, _LOST)),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling one person of one alert; `delivery_state` is how far the message got, `error_code` and
    `failure` what the last attempt failed of, if it did."""

    outcome: str
    reason: str | None
    at: datetime
    send_at: datetime | None
    delivery_state: str | None
    error_code: ErrorCode | None = None
    failure: str | None = None


def left_alone(conn: Connection, stage: int, raised_before: datetime, limit: int) -> list[tuple[Alert, CuratorId]]:
    """Open alerts that nobody has claimed and that were left to one person, and who was spared for that one's sake:
    those of this stage or later since then, and whatever reached none of those told.

    Not reached: refused, too late, taken and never confirmed, or reported both failed and delivered and not read yet.
    """
    rows = _LEFT_ALONE.rows(conn, reason=_ASSIGNED, at_stage=stage, since=raised_before, most=limit)
    return _spared(rows)


def spared(conn: Connection, reason: str, limit: int) -> list[tuple[Alert, CuratorId]]:
    """Open alerts, the oldest first, and who was not told of them for that reason."""
    return _spared(_SPARED_FOR.rows(conn, reason=reason, most=limit))


def told_before(conn: Connection, alert_id: AlertId, curator_id: CuratorId) -> DeliveryId | None:
    """The message in which a person was told of an alert that it is to be told once more, if so."""
    found = _TOLD_IN.one(conn, which=alert_id, person=curator_id)
    return None if found is None or found.delivery_id is None else DeliveryId(found.delivery_id)


def told_already(conn: Connection, alert_ids: Sequence[AlertId]) -> list[CuratorId]:
    """Who was told of any of these alerts and cannot unhear it: the message was not taken back."""
    query = (
        select(notification.c.curator_id)
        .join(delivery, delivery.c.id == notification.c.delivery_id)
        .where(notification.c.alert_id.in_(alert_ids), delivery.c.state != "cancelled")
        .distinct()
        .order_by(notification.c.curator_id)
    )
    return [CuratorId(found) for found in conn.execute(query).scalars()]


def told_of(conn: Connection, alert_ids: Sequence[AlertId]) -> dict[tuple[AlertId, CuratorId], Told]:
    """Who was or is to be told of these alerts."""
    query = (
        select(notification, delivery.c.state, delivery.c.error_code, delivery.c.reason.label("failure"))
        .outerjoin(delivery, delivery.c.id == notification.c.delivery_id)
        .where(notification.c.alert_id.in_(alert_ids))
    )
    return {
        (AlertId(row.alert_id), CuratorId(row.curator_id)): Told(
            row.outcome, row.reason, row.at, row.send_at, row.state, row.error_code, row.failure
        )
        for row in conn.execute(query)
    }


def told_with(conn: Connection, alert_id: AlertId, curator_id: CuratorId) -> list[Alert]:
    """Everything that a person was told of in the same message as this alert."""
    delivery = select(notification.c.delivery_id).where(
        notification.c.alert_id == alert_id, notification.c.curator_id == curator_id
    )
    query = (
        select(alert)
        .join(notification, notification.c.alert_id == alert.c.id)
        .where(notification.c.curator_id == curator_id, notification.c.delivery_id.in_(delivery.scalar_subquery()))
    )
    return [as_alert(row) for row in conn.execute(query)]


def _spared(rows: Iterable[Any]) -> list[tuple[Alert, CuratorId]]:
    return [(as_alert(row), CuratorId(row.curator_id)) for row in rows]
