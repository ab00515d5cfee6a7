"""Money from outside a quote: what is posted for a deposit, an opening balance, a difference put right, to the cent."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.billing import opening
from bot.billing.accounts import find_account, open_account, partner_accounts
from bot.billing.changed import Changed
from bot.billing.ledger import adjust_key, deposit_key, opening_key
from bot.billing.posting import hold
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.money import Money, as_json, of
from bot.storage.engine import Database
from bot.storage.tables import ledger_transaction
from tests.integration.billing_world import (
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_top_up,
    balance_of,
    euro,
    give,
    partner_money,
    say_yes,
)

SUED = PartnerId("sued")


def posted(conn: Connection, key: str) -> Any:
    return conn.execute(select(ledger_transaction).where(ledger_transaction.c.key == key)).one()


def floor(conn: Connection, client_id: ClientId) -> int | None:
    found = find_account(conn, NORD, "client", client_id, "EUR")
    assert found is not None
    return found.floor


def adjust(conn: Connection, client_id: ClientId, target: Money, key: str = "k") -> int:
    """To that balance; how many changes it makes."""
    return len(
        opening.adjust_balance(conn, NORD, client_id, target, reason="miscounted", by="operator", key=key, now=NOW)
    )


def test_a_deposit_says_why_and_by_whom_and_has_a_receipt(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("0.01"))
        row = posted(conn, deposit_key("bank-1"))
        assert (row.kind, row.note, row.client_id, row.at) == ("deposit", "bank transfer (operator)", None, NOW)
        assert row.receipt
        assert partner_money(conn)[0] == euro("0.01")

    db.write_now(unit)


def test_a_deposit_of_nothing_is_refused_with_the_least(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        for amount in ("0.00", "-0.01"):
            with pytest.raises(UserError) as caught:
                give(conn, euro(amount))
            facts = {"least": as_json(euro("0.01")), "amount": as_json(euro(amount))}
            assert (caught.value.key, caught.value.facts) == ("amount_too_small", facts)

    db.write_now(unit)


def test_the_same_payment_counts_once_and_for_one_partner(db: Database) -> None:
    """Another deposit of the partner, and another partner's of the same key, are no conflict."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        give(conn, euro("7.00"), partner_id=SUED)
        give(conn, euro("5.00"))
        give(conn, euro("6.00"), key="bank-2")
        give(conn, euro("5.00"))
        assert partner_money(conn)[0] == euro("11.00")
        for other in (euro("5.01"), of("5.00", "USD")):
            with pytest.raises(UserError) as caught:
                give(conn, other)
            assert (caught.value.key, caught.value.facts) == ("key_conflict", {"payment": deposit_key("bank-1")})

    db.write_now(unit)


def test_a_partner_has_accounts_of_its_own_by_currency(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        give(conn, of("1", "USD"), key="dollars")
        give(conn, euro("2.00"))
        give(conn, euro("9.00"), partner_id=SUED)
        assert [one.balance for one in partner_accounts(conn, NORD)] == [euro("2.00"), of("1", "USD")]
        assert [one.balance for one in partner_accounts(conn, SUED)] == [euro("9.00")]

    db.write_now(unit)


def test_a_client_is_opened_once_with_what_he_came_with(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        rich, poor, none = (
            add_client(conn, Wanted(str(48210066 + n), balance=balance))
            for n, balance in enumerate(("0.01", "-0.01", "0.00"))
        )
        assert [balance_of(conn, one) for one in (rich, poor, none)] == [euro("0.01"), euro("-0.01"), euro("0.00")]
        assert [floor(conn, one) for one in (rich, poor, none)] == [0, -1, 0]
        row = posted(conn, opening_key(rich))
        assert (row.kind, row.client_id, row.at) == ("opening", rich, NOW)
        assert not opening.open_client(conn, NORD, rich, euro("5.00"), now=NOW)
        assert not opening.open_client(conn, NORD, none, euro("0.00"), now=NOW)
        assert opening.open_client(conn, NORD, none, euro("3.00"), now=NOW)
        assert [balance_of(conn, one) for one in (rich, none)] == [euro("0.01"), euro("3.00")]

    db.write_now(unit)


def test_another_currency_and_another_partners_client_are_refused(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        mine, other = add_client(conn, Wanted("48210066")), add_client(conn, Wanted("48210067"), partner_id=SUED)
        with pytest.raises(UserError) as caught:
            opening.open_client(conn, NORD, mine, of("5", "USD"), now=NOW)
        assert (caught.value.key, caught.value.facts) == ("wrong_currency", {"expected": "EUR", "given": "USD"})
        with pytest.raises(UserError, match="unknown_client"):
            opening.open_client(conn, NORD, other, euro("5.00"), now=NOW)
        with pytest.raises(UserError, match="unknown_client"):
            adjust(conn, other, euro("5.00"))

    db.write_now(unit)


def test_a_difference_is_posted_with_client_and_reason_once(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted("48210066", balance="10.00"))
        assert adjust(conn, client_id, euro("10.00"), "same") == 0
        assert adjust(conn, client_id, euro("9.99")) > 0
        row = posted(conn, adjust_key("k"))
        assert (row.kind, row.client_id, row.note) == ("adjust", client_id, "miscounted (operator)")
        assert adjust(conn, client_id, euro("4.00")) == 0
        assert (balance_of(conn, client_id), floor(conn, client_id)) == (euro("9.99"), 0)
        shown = opening.adjust_balance(
            conn, NORD, client_id, euro("-2.00"), reason="poll", by="poll", key="less", now=NOW, bought=True
        )
        assert shown == [Changed(NORD, client_id, "imported")]
        assert posted(conn, adjust_key("less", bought=True)).note == "poll (poll)"
        assert (balance_of(conn, client_id), floor(conn, client_id)) == (euro("-2.00"), -200)

    db.write_now(unit)


def test_a_difference_leaves_what_is_held(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted("48210066", balance="10.00"))
        account = open_account(conn, NORD, "client", client_id, "EUR")
        hold(conn, {account.id: 400})
        with pytest.raises(UserError) as caught:
            adjust(conn, client_id, euro("3.99"))
        facts = {"missing": as_json(euro("4.00")), "available": as_json(euro("3.99"))}
        assert (caught.value.key, caught.value.facts) == ("client_short", facts)
        adjust(conn, client_id, euro("4.00"))
        found = find_account(conn, NORD, "client", client_id, "EUR")
        assert found is not None
        assert (found.balance, found.available) == (euro("4.00"), euro("0.00"))

    db.write_now(unit)


def test_a_top_up_of_a_client_leaves_the_others_where_they_are(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("100.00"))
        one, other = (add_client(conn, Wanted(str(48210066 + n), balance="1.00")) for n in range(2))
        say_yes(conn, ask_top_up(conn, one, euro("10.00")))
        assert (balance_of(conn, one), balance_of(conn, other)) == (euro("11.00"), euro("1.00"))

    db.write_now(unit)
