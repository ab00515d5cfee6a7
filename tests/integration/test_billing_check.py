"""The books on both databases: append-only by the database itself, and checked so that tampering is named."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from bot.billing import checking, sealing
from bot.billing import service as billing
from bot.billing.accounts import find_account, system_account
from bot.billing.ledger import Draft, entries
from bot.billing.posting import Origin, lock_people, post
from bot.billing.reversing import reverse
from bot.billing.transfers import Transfer
from bot.ids import ClientId, PartnerId, TransactionId
from bot.money import Money, of
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


SUED = PartnerId("sued")


class TakenBack(Exception):
    """Ends a unit that has taken the guards away: the next test finds them in place."""


def unguarded(conn: Connection) -> None:
    """A database that refuses nothing any more: ledger and accounts without a trigger, key or check."""
    conn.execute(text("DROP VIEW line"))
    for table in ("posting", "account"):
        conn.execute(text(f"CREATE TABLE bare AS SELECT * FROM {table}"))
        conn.execute(text(f"DROP TABLE {table}"))
        conn.execute(text(f"ALTER TABLE bare RENAME TO {table}"))
    unlocked_transactions(conn)


def unlocked_transactions(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        conn.execute(text("DROP TRIGGER ledger_transaction_no_update"))


def plain_books(conn: Connection, partner_id: PartnerId) -> None:
    """A partner with 100.00 in two currencies, a transaction of one cent to a client, and a client with nothing yet."""
    add_partner(conn, partner_id)
    add_client(conn, Wanted("48210200"), partner_id=partner_id)
    client_id = add_client(conn, Wanted("48210201"), partner_id=partner_id)
    system_account(conn, partner_id, "discount", "EUR")
    for currency in ("EUR", "USD"):
        give(conn, of("100", currency), partner_id=partner_id, key=f"bank-{currency}")
    partner, client = (
        find_account(conn, partner_id, kind, owner, "EUR")  # type: ignore[arg-type]
        for kind, owner in (("partner", partner_id), ("client", client_id))
    )
    assert partner is not None
    assert client is not None
    draft = Draft("a cent", "topup", entries((partner.id, client.id, euro("0.01"))))
    post(conn, [draft], Origin(partner_id, NOW, client_id), locked=lock_people(conn, [draft]))


def accounts_of(conn: Connection, partner_id: PartnerId) -> dict[str, str]:
    """Ids of the partner's accounts by kind and currency."""
    query = select(tables.account).where(tables.account.c.partner_id == partner_id)
    return {f"{row.kind} {row.currency}": row.id for row in conn.execute(query)}


def wrong_postings(conn: Connection, partner_id: PartnerId, other: PartnerId) -> list[str]:
    """One posting for everything that a posting cannot be, each in a transaction of its own."""
    own, strange = accounts_of(conn, partner_id), accounts_of(conn, other)
    mine, client = own["partner EUR"], own["client EUR"]
    moves = (
        (mine, client, "EUR", 0),
        (mine, client, "EUR", -5),
        (mine, mine, "EUR", 5),
        ("nowhere", client, "EUR", 5),
        (mine, "nowhere", "EUR", 5),
        (own["partner USD"], client, "EUR", 5),
        (mine, own["partner USD"], "EUR", 5),
        (strange["partner EUR"], client, "EUR", 5),
        (mine, strange["partner EUR"], "EUR", 5),
    )
    expected = []
    for n, (source, target, currency, amount) in enumerate(moves):
        row: dict[str, Any] = {"id": f"{partner_id}-{n}", "partner_id": partner_id, "key": f"wrong-{n}"}
        conn.execute(insert(tables.ledger_transaction), row | {"kind": "topup", "at": NOW})
        line = {"transaction_id": row["id"], "n": 1, "from_id": source, "to_id": target}
        conn.execute(insert(tables.posting), line | {"currency": currency, "amount": amount})
        where = f"transaction {row['id']} ({row['key']}), posting 1"
        expected.append(f"{where}: {amount} {currency} from {source} to {target} cannot be")
    return sorted(expected)


def test_every_posting_that_cannot_be_is_named_with_its_partner(db: Database) -> None:
    """Also where the database would have refused it: what a restored or edited file holds is not to be trusted."""

    def unit(conn: Connection) -> None:
        for partner_id in (NORD, SUED):
            plain_books(conn, partner_id)
        unguarded(conn)
        expected = {
            partner_id: wrong_postings(conn, partner_id, other) for partner_id, other in ((NORD, SUED), (SUED, NORD))
        }

        def named(partner_id: PartnerId | None) -> list[str]:
            return sorted(one for one in billing.check(conn, partner_id).problems if one.endswith("cannot be"))

        assert named(NORD) == expected[NORD]
        assert named(SUED) == expected[SUED]
        assert named(None) == sorted(expected[NORD] + expected[SUED])
        raise TakenBack

    with pytest.raises(TakenBack):
        db.write_now(unit)


def wrong_sums(conn: Connection, partner_id: PartnerId) -> set[str]:
    """Everything about sums that can be wrong with one partner's books; what is to be said of it."""
    ids, account = accounts_of(conn, partner_id), tables.account

    def change(kind: str, **values: int) -> str:
        conn.execute(update(account).where(account.c.id == ids[kind]).values(**values))
        owner = conn.execute(select(account.c.owner_id).where(account.c.id == ids[kind])).scalar_one()
        name, currency = kind.split()
        return f"account {ids[kind]} ({name} {owner} {currency})"

    # Alone it would be above its floor; less what is held it is below, by a cent.
    euro_account = change("partner EUR", held=10_000)
    dollars = change("partner USD", posted=9_999)
    outside = change("outside EUR", posted=7, held=3)
    empty, gap, waits = f"{partner_id}-empty", f"{partner_id}-gap", f"{partner_id}-waits"
    for one in (empty, gap):
        row = {"id": one, "partner_id": partner_id, "key": f"key of {one}", "kind": "topup", "at": NOW}
        conn.execute(insert(tables.ledger_transaction), row)
    lines = {
        "transaction_id": gap,
        "from_id": ids["outside EUR"],
        "to_id": ids["discount EUR"],
        "currency": "EUR",
    }
    conn.execute(insert(tables.posting), [lines | {"n": n, "amount": 5} for n in (1, 3)])
    drafted = {"key": waits, "kind": "topup", "entries": [[ids["partner EUR"], ids["client EUR"], 65, "EUR"]]}
    quote = {"id": waits, "partner_id": partner_id, "kind": "topup", "state": "pending", "currency": "EUR"}
    rest = {"token": waits, "quote": {}, "effect": {}, "receipt": "AB123", "created_at": NOW, "expires_at": NOW}
    conn.execute(insert(tables.transfer), quote | rest | {"entries": [drafted]})
    second = {"id": f"{waits}-too", "token": f"{waits}-too", "receipt": "AB125"}
    conn.execute(insert(tables.transfer), quote | rest | {"entries": [drafted]} | second)
    done = {"id": f"{waits}-not", "token": f"{waits}-not", "state": "posted", "receipt": "AB124"}
    conn.execute(insert(tables.transfer), quote | rest | {"entries": [drafted]} | done)
    return {
        f"{euro_account}: 9999 less 10000 held is below its floor 0",
        f"{dollars}: balance 9999, its lines make 10000",
        f"{outside}: has no floor and no running balance, but one of 7 is stored",
        f"account {ids['partner EUR']}: 10000 held, pending transfers need 130",
        f"account {ids['outside EUR']}: 3 held, pending transfers need 0",
        f"transaction {empty} (key of {empty}): has no postings",
        f"transaction {gap} (key of {gap}): 2 postings, numbered up to 3",
        f"transfer {waits}-not (receipt AB124, posted): the ledger does not hold what was quoted",
    }


def test_a_posting_of_no_transaction_is_named(db: Database) -> None:
    """It moves no balance, so that no sum would tell."""

    def unit(conn: Connection) -> None:
        plain_books(conn, NORD)
        unguarded(conn)
        own = accounts_of(conn, NORD)
        line = {"transaction_id": "gone", "n": 1, "from_id": own["partner EUR"], "to_id": own["client EUR"]}
        conn.execute(insert(tables.posting), line | {"currency": "EUR", "amount": 5})
        for asked in (None, NORD, SUED):
            assert billing.check(conn, asked).problems == ("posting 1 of gone: 5 EUR belong to no transaction",)
        raise TakenBack

    with pytest.raises(TakenBack):
        db.write_now(unit)


def test_each_sum_that_is_wrong_is_named_with_its_partner_and_nothing_else(db: Database) -> None:
    def unit(conn: Connection) -> None:
        for partner_id in (NORD, SUED):
            plain_books(conn, partner_id)
        unguarded(conn)
        nord, sued = wrong_sums(conn, NORD), wrong_sums(conn, SUED)
        assert set(billing.check(conn, NORD).problems) == nord
        assert set(billing.check(conn, SUED).problems) == sued
        everything = billing.check(conn)
        assert set(everything.problems) == nord | sued
        assert len(everything.problems) == len(nord | sued)
        assert everything.transactions == 2 * billing.check(conn, NORD).transactions == 10
        raise TakenBack

    with pytest.raises(TakenBack):
        db.write_now(unit)


def test_so_many_problems_are_named_and_no_more(db: Database) -> None:
    def unit(conn: Connection) -> None:
        plain_books(conn, NORD)
        rows = [
            {"id": f"empty-{n}", "partner_id": NORD, "key": f"empty-{n}", "kind": "topup", "at": NOW}
            for n in range(checking.PROBLEMS_MAX + 5)
        ]
        conn.execute(insert(tables.ledger_transaction), rows)
        assert len(billing.check(conn).problems) == checking.PROBLEMS_MAX

    db.write_now(unit)


def test_the_chain_is_checked_unless_it_is_a_matter_of_sums(db: Database) -> None:
    """A note changed after sealing: no sum shows it. What is sealed, and what not yet, is each partner's own."""

    def unit(conn: Connection) -> None:
        for partner_id in (NORD, SUED):
            plain_books(conn, partner_id)
        sealing.seal_due(conn, NOW)
        give(conn, euro("1"), key="after the seal")
        report = billing.check(conn, NORD)
        assert (report.ok, report.unsealed, [one.partner_id for one in report.heads]) == (True, 1, [NORD])
        assert billing.check(conn, SUED).unsealed == 0
        assert [one.partner_id for one in billing.check(conn).heads] == [NORD, SUED]
        unlocked_transactions(conn)
        conn.execute(update(tables.ledger_transaction).values(note="changed"))
        assert not billing.check(conn, NORD).ok
        assert billing.check(conn, NORD, chain=False).ok

    db.write_now(unit)


def test_a_transfer_that_was_taken_back_still_holds_what_was_quoted(db: Database) -> None:
    """Its reversal belongs to it too, but is not what was quoted; a deposit belongs to no transfer."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("100"))
        say_yes(conn, ask_top_up(conn, add_client(conn, ALFA), euro("33.33")))
        written = tables.ledger_transaction
        which = conn.execute(select(written.c.id).where(written.c.kind == "topup")).scalar_one()
        reverse(conn, NORD, TransactionId(which), reason="wrong client", by="operator", now=NOW)
        report = billing.check(conn)
        assert (report.transactions, report.problems) == (3, ())

    db.write_now(unit)


def test_what_stood_there_counts_to_the_moment_and_for_one_partner_alone(db: Database) -> None:
    """By currency, then by kind, then by owner; a transaction at the very moment counts."""

    def unit(conn: Connection) -> None:
        for partner_id in (SUED, NORD):
            plain_books(conn, partner_id)
            add_client(conn, Wanted("48210202", currency="USD"), partner_id=partner_id)
            add_client(conn, Wanted("48210203"), partner_id=partner_id)
        found = billing.balances(conn, NORD, NOW)
        names = [(one.balance.currency, one.kind, one.owner_id) for one in found]
        assert names == sorted(names)
        assert sorted(f"{one.kind} {one.balance}" for one in found if one.balance) == [
            "client 0.01 EUR",
            "outside -100.00 EUR",
            "outside -100.00 USD",
            "partner 100.00 USD",
            "partner 99.99 EUR",
        ]
        nord, sued = checking.sums_of_lines(conn, NORD), checking.sums_of_lines(conn, SUED)
        assert nord.keys().isdisjoint(sued)
        assert nord | sued == checking.sums_of_lines(conn)
        assert checking.sums_of_lines(conn, NORD, NOW - timedelta(hours=1)) == {}

    db.write_now(unit)
