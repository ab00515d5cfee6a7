"""Reads the ledger as it was written: transactions with their lines, and whose accounts they are."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from bot.billing.record import Line, NamedAccount, Transaction
from bot.ids import AccountId, PartnerId, TransactionId
from bot.money import Money
from bot.storage.tables import account, client, ledger_transaction, posting

_PAGE = 500


def transactions(conn: Connection, partner_id: PartnerId, until: datetime | None = None) -> Iterator[Transaction]:
    """All transactions of a partner in the order they were written, page by page; those before `until` if given."""
    query = select(ledger_transaction).where(ledger_transaction.c.partner_id == partner_id)
    if until is not None:
        query = query.where(ledger_transaction.c.at < until)
    after = ""
    while True:
        found = read(conn, query.where(ledger_transaction.c.id > after).order_by(ledger_transaction.c.id).limit(_PAGE))
        yield from found
        if len(found) < _PAGE:
            return
        after = found[-1].id


def read(conn: Connection, query: Select[*tuple[Any, ...]]) -> list[Transaction]:
    """The transactions that a query on `ledger_transaction` gives, in its order, with their lines."""
    rows = conn.execute(query).all()
    lines: dict[str, list[Line]] = {row.id: [] for row in rows}
    wanted = select(posting).where(posting.c.transaction_id.in_(list(lines))).order_by(posting.c.n)
    for row in conn.execute(wanted):
        amount = Money(row.amount, row.currency)
        lines[row.transaction_id].append(Line(row.n, AccountId(row.from_id), AccountId(row.to_id), amount))
    return [_transaction(row, lines[row.id]) for row in rows]


def accounts(conn: Connection, partner_id: PartnerId) -> Mapping[AccountId, NamedAccount]:
    """Every account of a partner, by id."""
    query = (
        select(account, client.c.account_id.label("owner"))
        .outerjoin(client, client.c.id == account.c.owner_id)
        .where(account.c.partner_id == partner_id)
        .order_by(account.c.currency, account.c.kind, client.c.account_id)
    )
    return {
        AccountId(row.id): NamedAccount(
            AccountId(row.id), row.kind, row.currency, row.owner or "", row.posted, row.floor
        )
        for row in conn.execute(query)
    }


def _transaction(row: Row[*tuple[Any, ...]], lines: Sequence[Line]) -> Transaction:
    return Transaction(
        id=TransactionId(row.id),
        partner_id=PartnerId(row.partner_id),
        key=row.key,
        kind=row.kind,
        at=row.at,
        client_id=row.client_id,
        transfer_id=row.transfer_id,
        curator_id=row.curator_id,
        receipt=row.receipt,
        rate=row.rate,
        note=row.note,
        reverses=row.reverses,
        lines=tuple(lines),
    )
