"""What was said to us: kept once, many in one go, handled one by one in order per person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, text, update

from bot.id_generator import new_id
from bot.ids import Address, CuratorId, InboxId, PartnerId
from bot.jobs.port import Jobs
from bot.messaging import contacts
from bot.messaging.message import Inbound
from bot.storage import queries
from bot.storage.tables import inbox

DISPATCH_JOB = "dispatch"
"""The job that handles; its key is the person's address."""
ATTEMPTS_MAX = 3
_WAITING = text("state = 'received'")
"""The condition of the partial index: a query must say it in these words to use it."""


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """A message to be handled. `attempts` counts the tries that failed."""

    id: InboxId
    transport: str
    provider_id: str
    from_address: Address
    to_address: Address
    other_address: Address | None
    profile_name: str | None
    body: str
    payload: str | None
    replied_to: str | None
    media: int
    received_at: datetime
    attempts: int


def accept_many(conn: Connection, rows: list[Inbound], jobs: Jobs) -> list[bool]:
    """Keep messages that are not known yet, open their senders' windows, ask for them to be handled.

    Returns for each whether it is new; the same message twice is kept once.
    """
    inserted = queries.insert_if_absent(
        conn, inbox, [_row(row) for row in rows], inbox.c.transport, inbox.c.provider_id
    )
    new = {tuple(row) for row in inserted}
    if not new:
        return [False] * len(rows)
    accepted: list[bool] = []
    kept: list[Inbound] = []
    for row in rows:
        key = (row.transport, row.provider_id)
        accepted.append(key in new)
        if key in new:
            new.remove(key)
            kept.append(row)
    contacts.heard(conn, [(row.to_address, row.from_address, row.received_at) for row in kept if row.opens_window])
    waiting: dict[str, datetime] = {row.from_address: row.received_at for row in reversed(kept)}
    jobs.enqueue_many(conn, DISPATCH_JOB, waiting, priority=10)
    return accepted


def accept(conn: Connection, row: Inbound, jobs: Jobs) -> bool:
    """Keep one message; False when it is known."""
    return accept_many(conn, [row], jobs)[0]


def next_for(conn: Connection, address: Address) -> InboxMessage | None:
    """The oldest message of a person that is not handled yet."""
    columns = [inbox.c[name] for name in InboxMessage.__slots__]
    mine = select(*columns).where(_WAITING, inbox.c.from_address == address)
    row = conn.execute(mine.order_by(inbox.c.received_at, inbox.c.id).limit(1)).mappings().one_or_none()
    return InboxMessage(**row) if row else None


def finish(
    conn: Connection,
    inbox_id: InboxId,
    outcome: str,
    partner_id: PartnerId | None,
    curator_id: CuratorId | None,
    now: datetime,
) -> None:
    """A message is handled. `outcome` names what was done, such as a command."""
    values = {
        "state": "handled",
        "outcome": outcome[:32],
        "partner_id": partner_id,
        "curator_id": curator_id,
        "handled_at": now,
    }
    conn.execute(update(inbox).where(inbox.c.id == inbox_id).values(values))


def fail(conn: Connection, inbox_id: InboxId, now: datetime) -> bool:
    """Handling broke. True once it is given up as dead, after three tries."""
    counted = update(inbox).where(inbox.c.id == inbox_id).values(attempts=inbox.c.attempts + 1)
    attempts = conn.execute(counted.returning(inbox.c.attempts)).scalar_one()
    if attempts < ATTEMPTS_MAX:
        return False
    dead = {"state": "dead", "outcome": "failed", "handled_at": now}
    conn.execute(update(inbox).where(inbox.c.id == inbox_id).values(dead))
    return True


def addresses_with_work(conn: Connection, limit: int = 500) -> list[Address]:
    """People with messages that wait to be handled."""
    query = select(inbox.c.from_address).where(_WAITING).distinct().limit(limit)
    return [Address(address) for address in conn.execute(query).scalars()]


def sweep(conn: Connection, now: datetime, jobs: Jobs) -> int:
    """Ask again for whatever waits, so that no wake-up is lost; returns for how many people."""
    addresses = addresses_with_work(conn)
    jobs.enqueue_many(conn, DISPATCH_JOB, {address: now for address in addresses})
    return len(addresses)


def queue_length(conn: Connection) -> tuple[int, datetime | None]:
    """How many messages wait to be handled, and since when the oldest does."""
    query = select(func.count(), func.min(inbox.c.received_at)).where(_WAITING)
    count, oldest = conn.execute(query).one()
    return count, oldest


def _row(row: Inbound) -> dict[str, Any]:
    return {
        "id": new_id(),
        "transport": row.transport,
        "provider_id": row.provider_id,
        "from_address": row.from_address,
        "to_address": row.to_address,
        "other_address": row.other_address,
        "profile_name": row.profile_name,
        "body": row.body,
        "payload": row.payload,
        "replied_to": row.replied_to,
        "media": row.media,
        "raw": dict(row.raw),
        "state": "received",
        "received_at": row.received_at,
    }
