"""Charges for use: from the balance, once, on the day it was used; and what the forecast makes of them."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import exporting, outlook, reversing
from bot.billing import service as billing
from bot.billing.usage import record_usage
from bot.errors import UserError
from bot.ids import ClientId, PartnerId, TransactionId
from bot.money import Money, as_json, of
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import BETA, BOOK, NORD, NOW, Wanted, add_client, add_partner, balance_of, euro

TODAY = date(2026, 11, 26)
WABA = Wanted("48210041", ends=date(2027, 6, 1), plan="Inbox", months=6, channels=1, balance="100.00")


def use(
    conn: Connection, client_id: ClientId, amount: Money, day: date = TODAY, ref: str | None = None
) -> list[billing.Changed]:
    return record_usage(conn, NORD, client_id, amount, day=day, ref=ref, note="WABA", by="operator", now=NOW)


def kinds(conn: Connection) -> list[tuple[str, str]]:
    table = tables.ledger_transaction
    rows = conn.execute(select(table.c.kind, table.c.key).order_by(table.c.id)).all()
    return [(row.kind, row.key) for row in rows]


def test_what_was_used_leaves_the_balance_once(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, WABA)
        assert [one.what for one in use(conn, client_id, euro("2.50"))] == ["charged"]
        assert use(conn, client_id, euro("2.50")) == []
        assert use(conn, client_id, euro("1.00"), TODAY - timedelta(days=1), "session-7") != []
        assert use(conn, client_id, euro("1.00"), TODAY - timedelta(days=1), "session-7") == []
        assert balance_of(conn, client_id) == euro("96.50")
        assert kinds(conn)[1:] == [
            ("usage", f"usage:{client_id}:2026-11-26"),
            ("usage", f"usage:{client_id}:session-7"),
        ]
        newest, *_ = billing.client_movements(conn, NORD, client_id, "EUR")
        assert (newest.kind, newest.amount, newest.note) == ("Usage", -euro("1.00"), "WABA (operator)")
        assert billing.check(conn).ok
        assert "usage:" in exporting.beancount(conn, NORD)

    db.write_now(unit)


def test_what_cannot_have_been_used(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, WABA)
        use(conn, client_id, euro("2.50"))
        tomorrow = TODAY + timedelta(days=1)
        for amount, day, ref, key in (
            (euro("2.60"), TODAY, None, "key_conflict"),
            (euro("2.50"), tomorrow - timedelta(days=3), "2026-11-26", "key_conflict"),
            (euro("1.00"), tomorrow, None, "usage_ahead"),
            (euro("0.00"), TODAY, "x", "amount_too_small"),
            (of("1.00", "USD"), TODAY, "x", "wrong_currency"),
            (euro("97.51"), TODAY, "x", "client_short"),
            (euro("1.00"), TODAY, "two\nlines", "bad_usage_key"),
        ):
            with pytest.raises(UserError, match=key):
                use(conn, client_id, amount, day, ref)
        assert balance_of(conn, client_id) == euro("97.50")
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        with pytest.raises(UserError, match=r"^usage_elsewhere$"):
            use(conn, client_id, euro("1.00"), TODAY, "x")

    db.write_now(unit)


def test_the_forecast_goes_by_the_days_it_was_used_on(db: Database) -> None:
    """Two weeks recorded in one go, on their own days: a band; a day less, and nothing is said."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, WABA)
        assert outlook.forecast(conn, BOOK, client_id, NOW).kind == "never"
        for back in range(1, 14):
            use(conn, client_id, euro("2.00") + of(back % 3, "EUR"), TODAY - timedelta(days=back))
        early = outlook.forecast(conn, BOOK, client_id, NOW)
        assert (early.kind, early.band, early.history_days) == ("short_history", None, 13)
        use(conn, client_id, euro("4.00"), TODAY - timedelta(days=14))
        found = outlook.forecast(conn, BOOK, client_id, NOW)
        assert (found.kind, found.history_days) == ("band", 14)
        assert found.band is not None
        assert found.band.likely is not None
        left = balance_of(conn, client_id)
        assert abs((found.band.likely - TODAY).days - left.minor // 300) <= 1

    db.write_now(unit)


def test_daily_payments_and_use_are_forecast_together(db: Database) -> None:
    """Fixed payments alone stay exact; a correction does not make them usage; what was taken back does not count."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, BETA)
        billing.adjust_balance(conn, NORD, client_id, euro("8.00"), reason="typo", by="operator", key="1", now=NOW)
        assert outlook.forecast(conn, BOOK, client_id, NOW + timedelta(days=1)).kind == "exact"
        use(conn, client_id, euro("1.00"))
        assert outlook.forecast(conn, BOOK, client_id, NOW + timedelta(days=1)).kind == "short_history"
        table = tables.ledger_transaction
        used = conn.execute(select(table.c.id).where(table.c.kind == "usage")).scalar_one()
        reversing.reverse(conn, NORD, TransactionId(used), reason="not his", by="operator", now=NOW)
        assert outlook.forecast(conn, BOOK, client_id, NOW + timedelta(days=1)).kind == "exact"

    db.write_now(unit)


def test_what_is_charged_for_sure_from_now_on_is_no_guess(db: Database) -> None:
    """Use of 1.00 a day from the past, daily payments of 4.00 a day to come: 40.00 last eight days, not forty."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, replace(BETA, balance="60.00"))
        for back in range(1, 21):
            use(conn, client_id, euro("1.00"), TODAY - timedelta(days=back))
        band = outlook.forecast(conn, BOOK, client_id, NOW).band
        assert band is not None
        assert band.likely == TODAY + timedelta(days=8)
        assert band.earliest == band.latest == band.likely

    db.write_now(unit)


def test_the_band_of_recorded_usage_holds_the_true_day_in_about_four_cases_of_five(db: Database) -> None:
    """A whole life for each of forty clients, through the ledger: use is recorded, the forecast asked, and use goes on
    until the balance refuses. Always the same draws.
    """
    draws = random.Random(80)

    def life(conn: Connection, number: int) -> bool:
        wanted = Wanted(
            f"{48210100 + number}", ends=date(2028, 6, 1), plan="Inbox", months=6, channels=1, balance="400"
        )
        client_id = add_client(conn, wanted)
        days = draws.randint(14, 30)
        for back in range(days, 0, -1):
            use(conn, client_id, Money(draws.randint(1, 600), "EUR"), TODAY - timedelta(days=back))
        band = outlook.forecast(conn, BOOK, client_id, NOW).band
        assert band is not None
        money, last = balance_of(conn, client_id).minor, TODAY
        while (money := money - draws.randint(1, 600)) >= 0:
            last += timedelta(days=1)
        return (band.earliest or date.max) <= last <= (band.latest or date.max)

    def unit(conn: Connection) -> int:
        add_partner(conn)
        return sum(life(conn, number) for number in range(40))

    assert 28 <= db.write_now(unit) <= 37


SUED = PartnerId("sued")


def test_a_refusal_names_what_it_is_about(db: Database) -> None:
    cases: list[tuple[Money, date, str | None, str, dict[str, object]]] = [
        (
            euro("97.51"), TODAY, "x", "client_short",
            {"missing": as_json(euro("0.01")), "available": as_json(euro("97.50"))},
        ),
        (of("1.00", "USD"), TODAY, "x", "wrong_currency", {"expected": "EUR", "given": "USD"}),
        (
            euro("-0.01"), TODAY, "x", "amount_too_small",
            {"least": as_json(euro("0.01")), "amount": as_json(euro("-0.01"))},
        ),
        (euro("1.00"), TODAY + timedelta(days=1), None, "usage_ahead", {"day": "2026-11-27"}),
        (euro("1.00"), TODAY, "  ", "bad_usage_key", {"most": 80}),
        (euro("1.00"), TODAY, "x" * 81, "bad_usage_key", {"most": 80}),
        (euro("1.00"), TODAY, "two\nlines", "bad_usage_key", {"most": 80}),
    ]  # fmt: skip

    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        client_id, theirs = add_client(conn, WABA), add_client(conn, WABA, partner_id=SUED)
        use(conn, client_id, euro("2.50"))
        cases.append((euro("2.51"), TODAY, None, "key_conflict", {"payment": f"usage:{client_id}:2026-11-26"}))
        for amount, day, ref, key, facts in cases:
            with pytest.raises(UserError) as caught:
                use(conn, client_id, amount, day, ref)
            assert (caught.value.key, caught.value.facts) == (key, facts)
        with pytest.raises(UserError, match="unknown_client"):
            use(conn, theirs, euro("1.00"))
        assert balance_of(conn, client_id) == euro("97.50")

    db.write_now(unit)


def test_the_smallest_use_and_the_longest_reference_are_kept_with_whose_they_are(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        first, second = add_client(conn, WABA), add_client(conn, replace(WABA, account_id="48210042"))
        ref = "r" * 80
        for client_id in (first, second):
            [change] = use(conn, client_id, euro("0.01"), TODAY - timedelta(days=2), f" {ref} ")
            assert (change.partner_id, change.client_id, change.what) == (NORD, client_id, "charged")
            use(conn, client_id, euro("3.00"))
            assert use(conn, client_id, euro("0.01"), TODAY - timedelta(days=2), ref) == []
        table, charge = tables.ledger_transaction, tables.usage_charge
        query = select(table, charge.c.day, charge.c.client_id.label("whose")).join(
            charge, charge.c.transaction_id == table.c.id
        )
        rows = conn.execute(query.where(table.c.key.contains(ref)).order_by(table.c.id)).all()
        assert [(row.kind, row.client_id, row.whose, row.day, row.note, row.at) for row in rows] == [
            ("usage", which, which, "2026-11-24", "WABA (operator)", NOW) for which in (first, second)
        ]
        use(conn, first, euro("96.99"), ref="all that is left")
        assert balance_of(conn, first) == euro("0.00")

    db.write_now(unit)
