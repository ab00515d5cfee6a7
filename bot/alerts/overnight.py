"""Alerts that have not left by the evening wait for the morning: after hours in which nothing could be sent, nobody is
rung up at night to make up for it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from bot.alerts.quiet import is_quiet, send_at
from bot.alerts.repository import as_alert
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import deadline
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.ids import CuratorId
from bot.messaging.message import Kind
from bot.messaging.outbox import WAITING
from bot.messaging.status import State
from bot.storage.reading import Reading
from bot.storage.tables import alert, delivery, notification
from bot.storage.writing import Writing

_CHUNK = 50
"""Messages put off in one unit."""
_READY = (
    WAITING,
    delivery.c.state == State.QUEUED.value,
    delivery.c.kind == Kind.ALERT.value,
    delivery.c.not_before <= bindparam("now"),
)
_WHO = Reading(select(delivery.c.curator_id).where(*_READY, delivery.c.curator_id.is_not(None)).distinct())
_WHAT = Reading(
    select(delivery.c.id, delivery.c.curator_id)
    .where(*_READY, delivery.c.curator_id.in_(bindparam("people", expanding=True)))
    .order_by(delivery.c.id)
    .limit(_CHUNK)
)
_ABOUT = Reading(
    select(alert)
    .join(notification, notification.c.alert_id == alert.c.id)
    .where(notification.c.delivery_id == bindparam("message"))
)
_PUT_OFF = Writing(
    update(delivery)
    .where(delivery.c.id == bindparam("message"), delivery.c.state == State.QUEUED.value)
    .values(not_before=bindparam("until"))
)


def woken(conn: Connection, now: datetime, env: Surroundings) -> list[CuratorId]:
    """Whose quiet hours it is, although an alert to them would leave now."""
    if not env.policy.respect_hours:
        return []
    people = directory.curators_by_id(conn, [CuratorId(row.curator_id) for row in _WHO.rows(conn, now=now)])
    return [one.id for one in people.values() if is_quiet(one, now)]


def put_off(conn: Connection, curator_ids: Sequence[CuratorId], now: datetime, env: Surroundings) -> bool:
    """Let these people's alerts wait for the next working day, or the next morning if that is too late; whether more
    are left."""
    people = directory.curators_by_id(conn, curator_ids)
    rows = _WHAT.rows(conn, now=now, people=list(curator_ids))
    for row in rows:
        until = _morning(conn, row.id, people[CuratorId(row.curator_id)], now, env)
        _PUT_OFF.run(conn, message=row.id, until=until)
    return len(rows) == _CHUNK


def _morning(conn: Connection, message: str, person: Curator, now: datetime, env: Surroundings) -> datetime:
    told_of = [deadline(as_alert(row)) for row in _ABOUT.rows(conn, message=message)]
    too_late = min((one for one in told_of if one is not None), default=None)
    return send_at(person, now, too_late, env.policy.is_day_off)
