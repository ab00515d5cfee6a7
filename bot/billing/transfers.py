"""The transfer table: a money move from quote to posted, voided or expired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from bot.billing import ledger, quote
from bot.billing.ledger import Draft
from bot.billing.plan import QUOTE_LASTS_MAX
from bot.billing.prepared import Prepared
from bot.billing.quote import Quote
from bot.ids import Address, ClientId, CuratorId, PartnerId, TransferId
from bot.storage.tables import transfer

State = Literal["quote", "pending", "posted", "voided", "expired"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A money move as stored. `drafts` is what posting writes, `effect` what it does beside the money."""

    id: TransferId
    partner_id: PartnerId
    client_id: ClientId | None
    kind: str
    state: State
    currency: str
    token: str
    code: str | None
    asked_by: CuratorId | None
    asked_from: Address | None
    quote_facts: Mapping[str, Any]
    drafts: tuple[Draft, ...]
    effect: Mapping[str, Any]
    receipt: str
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    post_at: datetime | None
    settled_at: datetime | None
    reason: str | None

    @property
    def quote(self) -> Quote:
        """The quote that was shown."""
        return quote.from_facts(self.quote_facts)


_INSERT = insert(transfer)
_BY_ID = select(transfer).where(transfer.c.id == bindparam("which")).with_for_update()
_BY_TOKEN = select(transfer).where(transfer.c.token == bindparam("which")).with_for_update()
_MOVE_ON = Prepared(
    update(transfer)
    .where(transfer.c.id == bindparam("which"))
    .values(
        state=bindparam("new_state"),
        confirmed_at=bindparam("confirmed"),
        post_at=bindparam("posts"),
        settled_at=bindparam("settled"),
        reason=bindparam("why"),
        effect=bindparam("does"),
    )
)


def save_quote(
    conn: Connection,
    offered: Quote,
    drafts: Sequence[Draft],
    effect: Mapping[str, Any],
    *,
    receipt: str,
    asked_by: CuratorId | None,
    asked_from: Address | None,
    now: datetime,
) -> None:
    """Store a quote and what confirming it will do."""
    row = {
        "id": offered.id,
        "partner_id": offered.partner_id,
        "client_id": offered.client_id,
        "kind": offered.kind,
        "state": "quote",
        "currency": offered.client_gets.currency,
        "token": offered.token,
        "code": offered.code,
        "asked_by": asked_by,
        "asked_from": asked_from,
        "quote": offered.facts(),
        "entries": ledger.as_json(drafts),
        "effect": dict(effect),
        "receipt": receipt,
        "created_at": now,
        "expires_at": offered.expires_at,
    }
    conn.execute(_INSERT, row)


def load(conn: Connection, *, transfer_id: TransferId | None = None, token: str | None = None) -> Transfer | None:
    """The transfer with that id or token, locked until the unit ends, or None."""
    query, which = (_BY_ID, transfer_id) if transfer_id is not None else (_BY_TOKEN, token)
    row = conn.execute(query, {"which": which}).first()
    return None if row is None else _transfer(row)


def read(conn: Connection, transfer_id: TransferId) -> Transfer | None:
    """The transfer of that id as it is, without locking it, or None."""
    row = conn.execute(select(transfer).where(transfer.c.id == transfer_id)).first()
    return None if row is None else _transfer(row)


def move_on(
    conn: Connection,
    moved: Transfer,
    state: State,
    *,
    confirmed_at: datetime | None = None,
    post_at: datetime | None = None,
    settled_at: datetime | None = None,
    reason: str | None = None,
    left: Mapping[str, int] | None = None,
) -> Transfer:
    """Put a transfer into a new state and return it as it is then. Moments not given stay as they were; but one that
    waits is not settled, even if it had been taken for done.

    `left` is what partner and client had left right after posting: kept for the receipt.
    """
    now = replace(
        moved,
        state=state,
        confirmed_at=confirmed_at or moved.confirmed_at,
        post_at=post_at or moved.post_at,
        settled_at=None if state == "pending" else settled_at or moved.settled_at,
        reason=reason or moved.reason,
        effect=moved.effect if left is None else {**moved.effect, "left": dict(left)},
    )
    values = {
        "which": now.id,
        "new_state": now.state,
        "confirmed": now.confirmed_at,
        "posts": now.post_at,
        "settled": now.settled_at,
        "why": now.reason,
        "does": now.effect,
    }
    _MOVE_ON.run(conn, [values])
    return now


def open_of(conn: Connection, curator_id: CuratorId, address: Address, now: datetime) -> list[Transfer]:
    """Quotes of one person from one address that may still be confirmed, the oldest first."""
    query = select(transfer).where(
        transfer.c.asked_by == curator_id,
        transfer.c.state == "quote",
        transfer.c.asked_from == address,
        transfer.c.expires_at > now,
    )
    return [_transfer(row) for row in conn.execute(query.order_by(transfer.c.created_at, transfer.c.id))]


def open_codes(conn: Connection, curator_id: CuratorId, now: datetime) -> set[str | None]:
    """The codes of a person's open quotes."""
    query = select(transfer.c.code).where(
        transfer.c.asked_by == curator_id, transfer.c.state == "quote", transfer.c.expires_at > now
    )
    return set(conn.execute(query).scalars())


def due(conn: Connection, now: datetime, limit: int) -> list[Transfer]:
    """Pending transfers whose time to post has come, the oldest first; ones being settled elsewhere are skipped."""
    query = (
        select(transfer)
        .where(transfer.c.state == "pending", transfer.c.post_at <= now)
        .order_by(transfer.c.post_at, transfer.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_transfer(row) for row in conn.execute(query)]


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether the time of a pending transfer to post has come."""
    waiting = select(transfer.c.id).where(transfer.c.state == "pending", transfer.c.post_at <= now)
    return conn.execute(waiting.limit(1)).first() is not None


def pending(conn: Connection, partner_id: PartnerId | None = None) -> list[Transfer]:
    """Every transfer that waits to be posted, of one partner or of all, the oldest first."""
    query = select(transfer).where(transfer.c.state == "pending")
    if partner_id is not None:
        query = query.where(transfer.c.partner_id == partner_id)
    return [_transfer(row) for row in conn.execute(query.order_by(transfer.c.post_at, transfer.c.id))]


def pending_purchase(conn: Connection, client_id: ClientId) -> Transfer | None:
    """The transfer that waits to be posted and buys or changes a subscription of the client, if there is one."""
    query = select(transfer).where(transfer.c.client_id == client_id, transfer.c.state == "pending")
    found = (_transfer(row) for row in conn.execute(query.order_by(transfer.c.created_at)))
    return next((one for one in found if one.effect.keys() & {"subscription", "change"}), None)


def last_top_up(conn: Connection, client_id: ClientId, minor: int, since: datetime) -> Transfer | None:
    """The latest confirmed top-up of exactly that amount confirmed since a moment."""
    query = select(transfer).where(
        transfer.c.client_id == client_id,
        transfer.c.kind == "topup",
        transfer.c.state.in_(["pending", "posted"]),
        transfer.c.created_at >= since - QUOTE_LASTS_MAX,
        transfer.c.confirmed_at >= since,
    )
    rows = (_transfer(row) for row in conn.execute(query.order_by(transfer.c.confirmed_at.desc())))
    return next((one for one in rows if one.quote_facts["client_gets"]["minor"] == minor), None)


def receipt_taken(conn: Connection, partner_id: PartnerId, receipt: str) -> bool:
    """Whether a receipt number is in use with this partner."""
    query = select(transfer.c.id).where(transfer.c.partner_id == partner_id, transfer.c.receipt == receipt)
    return conn.execute(query).first() is not None


def expire(conn: Connection, now: datetime) -> int:
    """Close quotes that nobody confirmed in time; returns how many."""
    closed = update(transfer).where(transfer.c.state == "quote", transfer.c.expires_at <= now)
    return conn.execute(closed.values(state="expired", settled_at=now)).rowcount


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        id=TransferId(row.id),
        partner_id=PartnerId(row.partner_id),
        client_id=row.client_id,
        kind=row.kind,
        state=row.state,
        currency=row.currency,
        token=row.token,
        code=row.code,
        asked_by=row.asked_by,
        asked_from=row.asked_from,
        quote_facts=row.quote,
        drafts=ledger.from_json(row.entries),
        effect=row.effect,
        receipt=row.receipt,
        created_at=row.created_at,
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        post_at=row.post_at,
        settled_at=row.settled_at,
        reason=row.reason,
    )
