"""The ledger read back: every fact of a transaction, page by page to a moment; accounts, and by whose name."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, select

from bot.billing import journal
from bot.billing import service as billing
from bot.billing.accounts import client_accounts, find_account, lock_accounts, open_account, system_account
from bot.billing.ledger import Draft, entries
from bot.billing.posting import Origin, lock_people, post, write_transactions
from bot.billing.record import Line, NamedAccount, Transaction
from bot.billing.reversing import reverse
from bot.ids import ClientId, PartnerId
from bot.money import of
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ANNA,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_top_up,
    euro,
    give,
    say_yes,
)

SUED = PartnerId("sued")
HOUR = timedelta(hours=1)


def world(conn: Connection) -> ClientId:
    add_partner(conn)
    give(conn, euro("1000.00"))
    return add_client(conn, Wanted("48210066"))


def test_a_transaction_comes_back_as_it_was_written(db: Database) -> None:
    """For the accountant and for the seal: whose, when, by what quote, who asked, at what rate, what it takes back."""

    def unit(conn: Connection) -> None:
        client_id = world(conn)
        quote = ask_top_up(conn, client_id, euro("100.00"))
        receipt = say_yes(conn, quote, now=NOW + HOUR / 60).receipt
        given, moved = journal.transactions(conn, NORD)
        partner, client = (
            find_account(conn, NORD, "partner", NORD, "EUR"),
            find_account(conn, NORD, "client", client_id, "EUR"),
        )
        assert partner is not None
        assert client is not None
        assert moved == Transaction(
            id=moved.id,
            partner_id=NORD,
            key=f"topup:{quote.id}",
            kind="topup",
            at=NOW + HOUR / 60,
            client_id=client_id,
            transfer_id=quote.id,
            curator_id=ANNA,
            receipt=receipt,
            rate="0.35",
            note=None,
            reverses=None,
            lines=(
                Line(1, partner.id, client.id, euro("65.00")),
                Line(2, system_account(conn, NORD, "discount", "EUR"), client.id, euro("35.00")),
            ),
        )
        assert (given.kind, given.rate, given.transfer_id) == ("deposit", None, None)
        reverse(conn, NORD, moved.id, reason="wrong client", by="operator", now=NOW + HOUR)
        back = list(journal.transactions(conn, NORD))[-1]
        assert (back.reverses, back.note, back.rate) == (moved.id, "wrong client (operator)", None)
        assert [(one.n, one.from_id, one.amount) for one in back.lines] == [
            (1, client.id, euro("65.00")),
            (2, client.id, euro("35.00")),
        ]

    db.write_now(unit)


@pytest.mark.parametrize("page", [1, 2, 3, 4, 500])
def test_every_transaction_comes_once_in_order_however_long_a_page(
    db: Database, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Four of one partner, one an hour, between those of another; those before a moment, that not included."""
    monkeypatch.setattr(journal, "_PAGE", page)

    def unit(conn: Connection) -> None:
        for partner_id in (NORD, SUED):
            add_partner(conn, partner_id)
        for hour in range(4):
            for partner_id in (NORD, SUED):
                own = open_account(conn, partner_id, "partner", partner_id, "EUR")
                draft = Draft(
                    f"{hour}",
                    "deposit",
                    entries((system_account(conn, partner_id, "outside", "EUR"), own.id, euro("1"))),
                )
                origin = Origin(partner_id, NOW + hour * HOUR)
                post(conn, [draft], origin, locked=lock_people(conn, [draft]))

        def keys(hours: int | None = None) -> list[str]:
            until = None if hours is None else NOW + hours * HOUR
            return [one.key for one in journal.transactions(conn, NORD, until)]

        assert keys() == ["0", "1", "2", "3"]
        assert keys(3) == ["0", "1", "2"]
        assert keys(0) == []

    db.write_now(unit)


def test_accounts_are_named_by_what_people_know_and_sorted_by_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        give(conn, of("7", "USD"), key="dollars")
        owing = add_client(conn, Wanted("48210077", balance="-3.00"))
        add_client(conn, Wanted("48210066"))
        give(conn, euro("5"), key="euros")
        give(conn, euro("5"), partner_id=SUED, key="euros")
        found = journal.accounts(conn, NORD)
        assert [(one.currency, one.kind, one.owner, one.posted, one.floor) for one in found.values()] == [
            ("EUR", "client", "48210066", 0, 0),
            ("EUR", "client", "48210077", -300, -300),
            ("EUR", "opening", "", 0, None),
            ("EUR", "outside", "", 0, None),
            ("EUR", "partner", "", 500, 0),
            ("USD", "outside", "", 0, None),
            ("USD", "partner", "", 700, 0),
        ]
        account = find_account(conn, NORD, "client", owing, "EUR")
        assert account is not None
        assert found[account.id] == NamedAccount(account.id, "client", "EUR", "48210077", -300, -300)
        assert [one.currency for one in billing.partner_accounts(conn, NORD)] == ["EUR", "USD"]

    db.write_now(unit)


def test_the_other_side_of_the_books_is_nobodys_and_has_no_floor(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        ids = [system_account(conn, NORD, kind, "EUR") for kind in ("outside", "bonus", "outside")]
        assert ids[0] == ids[2] != ids[1]
        rows = conn.execute(select(tables.account)).all()
        assert [(one.owner_id, one.floor) for one in rows] == [("", None)] * 2

    db.write_now(unit)


def test_clients_accounts_are_their_own_in_their_own_currency(db: Database) -> None:
    """A client has one in another currency too; a partner's account may bear the same owner; one has none yet."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        first, second = (add_client(conn, Wanted(one, balance="1.00")) for one in ("48210066", "48210077"))
        dollars = open_account(conn, NORD, "client", first, "USD")
        open_account(conn, NORD, "partner", first, "EUR")
        none = ClientId("none")
        assert client_accounts(conn, {}) == {}
        found = client_accounts(conn, {first: "EUR", none: "EUR"})
        assert [(one, held.kind, held.currency, held.posted) for one, held in found.items()] == [
            (first, "client", "EUR", 100)
        ]
        assert client_accounts(conn, {first: "USD"}) == {first: dollars}
        assert set(client_accounts(conn, {first: "EUR", second: "EUR"})) == {first, second}

    db.write_now(unit)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 9])
def test_so_many_accounts_are_read_and_of_the_other_side_none(db: Database, count: int) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        wanted = [open_account(conn, NORD, "client", f"client-{n}", "EUR").id for n in range(count)]
        strange = open_account(conn, NORD, "client", "somebody else", "EUR")
        found = lock_accounts(conn, [*wanted[::-1], system_account(conn, NORD, "revenue", "EUR")])
        assert sorted(found) == sorted(wanted)
        assert strange.id not in found
        assert {one.id: one.owner_id for one in found.values()} == {one: f"client-{n}" for n, one in enumerate(wanted)}

    db.write_now(unit)


def test_what_comes_from_nobody_in_particular_says_so(db: Database) -> None:
    """Only the rate is a number kept as text: 0 is a rate too."""

    def unit(conn: Connection) -> None:
        client_id = world(conn)
        account = find_account(conn, NORD, "client", client_id, "EUR")
        assert account is not None
        moves = entries((system_account(conn, NORD, "bonus", "EUR"), account.id, euro("1.00")))
        made = write_transactions(conn, [(Draft("a", "welcome", moves), Origin(NORD, NOW, rate=Decimal(0), note="hi"))])
        (found,) = journal.read(conn, select(tables.ledger_transaction).where(tables.ledger_transaction.c.key == "a"))
        assert [found.id] == made
        assert (found.rate, found.note, found.client_id, found.curator_id, found.receipt) == (
            "0",
            "hi",
            None,
            None,
            None,
        )

    db.write_now(unit)
