"""An operator wants messages sent after all: one, or all that failed since a moment."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from bot.ids import Address, DeliveryId, PartnerId
from bot.jobs.port import Jobs
from bot.messaging import contacts, outbox
from bot.messaging.status import State
from bot.storage.tables import delivery

RESENDABLE = (State.FAILED, State.UNDELIVERED, State.UNKNOWN, State.EXPIRED, State.CANCELLED)
"""What may be sent again by hand. What the provider has taken may not: it may still arrive."""
HOPELESS = ("recipient", "window_closed", "permanent")
"""Reasons for which trying everything again would only fail again."""
RECOVER_MAX = 500


def retry(conn: Connection, delivery_id: DeliveryId, now: datetime, jobs: Jobs) -> bool:
    """Send one message again, whatever was given up for, now. False when it is not in a state to be sent again.

    The person counts as reachable again: the operator knows better.
    """
    row = conn.execute(_take_up(delivery.c.id == delivery_id, now)).one_or_none()
    if row is None:
        return False
    contacts.try_again(conn, Address(row.sender), Address(row.to_address))
    outbox.ask(conn, jobs, Address(row.sender), now)
    return True


def recover(
    conn: Connection, *, since: datetime, now: datetime, jobs: Jobs, partner_id: PartnerId | None = None
) -> int:
    """Send again what failed since a moment, up to 500 at a time, oldest first; how many.

    Left out: what did arrive after all, and what would only fail again (nobody there, free text after 24 hours).
    """
    failed = delivery.c.state.in_([State.FAILED, State.UNDELIVERED])
    hopeful = or_(delivery.c.reason.is_(None), delivery.c.reason.not_in(HOPELESS))
    which = and_(failed, hopeful, delivery.c.failed_at >= since, delivery.c.created_at <= now)
    which = and_(which, delivery.c.partner_id == partner_id) if partner_id is not None else which
    chosen = select(delivery.c.id).where(which).order_by(delivery.c.id).limit(RECOVER_MAX)
    rows = conn.execute(_take_up(delivery.c.id.in_(chosen), now)).all()
    for sender in sorted({row.sender for row in rows}):
        outbox.ask(conn, jobs, Address(sender), now)
    return len(rows)


def _take_up(which: ColumnElement[bool], now: datetime) -> Any:
    values = {
        "state": State.QUEUED,
        "reason": "retried",
        "not_before": now,
        "expires_at": None,
        "claimed_until": None,
        "provider_id": None,
        "error_code": None,
        "failed_at": None,
        "unconfirmed": False,
        "cost_source": None,
    }
    may_go = and_(which, delivery.c.state.in_(RESENDABLE), delivery.c.forgotten_at.is_(None))
    statement = update(delivery).where(may_go).values(values)
    return statement.returning(delivery.c.id, delivery.c.sender, delivery.c.to_address)
