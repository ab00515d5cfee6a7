"""Checks the books: recomputes every balance, hold and transaction, and says precisely what is wrong."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select, true, union_all

from bot.billing import sealing, transfers
from bot.billing.ledger import outflow
from bot.billing.sealing import Head
from bot.ids import AccountId, PartnerId
from bot.money import Money
from bot.storage.tables import account, ledger_transaction, posting, transfer

Columns = TypeVarTuple("Columns")
PROBLEMS_MAX = 100
"""So many problems are named; more than that is a broken database, not a list to read."""


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What checking found: one line per problem, naming account or transaction.

    `unsealed` transactions are the tail that the hash chain does not cover yet; `heads` is where each chain ends.
    """

    ok: bool
    transactions: int
    problems: tuple[str, ...]
    unsealed: int = 0
    heads: tuple[Head, ...] = ()


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on an account: received less given. `owner_id` is empty on the books' other side."""

    kind: str
    owner_id: str
    balance: Money


def check(conn: Connection, partner_id: PartnerId | None = None, *, chain: bool = True) -> LedgerReport:
    """Check the books of one partner, or of all; without the hash `chain` it is a matter of sums."""
    sums = (_balances_wrong, _holds_wrong, _transactions_wrong, _postings_wrong, _postings_alone, _transfers_wrong)
    checks = (*sums, sealing.broken) if chain else sums
    problems = itertools.chain.from_iterable(one(conn, partner_id) for one in checks)
    found = tuple(itertools.islice(problems, PROBLEMS_MAX))
    count = conn.execute(_of_partner(select(func.count()).select_from(ledger_transaction), partner_id)).scalar_one()
    ends = tuple(sealing.heads(conn, partner_id))
    return LedgerReport(not found, count, found, sealing.unsealed(conn, partner_id), ends)


def balances(conn: Connection, partner_id: PartnerId, at: datetime | None = None) -> list[Balance]:
    """What stood on each account of a partner at a moment (that included), summed from the lines; now by default."""
    sums = sums_of_lines(conn, partner_id, at)
    query = select(account).where(account.c.partner_id == partner_id)
    return [
        Balance(row.kind, row.owner_id, Money(int(sums.get(row.id, 0)), row.currency))
        for row in conn.execute(query.order_by(account.c.currency, account.c.kind, account.c.owner_id))
    ]


def sums_of_lines(
    conn: Connection, partner_id: PartnerId | None = None, at: datetime | None = None
) -> dict[AccountId, int]:
    """What each account received less what it gave, in minor units, up to a moment (that included)."""
    return {AccountId(account_id): int(total) for account_id, total in conn.execute(_sums(partner_id, at))}


def _balances_wrong(conn: Connection, partner_id: PartnerId | None) -> Iterator[str]:
    """A balance that is not the sum of its lines, or that is below its floor."""
    sums = sums_of_lines(conn, partner_id)
    query = _of_partner(select(account), partner_id, account.c.partner_id)
    for row in conn.execute(query.order_by(account.c.id)):
        name = f"account {row.id} ({row.kind} {row.owner_id} {row.currency})"
        real = int(sums.get(row.id, 0))
        if row.floor is None and row.posted != 0:
            yield f"{name}: has no floor and no running balance, but one of {row.posted} is stored"
        if row.floor is not None and row.posted != real:
            yield f"{name}: balance {row.posted}, its lines make {real}"
        if row.floor is not None and row.posted - row.held < row.floor:
            yield f"{name}: {row.posted} less {row.held} held is below its floor {row.floor}"


def _holds_wrong(conn: Connection, partner_id: PartnerId | None) -> Iterator[str]:
    """A hold that is not what the pending transfers need."""
    needed: dict[AccountId, int] = defaultdict(int)
    for moved in transfers.pending(conn, partner_id):
        for account_id, amount in outflow(moved.drafts).items():
            needed[account_id] += amount
    query = select(account.c.id, account.c.held, account.c.floor).order_by(account.c.id)
    for row in conn.execute(_of_partner(query, partner_id, account.c.partner_id)):
        wanted = 0 if row.floor is None else needed[AccountId(row.id)]
        if row.held != wanted:
            yield f"account {row.id}: {row.held} held, pending transfers need {wanted}"


def _transactions_wrong(conn: Connection, partner_id: PartnerId | None) -> Iterator[str]:
    """A transaction without postings, or with a gap in their numbers."""
    query = (
        select(
            ledger_transaction.c.id,
            ledger_transaction.c.key,
            func.count(posting.c.n).label("lines"),
            func.max(posting.c.n).label("last"),
        )
        .outerjoin(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .group_by(ledger_transaction.c.id, ledger_transaction.c.key)
        .having((func.count(posting.c.n) == 0) | (func.count(posting.c.n) != func.max(posting.c.n)))
    )
    for row in conn.execute(_of_partner(query, partner_id)):
        if not row.lines:
            yield f"transaction {row.id} ({row.key}): has no postings"
        else:
            yield f"transaction {row.id} ({row.key}): {row.lines} postings, numbered up to {row.last}"


def _postings_wrong(conn: Connection, partner_id: PartnerId | None) -> Iterator[str]:
    """A posting of no amount, of a missing account, of another partner's account or in another currency."""
    source, target = account.alias("source"), account.alias("target")
    wrong = (
        (posting.c.amount <= 0)
        | (posting.c.from_id == posting.c.to_id)
        | source.c.id.is_(None)
        | target.c.id.is_(None)
        | (source.c.currency != posting.c.currency)
        | (target.c.currency != posting.c.currency)
        | (source.c.partner_id != ledger_transaction.c.partner_id)
        | (target.c.partner_id != ledger_transaction.c.partner_id)
    )
    query = (
        select(posting, ledger_transaction.c.key)
        .join(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
        .outerjoin(source, source.c.id == posting.c.from_id)
        .outerjoin(target, target.c.id == posting.c.to_id)
        .where(wrong)
    )
    for row in conn.execute(_of_partner(query, partner_id)):
        yield (
            f"transaction {row.transaction_id} ({row.key}), posting {row.n}: {row.amount} {row.currency} "
            f"from {row.from_id} to {row.to_id} cannot be"
        )


def _postings_alone(conn: Connection, partner_id: PartnerId | None) -> Iterator[str]:
    """A posting whose transaction is not there: nobody's, so that it is named whoever's books are checked."""
    query = (
        select(posting)
        .outerjoin(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
        .where(ledger_transaction.c.id.is_(None))
        .order_by(posting.c.transaction_id, posting.c.n)
    )
    for row in conn.execute(query):
        yield f"posting {row.n} of {row.transaction_id}: {row.amount} {row.currency} belong to no transaction"


def _transfers_wrong(conn: Connection, partner_id: PartnerId | None) -> Iterator[str]:
    """A posted transfer whose ledger entries are not those that were quoted, or one not posted that has entries."""
    posted: dict[str, dict[str, list[tuple[str, str, int]]]] = defaultdict(lambda: defaultdict(list))
    query = (
        select(ledger_transaction.c.transfer_id, ledger_transaction.c.key, posting)
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .where(ledger_transaction.c.transfer_id.is_not(None), ledger_transaction.c.reverses.is_(None))
        .order_by(posting.c.n)
    )
    for row in conn.execute(_of_partner(query, partner_id)):
        posted[row.transfer_id][row.key].append((row.from_id, row.to_id, row.amount))
    moved = select(transfer.c.id, transfer.c.state, transfer.c.entries, transfer.c.receipt)
    for row in conn.execute(_of_partner(moved, partner_id, transfer.c.partner_id)):
        quoted = (
            {
                one["key"]: [(source, target, amount) for source, target, amount, _ in one["entries"]]
                for one in row.entries
            }
            if row.state == "posted"
            else {}
        )
        if quoted != dict(posted.get(row.id, {})):
            yield f"transfer {row.id} (receipt {row.receipt}, {row.state}): the ledger does not hold what was quoted"


def _sums(partner_id: PartnerId | None, at: datetime | None = None) -> Select[str, int]:
    """What each account received less what it gave."""
    until = true() if at is None else ledger_transaction.c.at <= at
    joined = posting.join(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
    received = select(posting.c.to_id.label("id"), posting.c.amount.label("amount")).select_from(joined).where(until)
    given = select(posting.c.from_id, -posting.c.amount).select_from(joined).where(until)
    if partner_id is not None:
        received = received.where(ledger_transaction.c.partner_id == partner_id)
        given = given.where(ledger_transaction.c.partner_id == partner_id)
    lines = union_all(received, given).subquery()
    return select(lines.c.id, func.sum(lines.c.amount)).group_by(lines.c.id)


def _of_partner(
    query: Select[*Columns],
    partner_id: PartnerId | None,
    column: ColumnElement[str] = ledger_transaction.c.partner_id,
) -> Select[*Columns]:
    return query if partner_id is None else query.where(column == partner_id)
