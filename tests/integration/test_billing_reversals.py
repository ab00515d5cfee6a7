"""Taking back what was posted, and what one curator may move: on both databases."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, select

from bot.billing import limits, reversing
from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.billing.limits import SpendingLimits
from bot.billing.quote import Quote
from bot.errors import UserError
from bot.ids import ClientId, TransactionId
from bot.money import as_json
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    BETA,
    BOOK,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_renewal,
    ask_top_up,
    balance_of,
    euro,
    give,
    partner_money,
    say_yes,
)

LIMITS = SpendingLimits()


def start(conn: Connection, wanted: Wanted = ALFA) -> ClientId:
    add_partner(conn)
    give(conn, euro("5000"))
    return add_client(conn, wanted)


def transaction_of(conn: Connection, kind: str) -> TransactionId:
    found = select(tables.ledger_transaction.c.id).where(tables.ledger_transaction.c.kind == kind)
    return TransactionId(conn.execute(found).scalars().all()[-1])


def take_back(conn: Connection, transaction_id: TransactionId) -> list[str]:
    made = reversing.reverse(conn, NORD, transaction_id, reason="wrong client", by="operator", now=NOW)
    return [one.what for one in made]


def test_a_top_up_is_taken_back_once(db: Database) -> None:
    """Both parts return to where they came from; the history keeps both rows."""
    client_id = db.write_now(start)
    db.write_now(lambda conn: say_yes(conn, ask_top_up(conn, client_id, euro("100"))))
    top_up = db.read_now(transaction_of, "topup")
    assert db.write_now(take_back, top_up) == ["imported"]
    assert db.write_now(take_back, top_up) == []
    assert db.read_now(partner_money) == (euro("5000"), euro("0"))
    assert db.read_now(balance_of, client_id) == euro("0")
    rows = db.read_now(billing.movements, NORD, "EUR")
    assert {(row.kind, row.amount) for row in rows} == {
        ("Reversal", euro("65")),
        ("Withdrawal", euro("-65")),
        ("Deposit", euro("5000")),
    }
    assert next(row.note for row in rows if row.kind == "Reversal") == "wrong client (operator)"
    assert sum(one.balance.minor for one in db.read_now(billing.balances, NORD)) == 0
    assert db.read_now(billing.check).ok


def test_what_is_spent_cannot_be_taken_back(db: Database) -> None:
    client_id = db.write_now(start, BETA)
    db.write_now(lambda conn: say_yes(conn, ask_renewal(conn, client_id)))
    with pytest.raises(UserError) as refused:
        db.write_now(take_back, db.read_now(transaction_of, "topup"))
    assert (refused.value.key, refused.value.facts["missing"]["amount"]) == ("client_short", "81.00")
    with pytest.raises(UserError, match="not_reversible"):
        db.write_now(take_back, db.read_now(transaction_of, "subscribe"))


def test_a_deposit_that_is_held_cannot_be_taken_back(db: Database) -> None:
    client_id = db.write_now(start)
    db.write_now(lambda conn: say_yes(conn, ask_top_up(conn, client_id, euro("100")), undo_seconds=60))
    deposit = db.read_now(transaction_of, "deposit")
    with pytest.raises(UserError, match="partner_short"):
        db.write_now(take_back, deposit)


def test_a_reversal_tells_what_it_took_back_and_a_refusal_what_is_missing(db: Database) -> None:
    """An accountant finds the client, the operation and the receipt of the first on the second as well."""
    client_id = db.write_now(start)
    db.write_now(lambda conn: say_yes(conn, ask_top_up(conn, client_id, euro("100"))))
    deposit, top_up = (db.read_now(transaction_of, kind) for kind in ("deposit", "topup"))
    assert refusal(db, "renew") == ("transaction_unknown", {"transaction": "renew"})
    changes = db.write_now(
        lambda conn: reversing.reverse(conn, NORD, top_up, reason="wrong", by="operator", now=NOW + timedelta(hours=1))
    )
    assert changes == [Changed(NORD, client_id, "imported")]
    found = {row.id: row for row in db.read_now(lambda conn: conn.execute(select(tables.ledger_transaction)).all())}
    first, second = found[top_up], next(row for row in found.values() if row.reverses == top_up)
    same = [(one.client_id, one.transfer_id, one.receipt) for one in (first, second)]
    assert same[0] == same[1]
    assert None not in same[0]
    assert (second.kind, second.at, second.rate) == ("reversal", NOW + timedelta(hours=1), None)
    assert second.key == f"reverse:{top_up}"
    assert refusal(db, second.id) == ("not_reversible", {"kind": "reversal"})
    db.write_now(lambda conn: say_yes(conn, ask_top_up(conn, client_id, euro("100")), undo_seconds=60))
    short = {"missing": as_json(euro("65")), "available": as_json(euro("4935"))}
    assert refusal(db, deposit) == ("partner_short", short)
    db.write_now(lambda conn: say_yes(conn, ask_top_up(conn, client_id, euro("30"))))
    paid = db.read_now(transaction_of, "topup")
    db.write_now(
        lambda conn: billing.adjust_balance(
            conn, NORD, client_id, euro("29.99"), reason="usage", by="operator", key="1", now=NOW
        )
    )
    short = {"missing": as_json(euro("0.01")), "available": as_json(euro("29.99"))}
    assert refusal(db, paid) == ("client_short", short)


def refusal(db: Database, transaction_id: str) -> tuple[str, dict[str, object]]:
    with pytest.raises(UserError) as refused:
        db.write_now(take_back, TransactionId(transaction_id))
    return refused.value.key, refused.value.facts


def test_a_reversal_is_final_and_stays_with_its_partner(db: Database) -> None:
    db.write_now(start)
    deposit = db.read_now(transaction_of, "deposit")
    assert db.write_now(take_back, deposit) == ["taken_back"]
    with pytest.raises(UserError, match="not_reversible"):
        db.write_now(take_back, db.read_now(transaction_of, "reversal"))
    with pytest.raises(UserError, match="transaction_unknown"):
        db.write_now(
            lambda conn: reversing.reverse(conn, "sued", deposit, reason="-", by="-", now=NOW)  # type: ignore[arg-type]
        )


def test_a_daily_payment_given_back_starts_what_stood(db: Database) -> None:
    """Beta stopped for want of three euro; a day given back lets one channel run."""
    client_id = db.write_now(start, BETA)
    for days in (1, 2, 3):
        db.write_now(billing.charge_due, BOOK, NOW + timedelta(days=days))
    assert db.read_now(billing.standing, client_id, NOW + timedelta(days=3), BOOK).stopped == 2
    payment = db.read_now(transaction_of, "daily")
    later = NOW + timedelta(days=3)
    made = db.write_now(
        lambda conn: reversing.reverse(conn, NORD, payment, reason="our fault", by="operator", now=later)
    )
    assert [one.what for one in made] == ["imported", "charged", "resumed"]
    assert db.read_now(billing.check).ok


def within(conn: Connection, quote: Quote, day: int = 0) -> None:
    now = NOW + timedelta(days=day)
    limits.refuse_beyond(conn, LIMITS, curator_id=ANNA, time_zone="Europe/Riga", now=now, transfer_id=quote.id)


def test_one_operation_has_a_limit(db: Database) -> None:
    """500.00 is what the partner may pay at once: 769.23 for the client costs exactly that."""
    client_id = db.write_now(start)
    fits = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("769.23")))
    assert fits.partner_pays == euro("500")
    db.write_now(within, fits)
    over = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("769.25")))
    with pytest.raises(UserError) as refused:
        db.write_now(within, over)
    assert (refused.value.key, refused.value.facts["limit"]["amount"]) == ("operation_limit", "500.00")


def wait_for(conn: Connection, quote: Quote) -> None:
    say_yes(conn, quote, undo_seconds=60)


def test_a_day_has_a_limit(db: Database) -> None:
    """Four of 480.00 fit; the fifth does not until something is undone, or the curator's next midnight."""
    client_id = db.write_now(start)

    def ask() -> Quote:
        return db.write_now(lambda conn: ask_top_up(conn, client_id, euro("738.46")))

    quotes = [ask() for _ in range(5)]
    for quote in quotes[:4]:
        db.write_now(within, quote)
        db.write_now(wait_for, quote)
    with pytest.raises(UserError) as refused:
        db.write_now(within, quotes[4])
    assert (refused.value.key, refused.value.facts["left"]["amount"]) == ("day_limit", "80.00")
    db.write_now(within, quotes[0])
    db.write_now(within, quotes[4], 1)
    db.write_now(billing.void, quotes[0].id, "undone", NOW)
    db.write_now(within, quotes[4])


def test_a_limit_of_zero_is_none(db: Database) -> None:
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("2000")))
    db.write_now(
        lambda conn: limits.refuse_beyond(
            conn,
            SpendingLimits({"EUR": Decimal(0)}, {"EUR": Decimal(0)}),
            curator_id=ANNA,
            time_zone="Europe/Riga",
            now=NOW,
            token=quote.token,
        )
    )
