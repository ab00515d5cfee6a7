"""What a curator has spent today: the own confirmations of one currency since the partner's midnight, and no others."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, update

from bot.billing.limits import (
    Allowance,
    Per,
    SpendingLimits,
    allowance,
    drop_own_limit,
    own_limits,
    refuse_amount,
    refuse_beyond,
    set_own_limit,
    spent_today,
)
from bot.billing.plan import QUOTE_LASTS_MAX
from bot.errors import UserError
from bot.money import Money, as_json, of
from bot.storage import audit
from bot.storage.engine import Database
from bot.storage.tables import transfer
from tests.integration.billing_world import (
    ANNA,
    BORIS,
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

ZONE = "Europe/Riga"
PERS: tuple[Per, ...] = ("operation", "day")
MIDNIGHT = datetime.fromisoformat("2026-11-25T22:00:00+00:00")
LIMITS = SpendingLimits({"EUR": Decimal(100), "USD": Decimal(0)}, {"EUR": Decimal(300), "USD": Decimal(0)})


def spends(conn: Connection, client_id: Any, amount: str, **values: Any) -> None:
    """Anna tops up; then the row is changed."""
    quote = ask_top_up(conn, client_id, euro(amount))
    say_yes(conn, quote)
    if values:
        conn.execute(update(transfer).where(transfer.c.id == quote.id).values(**values))


def test_only_what_counts_is_counted(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("5000.00"))
        client_id = add_client(conn, Wanted("48210066"))
        ask_top_up(conn, client_id, euro("1000.00"))
        spends(conn, client_id, "100.00")
        spends(conn, client_id, "200.00", state="pending")
        spends(conn, client_id, "300.00", confirmed_at=MIDNIGHT, created_at=MIDNIGHT - QUOTE_LASTS_MAX)
        spends(conn, client_id, "400.00", confirmed_at=MIDNIGHT - timedelta(seconds=1))
        spends(conn, client_id, "500.00", asked_by=BORIS)
        spends(conn, client_id, "600.00", state="voided")
        assert spent_today(conn, ANNA, "EUR", ZONE, NOW) == euro("390.00")
        assert spent_today(conn, BORIS, "EUR", ZONE, NOW) == euro("325.00")
        assert spent_today(conn, ANNA, "USD", ZONE, NOW) == of("0", "USD")
        assert spent_today(conn, ANNA, "EUR", ZONE, NOW + timedelta(days=1)) == euro("0.00")

    db.write_now(unit)


def test_an_own_limit_goes_before_the_configured_one_of_its_currency(db: Database) -> None:
    def may(conn: Connection, currency: str = "EUR") -> tuple[Money | None, Money | None]:
        found = allowance(conn, LIMITS, curator_id=ANNA, currency=currency, time_zone=ZONE, now=NOW)
        return found.operation, found.day

    def unit(conn: Connection) -> None:
        add_partner(conn)
        assert may(conn) == (euro("100"), euro("300"))
        assert may(conn, "USD") == (None, None)
        assert may(conn, "KZT") == (of("500", "KZT"), of("2000", "KZT"))
        set_own_limit(conn, NORD, ANNA, "operation", "EUR", euro("7.50"), by="operator", now=NOW)
        set_own_limit(conn, NORD, ANNA, "day", "KZT", None, by="operator", now=NOW)
        set_own_limit(conn, NORD, BORIS, "day", "EUR", euro("1"), by="operator", now=NOW)
        assert may(conn) == (euro("7.50"), euro("300"))
        assert may(conn, "KZT") == (of("500", "KZT"), None)
        assert own_limits(conn, ANNA, "USD") == {}
        said = {(one.facts["curator"], one.facts["per"], one.facts["limit"]) for one in audit.records(conn, NORD)}
        assert said == {(ANNA, "operation", str(euro("7.50"))), (ANNA, "day", "any"), (BORIS, "day", str(euro("1")))}

    db.write_now(unit)


def test_dropping_an_own_limit_leaves_the_others(db: Database) -> None:
    """Each is one curator's, of one currency, for an operation or a day; what was set and dropped is in the audit."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        for curator_id in (ANNA, BORIS):
            for currency in ("EUR", "USD"):
                for per in PERS:
                    set_own_limit(conn, NORD, curator_id, per, currency, of("5", currency), by="operator", now=NOW)
        set_own_limit(conn, NORD, ANNA, "day", "EUR", None, by="operator", now=NOW)
        later = NOW + timedelta(hours=1)
        drop_own_limit(conn, NORD, ANNA, "operation", "EUR", by="Olga", now=later)
        both = {"operation": of("5", "USD"), "day": of("5", "USD")}
        assert own_limits(conn, ANNA, "EUR") == {"day": None}
        assert own_limits(conn, ANNA, "USD") == own_limits(conn, BORIS, "USD") == both
        assert own_limits(conn, BORIS, "EUR") == {"operation": euro("5"), "day": euro("5")}
        drop_own_limit(conn, NORD, ANNA, "day", "EUR", by="Olga", now=later)
        assert own_limits(conn, ANNA, "EUR") == {}
        facts = {"curator": ANNA, "per": "day", "currency": "EUR"}
        said = [(one.action, one.facts, one.who, one.at) for one in audit.records(conn, NORD)]
        assert ("curator.limit", facts | {"limit": "any"}, "operator", NOW) in said
        assert ("curator.limit", facts | {"limit": "as configured"}, "Olga", later) in said
        assert len(said) == 11

    db.write_now(unit)


def test_a_quote_is_found_by_its_id_or_its_token(db: Database) -> None:
    """Either way of confirming is refused beyond the limit; a quote that is not there, or not open, passes."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("5000.00"))
        client_id = add_client(conn, Wanted("48210066"))
        quote = ask_top_up(conn, client_id, euro("1000.00"))

        def look(**which: Any) -> None:
            refuse_beyond(conn, LIMITS, curator_id=ANNA, time_zone=ZONE, now=NOW, **which)

        for which in ({"token": quote.token}, {"transfer_id": quote.id}):
            with pytest.raises(UserError, match="operation_limit"):
                look(**which)
        look(token="none")
        say_yes(conn, quote)
        look(token=quote.token)

    db.write_now(unit)


@pytest.mark.parametrize(
    ("spent", "amount", "refused"),
    [
        ("0", "100", None),
        ("0", "100.01", "operation_limit"),
        ("200", "100", None),
        ("200.01", "100", "day_limit"),
        ("300", "0.01", "day_limit"),
        ("301", "0", None),
    ],
)
def test_the_last_cent_may_be_spent_and_none_beyond(spent: str, amount: str, refused: str | None) -> None:
    may = Allowance(euro("100"), euro("300"), euro(spent))
    if refused is None:
        refuse_amount(may, euro(amount))
        return
    with pytest.raises(UserError) as caught:
        refuse_amount(may, euro(amount))
    limit = {"operation_limit": euro("100"), "day_limit": euro("300")}[refused]
    left = max(euro("300") - euro(spent), euro("0"))
    facts = {"limit": as_json(limit), "amount": as_json(euro(amount)), "left": as_json(left)}
    assert (caught.value.key, caught.value.facts) == (refused, facts)


def test_without_a_limit_any_amount_goes() -> None:
    refuse_amount(Allowance(None, None, euro("9000")), euro("9000"))
    with pytest.raises(UserError) as caught:
        refuse_amount(Allowance(euro("1"), None, euro("0")), euro("2"))
    assert caught.value.facts["left"] is None
