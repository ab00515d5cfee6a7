"""The hash chain on both databases: what is changed after it was sealed is named, even when the sums agree."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bot.billing import sealing
from bot.billing import service as billing
from bot.ids import PartnerId
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    BETA,
    BOOK,
    NORD,
    NOW,
    add_client,
    add_partner,
    ask_renewal,
    ask_top_up,
    euro,
    give,
    say_yes,
)
from tests.integration.test_billing_check import unlocked

SUED = PartnerId("sued")


def two_partners(conn: Connection) -> None:
    """Eight transactions of one partner and one of another."""
    add_partner(conn)
    add_partner(conn, SUED)
    give(conn, euro("2000"))
    give(conn, euro("7"), partner_id=SUED)
    alfa, _ = add_client(conn, ALFA), add_client(conn, BETA)
    say_yes(conn, ask_top_up(conn, alfa, euro("33.33")))
    say_yes(conn, ask_renewal(conn, alfa))
    for days in (1, 2):
        billing.charge_due(conn, BOOK, NOW + timedelta(days=days))


def test_the_chain_is_extended_in_chunks(db: Database) -> None:
    db.write_now(two_partners)
    before = db.read_now(billing.check)
    assert (before.ok, before.unsealed, before.heads) == (True, before.transactions, ())
    sizes = []
    while size := db.write_now(sealing.seal_due, NOW, 4):
        sizes.append(size)
    assert sizes == [4, 4, 2]
    after = db.read_now(billing.check)
    assert (after.ok, after.unsealed) == (True, 0)
    assert {one.partner_id: one.n for one in after.heads} == {NORD: 9, SUED: 1}
    db.write_now(lambda conn: give(conn, euro("1"), key="bank-2"))
    assert db.read_now(billing.check, NORD).unsealed == 1
    assert db.write_now(sealing.seal_due, NOW) == 1
    (grown,) = db.read_now(billing.check, NORD).heads
    assert grown.n == 10


def rename_a_key(conn: Connection) -> str:
    conn.execute(
        text("UPDATE ledger_transaction SET note = 'else' WHERE key = 'deposit:bank-1' AND partner_id = 'nord'")
    )
    return "seal 1: transaction"


def move_a_renewal_in_time(conn: Connection) -> str:
    moment = "2020-01-01T00:00:00.000000Z"
    conn.execute(text("UPDATE ledger_transaction SET at = :at WHERE kind = 'renew'"), {"at": moment})
    return "(renew:"


def turn_a_deposit_round_everywhere(conn: Connection) -> str:
    """An amount, the balance and all sums changed to agree: only the chain knows."""
    conn.execute(
        text(
            "UPDATE posting SET amount = amount + 5 WHERE transaction_id IN "
            "(SELECT id FROM ledger_transaction WHERE key = 'deposit:bank-1' AND partner_id = 'nord')"
        )
    )
    conn.execute(text("UPDATE account SET posted = posted + 5 WHERE kind = 'partner' AND partner_id = 'nord'"))
    return "chain of nord, seal 1"


def take_a_seal_away(conn: Connection) -> str:
    conn.execute(text("DELETE FROM ledger_seal WHERE partner_id = 'nord' AND n = 3"))
    return "chain of nord: seal 3 is missing"


def forge_a_seal(conn: Connection) -> str:
    conn.execute(text("UPDATE ledger_seal SET hash = :hash WHERE partner_id = 'nord' AND n = 9"), {"hash": "0" * 64})
    return "chain of nord, seal 9"


@pytest.mark.parametrize(
    "tamper",
    [rename_a_key, move_a_renewal_in_time, turn_a_deposit_round_everywhere, take_a_seal_away, forge_a_seal],
)
def test_a_change_after_sealing_is_named(db: Database, tamper: Callable[[Connection], str]) -> None:
    db.write_now(two_partners)
    db.write_now(sealing.seal_due, NOW)

    def change(conn: Connection) -> str:
        unlocked(conn)
        for verb in ("update", "delete"):
            if conn.dialect.name == "sqlite":
                conn.execute(text(f"DROP TRIGGER ledger_seal_no_{verb}"))
        return tamper(conn)

    expected = db.write_now(change)
    report = db.read_now(billing.check)
    assert any(expected in problem for problem in report.problems), report.problems
    assert db.read_now(billing.check, SUED).ok


def test_a_missing_seal_is_not_taken_for_another_partners(db: Database) -> None:
    """The other partner's chain has a seal of the same number, on a transaction that is there."""
    db.write_now(two_partners)
    db.write_now(lambda conn: give(conn, euro("8"), partner_id=SUED, key="bank-2"))
    db.write_now(lambda conn: give(conn, euro("9"), partner_id=SUED, key="bank-3"))
    db.write_now(sealing.seal_due, NOW)

    def lose(conn: Connection) -> None:
        unlocked(conn)
        if conn.dialect.name == "sqlite":
            conn.execute(text("DROP TRIGGER ledger_seal_no_delete"))
        take_a_seal_away(conn)

    db.write_now(lose)
    assert db.read_now(lambda conn: list(sealing.broken(conn))) == ["chain of nord: seal 3 is missing"]


def test_a_sealed_transaction_that_is_gone_is_named(db: Database) -> None:
    """Its seal still tells which one it was."""
    db.write_now(two_partners)
    db.write_now(sealing.seal_due, NOW)

    def take_away(conn: Connection) -> str:
        if conn.dialect.name == "sqlite":
            pytest.skip("inside a unit SQLite keeps its foreign keys")
        unlocked(conn)
        sealed = "SELECT transaction_id FROM ledger_seal WHERE partner_id = 'nord' AND n = 4"
        gone = str(conn.execute(text(sealed)).scalar_one())
        conn.execute(text("DELETE FROM posting WHERE transaction_id = :id"), {"id": gone})
        conn.execute(text("DELETE FROM ledger_transaction WHERE id = :id"), {"id": gone})
        return gone

    gone = db.write_now(take_away)
    told = f"chain of nord, seal 4: transaction {gone} was sealed and is gone"
    assert told in db.read_now(billing.check).problems


@pytest.mark.parametrize("verb", ["UPDATE ledger_seal SET n = n + 100", "DELETE FROM ledger_seal"])
def test_the_database_refuses_to_change_a_seal(db: Database, verb: str) -> None:
    db.write_now(two_partners)
    db.write_now(sealing.seal_due, NOW)

    def change(conn: Connection) -> None:
        conn.execute(text(verb))

    with pytest.raises(DBAPIError, match="append-only"):
        db.write_now(change)


async def test_several_sealers_make_one_chain(db: Database) -> None:
    await db.write(two_partners)
    sealed = await asyncio.gather(*(db.write(sealing.seal_due, NOW, 3) for _ in range(8)))
    assert sum(sealed) == 10
    report = await db.read(billing.check)
    assert (report.ok, report.unsealed) == (True, 0)


def add_bare(conn: Connection, transaction_id: str) -> None:
    """A transaction under an id of our choice, as another process writes it that is late to commit."""
    conn.execute(
        text(
            "INSERT INTO ledger_transaction (id, partner_id, key, kind, at) "
            "SELECT :id, partner_id, :id, 'deposit', at FROM ledger_transaction WHERE key = 'deposit:bank-1' "
            "AND partner_id = 'nord'"
        ),
        {"id": transaction_id},
    )


def ids_in_order(conn: Connection) -> list[str]:
    return list(conn.execute(text("SELECT id FROM ledger_transaction ORDER BY id")).scalars())


def last_sealed(conn: Connection) -> str:
    return str(
        conn.execute(text("SELECT transaction_id FROM ledger_seal WHERE partner_id = 'nord' ORDER BY n DESC")).scalar()
    )


def just_after(transaction_id: str) -> str:
    """An id after one, and before the next of the same length."""
    return transaction_id + "0"


def test_a_transaction_numbered_long_ago_is_found_when_everything_is_looked_at(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids follow the machine's clock: one from a clock far behind is not in the latest part of the ledger."""
    db.write_now(two_partners)
    db.write_now(sealing.seal_due, NOW)
    monkeypatch.setattr(sealing, "_LOOK_BACK", 1)
    known = db.read_now(ids_in_order)
    old = just_after(known[3])
    db.write_now(add_bare, old)
    assert db.write_now(sealing.seal_due, NOW) == 0
    assert db.write_now(lambda conn: sealing.seal_due(conn, NOW, everything=True)) == 1
    assert db.read_now(last_sealed) == old
    assert db.read_now(lambda conn: list(sealing.broken(conn))) == []


def test_what_was_numbered_before_the_last_sealed_one_but_committed_after_it_is_sealed(db: Database) -> None:
    db.write_now(two_partners)
    db.write_now(sealing.seal_due, NOW)
    known = db.read_now(ids_in_order)
    late = just_after(known[-2])
    db.write_now(add_bare, late)
    assert db.write_now(sealing.seal_due, NOW) == 1
    assert db.read_now(last_sealed) == late


def test_the_first_look_leaves_nothing_behind(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where more is waiting than a later look looks back; the earliest id is sealed first, whenever written."""
    monkeypatch.setattr(sealing, "_LOOK_BACK", 2)
    db.write_now(two_partners)
    db.write_now(add_bare, "0")
    assert db.write_now(sealing.seal_due, NOW, 1) == 1
    assert db.read_now(last_sealed) == "0"
    while db.write_now(sealing.seal_due, NOW, 4):
        pass
    assert db.read_now(sealing.unsealed) == 0


@pytest.mark.parametrize("page", [1, 2, 3, 500])
def test_a_long_chain_is_walked_to_its_end(db: Database, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(sealing, "_PAGE", page)
    db.write_now(two_partners)
    db.write_now(sealing.seal_due, NOW)
    assert db.read_now(lambda conn: list(sealing.broken(conn))) == []

    def forge(conn: Connection) -> None:
        unlocked(conn)
        if conn.dialect.name == "sqlite":
            conn.execute(text("DROP TRIGGER ledger_seal_no_update"))
        forge_a_seal(conn)
        conn.execute(text("UPDATE ledger_seal SET hash = :hash WHERE partner_id = 'sued'"), {"hash": "0" * 64})

    db.write_now(forge)
    told = db.read_now(lambda conn: list(sealing.broken(conn)))
    assert [one.split(":")[0] for one in told] == ["chain of nord, seal 9", "chain of sued, seal 1"]


def test_each_partner_has_his_own_tail_and_end(db: Database) -> None:
    """The end of a chain is its last seal; what is not sealed yet is counted for one partner or for all."""
    db.write_now(two_partners)
    tails = [db.read_now(sealing.unsealed, one) for one in (NORD, SUED, None)]
    assert tails == [9, 1, 10]
    db.write_now(sealing.seal_due, NOW, 3)
    everyone = db.read_now(sealing.heads)
    assert [one.partner_id for one in everyone] == sorted(one.partner_id for one in everyone)
    assert db.read_now(sealing.heads, NORD) == [one for one in everyone if one.partner_id == NORD]
    db.write_now(sealing.seal_due, NOW)
    ends = {(one.partner_id, one.n) for one in db.read_now(sealing.heads)}
    assert ends == {(NORD, 9), (SUED, 1)}
