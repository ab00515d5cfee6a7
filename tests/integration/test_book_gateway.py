"""What a posted transfer writes beside the money, row by row: subscription, channels, who, when and at which rate."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import subscribing, transfers
from bot.billing.changed import Changed
from bot.billing.gateways.book import BookGateway
from bot.billing.subscribing import Asked, ChannelName
from bot.billing.transfers import Transfer
from bot.ids import ClientId, TransferId
from bot.storage.engine import Database
from bot.storage.tables import channel, client_day, ledger_transaction, subscription
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    ANNAS,
    BOOK,
    GAMMA,
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
    say_yes,
)

DAY = timedelta(days=1)
TODAY = date(2026, 11, 26)


def world(conn: Connection, wanted: Wanted) -> ClientId:
    add_partner(conn)
    give(conn, euro("9000.00"))
    return add_client(conn, wanted)


def asked(client_id: ClientId) -> Asked:
    return Asked(NORD, client_id, NOW, ANNA, ANNAS, True)


def moved(conn: Connection, transfer_id: TransferId) -> Transfer:
    found = transfers.read(conn, transfer_id)
    assert found is not None
    return found


def subscriptions(conn: Connection) -> list[dict[str, Any]]:
    rows = conn.execute(select(subscription).order_by(subscription.c.id)).mappings()
    names = ("plan", "months", "start_date", "end_date", "anchor_day", "state", "due_minor")
    return [{name: row[name] for name in names} for row in rows]


def channels(conn: Connection) -> dict[str, Any]:
    return {row.name: row for row in conn.execute(select(channel))}


def wakes(conn: Connection) -> datetime:
    found: datetime = conn.execute(select(client_day.c.next_at)).scalar_one()
    return found


def test_a_renewal_writes_the_subscription_anew_and_every_entry_says_whose_it_is(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, replace(ALFA, plan="inbox"))
        conn.execute(update(subscription).values(anchor_day=31))
        conn.execute(update(client_day).values(next_at=NOW + 30 * DAY))
        quote = ask_renewal(conn, client_id, plan="pro", months=6)
        done = say_yes(conn, quote)
        assert done.changes == [Changed(NORD, client_id, "renewed", quote.id)]
        assert subscriptions(conn) == [
            {
                "plan": "pro",
                "months": 6,
                "start_date": "2026-12-04",
                "end_date": "2027-06-30",
                "anchor_day": 31,
                "state": "active",
                "due_minor": None,
            }
        ]
        assert wakes(conn) <= NOW + DAY
        table = ledger_transaction.c
        rows = conn.execute(select(ledger_transaction).where(table.transfer_id == quote.id).order_by(table.id)).all()
        assert [row.kind for row in rows] == ["topup", "renew"]
        for row in rows:
            assert (row.partner_id, row.client_id, row.curator_id, row.at) == (NORD, client_id, ANNA, NOW)
            assert (row.receipt, row.rate) == (done.receipt, "0.35")

    db.write_now(unit)


def test_a_new_subscription_takes_its_channels_in_and_makes_those_that_are_new(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, Wanted("48210025", channels=2))
        wanted = [ChannelName("whatsapp", "48210025-0"), ChannelName("telegram", "shop")]
        quote = subscribing.quote_subscription(conn, BOOK, asked(client_id), plan="max", months=12, channels=wanted)
        done = say_yes(conn, quote)
        assert done.changes[0] == Changed(NORD, client_id, "subscribed", quote.id)
        [bought] = subscriptions(conn)
        assert (bought["plan"], bought["months"], bought["state"]) == ("max", 12, "active")
        assert (bought["start_date"], bought["end_date"], bought["anchor_day"]) == ("2026-11-26", "2027-11-26", 26)
        found = channels(conn)
        which = conn.execute(select(subscription.c.id)).scalar_one()
        assert {name: row.subscription_id for name, row in found.items()} == {
            "48210025-0": which, "48210025-1": None, "shop": which,
        }  # fmt: skip
        shop = found["shop"]
        assert (shop.partner_id, shop.client_id, shop.state, shop.created_at) == (NORD, client_id, "active", NOW)
        assert (shop.transport, shop.free) == ("telegram", False)

    db.write_now(unit)


@pytest.mark.parametrize(
    ("before", "ends", "through"),
    [
        (None, TODAY + 9 * DAY, TODAY),
        (TODAY - DAY, TODAY + 9 * DAY, TODAY),
        (TODAY + DAY, TODAY + 9 * DAY, TODAY + DAY),
        (None, TODAY, TODAY),
    ],
)
def test_a_channel_that_leaves_has_today_paid_and_the_others_stay_as_they_are(
    db: Database, before: date | None, ends: date, through: date
) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, replace(ALFA, channels=3, ends=ends))
        conn.execute(update(channel).values(charged_through=before and before.isoformat()))
        quote = subscribing.quote_removed_channels(
            conn, BOOK, asked(client_id), [ChannelName("whatsapp", "48210017-0")], None
        )
        assert say_yes(conn, quote).changes[0] == Changed(NORD, client_id, "changed", quote.id)
        found = channels(conn)
        gone, *kept = (found[f"48210017-{n}"] for n in range(3))
        assert (gone.subscription_id, gone.charged_through) == (None, through.isoformat())
        for row in kept:
            assert row.subscription_id is not None
            assert row.charged_through == (before and before.isoformat())
        assert wakes(conn) <= NOW + DAY

    db.write_now(unit)


def test_money_starts_stopped_channels_at_the_days_price_of_the_book_at_once(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, Wanted("48210025", channels=2))
        assert {row.state for row in channels(conn).values()} == {"notEnoughMoney"}
        quote = ask_top_up(conn, client_id, euro("100.00"))
        done = say_yes(conn, quote)
        assert done.changes[0] == Changed(NORD, client_id, "topped_up", quote.id)
        assert "resumed" in [one.what for one in done.changes]
        assert {(row.state, row.charged_through) for row in channels(conn).values()} == {("active", TODAY.isoformat())}
        daily = sum(moved(conn, quote.id).effect["rates"].values())
        assert daily > 0
        assert balance_of(conn, client_id).minor == 100_00 - daily

    db.write_now(unit)


def test_what_has_changed_since_a_quote_is_named(db: Database) -> None:
    gateway = BookGateway()

    def unit(conn: Connection) -> None:
        client_id = world(conn, ALFA)
        renewal, money = ask_renewal(conn, client_id), ask_top_up(conn, client_id, euro("100.00"))
        change = subscribing.quote_upgrade(conn, BOOK, asked(client_id), "max")

        def reasons() -> list[str | None]:
            return [gateway.stale(conn, moved(conn, one.id)) for one in (renewal, money, change)]

        assert reasons() == [None, None, None]
        conn.execute(update(subscription).values(plan="pro"))
        assert reasons() == [None, None, "end_date"]
        conn.execute(update(subscription).values(plan="inbox", end_date="2026-12-04"))
        assert reasons() == ["end_date", None, "end_date"]
        conn.execute(update(subscription).values(state="unpaid", due_minor=90_00, end_date="2026-12-03"))
        assert reasons()[1] == "subscription"
        nobodys = replace(moved(conn, money.id), client_id=None)
        assert gateway.stale(conn, nobodys) is None
        assert gateway.stale(conn, replace(moved(conn, money.id), state="pending")) is None

    db.write_now(unit)


def test_a_subscription_that_waited_is_paid_by_the_money_that_was_asked_for_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, Wanted("48210025", channels=2))
        subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
        assert [one["state"] for one in subscriptions(conn)] == ["unpaid"]
        quote = ask_top_up(conn, client_id, euro("90.00"))
        assert say_yes(conn, quote).changes[0] == Changed(NORD, client_id, "subscribed", quote.id)
        [paid] = subscriptions(conn)
        assert (paid["state"], paid["due_minor"], paid["end_date"]) == ("active", None, "2026-12-26")
        assert balance_of(conn, client_id) == euro("0.00")

    db.write_now(unit)


def test_a_subscription_renewed_late_ends_on_the_day_of_the_month_on_which_it_began_anew(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, GAMMA)
        say_yes(conn, ask_renewal(conn, client_id, months=1))
        [row] = subscriptions(conn)
        assert (row["start_date"], row["end_date"], row["anchor_day"]) == ("2026-11-26", "2026-12-26", 26)

    db.write_now(unit)
