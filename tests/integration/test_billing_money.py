"""Top-ups, renewals and deposits on both databases: the seed's example to the cent, once and only once."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.errors import UserError
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    ANNAS,
    BETA,
    BOOK,
    BORIS,
    BORISES,
    GAMMA,
    NORD,
    NOW,
    Wanted,
    ask_renewal,
    ask_top_up,
    balance_of,
    euro,
    partner_money,
    say_yes,
    start,
)


def test_the_seeds_example_to_the_cent(db: Database) -> None:
    """The client gets 1440, the partner pays 936, 504 comes from the discount; Withdrawal here, Deposit there."""
    client_id = db.write_now(start, ALFA, "936.00")
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("1440.00")))
    assert (quote.client_gets, quote.partner_pays, quote.partner_keeps) == (euro("1440"), euro("936"), euro("504"))
    assert quote.rate == Decimal("0.35")
    assert (quote.partner_before, quote.partner_after) == (euro("936"), euro("0"))
    confirmed = db.write_now(say_yes, quote)
    assert confirmed.state == "posted"
    assert confirmed.changes == [Changed(NORD, client_id, "topped_up", quote.id)]

    def look(conn: Connection) -> None:
        sums = {one.kind: one.balance for one in billing.balances(conn, NORD)}
        assert sums == {
            "partner": euro("0"),
            "client": euro("1440"),
            "discount": euro("-504"),
            "outside": euro("-936"),
            "revenue": euro("0"),
        }
        newest, oldest = billing.movements(conn, NORD, "EUR")
        assert (newest.kind, newest.amount, newest.balance) == ("Withdrawal", euro("-936"), euro("0"))
        assert (newest.receipt, newest.client_id, newest.curator_id) == (confirmed.receipt, client_id, ANNA)
        assert (oldest.kind, oldest.amount, oldest.balance) == ("Deposit", euro("936"), euro("936"))
        (row,) = billing.client_movements(conn, NORD, client_id, "EUR")
        assert (row.kind, row.amount, row.balance) == ("Deposit", euro("1440"), euro("1440"))
        report = billing.check(conn)
        assert report.ok, report.problems
        assert report.transactions == 2

    db.read_now(look)


def test_renewing_without_money_tops_up_exactly_what_is_missing(db: Database) -> None:
    """Conversation 1: five Inbox channels for twelve months, nothing on the balance."""
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_renewal(conn, client_id))
    assert (quote.kind, quote.plan, quote.months, quote.channels) == ("renew", "inbox", 12, 5)
    assert (quote.price, quote.client_gets, quote.partner_pays) == (euro("1440"), euro("1440"), euro("936"))
    assert (quote.partner_after, quote.client_after) == (euro("264"), euro("0"))
    assert (quote.ends_before, quote.ends_after) == (date(2026, 12, 3), date(2027, 12, 3))
    assert quote.sample_prices
    confirmed = db.write_now(say_yes, quote)
    assert confirmed.changes == [Changed(NORD, client_id, "renewed", quote.id)]

    def look(conn: Connection) -> None:
        standing = billing.standing(conn, client_id, NOW, BOOK)
        assert standing.next_end == date(2027, 12, 3)
        assert standing.balance == euro("0")
        receipt = billing.receipt(conn, quote.id)
        assert (receipt.deposit, receipt.price, receipt.client_left) == (euro("1440"), euro("1440"), euro("0"))
        assert (receipt.withdrawal, receipt.partner_left) == (euro("936"), euro("264"))
        kinds = [(row.kind, row.amount) for row in billing.client_movements(conn, NORD, client_id, "EUR")]
        assert sorted(kinds) == [("Deposit", euro("1440")), ("Renewal", euro("-1440"))]
        assert billing.check(conn).ok

    db.read_now(look)


def test_a_renewal_is_paid_from_the_clients_balance(db: Database) -> None:
    client_id = db.write_now(start, Wanted(ends=date(2026, 12, 3), plan="Pro", months=1, channels=2, balance="100.00"))
    quote = db.write_now(lambda conn: ask_renewal(conn, client_id))
    assert (quote.price, quote.client_gets, quote.partner_pays) == (euro("90"), euro("0"), euro("0"))
    db.write_now(say_yes, quote)
    assert db.read_now(balance_of, client_id) == euro("10")
    assert db.read_now(partner_money) == (euro("1200"), euro("0"))


def test_a_partly_filled_balance_is_topped_up_by_the_rest(db: Database) -> None:
    """Conversation 2: two Pro channels for a month, 9 euro there."""
    client_id = db.write_now(start, BETA, "264.00")
    quote = db.write_now(lambda conn: ask_renewal(conn, client_id))
    assert (quote.kind, quote.plan, quote.months, quote.ends_after) == ("subscribe", "pro", 1, date(2026, 12, 26))
    assert (quote.price, quote.client_gets, quote.partner_pays) == (euro("90"), euro("81"), euro("52.65"))
    assert quote.partner_after == euro("211.35")
    confirmed = db.write_now(say_yes, quote)
    assert confirmed.changes == [Changed(NORD, client_id, "subscribed", quote.id)]

    def look(conn: Connection) -> None:
        standing = billing.standing(conn, client_id, NOW, BOOK)
        assert (standing.daily_total, standing.balance, standing.runs_out_on) == (euro("0"), euro("0"), None)
        assert standing.next_end == date(2026, 12, 26)

    db.read_now(look)


def test_a_top_up_on_daily_payments_carries_the_better_way(db: Database) -> None:
    """Conversation 2: 100 euro would be gone by 23 Dec; the subscription first. Taking one way closes the other."""
    client_id = db.write_now(start, BETA, "264.00")
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100")))
    assert quote.gone_by == date(2026, 12, 23)
    assert quote.guard is not None
    assert (quote.guard.price, quote.guard.client_gets, quote.guard.partner_pays) == (
        euro("90"),
        euro("81"),
        euro("52.65"),
    )
    assert quote.guard.ends_after == date(2026, 12, 26)
    assert {one.id for one in db.read_now(billing.open_quotes, ANNA, ANNAS, NOW)} == {quote.id, quote.guard.id}
    db.write_now(say_yes, quote.guard)
    with pytest.raises(UserError, match="quote_cancelled"):
        db.write_now(say_yes, quote)
    assert db.read_now(billing.open_quotes, ANNA, ANNAS, NOW) == []


def test_a_subscription_that_ended_is_renewed_from_today(db: Database) -> None:
    """Conversation 3: ended 25 Nov, renewed on 26 Nov for six months, till 26 May; the channels run again at once."""
    client_id = db.write_now(start, GAMMA)
    before = db.read_now(billing.standing, client_id, NOW, BOOK)
    assert (before.stopped, before.ended_on, before.next_end) == (3, date(2026, 11, 25), None)
    quote = db.write_now(lambda conn: ask_renewal(conn, client_id))
    assert (quote.price, quote.months, quote.ends_after) == (euro("729"), 6, date(2027, 5, 26))
    confirmed = db.write_now(say_yes, quote)
    assert [one.what for one in confirmed.changes] == ["renewed", "resumed"]
    after = db.read_now(billing.standing, client_id, NOW, BOOK)
    assert (after.stopped, after.ended_on, after.next_end) == (0, None, date(2027, 5, 26))


def test_confirming_twice_posts_once_and_answers_the_same(db: Database) -> None:
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100")))
    first = db.write_now(say_yes, quote)
    again = db.write_now(say_yes, quote)
    assert (again.state, again.receipt, again.changes) == (first.state, first.receipt, [])
    assert db.read_now(balance_of, client_id) == euro("100")


def test_only_the_asker_from_the_same_address_confirms(db: Database) -> None:
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100")))
    for curator_id, address in ((BORIS, ANNAS), (ANNA, BORISES)):
        with pytest.raises(UserError, match="quote_not_yours"):
            db.write_now(
                lambda conn, who, where: billing.confirm(
                    conn, token=quote.token, curator_id=who, address=where, now=NOW
                ),
                curator_id,
                address,
            )
    assert db.read_now(balance_of, client_id) == euro("0")


def test_a_quote_holds_ten_minutes(db: Database) -> None:
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100")))
    late = NOW + timedelta(minutes=10)
    with pytest.raises(UserError, match="quote_expired"):
        db.write_now(lambda conn: say_yes(conn, quote, now=late))
    assert db.write_now(billing.expire_quotes, late) == 1
    with pytest.raises(UserError, match="quote_expired"):
        db.write_now(lambda conn: say_yes(conn, quote, now=late))


def test_a_deposit_counts_once(db: Database) -> None:
    db.write_now(start, ALFA, "100.00")

    def again(conn: Connection, amount: str) -> list[Changed]:
        return billing.deposit(conn, NORD, euro(amount), reason="bank transfer", by="operator", key="bank-1", now=NOW)

    assert db.write_now(again, "100.00") == []
    with pytest.raises(UserError, match="key_conflict"):
        db.write_now(again, "200.00")
    assert db.read_now(partner_money) == (euro("100"), euro("0"))


def test_a_partner_short_of_money_is_told_how_much(db: Database) -> None:
    client_id = db.write_now(start, ALFA, "900.00")
    with pytest.raises(UserError) as refused:
        db.write_now(lambda conn: ask_top_up(conn, client_id, euro("1440")))
    assert refused.value.key == "partner_short"
    assert refused.value.facts["missing"] == {"amount": "36.00", "currency": "EUR", "minor": 3600}
    assert refused.value.facts["available"]["amount"] == "900.00"


async def test_sixteen_at_once_and_money_for_one(db: Database) -> None:
    """Sixteen quotes over the last 936, confirmed together: exactly one goes through."""
    client_id = await db.write(start, ALFA, "936.00")
    quotes = [await db.write(lambda conn: ask_top_up(conn, client_id, euro("1440"))) for _ in range(16)]
    results = await asyncio.gather(*(db.write(say_yes, quote) for quote in quotes), return_exceptions=True)
    refused = [one for one in results if isinstance(one, UserError)]
    assert [one.key for one in refused] == ["partner_short"] * 15
    assert await db.read(partner_money) == (euro("0"), euro("0"))
    assert await db.read(balance_of, client_id) == euro("1440")
    assert (await db.read(billing.check)).ok


async def test_the_same_confirmation_sixteen_times_at_once(db: Database) -> None:
    client_id = await db.write(start, ALFA)
    quote = await db.write(lambda conn: ask_top_up(conn, client_id, euro("100")))
    results = await asyncio.gather(*(db.write(say_yes, quote) for _ in range(16)))
    assert len({one.receipt for one in results}) == 1
    assert sum(bool(one.changes) for one in results) == 1
    assert await db.read(balance_of, client_id) == euro("100")
