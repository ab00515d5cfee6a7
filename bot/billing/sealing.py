"""The hash chain of each partner: extended after the fact, in chunks, and walked through when the books are checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, insert, select

from bot.billing import journal
from bot.billing.chain import GENESIS, link
from bot.billing.record import Transaction
from bot.ids import PartnerId
from bot.storage.tables import ledger_seal, ledger_transaction, partner

_LOOK_BACK = 1000
"""A transaction is committed after at most so many that were numbered later; `everything` finds any other."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a partner's chain. Whoever notes it down can prove later that nothing before it was changed."""

    partner_id: PartnerId
    n: int
    hash: str


def seal_due(conn: Connection, now: datetime, limit: int = 500, *, everything: bool = False) -> int:
    """Tie up to `limit` transactions into their partners' chains; returns how many. Run again until it returns 0.

    `everything` looks through the whole ledger instead of its latest part.
    """
    waiting = _waiting(conn, limit, everything=everything)
    for partner_id in sorted({one.partner_id for one in waiting}):
        _lock(conn, partner_id)
    waiting = _waiting(conn, limit, everything=everything) if waiting else []
    ends = {one.partner_id: one for one in heads(conn)} if waiting else {}
    rows = []
    for one in waiting:
        end = ends.get(one.partner_id, Head(one.partner_id, 0, GENESIS))
        end = ends[one.partner_id] = Head(one.partner_id, end.n + 1, link(end.hash, one))
        rows.append({"partner_id": end.partner_id, "n": end.n, "transaction_id": one.id, "hash": end.hash, "at": now})
    if rows:
        conn.execute(insert(ledger_seal), rows)
    return len(rows)


def heads(conn: Connection, partner_id: PartnerId | None = None) -> list[Head]:
    """Where each chain ends; a partner without a seal is left out."""
    last = select(ledger_seal.c.partner_id, func.max(ledger_seal.c.n).label("n")).group_by(ledger_seal.c.partner_id)
    if partner_id is not None:
        last = last.where(ledger_seal.c.partner_id == partner_id)
    ends = last.subquery()
    query = select(ledger_seal.c.partner_id, ledger_seal.c.n, ledger_seal.c.hash).join(
        ends, (ends.c.partner_id == ledger_seal.c.partner_id) & (ends.c.n == ledger_seal.c.n)
    )
    return [Head(PartnerId(row[0]), row[1], row[2]) for row in conn.execute(query.order_by(ledger_seal.c.partner_id))]


def unsealed(conn: Connection, partner_id: PartnerId | None = None) -> int:
    """How many transactions are not in a chain yet: the tail."""
    query = select(func.count()).select_from(ledger_transaction).where(_not_sealed())
    if partner_id is not None:
        query = query.where(ledger_transaction.c.partner_id == partner_id)
    return conn.execute(query).scalar_one()


def broken(conn: Connection, partner_id: PartnerId | None = None) -> Iterator[str]:
    """Walks each chain and says where it does not hold. After the first break a chain is not followed further."""
    for head in heads(conn, partner_id):
        yield from _broken_chain(conn, head)


def _broken_chain(conn: Connection, head: Head) -> Iterator[str]:
    previous, expected = GENESIS, 1
    while expected <= head.n:
        page = (
            select(ledger_transaction, ledger_seal.c.n.label("place"), ledger_seal.c.hash)
            .join(ledger_seal, ledger_seal.c.transaction_id == ledger_transaction.c.id)
            .where(ledger_seal.c.partner_id == head.partner_id, ledger_seal.c.n >= expected)
            .order_by(ledger_seal.c.n)
            .limit(_PAGE)
        )
        seals = [(row.place, row.hash) for row in conn.execute(page)]
        found = journal.read(conn, page)
        if not found:
            yield f"chain of {head.partner_id}: seals from {expected} to {head.n} have no transactions"
            return
        for (n, sealed), transaction in zip(seals, found, strict=True):
            if n != expected:
                yield _gap(conn, head.partner_id, expected)
                return
            previous = link(previous, transaction)
            if previous != sealed:
                name = f"transaction {transaction.id} ({transaction.key})"
                yield f"chain of {head.partner_id}, seal {n}: {name} or one before it is not what was sealed"
                return
            expected += 1


def _gap(conn: Connection, partner_id: PartnerId, n: int) -> str:
    """What is not there at a place of the chain: the seal itself, or the transaction that it was put on."""
    here = (ledger_seal.c.partner_id == partner_id, ledger_seal.c.n == n)
    sealed = conn.execute(select(ledger_seal.c.transaction_id).where(*here)).scalar()
    if sealed is None:
        return f"chain of {partner_id}: seal {n} is missing"
    return f"chain of {partner_id}, seal {n}: transaction {sealed} was sealed and is gone"


def _waiting(conn: Connection, limit: int, *, everything: bool) -> list[Transaction]:
    """Transactions in no chain, in the order of their ids, so that all before the last sealed one are sealed too."""
    query = select(ledger_transaction).where(_not_sealed())
    if not everything:
        query = query.where(ledger_transaction.c.id > _recent(conn))
    return journal.read(conn, query.order_by(ledger_transaction.c.id).limit(limit))


def _recent(conn: Connection) -> str:
    """Ids grow with time: what is not sealed has a later one than the last that is, or one a little before."""
    last = conn.execute(select(func.max(ledger_seal.c.transaction_id))).scalar() or ""
    before = select(ledger_transaction.c.id).where(ledger_transaction.c.id <= last)
    return conn.execute(before.order_by(ledger_transaction.c.id.desc()).offset(_LOOK_BACK).limit(1)).scalar() or ""


def _lock(conn: Connection, partner_id: PartnerId) -> None:
    """One at a time extends a partner's chain; others may go on posting."""
    conn.execute(select(partner.c.id).where(partner.c.id == partner_id).with_for_update(key_share=True)).all()


def _not_sealed() -> ColumnElement[bool]:
    return ~exists().where(ledger_seal.c.transaction_id == ledger_transaction.c.id)
