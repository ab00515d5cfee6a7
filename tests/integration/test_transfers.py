"""The rows of transfers and what posting writes: every question about them asks for exactly its own."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import service as billing
from bot.billing import subscribing, transfers
from bot.billing.accounts import find_account, lock_accounts
from bot.billing.ledger import Draft, entries
from bot.billing.posting import Origin, hold, lock_people, post, refuse_short, set_floor, shortfalls
from bot.billing.subscribing import Asked, ChannelName
from bot.billing.transfers import Transfer
from bot.errors import UserError
from bot.ids import AccountId, Address, ClientId, CuratorId, PartnerId
from bot.money import Money, as_json
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    ANNAS,
    BOOK,
    BORIS,
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

MINUTE = timedelta(minutes=1)
OTHER = Wanted("48210066")


def world(conn: Connection, *wanted: Wanted) -> list[ClientId]:
    add_partner(conn)
    give(conn, euro("5000.00"))
    return [add_client(conn, one) for one in wanted or (ALFA, OTHER)]


def loaded(conn: Connection, transfer_id: Any) -> Transfer:
    found = transfers.load(conn, transfer_id=transfer_id)
    assert found is not None
    return found


def set_row(conn: Connection, transfer_id: Any, **values: Any) -> None:
    conn.execute(update(tables.transfer).where(tables.transfer.c.id == transfer_id).values(**values))


def test_moving_on_changes_what_is_given_and_keeps_the_rest(db: Database) -> None:
    def unit(conn: Connection) -> None:
        quote = ask_top_up(conn, world(conn)[0], euro("10.00"))
        first = loaded(conn, quote.id)
        assert first.code == quote.code
        assert (first.confirmed_at, first.post_at, first.settled_at, first.reason) == (None,) * 4
        moments = {"confirmed_at": NOW, "post_at": NOW + MINUTE, "settled_at": NOW + 2 * MINUTE, "reason": "bank"}
        told = transfers.move_on(conn, first, "posted", **moments)  # type: ignore[arg-type]
        assert loaded(conn, quote.id) == told
        kept = transfers.move_on(conn, told, "posted", left={"partner": 7})
        assert loaded(conn, quote.id) == kept
        assert {name: getattr(kept, name) for name in moments} == moments
        assert kept.effect == {**first.effect, "left": {"partner": 7}}
        assert transfers.move_on(conn, kept, "voided").effect == kept.effect
        again = transfers.move_on(conn, kept, "pending", settled_at=NOW)
        assert loaded(conn, quote.id) == again == replace(kept, state="pending", settled_at=None)

    db.write_now(unit)


def test_open_quotes_are_a_persons_own_from_one_address_the_oldest_first(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn)[0]
        asked = [ask_top_up(conn, client_id, euro(f"{n}0.00"), now=NOW + n * MINUTE) for n in (3, 1, 2)]
        gone, done = ask_top_up(conn, client_id, euro("40"), now=NOW), ask_top_up(conn, client_id, euro("50"))
        set_row(conn, done.id, state="posted")

        def seen(curator: CuratorId = ANNA, address: Address = ANNAS, now: datetime = NOW + 10 * MINUTE) -> list[Any]:
            return [one.id for one in transfers.open_of(conn, curator, address, now)]

        assert seen() == [asked[1].id, asked[2].id, asked[0].id]
        assert seen(now=NOW + 10 * MINUTE - timedelta(seconds=1)) == [gone.id, asked[1].id, asked[2].id, asked[0].id]
        assert seen(BORIS) == seen(address=Address("whatsapp:+37129999999")) == []
        assert transfers.open_codes(conn, ANNA, NOW + 10 * MINUTE) == {one.code for one in asked}
        assert transfers.open_codes(conn, ANNA, NOW) == {one.code for one in (*asked, gone)}
        assert transfers.open_codes(conn, BORIS, NOW) == set()

    db.write_now(unit)


def test_what_is_due_comes_the_oldest_first_and_no_more_than_asked(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn)[0]
        quotes = [ask_top_up(conn, client_id, euro(f"{n}0.00")) for n in (1, 2, 3)]
        for quote, seconds in zip(quotes, (50, 30, 10), strict=True):
            say_yes(conn, quote, undo_seconds=seconds)
        by_time = [quotes[2].id, quotes[1].id, quotes[0].id]
        at = NOW + timedelta(seconds=30)
        assert [one.id for one in transfers.due(conn, at, 5)] == by_time[:2]
        assert [one.id for one in transfers.due(conn, at, 1)] == by_time[:1]
        assert [one.id for one in transfers.pending(conn)] == by_time
        assert [one.id for one in transfers.pending(conn, PartnerId("other"))] == []
        waiting = loaded(conn, quotes[0].id)
        assert (waiting.confirmed_at, waiting.post_at) == (NOW, NOW + timedelta(seconds=50))
        ten = NOW + timedelta(seconds=10)
        assert [transfers.is_due(conn, one) for one in (ten - timedelta(seconds=1), ten, at)] == [False, True, True]
        set_row(conn, by_time[0], state="posted")
        assert [transfers.is_due(conn, one) for one in (ten, at)] == [False, True]
        assert [one.id for one in transfers.due(conn, at, 5)] == by_time[1:2]

    db.write_now(unit)


def test_a_purchase_that_waits_is_the_clients_own_and_buys_something(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa, other = world(conn)
        say_yes(conn, ask_top_up(conn, alfa, euro("10.00")), undo_seconds=60)
        assert transfers.pending_purchase(conn, alfa) is None
        renewal = ask_renewal(conn, alfa)
        say_yes(conn, renewal, undo_seconds=60)
        found = transfers.pending_purchase(conn, alfa)
        assert found is not None
        assert found.id == renewal.id
        assert transfers.pending_purchase(conn, other) is None

    db.write_now(unit)


def test_a_repeated_top_up_is_the_same_clients_of_the_same_amount_and_confirmed_lately(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa, other = world(conn)
        quotes = [ask_top_up(conn, alfa, euro("10.00"), now=NOW + n * MINUTE) for n in range(3)]
        for quote, minutes in zip(quotes[:2], (3, 5), strict=True):
            say_yes(conn, quote, now=NOW + minutes * MINUTE)

        def last(client_id: ClientId = alfa, minor: int = 1000, minutes: int = 0) -> Any:
            found = transfers.last_top_up(conn, client_id, minor, NOW + minutes * MINUTE)
            return found and found.id

        assert last() == last(minutes=5) == quotes[1].id
        assert last(minutes=6) is None
        assert last(other) is None
        assert last(minor=1001) is None
        set_row(conn, quotes[1].id, kind="renew")
        assert last() == quotes[0].id
        set_row(conn, quotes[0].id, state="pending")
        assert last() == quotes[0].id
        set_row(conn, quotes[0].id, state="voided")
        assert last() is None

    db.write_now(unit)


def test_a_receipt_number_is_taken_within_one_partner(db: Database) -> None:
    def unit(conn: Connection) -> None:
        quote = ask_top_up(conn, world(conn)[0], euro("10.00"))
        receipt = loaded(conn, quote.id).receipt
        assert transfers.receipt_taken(conn, NORD, receipt)
        assert not transfers.receipt_taken(conn, PartnerId("other"), receipt)
        assert not transfers.receipt_taken(conn, NORD, "none")

    db.write_now(unit)


def test_only_quotes_whose_time_is_over_expire(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn)[0]
        old, done = ask_top_up(conn, client_id, euro("10.00")), ask_top_up(conn, client_id, euro("20.00"))
        say_yes(conn, done)
        young = ask_top_up(conn, client_id, euro("30.00"), now=NOW + MINUTE)
        end = NOW + BOOK.quote_lasts
        assert transfers.expire(conn, end) == 1
        assert (loaded(conn, old.id).state, loaded(conn, old.id).settled_at) == ("expired", end)
        assert (loaded(conn, done.id).state, loaded(conn, young.id).state) == ("posted", "quote")

    db.write_now(unit)


def test_the_ledger_says_for_whom_by_whom_at_what_rate_and_under_which_receipt(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa = world(conn)[0]
        quote = ask_top_up(conn, alfa, euro("10.00"))
        say_yes(conn, quote)
        written = tables.ledger_transaction
        row = conn.execute(select(written).where(written.c.transfer_id == quote.id)).one()
        assert (row.client_id, row.curator_id, row.receipt) == (alfa, ANNA, loaded(conn, quote.id).receipt)
        assert (Decimal(row.rate), row.partner_id, row.kind) == (Decimal("0.35"), NORD, "topup")
        given = conn.execute(select(written).where(written.c.kind == "deposit")).one()
        assert (given.rate, given.client_id) == (None, None)

    db.write_now(unit)


def test_a_subscription_is_written_with_plan_period_first_day_and_anchor(db: Database) -> None:
    def unit(conn: Connection) -> None:
        alfa, loose = world(conn, ALFA, Wanted("48210066", channels=1))
        asked = Asked(NORD, loose, NOW, ANNA, ANNAS)
        names = [ChannelName("whatsapp", "48210066-0"), ChannelName("vk", "shop")]
        say_yes(conn, subscribing.quote_subscription(conn, BOOK, asked, plan="pro", months=6, channels=names))
        say_yes(conn, ask_renewal(conn, alfa, plan="inbox", months=1))
        rows = conn.execute(select(tables.subscription).order_by(tables.subscription.c.end_date)).all()
        wanted = [("inbox", 1, "2027-01-03", 3), ("pro", 6, "2027-05-26", 26)]
        assert [(one.plan, one.months, one.end_date, one.anchor_day) for one in rows] == wanted
        assert [(one.start_date, one.due_minor) for one in rows] == [
            ("2026-12-04", None),
            ("2026-11-26", None),
        ]
        channels = conn.execute(select(tables.channel.c.name).where(tables.channel.c.subscription_id == rows[1].id))
        assert set(channels.scalars()) == {"48210066-0", "shop"}

    db.write_now(unit)


def test_a_debt_that_is_paid_off_cannot_be_run_up_again(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, Wanted("48210066", balance="-30.00"))

        def floor() -> int | None:
            found = find_account(conn, NORD, "client", client_id, "EUR")
            assert found is not None
            return found.floor

        assert floor() == -3000
        say_yes(conn, ask_top_up(conn, client_id, euro("10.00")))
        assert floor() == -2000
        say_yes(conn, ask_top_up(conn, client_id, euro("19.99")))
        assert floor() == -1
        give(conn, euro("1.00"), key="more")
        assert floor() == -1
        say_yes(conn, ask_top_up(conn, client_id, euro("5.00")))
        assert floor() == 0

    db.write_now(unit)


def test_a_cent_and_what_comes_back_from_hold_pay_the_debt_too(db: Database) -> None:
    """30.00 owed and 5.00 held: with 10.00 paid and the 5.00 given back at once, 20.00 are owed; a cent less then."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, Wanted("48210066", balance="-30.00"))
        there = find_account(conn, NORD, "client", client_id, "EUR")
        partner = find_account(conn, NORD, "partner", NORD, "EUR")
        assert there is not None
        assert partner is not None
        set_floor(conn, there.id, -4000)
        hold(conn, {there.id: 500})

        def paid(amount: str, released: int) -> tuple[Money, int, int | None]:
            draft = Draft(f"paid:{amount}", "deposit", entries((partner.id, there.id, euro(amount))))
            post(conn, [draft], Origin(NORD, NOW), locked=lock_people(conn, [draft]), released={there.id: released})
            (after,) = lock_accounts(conn, [there.id]).values()
            return after.available, after.held, after.floor

        assert paid("10.00", 500) == (euro("-20.00"), 0, -2000)
        assert paid("0.01", 0) == (euro("-19.99"), 0, -1999)

    db.write_now(unit)


def test_what_is_missing_is_counted_to_the_cent(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, Wanted("48210066"))
        partner = find_account(conn, NORD, "partner", NORD, "EUR")
        client = find_account(conn, NORD, "client", client_id, "EUR")
        assert partner is not None
        assert client is not None
        locked = lock_accounts(conn, [partner.id, client.id])
        assert shortfalls(locked, {partner.id: 500_000, AccountId("elsewhere"): 5}) == {}
        assert shortfalls(locked, {partner.id: 500_001, client.id: 1}) == {
            partner.id: euro("0.01"),
            client.id: euro("0.01"),
        }
        refuse_short(partner, "EUR", euro("5000.00"))
        refuse_short(None, "EUR", euro("0.00"))
        with pytest.raises(UserError) as a_cent_short:
            refuse_short(partner, "EUR", euro("5000.01"))
        assert a_cent_short.value.facts["missing"] == as_json(euro("0.01"))
        with pytest.raises(UserError) as caught:
            refuse_short(None, "EUR", Money(1, "EUR"))
        cent, nothing = as_json(euro("0.01")), as_json(euro("0.00"))
        assert caught.value.key == "partner_short"
        assert caught.value.facts == {"missing": cent, "available": nothing, "needed": cent}

    db.write_now(unit)


def test_another_partners_ledger_is_checked_by_itself(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn)[0]
        say_yes(conn, ask_top_up(conn, client_id, euro("10.00")))
        conn.execute(update(tables.account).where(tables.account.c.kind == "client").values(posted=1))
        assert not billing.check(conn, NORD).ok
        assert billing.check(conn, PartnerId("other")).ok

    db.write_now(unit)
