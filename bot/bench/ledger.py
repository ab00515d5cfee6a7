"""`bench ledger`: top-ups posted to the ledger, ours through Database.write, the reference one transaction each."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from bot.bench.reference import ReferenceDatabase
from bot.bench.result import Round
from bot.bench.sides import Side, crowd
from bot.billing.ledger import Draft, entries, outflow, top_up_key
from bot.billing.posting import Origin, lock_people, post, shortfalls
from bot.ids import AccountId, ClientId, PartnerId, TransferId
from bot.money import Money
from bot.storage.ddl import create_schema
from bot.storage.engine import Database
from bot.storage.tables import account, client, ledger_transaction, partner, posting

PARTNERS = 50
CLIENTS_EACH = 20
_AMOUNT, _PAID, _KEPT = Money(144000, "EUR"), Money(93600, "EUR"), Money(50400, "EUR")
_RATE = Decimal("0.35")
_NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
_FUNDS = 10**12


@asynccontextmanager
async def open_sides(folder: Path) -> AsyncIterator[tuple[Side, Side]]:
    """Both sides on databases with the same partners, clients and money; afterwards the books are checked."""
    paths = [folder / "ours.db", folder / "reference.db"]
    for path in paths:
        with Database.open(f"sqlite:///{path}") as fresh:
            fresh.write_now(_fill, slow=True)
    reference = ReferenceDatabase(paths[1])
    async with Database.open(f"sqlite:///{paths[0]}") as ours:
        our_side, reference_side = _TopUps(ours.write), _TopUps(reference.write)
        yield our_side, reference_side
    await reference.close()
    for path, side in zip(paths, (our_side, reference_side), strict=True):
        with Database.open(f"sqlite:///{path}") as again:
            again.read_now(_check, side.done)


class _TopUps:
    """One side: posts top-ups by the given `write`, and counts those that were acknowledged."""

    def __init__(self, write: Callable[[Callable[[Connection, int], None], int], Awaitable[None]]) -> None:
        self._write = write
        self._numbers = itertools.count()
        self.done = 0

    async def __call__(self, seconds: float) -> Round:
        turn = await crowd(lambda: self._write(top_up, next(self._numbers)), seconds)
        self.done += turn.done
        return turn


def top_up(conn: Connection, n: int) -> None:
    """Post top-up number `n` as confirming a quote does: lock, look at the funds, write, move the balances."""
    payer = f"p{n % PARTNERS}"
    receiver = f"{payer}c{n // PARTNERS % CLIENTS_EACH}"
    source, target = AccountId(payer), AccountId(receiver)
    moves = entries((source, target, _PAID), (AccountId(f"{payer}discount"), target, _KEPT))
    draft = Draft(top_up_key(TransferId(f"{n}")), "topup", moves)
    locked = lock_people(conn, [draft])
    if shortfalls(locked, {source: outflow([draft])[source]}):
        raise RuntimeError("the benchmark's partners have run out of money")
    origin = Origin(PartnerId(payer), _NOW, ClientId(receiver), rate=_RATE)
    post(conn, [draft], origin, locked=locked)


def _fill(conn: Connection) -> None:
    create_schema(conn)
    owners = [(f"p{p}", [f"p{p}c{c}" for c in range(CLIENTS_EACH)]) for p in range(PARTNERS)]
    conn.execute(
        insert(partner), [{"id": one, "name": one, "joined_on": "2026-01-01", "created_at": _NOW} for one, _ in owners]
    )
    conn.execute(insert(client), [_client(one, n, who) for one, whose in owners for n, who in enumerate(whose)])
    accounts = []
    for one, whose in owners:
        accounts += [_account(one, "partner", one, one, _FUNDS), _account(f"{one}discount", "discount", one, "", 0)]
        accounts += [_account(who, "client", one, who, 0) for who in whose]
    conn.execute(insert(account), accounts)


def _client(owner: str, n: int, who: str) -> dict[str, Any]:
    return {
        "id": who,
        "partner_id": owner,
        "account_id": f"{n:08}",
        "company": who,
        "search_key": who,
        "language": "en",
        "currency": "EUR",
        "time_zone": "UTC",
        "tags": [],
        "created_at": _NOW,
    }


def _account(which: str, kind: str, owner: str, whose: str, posted: int) -> dict[str, Any]:
    floor = None if kind == "discount" else 0
    return {
        "id": which,
        "partner_id": owner,
        "kind": kind,
        "owner_id": whose,
        "currency": "EUR",
        "posted": posted,
        "floor": floor,
    }


def _check(conn: Connection, expected: int) -> None:
    """Every acknowledged transfer is in the books, and the balances are what the postings say."""
    found = conn.execute(select(func.count()).select_from(ledger_transaction)).scalar_one()
    paid = conn.execute(select(func.sum(account.c.posted)).where(account.c.kind == "partner")).scalar_one()
    got = conn.execute(select(func.sum(account.c.posted)).where(account.c.kind == "client")).scalar_one()
    lines = conn.execute(select(func.count(), func.sum(posting.c.amount))).one()
    wanted = (expected, PARTNERS * _FUNDS - expected * _PAID.minor, expected * _AMOUNT.minor)
    if (found, paid, got) != wanted or tuple(lines) != (2 * expected, expected * _AMOUNT.minor):
        raise RuntimeError(f"the books are wrong: {(found, paid, got)} instead of {wanted}")
