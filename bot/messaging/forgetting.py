"""Blanks what people said and were told: one person's on request, everybody's after a time. What happened stays.

Rows are never deleted: their keys keep a thing from being said twice, and the delivery log stays complete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, func, or_, select, union, update

from bot.ids import Address, CuratorId, PartnerId
from bot.messaging import outbox
from bot.messaging.status import FINAL, State
from bot.phone import masked
from bot.storage import audit
from bot.storage.tables import (
    attempt,
    contact_window,
    conversation,
    curator,
    curator_address,
    delivery,
    inbox,
    status_event,
)

BLANK = "(forgotten)"
CHUNK = 200
_OVER = or_(delivery.c.state.in_([state.value for state in FINAL]), delivery.c.unconfirmed)
"""Nothing more is tried or waited for; the text of anything else may still be needed."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many messages were blanked: ours, theirs; and how many of ours are under way and were left."""

    sent: int
    received: int
    left: int


def forget(
    conn: Connection,
    addresses: Sequence[Address],
    *,
    partner_id: PartnerId | None,
    who: str,
    reason: str,
    now: datetime,
) -> Forgotten:
    """Blank everything that was said to and by these addresses; what waits to be sent to them is taken back.

    A stop is kept with its address, since it says whom not to write to. Who was taken off every list loses the name
    too. Audited, with masked numbers.
    """
    to_them = delivery.c.to_address.in_(addresses)
    queued = conn.execute(select(delivery.c.id).where(to_them, delivery.c.state == State.QUEUED)).scalars().all()
    outbox.cancel_queued(conn, ids=list(queued), reason="forgotten")
    for curator_id in conn.execute(select(delivery.c.curator_id).where(to_them).distinct()).scalars().all():
        if curator_id is not None:
            forget_name(conn, CuratorId(curator_id))
    sent = _blank_sent(conn, and_(to_them, _OVER), now)
    by_them = inbox.c.from_address.in_(addresses)
    received = _blank_received(conn, and_(by_them, inbox.c.state != "received"), now)
    conn.execute(delete(conversation).where(conversation.c.address.in_(addresses)))
    open_windows = and_(contact_window.c.address.in_(addresses), contact_window.c.stopped_at.is_(None))
    conn.execute(delete(contact_window).where(open_windows))
    left = conn.execute(select(func.count()).select_from(delivery).where(to_them)).scalar_one()
    facts = {"who": [masked(one) for one in addresses], "sent": sent, "received": received, "left": left}
    audit.record(conn, partner_id, "messages.forgotten", {"reason": reason, **facts}, who=who, now=now)
    return Forgotten(sent, received, left)


def forget_old(conn: Connection, before: datetime, now: datetime, limit: int = CHUNK) -> int:
    """Blank some of what is older; how many messages. 0: nothing is left to blank."""
    old = and_(delivery.c.created_at < before, delivery.c.forgotten_at.is_(None), _OVER)
    ids = select(delivery.c.id).where(old).order_by(delivery.c.created_at).limit(limit)
    sent = _blank_sent(conn, delivery.c.id.in_(conn.execute(ids).scalars().all()), now)
    heard = and_(inbox.c.received_at < before, inbox.c.forgotten_at.is_(None), inbox.c.state != "received")
    inbox_ids = select(inbox.c.id).where(heard).order_by(inbox.c.received_at).limit(limit)
    return sent + _blank_received(conn, inbox.c.id.in_(conn.execute(inbox_ids).scalars().all()), now)


def addresses_of(conn: Connection, curator_id: CuratorId) -> list[Address]:
    """Every address that a curator has or had: where messages went before the person was taken off every list too."""
    has = select(curator_address.c.address).where(curator_address.c.curator_id == curator_id)
    had = select(delivery.c.to_address).where(delivery.c.curator_id == curator_id, delivery.c.forgotten_at.is_(None))
    return [Address(one) for one in conn.execute(union(has, had)).scalars()]


def forget_name(conn: Connection, curator_id: CuratorId) -> bool:
    """Blank the name of a person who was taken off every list. False: still on one, or nobody."""
    gone = and_(curator.c.id == curator_id, curator.c.removed_at.is_not(None))
    return conn.execute(update(curator).where(gone).values(name=BLANK)).rowcount > 0


def _blank_sent(conn: Connection, which: ColumnElement[bool], now: datetime) -> int:
    kept = select(delivery.c.id, delivery.c.to_address.label("address")).where(which, delivery.c.forgotten_at.is_(None))
    rows = [row._mapping for row in conn.execute(kept)]
    blank: dict[str, Any] = {"body": BLANK, "variables": {}, "buttons": [], "media": None, "forgotten_at": now}
    ids = _blanked(conn, delivery, "to_address", rows, blank)
    if ids:
        tries = select(attempt.c.provider_id).where(attempt.c.delivery_id.in_(ids), attempt.c.provider_id.is_not(None))
        about = or_(status_event.c.delivery_id.in_(ids), status_event.c.provider_id.in_(tries))
        conn.execute(update(status_event).where(about).values(raw={}))
        blank_attempt = {"error_message": None, "request": None, "response": None}
        conn.execute(update(attempt).where(attempt.c.delivery_id.in_(ids)).values(blank_attempt))
        might_go_again = and_(delivery.c.id.in_(ids), delivery.c.unconfirmed)
        conn.execute(update(delivery).where(might_go_again).values(expires_at=now))
    return len(ids)


def _blank_received(conn: Connection, which: ColumnElement[bool], now: datetime) -> int:
    kept = select(inbox.c.id, inbox.c.from_address.label("address")).where(which, inbox.c.forgotten_at.is_(None))
    rows = [row._mapping for row in conn.execute(kept)]
    blank: dict[str, Any] = {"body": BLANK, "payload": None, "profile_name": None, "other_address": None, "raw": {}}
    return len(_blanked(conn, inbox, "from_address", rows, blank | {"forgotten_at": now}))


def _blanked(
    conn: Connection, table: Table, column: str, rows: Sequence[Mapping[Any, Any]], blank: Mapping[str, Any]
) -> list[str]:
    if rows:
        statement = update(table).where(table.c.id == bindparam("b_id")).values({**blank, column: bindparam("b_to")})
        conn.execute(statement, [{"b_id": row["id"], "b_to": masked(row["address"])} for row in rows])
    return [row["id"] for row in rows]
