"""Money taken out of the partner account: held from the request on, posted when the operator has paid it, or freed.

Only the operator of the installation calls this, never a partner's owner: nobody makes money for himself.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from bot.billing import ledger, transfers
from bot.billing.accounts import open_account, system_account
from bot.billing.changed import Changed
from bot.billing.confirming import void
from bot.billing.ledger import Draft, outflow
from bot.billing.posting import Origin, hold, lock_people, post, refuse_short
from bot.billing.transfers import Transfer
from bot.errors import UserError
from bot.id_generator import new_id, new_receipt, new_token
from bot.ids import PartnerId, TransferId
from bot.money import Money, as_json
from bot.storage.audit import OPERATOR, record
from bot.storage.tables import transfer


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout: `pending` while its money is held, `posted` once paid, `voided` when it was cancelled."""

    id: TransferId
    state: str
    amount: Money
    reason: str
    receipt: str
    at: datetime
    settled_at: datetime | None


def request(conn: Connection, partner_id: PartnerId, amount: Money, *, reason: str, now: datetime) -> Payout:
    """Hold the money of a payout. Raises UserError amount_too_small, partner_short."""
    if amount.minor <= 0:
        raise UserError("amount_too_small", least=as_json(Money(1, amount.currency)), amount=as_json(amount))
    which = TransferId(new_id())
    own = open_account(conn, partner_id, "partner", partner_id, amount.currency).id
    outside = system_account(conn, partner_id, "outside", amount.currency)
    draft = Draft(f"payout:{which}", "payout", ledger.entries((own, outside, amount)))
    locked = lock_people(conn, [draft])
    refuse_short(locked[own], amount.currency, amount)
    hold(conn, {own: amount.minor})
    conn.execute(insert(transfer), _row(which, partner_id, draft, amount, reason, _receipt(conn, partner_id), now))
    record(
        conn,
        partner_id,
        "payout.requested",
        {"payout": which, "amount": as_json(amount), "reason": reason},
        who=OPERATOR,
        now=now,
    )
    return _payout(_load(conn, partner_id, which))


def paid(
    conn: Connection, partner_id: PartnerId, payout_id: TransferId, *, reference: str, now: datetime
) -> list[Changed]:
    """The operator has paid it: post it; once. Raises UserError payout_unknown, payout_closed."""
    moved = _load(conn, partner_id, payout_id)
    if moved.state == "posted":
        return []
    if moved.state != "pending":
        raise UserError("payout_closed", receipt=moved.receipt)
    locked = lock_people(conn, moved.drafts)
    origin = Origin(partner_id, now, transfer_id=moved.id, receipt=moved.receipt, note=f"{moved.reason} ({reference})")
    post(conn, moved.drafts, origin, locked=locked, released=outflow(moved.drafts))
    transfers.move_on(conn, moved, "posted", settled_at=now)
    record(conn, partner_id, "payout.paid", {"payout": moved.id, "reference": reference}, who=OPERATOR, now=now)
    return [Changed(partner_id, None, "paid_out")]


def cancel(conn: Connection, partner_id: PartnerId, payout_id: TransferId, *, reason: str, now: datetime) -> Payout:
    """Give the held money back. Raises UserError payout_unknown, payout_closed (it has been paid)."""
    moved = _load(conn, partner_id, payout_id)
    if moved.state == "posted":
        raise UserError("payout_closed", receipt=moved.receipt)
    if moved.state == "pending":
        void(conn, moved.id, f"{moved.reason}; cancelled: {reason}", now)
        record(conn, partner_id, "payout.cancelled", {"payout": moved.id, "reason": reason}, who=OPERATOR, now=now)
    return _payout(_load(conn, partner_id, payout_id))


def payouts(conn: Connection, partner_id: PartnerId, limit: int = 50) -> list[Payout]:
    """A partner's payouts, the newest first."""
    query = select(transfer).where(transfer.c.partner_id == partner_id, transfer.c.kind == "payout")
    rows = conn.execute(query.order_by(transfer.c.id.desc()).limit(limit))
    return [_from_row(row) for row in rows]


def _load(conn: Connection, partner_id: PartnerId, payout_id: TransferId) -> Transfer:
    moved = transfers.load(conn, transfer_id=payout_id)
    if moved is None or moved.partner_id != partner_id or moved.kind != "payout":
        raise UserError("payout_unknown", payout=payout_id)
    return moved


def _receipt(conn: Connection, partner_id: PartnerId) -> str:
    return next(one for one in iter(new_receipt, None) if not transfers.receipt_taken(conn, partner_id, one))


def _row(
    which: TransferId, partner_id: PartnerId, draft: Draft, amount: Money, reason: str, receipt: str, now: datetime
) -> dict[str, Any]:
    return {
        "id": which,
        "partner_id": partner_id,
        "kind": "payout",
        "state": "pending",
        "currency": amount.currency,
        "token": new_token(),
        "quote": {"amount": as_json(amount)},
        "entries": ledger.as_json([draft]),
        "effect": {"gateway": "book"},
        "receipt": receipt,
        "created_at": now,
        "expires_at": now,
        "confirmed_at": now,
        "reason": reason,
    }


def _payout(moved: Transfer) -> Payout:
    amount = Money(moved.quote_facts["amount"]["minor"], moved.currency)
    return Payout(moved.id, moved.state, amount, moved.reason or "", moved.receipt, moved.created_at, moved.settled_at)


def _from_row(row: Row[Any]) -> Payout:
    amount = Money(row.quote["amount"]["minor"], row.currency)
    return Payout(TransferId(row.id), row.state, amount, row.reason or "", row.receipt, row.created_at, row.settled_at)
