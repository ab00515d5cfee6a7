"""Who is or was told of which alert, in the database: waiting, sent, suppressed or settled in the meantime."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, or_, select, text, update

from bot.alerts.alert import Alert
from bot.alerts.repository import OPEN, as_alert
from bot.ids import AlertId, ClientId, CuratorId, DeliveryId, PartnerId
from bot.messaging.message import ErrorCode
from bot.storage.queries import insert_if_absent
from bot.storage.tables import alert, curator, delivery, digest, hold, notification

WAITING = text("notification.outcome = 'waiting'")
"""In the words of the partial index, so that it is used."""


def insert_waiting(conn: Connection, pairs: Iterable[tuple[AlertId, CuratorId, datetime]], now: datetime) -> None:
    """Note who is to be told of what, and from which moment on."""
    rows = [_row(alert_id, curator_id, "waiting", now, send_at=at) for alert_id, curator_id, at in pairs]
    insert_if_absent(conn, notification, rows)


def insert_suppressed(conn: Connection, pairs: Iterable[tuple[AlertId, CuratorId, str]], now: datetime) -> None:
    """Note who is not told of what, and why."""
    rows = [_row(alert_id, curator_id, "suppressed", now, reason=why) for alert_id, curator_id, why in pairs]
    insert_if_absent(conn, notification, rows)


def insert_sent(conn: Connection, alert_id: AlertId, told: Mapping[CuratorId, DeliveryId], now: datetime) -> None:
    """Note who was told of what at once."""
    rows = [_row(alert_id, curator_id, "sent", now, delivery_id=which) for curator_id, which in told.items()]
    insert_if_absent(conn, notification, rows)


def curators_waiting(
    conn: Connection, now: datetime, limit: int, partner_id: PartnerId | None = None
) -> list[CuratorId]:
    """People whom something is to be told now."""
    query = select(notification.c.curator_id).where(WAITING, notification.c.send_at <= now).distinct()
    if partner_id is not None:
        query = query.join(curator, curator.c.id == notification.c.curator_id).where(curator.c.partner_id == partner_id)
    return [
        CuratorId(found) for found in conn.execute(query.order_by(notification.c.curator_id).limit(limit)).scalars()
    ]


def waiting(conn: Connection, curator_ids: Sequence[CuratorId], now: datetime) -> dict[CuratorId, list[Alert]]:
    """What each of these people is to be told now. Others who ask meanwhile wait, so that nobody is told twice."""
    query = (
        select(notification.c.curator_id, alert)
        .join(alert, alert.c.id == notification.c.alert_id)
        .where(WAITING, notification.c.send_at <= now, notification.c.curator_id.in_(curator_ids))
        .order_by(notification.c.alert_id, notification.c.curator_id)
        .with_for_update(of=notification, skip_locked=True)
    )
    found: dict[CuratorId, list[Alert]] = defaultdict(list)
    for row in conn.execute(query):
        found[CuratorId(row.curator_id)].append(as_alert(row))
    return found


def postpone(conn: Connection, curator_id: CuratorId, alert_ids: Sequence[AlertId], at: datetime) -> None:
    """Let what waits for a person wait until another moment."""
    if alert_ids:
        conn.execute(update(notification).where(*_of(curator_id, alert_ids)).values(send_at=at))


def begin_digest(conn: Connection, curator_id: CuratorId, day: date, now: datetime) -> bool:
    """Take the one regular message that a person gets on a day of its calendar; False when it was taken before."""
    row = {"curator_id": curator_id, "day": day.isoformat(), "at": now}
    return bool(insert_if_absent(conn, digest, [row]))


def regular_messages(conn: Connection, curator_ids: Iterable[CuratorId]) -> set[tuple[CuratorId, str]]:
    """The days, in ISO form, whose one regular message these people got."""
    query = select(digest.c.curator_id, digest.c.day).where(digest.c.curator_id.in_(list(curator_ids)))
    return {(CuratorId(row.curator_id), row.day) for row in conn.execute(query)}


def waits(conn: Connection, curator_ids: Iterable[CuratorId]) -> list[tuple[AlertId, CuratorId, datetime]]:
    """Everything that waits for these people, and till when."""
    query = select(notification.c.alert_id, notification.c.curator_id, notification.c.send_at)
    query = query.where(WAITING, notification.c.curator_id.in_(list(curator_ids)))
    return [(AlertId(row.alert_id), CuratorId(row.curator_id), row.send_at) for row in conn.execute(query)]


def left_to_unreached(conn: Connection, limit: int) -> list[tuple[Alert, CuratorId]]:
    """Open alerts that nobody has claimed and that reached none of those told, and who was spared for their sake.

    Not reached: refused, too late, taken and never confirmed, or reported both failed and delivered and not read yet.
    """
    claimed = exists().where(hold.c.client_id == alert.c.client_id, hold.c.kind == "claim", hold.c.ended_at.is_(None))
    told = notification.alias("told")
    doubtful = and_(or_(delivery.c.unconfirmed, delivery.c.contradicted), delivery.c.state != "read")
    too_late = and_(delivery.c.state == "expired", delivery.c.attempts > 0)
    lost = or_(delivery.c.state.in_(["failed", "undelivered"]), too_late, doubtful)
    theirs = and_(told.c.alert_id == alert.c.id, told.c.outcome == "sent", delivery.c.id == told.c.delivery_id)
    query = (
        select(notification.c.curator_id, alert)
        .join(alert, alert.c.id == notification.c.alert_id)
        .where(OPEN, ~claimed, notification.c.outcome == "suppressed", notification.c.reason == "assigned")
        .where(exists().where(theirs, lost), ~exists().where(theirs, ~lost))
        .order_by(alert.c.raised_at, notification.c.curator_id)
        .limit(limit)
    )
    return [(as_alert(row), CuratorId(row.curator_id)) for row in conn.execute(query)]


def left_to_one(conn: Connection, stage: int, raised_before: datetime, limit: int) -> list[tuple[Alert, CuratorId]]:
    """Open alerts of this stage or later that nobody has claimed since then, and who was spared for another's sake."""
    claimed = exists().where(hold.c.client_id == alert.c.client_id, hold.c.kind == "claim", hold.c.ended_at.is_(None))
    query = (
        select(notification.c.curator_id, alert)
        .join(alert, alert.c.id == notification.c.alert_id)
        .where(OPEN, alert.c.stage <= stage, alert.c.raised_at <= raised_before, ~claimed)
        .where(notification.c.outcome == "suppressed", notification.c.reason == "assigned")
        .order_by(alert.c.raised_at, notification.c.curator_id)
        .limit(limit)
    )
    return [(as_alert(row), CuratorId(row.curator_id)) for row in conn.execute(query)]


def call(conn: Connection, alert_id: AlertId, curator_id: CuratorId, at: datetime) -> None:
    """Have a person told after all who was spared before."""
    which = notification.c.alert_id == alert_id, notification.c.curator_id == curator_id
    spared = update(notification).where(*which, notification.c.outcome == "suppressed")
    conn.execute(spared.values(outcome="waiting", reason="escalated", send_at=at))


def call_again(conn: Connection, alert_id: AlertId, curator_id: CuratorId, at: datetime, now: datetime) -> None:
    """Have a person told once more of what it was told before; the message it got then stays noted until then."""
    insert_waiting(conn, [(alert_id, curator_id, at)], now)
    which = notification.c.alert_id == alert_id, notification.c.curator_id == curator_id
    conn.execute(update(notification).where(*which).values(outcome="waiting", reason="later", send_at=at))


def told_before(conn: Connection, alert_id: AlertId, curator_id: CuratorId) -> DeliveryId | None:
    """The message in which a person was told of an alert that it is to be told once more, if so."""
    which = notification.c.alert_id == alert_id, notification.c.curator_id == curator_id
    found = conn.execute(select(notification.c.delivery_id).where(*which)).scalar_one_or_none()
    return None if found is None else DeliveryId(found)


def waiting_for_the_first_time(conn: Connection, client_id: ClientId) -> list[tuple[Alert, CuratorId]]:
    """What people have not been told yet of a client, and wait for."""
    query = (
        select(notification.c.curator_id, alert)
        .join(alert, alert.c.id == notification.c.alert_id)
        .where(WAITING, alert.c.client_id == client_id, notification.c.delivery_id.is_(None))
    )
    return [(as_alert(row), CuratorId(row.curator_id)) for row in conn.execute(query)]


def forget_spared(conn: Connection, curator_id: CuratorId, alert_ids: Sequence[AlertId]) -> None:
    """Strike out the note that a person is not told of these alerts."""
    which = notification.c.curator_id == curator_id, notification.c.alert_id.in_(alert_ids)
    if alert_ids:
        conn.execute(delete(notification).where(*which, notification.c.outcome == "suppressed"))


def mark_sent(
    conn: Connection, curator_id: CuratorId, alert_ids: Sequence[AlertId], delivery_id: DeliveryId | None, now: datetime
) -> None:
    """Note that a person was told, and in which delivery."""
    values = {"outcome": "sent", "delivery_id": delivery_id, "at": now}
    conn.execute(update(notification).where(*_of(curator_id, alert_ids)).values(values))


def mark_suppressed(
    conn: Connection, curator_id: CuratorId, alert_ids: Sequence[AlertId], reason: str, now: datetime
) -> None:
    """Note that a person is not told after all, and why."""
    values = {"outcome": "suppressed", "reason": reason, "at": now}
    conn.execute(update(notification).where(*_of(curator_id, alert_ids)).values(values))


def settle(conn: Connection, alert_ids: Sequence[AlertId], now: datetime) -> list[DeliveryId]:
    """Nobody need be told of these alerts any more; the deliveries that stand for nothing else now."""
    settled = notification.c.alert_id.in_(alert_ids)
    conn.execute(
        update(notification).where(settled, notification.c.outcome == "waiting").values(outcome="settled", at=now)
    )
    others = notification.alias("others")
    still = exists().where(
        others.c.delivery_id == notification.c.delivery_id, others.c.alert_id == alert.c.id, alert.c.state == "open"
    )
    query = select(notification.c.delivery_id).where(
        and_(settled, notification.c.delivery_id.is_not(None), ~still.correlate(notification))
    )
    return [DeliveryId(found) for found in conn.execute(query.distinct()).scalars()]


def take_back(
    conn: Connection, alert_ids: Sequence[AlertId], people: Sequence[CuratorId], reason: str, now: datetime
) -> list[DeliveryId]:
    """These people need not be told of these alerts now; the deliveries to them that stand for nothing else."""
    others = notification.c.alert_id.in_(alert_ids), notification.c.curator_id.in_(people)
    unsaid = update(notification).where(*others, notification.c.outcome == "waiting")
    conn.execute(unsaid.values(outcome="suppressed", reason=reason, at=now))
    more = notification.alias("more")
    beside = exists().where(more.c.delivery_id == notification.c.delivery_id, more.c.alert_id.not_in(alert_ids))
    query = select(notification.c.delivery_id).where(
        *others, notification.c.delivery_id.is_not(None), ~beside.correlate(notification)
    )
    return [DeliveryId(found) for found in conn.execute(query.distinct()).scalars()]


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


def _of(curator_id: CuratorId, alert_ids: Sequence[AlertId]) -> tuple[Any, ...]:
    return (
        notification.c.curator_id == curator_id,
        notification.c.alert_id.in_(alert_ids),
        notification.c.outcome == "waiting",
    )


def _row(
    alert_id: AlertId,
    curator_id: CuratorId,
    outcome: str,
    now: datetime,
    *,
    reason: str | None = None,
    send_at: datetime | None = None,
    delivery_id: DeliveryId | None = None,
) -> dict[str, Any]:
    return {
        "alert_id": alert_id,
        "curator_id": curator_id,
        "outcome": outcome,
        "reason": reason,
        "send_at": send_at,
        "delivery_id": delivery_id,
        "at": now,
    }
