"""Writes the immutable ledger: transactions and their postings, and with them the balances. The hot path.

Only accounts of people (partner, client) carry a running balance, guarded by their floor. The books' other side
(outside, discount, bonus, revenue, opening) has no floor to guard, and a running balance there would be one row that
every posting of a partner queues for; what stands on such an account is the sum of its lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from bot.billing.accounts import Account, lock_accounts
from bot.billing.ledger import Draft, net
from bot.billing.prepared import Prepared
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import AccountId, ClientId, CuratorId, PartnerId, TransactionId, TransferId
from bot.money import Money, as_json
from bot.storage.tables import account, ledger_transaction, posting


@dataclass(frozen=True, slots=True)
class Origin:
    """What every transaction of one posting shares: whose it is, and what it came from."""

    partner_id: PartnerId
    at: datetime
    client_id: ClientId | None = None
    transfer_id: TransferId | None = None
    curator_id: CuratorId | None = None
    receipt: str | None = None
    rate: Decimal | None = None
    note: str | None = None
    reverses: TransactionId | None = None


_INSERT_TRANSACTION = Prepared(insert(ledger_transaction))
_INSERT_POSTING = Prepared(insert(posting))
_MOVE = Prepared(
    update(account)
    .where(account.c.id == bindparam("account"))
    .values(posted=account.c.posted + bindparam("change"), held=account.c.held - bindparam("released"))
)
_HOLD = update(account).where(account.c.id == bindparam("account")).values(held=account.c.held + bindparam("more"))
_SET_FLOOR = update(account).where(account.c.id == bindparam("account")).values(floor=bindparam("least"))
_BY_KEY = select(ledger_transaction.c.id).where(
    ledger_transaction.c.partner_id == bindparam("partner"), ledger_transaction.c.key == bindparam("key")
)


def is_posted(conn: Connection, partner_id: PartnerId, key: str) -> bool:
    """Whether a transaction of that key is in the ledger."""
    return conn.execute(_BY_KEY, {"partner": partner_id, "key": key}).first() is not None


def post(
    conn: Connection,
    drafts: Sequence[Draft],
    origin: Origin,
    *,
    locked: Mapping[AccountId, Account],
    released: Mapping[AccountId, int] | None = None,
) -> list[TransactionId]:
    """Write the drafts to the ledger and move the balances, giving back what was `released` from hold.

    `locked` are the accounts that `lock_people` returned: nothing else is moved. The caller has made sure of the funds.
    """
    ids = write_transactions(conn, [(draft, origin) for draft in drafts])
    back = released or {}
    moves = [
        {"account": one, "change": change, "released": back.get(one, 0)}
        for one, change in net(drafts).items()
        if one in locked and (change or back.get(one))
    ]
    if moves:
        _MOVE.run(conn, moves)
        _raise_floors(conn, locked, moves)
    return ids


def write_transactions(conn: Connection, drafts: Iterable[tuple[Draft, Origin]]) -> list[TransactionId]:
    """Insert transactions with their postings, balances untouched. A key already there is an IntegrityError."""
    transactions: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for draft, origin in drafts:
        transaction_id = new_id()
        transactions.append(_transaction_row(transaction_id, draft, origin))
        lines += [
            {
                "transaction_id": transaction_id,
                "n": n,
                "from_id": entry.from_id,
                "to_id": entry.to_id,
                "currency": entry.amount.currency,
                "amount": entry.amount.minor,
            }
            for n, entry in enumerate(draft.entries, 1)
        ]
    _INSERT_TRANSACTION.run(conn, transactions)
    _INSERT_POSTING.run(conn, lines)
    return [TransactionId(row["id"]) for row in transactions]


def lock_people(conn: Connection, drafts: Sequence[Draft]) -> dict[AccountId, Account]:
    """Lock those accounts of the drafts that have a floor, in id order."""
    return lock_accounts(conn, net(drafts))


def shortfalls(locked: Mapping[AccountId, Account], needed: Mapping[AccountId, int]) -> dict[AccountId, Money]:
    """How much is missing on which account for `needed` minor units to leave it. Nothing is spent on credit: an account
    imported below zero has nothing to spend although its floor is lower.
    """
    missing = {}
    for account_id, amount in needed.items():
        found = locked.get(account_id)
        if found is not None and amount > max(found.available.minor, 0):
            missing[account_id] = Money(amount - found.available.minor, found.currency)
    return missing


def hold(conn: Connection, needed: Mapping[AccountId, int]) -> None:
    """Keep amounts from being spent otherwise, until they are posted or released."""
    rows = [{"account": one, "more": amount} for one, amount in sorted(needed.items())]
    if rows:
        conn.execute(_HOLD, rows)


def release(conn: Connection, held: Mapping[AccountId, int]) -> None:
    """Give back what `hold` kept."""
    hold(conn, {one: -amount for one, amount in held.items()})


def set_floor(conn: Connection, account_id: AccountId, floor: int) -> None:
    """Set how low an account may go, in minor units."""
    conn.execute(_SET_FLOOR, {"account": account_id, "least": floor})


def _raise_floors(conn: Connection, locked: Mapping[AccountId, Account], moves: Iterable[Mapping[str, Any]]) -> None:
    """A debt that was imported and is paid off cannot be run up again: the floor follows the balance up to zero."""
    for move in moves:
        found = locked[move["account"]]
        if found.floor is not None and found.floor < 0 and move["change"] > 0:
            reached = found.available.minor + move["change"] + move["released"]
            set_floor(conn, found.id, max(found.floor, min(0, reached)))


def refuse_short(partner: Account | None, currency: str, needed: Money) -> None:
    """Raise UserError partner_short when the partner account does not reach. What it owes is missing too."""
    available = partner.available if partner else Money(0, currency)
    if needed.minor > max(available.minor, 0):
        raise UserError(
            "partner_short",
            missing=as_json(needed - available),
            available=as_json(available),
            needed=as_json(needed),
        )


def _transaction_row(transaction_id: str, draft: Draft, origin: Origin) -> dict[str, Any]:
    return {
        "id": transaction_id,
        "partner_id": origin.partner_id,
        "key": draft.key,
        "kind": draft.kind,
        "at": origin.at,
        "client_id": origin.client_id,
        "transfer_id": origin.transfer_id,
        "curator_id": origin.curator_id,
        "receipt": origin.receipt,
        "rate": None if origin.rate is None else str(origin.rate),
        "note": origin.note,
        "reverses": origin.reverses,
    }
