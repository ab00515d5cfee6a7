"""Movements of an account for people: rows with kind, amount and running balance, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from bot.billing.accounts import Account, find_account
from bot.ids import ClientId, CuratorId, PartnerId, TransactionId
from bot.money import Money
from bot.storage.tables import ledger_transaction, posting

PARTNER_KINDS: Mapping[str, str] = {
    "deposit": "Deposit",
    "topup": "Withdrawal",
    "payout": "Payout",
    "referral": "Referral",
    "refund": "Refund",
    "dispute": "Dispute",
    "restored": "Restored",
    "reversal": "Reversal",
}
"""The seed's words: money sent to a client is a "Withdrawal" in the partner account."""
CLIENT_KINDS: Mapping[str, str] = {
    "topup": "Deposit",
    "renew": "Renewal",
    "subscribe": "Subscription",
    "change": "Subscription change",
    "daily": "Daily payment",
    "usage": "Usage",
    "opening": "Opening balance",
    "adjust": "Adjustment",
    "welcome": "Welcome credit",
    "reversal": "Reversal",
}
"""The client sees a "Deposit" where the partner sees a "Withdrawal"."""


@dataclass(frozen=True, slots=True)
class Movement:
    """A row of an account: `amount` below zero when money left, `balance` after it."""

    transaction_id: TransactionId
    at: datetime
    kind: str
    amount: Money
    balance: Money
    client_id: ClientId | None
    curator_id: CuratorId | None
    receipt: str | None
    note: str | None


def movements(conn: Connection, partner_id: PartnerId, currency: str, limit: int = 50) -> list[Movement]:
    """The latest rows of the partner account in a currency, the newest first."""
    found = find_account(conn, partner_id, "partner", partner_id, currency)
    return [] if found is None else _rows(conn, found, PARTNER_KINDS, limit)


def client_movements(
    conn: Connection, partner_id: PartnerId, client_id: ClientId, currency: str, limit: int = 50
) -> list[Movement]:
    """The latest rows of a client's account, the newest first."""
    found = find_account(conn, partner_id, "client", client_id, currency)
    return [] if found is None else _rows(conn, found, CLIENT_KINDS, limit)


def _rows(conn: Connection, shown: Account, kinds: Mapping[str, str], limit: int) -> list[Movement]:
    signed = func.sum(case((posting.c.to_id == shown.id, posting.c.amount), else_=-posting.c.amount))
    query = (
        select(ledger_transaction, signed.label("change"))
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .where(or_(posting.c.from_id == shown.id, posting.c.to_id == shown.id))
        .group_by(*ledger_transaction.c)
        .order_by(ledger_transaction.c.at.desc(), ledger_transaction.c.id.desc())
        .limit(limit)
    )
    balance, rows = shown.posted, []
    for row in conn.execute(query):
        change = int(row.change)
        rows.append(
            Movement(
                transaction_id=TransactionId(row.id),
                at=row.at,
                kind=kinds.get(row.kind, row.kind.title()),
                amount=Money(change, shown.currency),
                balance=Money(balance, shown.currency),
                client_id=row.client_id,
                curator_id=row.curator_id,
                receipt=row.receipt,
                note=row.note,
            )
        )
        balance -= change
    return rows
