"""Who is to be told of which alert, in the database: waiting, sent, suppressed or settled in the meantime."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, exists, select, text, update

from bot.alerts.alert import Alert
from bot.alerts.repository import as_alert
from bot.ids import AlertId, ClientId, CuratorId, DeliveryId, PartnerId
from bot.storage.queries import add_absent, insert_if_absent
from bot.storage.reading import Reading
from bot.storage.tables import alert, curator, digest, notification
from bot.storage.writing import Writing

WAITING = text("notification.outcome = 'waiting'")
"""In the words of the partial index, so that it is used."""
_ALERTS: BindParameter[Any] = bindparam("alerts", expanding=True)
_PEOPLE: BindParameter[Any] = bindparam("people", expanding=True)
_READY = select(notification.c.curator_id).where(WAITING, notification.c.send_at <= bindparam("now")).distinct()
_WHO_WAITS = Reading(_READY.order_by(notification.c.curator_id).limit(bindparam("most")))
_WHO_WAITS_THERE = Reading(
    _READY.join(curator, curator.c.id == notification.c.curator_id)
    .where(curator.c.partner_id == bindparam("of_partner"))
    .order_by(notification.c.curator_id)
    .limit(bindparam("most"))
)
_WAITING_ALERTS = Reading(
    select(notification.c.curator_id, alert)
    .join(alert, alert.c.id == notification.c.alert_id)
    .where(WAITING, notification.c.send_at <= bindparam("now"), notification.c.curator_id.in_(_PEOPLE))
    .order_by(notification.c.send_at, notification.c.alert_id, notification.c.curator_id)
    .with_for_update(of=notification, skip_locked=True)
)
_WAITS_OF_ONE = (
    notification.c.curator_id == bindparam("person"),
    notification.c.alert_id.in_(_ALERTS),
    notification.c.outcome == "waiting",
)
_POSTPONE = Writing(update(notification).where(*_WAITS_OF_ONE).values(send_at=bindparam("until")))
_MARK_SENT = Writing(
    update(notification)
    .where(*_WAITS_OF_ONE)
    .values(outcome="sent", delivery_id=bindparam("message"), at=bindparam("now"))
)
_MARK_SUPPRESSED = Writing(
    update(notification)
    .where(*_WAITS_OF_ONE)
    .values(outcome="suppressed", reason=bindparam("why"), at=bindparam("now"))
)
_SETTLE = Writing(
    update(notification)
    .where(notification.c.alert_id.in_(_ALERTS), notification.c.outcome == "waiting")
    .values(outcome="settled", at=bindparam("now"))
)
_others = notification.alias("others")
_STANDS_FOR_MORE = exists().where(
    _others.c.delivery_id == notification.c.delivery_id, _others.c.alert_id == alert.c.id, alert.c.state == "open"
)
_NEEDLESS = Reading(
    select(notification.c.delivery_id)
    .where(
        notification.c.alert_id.in_(_ALERTS),
        notification.c.delivery_id.is_not(None),
        ~_STANDS_FOR_MORE.correlate(notification),
    )
    .distinct()
)


def insert_waiting(conn: Connection, pairs: Iterable[tuple[AlertId, CuratorId, datetime]], now: datetime) -> None:
    """Note who is to be told of what, and from which moment on."""
    rows = [_row(alert_id, curator_id, "waiting", now, send_at=at) for alert_id, curator_id, at in pairs]
    add_absent(conn, notification, rows)


def insert_suppressed(conn: Connection, pairs: Iterable[tuple[AlertId, CuratorId, str]], now: datetime) -> None:
    """Note who is not told of what, and why."""
    rows = [_row(alert_id, curator_id, "suppressed", now, reason=why) for alert_id, curator_id, why in pairs]
    add_absent(conn, notification, rows)


def insert_sent(conn: Connection, alert_id: AlertId, told: Mapping[CuratorId, DeliveryId], now: datetime) -> None:
    """Note who was told of what at once."""
    rows = [_row(alert_id, curator_id, "sent", now, delivery_id=which) for curator_id, which in told.items()]
    add_absent(conn, notification, rows)


def curators_waiting(
    conn: Connection, now: datetime, limit: int, partner_id: PartnerId | None = None
) -> list[CuratorId]:
    """People whom something is to be told now."""
    if partner_id is None:
        rows = _WHO_WAITS.rows(conn, now=now, most=limit)
    else:
        rows = _WHO_WAITS_THERE.rows(conn, now=now, most=limit, of_partner=partner_id)
    return [CuratorId(row.curator_id) for row in rows]


def waiting(conn: Connection, curator_ids: Sequence[CuratorId], now: datetime) -> dict[CuratorId, list[Alert]]:
    """What each of these people is to be told now. Others who ask meanwhile wait, so that nobody is told twice."""
    found: dict[CuratorId, list[Alert]] = defaultdict(list)
    known: dict[str, Alert] = {}
    rows = _WAITING_ALERTS.rows(conn, people=curator_ids, now=now)
    for row in sorted(rows, key=attrgetter("id", "curator_id")):
        one = known.get(row.id) or known.setdefault(row.id, as_alert(row))
        found[CuratorId(row.curator_id)].append(one)
    return found


def postpone(conn: Connection, curator_id: CuratorId, alert_ids: Sequence[AlertId], at: datetime) -> None:
    """Let what waits for a person wait until another moment."""
    if alert_ids:
        _POSTPONE.run(conn, person=curator_id, alerts=alert_ids, until=at)


def begin_digest(conn: Connection, curator_id: CuratorId, day: date, now: datetime) -> bool:
    """Take the one regular message that a person gets on a day of its calendar; False when it was taken before."""
    row = {"curator_id": curator_id, "day": day.isoformat(), "at": now}
    return bool(insert_if_absent(conn, digest, [row]))


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
    _MARK_SENT.run(conn, person=curator_id, alerts=alert_ids, message=delivery_id, now=now)


def mark_suppressed(
    conn: Connection, curator_id: CuratorId, alert_ids: Sequence[AlertId], reason: str, now: datetime
) -> None:
    """Note that a person is not told after all, and why."""
    _MARK_SUPPRESSED.run(conn, person=curator_id, alerts=alert_ids, why=reason, now=now)


def settle(conn: Connection, alert_ids: Sequence[AlertId], now: datetime) -> list[DeliveryId]:
    """Nobody need be told of these alerts any more; the deliveries that stand for nothing else now."""
    _SETTLE.run(conn, alerts=alert_ids, now=now)
    return [DeliveryId(row.delivery_id) for row in _NEEDLESS.rows(conn, alerts=alert_ids)]


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
