"""What clients paid, on both databases: only a partner's own, only top-ups that stand, to the cent."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from bot.billing import client_payments, reversing
from bot.errors import UserError
from bot.ids import ClientId, ClientPaymentId, PartnerId, TransactionId
from bot.money import Money, as_json, of
from bot.storage.engine import Database
from bot.storage.tables import client_payment, ledger_transaction
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    GAMMA,
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

HOUR = timedelta(hours=1)
SUED = PartnerId("sued")


def pays(
    conn: Connection, client_id: ClientId, amount: str, how: str | None = None, now: datetime = NOW
) -> client_payments.Recorded:
    return client_payments.record(conn, NORD, client_id, euro(amount), how=how, recorded_by=ANNA, now=now)


def tops_up(conn: Connection, client_id: ClientId, amount: str, now: datetime = NOW) -> str:
    quote = ask_top_up(conn, client_id, euro(amount), now=now)
    say_yes(conn, quote, now=now)
    return quote.id


def world(conn: Connection) -> tuple[ClientId, ClientId]:
    add_partner(conn)
    give(conn, euro("9000.00"))
    return add_client(conn, Wanted("48210066")), add_client(conn, Wanted("48210067", balance="7.00"))


def owed(conn: Connection, partner_id: PartnerId = NORD) -> list[tuple[ClientId, Money, Money]]:
    return [(one.client_id, one.owes, one.ahead) for one in client_payments.owes(conn, partner_id)]


def test_a_payment_is_for_the_clients_own_top_up(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa, beta = world(conn)
        tops_up(conn, beta, "100.00", NOW - HOUR)
        mine = tops_up(conn, alfa, "100.00")
        paid = pays(conn, alfa, "99.99", "cash")
        assert paid.funds is not None
        assert (paid.funds.transfer_id, paid.funds.minor, paid.how) == (mine, 10_000, "cash")
        assert (paid.owes, paid.ahead) == (euro("0.01"), euro("0.00"))
        row = conn.execute(select(client_payment)).one()
        assert (row.transfer_id, row.how, row.recorded_by, row.amount, row.at) == (mine, "cash", ANNA, 9999, NOW)
        assert owed(conn) == [(beta, euro("100.00"), euro("0.00")), (alfa, euro("0.01"), euro("0.00"))]
        assert pays(conn, alfa, "0.01").owes == euro("0.00")
        assert owed(conn) == [(beta, euro("100.00"), euro("0.00"))]

    db.write_now(unit)


def test_what_it_was_for_stays_so_when_an_older_one_would_fit(db: Database) -> None:
    """The payment was for the only top-up there was; one of the same amount later does not draw it away."""

    def unit(conn: Connection) -> None:
        alfa, _ = world(conn)
        first = tops_up(conn, alfa, "100.00")
        assert pays(conn, alfa, "60.00").owes == euro("40.00")
        tops_up(conn, alfa, "60.00", NOW + HOUR)
        (debt,) = client_payments.owes(conn, NORD)
        assert (debt.owes, debt.since) == (euro("100.00"), NOW)
        assert len(debt.receipts) == 2
        rest = pays(conn, alfa, "40.00", now=NOW + 2 * HOUR)
        assert rest.funds is not None
        assert rest.funds.transfer_id == first

    db.write_now(unit)


def test_who_owes_comes_before_who_is_ahead_the_longest_first(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa, beta = world(conn)
        third, fourth = add_client(conn, Wanted("48210068")), add_client(conn, Wanted("48210069"))
        pays(conn, third, "5.00", now=NOW - 9 * HOUR)
        tops_up(conn, alfa, "10.00", NOW)
        tops_up(conn, beta, "10.00", NOW - HOUR)
        pays(conn, fourth, "0.01", now=NOW)
        assert owed(conn) == [
            (beta, euro("10.00"), euro("0.00")),
            (alfa, euro("10.00"), euro("0.00")),
            (third, euro("0.00"), euro("5.00")),
            (fourth, euro("0.00"), euro("0.01")),
        ]

    db.write_now(unit)


def test_only_top_ups_count_and_none_that_was_taken_back(db: Database) -> None:
    """An opening balance and what a renewal spends are not owed for; a reversed top-up is not either."""

    def unit(conn: Connection) -> None:
        alfa, beta = world(conn)
        add_client(conn, GAMMA)
        assert owed(conn) == []
        which = tops_up(conn, alfa, "50.00")
        tops_up(conn, beta, "20.00")
        is_his = ledger_transaction.c.transfer_id == which
        posted = conn.execute(select(ledger_transaction.c.id).where(is_his)).scalar_one()
        reversing.reverse(conn, NORD, posted, reason="wrong client", by="operator", now=NOW)
        assert owed(conn) == [(beta, euro("20.00"), euro("0.00"))]
        assert pays(conn, alfa, "50.00").ahead == euro("50.00")

    db.write_now(unit)


def test_a_renewal_is_owed_for_with_what_was_topped_up_for_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        world(conn)
        renews = add_client(conn, ALFA)
        quote = ask_renewal(conn, renews)
        say_yes(conn, quote)
        assert owed(conn) == [(renews, quote.client_gets, euro("0.00"))]

    db.write_now(unit)


def test_another_partners_clients_and_notes_are_not_there(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa, _ = world(conn)
        add_partner(conn, SUED)
        other = add_client(conn, Wanted("48210070"), partner_id=SUED)
        tops_up(conn, alfa, "10.00")
        client_payments.record(conn, SUED, other, euro("3.00"), how=None, recorded_by=None, now=NOW)
        assert owed(conn) == [(alfa, euro("10.00"), euro("0.00"))]
        assert owed(conn, SUED) == [(other, euro("0.00"), euro("3.00"))]
        with pytest.raises(UserError) as caught:
            pays(conn, other, "1.00")
        assert (caught.value.key, caught.value.facts) == ("unknown_client", {"client": other})
        mine = pays(conn, alfa, "4.00")
        assert client_payments.withdraw(conn, SUED, mine.id, NOW) is None
        assert client_payments.withdraw(conn, NORD, ClientPaymentId("none"), NOW) is None
        assert client_payments.withdraw(conn, NORD, mine.id, NOW) == euro("4.00")
        assert client_payments.withdraw(conn, NORD, mine.id, NOW) is None
        assert owed(conn) == [(alfa, euro("10.00"), euro("0.00"))]
        assert pays(conn, alfa, "10.00").owes == euro("0.00")

    db.write_now(unit)


def test_what_cannot_be_paid_is_refused_with_what_can(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa, _ = world(conn)
        assert pays(conn, alfa, "0.01").ahead == euro("0.01")
        for amount in ("0.00", "-0.01"):
            with pytest.raises(UserError) as caught:
                pays(conn, alfa, amount)
            facts = {"least": as_json(euro("0.01")), "amount": as_json(euro(amount))}
            assert (caught.value.key, caught.value.facts) == ("amount_too_small", facts)
        with pytest.raises(UserError) as caught:
            client_payments.record(conn, NORD, alfa, of("5", "USD"), how=None, recorded_by=None, now=NOW)
        assert (caught.value.key, caught.value.facts) == ("wrong_currency", {"expected": "EUR", "given": "USD"})

    db.write_now(unit)


def test_sums_that_are_even_by_chance_hide_nobody(db: Database) -> None:
    """Money that was no top-up, was taken back, or a note withdrawn: what is left uneven is listed, to the cent."""

    def unit(conn: Connection) -> None:
        cent, opened = world(conn)
        back, withdrawn = (add_client(conn, Wanted(f"4821007{n}")) for n in (1, 2))
        tops_up(conn, cent, "50.01")
        pays(conn, cent, "50.00")
        tops_up(conn, opened, "100.00")
        pays(conn, opened, "107.00")
        tops_up(conn, back, "100.00")
        taken = tops_up(conn, back, "100.00", NOW + HOUR)
        pays(conn, back, "200.00")
        table = ledger_transaction.c
        which = conn.execute(select(table.id).where(table.transfer_id == taken)).scalar_one()
        reversing.reverse(conn, NORD, TransactionId(which), reason="twice", by="operator", now=NOW + 2 * HOUR)
        tops_up(conn, withdrawn, "150.00")
        pays(conn, withdrawn, "100.00")
        wrong = pays(conn, withdrawn, "50.00")
        client_payments.withdraw(conn, NORD, wrong.id, NOW)
        none = euro("0.00")
        assert sorted(owed(conn)) == sorted(
            [
                (cent, euro("0.01"), none),
                (opened, none, euro("7.00")),
                (back, none, euro("100.00")),
                (withdrawn, euro("50.00"), none),
            ]
        )

    db.write_now(unit)
