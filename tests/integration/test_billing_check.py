"""The books on both databases: append-only by the database itself, and checked so that tampering is named."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, insert, text, update
from sqlalchemy.exc import DBAPIError

from bot.billing import service as billing
from bot.billing.transfers import Transfer
from bot.ids import ClientId
from bot.money import Money
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    BETA,
    BOOK,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_renewal,
    ask_top_up,
    euro,
    give,
    say_yes,
)


def some_history(conn: Connection) -> Transfer:
    """Deposits, a top-up, a renewal, a daily payment, a debt, and one top-up that waits, which is returned."""
    add_partner(conn)
    give(conn, euro("2000"))
    alfa, beta = add_client(conn, ALFA), add_client(conn, BETA)
    add_client(conn, Wanted("48210124", balance="-6.00"))
    say_yes(conn, ask_top_up(conn, alfa, euro("33.33")))
    say_yes(conn, ask_renewal(conn, alfa))
    billing.charge_due(conn, BOOK, NOW + timedelta(days=1))
    return say_yes(conn, ask_top_up(conn, beta, euro("100")), undo_seconds=60).transfer


@pytest.mark.parametrize("table", ["posting", "ledger_transaction"])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_database_refuses_to_change_the_ledger(db: Database, table: str, verb: str) -> None:
    db.write_now(some_history)
    target = tables.metadata.tables[table]
    column = "amount" if table == "posting" else "note"
    value = 1 if table == "posting" else "else"
    statement = update(target).values({column: value}) if verb == "update" else delete(target)
    with pytest.raises(DBAPIError, match="append-only"):
        db.write_now(lambda conn: conn.execute(statement))
    assert db.read_now(billing.check).ok


def test_the_database_refuses_money_from_nowhere(db: Database) -> None:
    """A posting of nothing, to the same account, in another currency, or below the floor: refused without our code."""
    db.write_now(some_history)

    def account_of(conn: Connection, kind: str) -> str:
        query = text("SELECT id FROM account WHERE kind = :kind AND currency = 'EUR' ORDER BY owner_id")
        return str(conn.execute(query, {"kind": kind}).scalar())

    def post(conn: Connection, source: str, target: str, currency: str, amount: int) -> None:
        transaction = str(conn.execute(text("SELECT max(id) FROM ledger_transaction")).scalar())
        conn.execute(
            insert(tables.posting),
            {
                "transaction_id": transaction,
                "n": 9,
                "from_id": account_of(conn, source),
                "to_id": account_of(conn, target),
                "currency": currency,
                "amount": amount,
            },
        )

    for wrong in (
        ("partner", "revenue", "EUR", 0),
        ("partner", "revenue", "EUR", -5),
        ("partner", "partner", "EUR", 5),
        ("partner", "revenue", "USD", 5),
    ):
        with pytest.raises(DBAPIError):
            db.write_now(post, *wrong)
    with pytest.raises(DBAPIError):
        db.write_now(
            lambda conn: conn.execute(
                update(tables.account).where(tables.account.c.kind == "partner").values(posted=-1)
            )
        )


def test_a_history_checks_out(db: Database) -> None:
    db.write_now(some_history)
    report = db.read_now(billing.check, NORD)
    assert (report.ok, report.problems) == (True, ())
    assert report.transactions == 8


def unlocked(conn: Connection) -> None:
    """What somebody with the database in hands can do: take the triggers away, on PostgreSQL for the session."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET session_replication_role = replica"))
    else:
        for table in ("posting", "ledger_transaction"):
            for verb in ("update", "delete"):
                conn.execute(text(f"DROP TRIGGER {table}_no_{verb}"))


def change_an_amount(conn: Connection) -> str:
    key = "SELECT id FROM ledger_transaction WHERE key LIKE 'deposit:%'"
    conn.execute(text(f"UPDATE posting SET amount = amount + 100 WHERE transaction_id IN ({key})"))
    return "balance 106400, its lines make 106500"


def change_a_balance(conn: Connection) -> str:
    conn.execute(update(tables.account).where(tables.account.c.kind == "partner").values(posted=999_999))
    return "balance 999999, its lines make 106400"


def take_a_line_away(conn: Connection) -> str:
    key = "SELECT id FROM ledger_transaction WHERE kind = 'topup'"
    conn.execute(text(f"DELETE FROM posting WHERE n = 1 AND transaction_id IN ({key})"))
    return "1 postings, numbered up to 2"


def empty_a_transaction(conn: Connection) -> str:
    key = "SELECT id FROM ledger_transaction WHERE kind = 'daily' ORDER BY key LIMIT 1"
    conn.execute(text(f"DELETE FROM posting WHERE transaction_id IN ({key})"))
    return "has no postings"


def take_the_hold_away(conn: Connection) -> str:
    conn.execute(update(tables.account).values(held=0))
    return "0 held, pending transfers need 6500"


def say_that_it_was_posted(conn: Connection) -> str:
    conn.execute(update(tables.transfer).where(tables.transfer.c.state == "pending").values(state="posted"))
    return "the ledger does not hold what was quoted"


def give_a_system_account_a_balance(conn: Connection) -> str:
    conn.execute(update(tables.account).where(tables.account.c.kind == "revenue").values(posted=5))
    return "has no floor and no running balance, but one of 5 is stored"


@pytest.mark.parametrize(
    "tamper",
    [
        change_an_amount,
        change_a_balance,
        take_a_line_away,
        empty_a_transaction,
        take_the_hold_away,
        say_that_it_was_posted,
        give_a_system_account_a_balance,
    ],
)
def test_tampering_is_named(db: Database, tamper: Callable[[Connection], str]) -> None:
    db.write_now(some_history)

    def change(conn: Connection) -> str:
        unlocked(conn)
        return tamper(conn)

    expected = db.write_now(change)
    report = db.read_now(billing.check)
    assert not report.ok
    assert any(expected in problem for problem in report.problems), report.problems


def test_another_partners_books_are_not_looked_at(db: Database) -> None:
    db.write_now(some_history)
    db.write_now(change_a_balance)
    assert not db.read_now(billing.check, NORD).ok
    report = db.read_now(billing.check, "somebody")  # type: ignore[arg-type]
    assert (report.ok, report.transactions) == (True, 0)


def test_balances_at_a_past_moment(db: Database) -> None:
    """What stood there before the day's charge, and after; every currency sums to nothing."""
    db.write_now(some_history)

    def of(conn: Connection, hours: int) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in billing.balances(conn, NORD, NOW + timedelta(hours=hours)):
            found[one.kind] = found.get(one.kind, 0) + one.balance.minor
        return found

    before, after, never = (db.read_now(of, hours) for hours in (1, 48, -1))
    assert set(never.values()) == {0}
    assert sum(before.values()) == sum(after.values()) == 0
    assert after["revenue"] - before["revenue"] == 400


def test_adjusting_brings_a_balance_to_a_target(db: Database) -> None:
    def adjust(conn: Connection, client_id: ClientId, target: Money, key: str) -> list[str]:
        made = billing.adjust_balance(
            conn, NORD, client_id, target, reason="table of 27 Nov", by="operator", key=key, now=NOW
        )
        return [one.what for one in made]

    db.write_now(lambda conn: add_partner(conn))
    client_id = db.write_now(lambda conn: add_client(conn, BETA))
    assert db.write_now(adjust, client_id, euro("20"), "a") == ["imported"]
    assert db.write_now(adjust, client_id, euro("30"), "a") == []
    assert db.write_now(adjust, client_id, euro("20"), "b") == []
    assert db.write_now(adjust, client_id, euro("-5"), "c") == ["imported"]
    standing = db.read_now(billing.standing, client_id, NOW, BOOK)
    assert (standing.balance, standing.floor) == (euro("-5"), euro("-5"))
    assert db.write_now(adjust, client_id, euro("8"), "d") == ["imported"]
    assert db.read_now(billing.standing, client_id, NOW, BOOK).floor == euro("0")
    (row, *_) = db.read_now(billing.client_movements, NORD, client_id, "EUR")
    assert (row.kind, row.note) == ("Adjustment", "table of 27 Nov (operator)")
    assert db.read_now(billing.check).ok


def test_an_import_of_the_same_facts_changes_nothing(db: Database) -> None:
    db.write_now(lambda conn: add_partner(conn))
    client_id = db.write_now(lambda conn: add_client(conn, ALFA))

    def again(conn: Connection) -> list[bool]:
        names = [("whatsapp", f"48210017-{n}") for n in range(5)]
        assert ALFA.ends is not None
        return [
            billing.open_client(conn, NORD, client_id, euro("0"), now=NOW),
            billing.set_subscription(
                conn, NORD, client_id, plan="Inbox", end_date=ALFA.ends, months=12, as_of=NOW, now=NOW
            ),
            billing.set_channels(conn, NORD, client_id, names, None, True, NOW),
        ]

    assert db.write_now(again) == [False, False, False]
