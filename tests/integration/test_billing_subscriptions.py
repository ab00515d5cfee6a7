"""Subscriptions created, paid later, changed: what is paid, which days it buys, what channels do meanwhile."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select

from bot.billing import service as billing
from bot.billing import subscribing
from bot.billing.changed import Changed
from bot.billing.confirming import Confirmed
from bot.billing.plan import PriceKey
from bot.billing.quote import Quote
from bot.billing.subscribing import Asked, ChannelName
from bot.errors import UserError
from bot.ids import ClientId
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    ANNAS,
    BETA,
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
    partner_money,
    say_yes,
)

DAY = timedelta(days=1)
LOOSE = Wanted("48210025", balance="9.00", channels=2)


def world(conn: Connection, wanted: Wanted = LOOSE, money: str = "1200.00") -> ClientId:
    add_partner(conn)
    give(conn, euro(money))
    return add_client(conn, wanted)


def asked(client_id: ClientId, *, days: int = 0, save: bool = True) -> Asked:
    return Asked(NORD, client_id, NOW + days * DAY, ANNA, ANNAS, save)


def names(account: str, *numbers: int) -> list[ChannelName]:
    return [ChannelName("whatsapp", f"{account}-{n}") for n in numbers]


def confirmed(conn: Connection, quote: Quote, *, days: int = 0) -> Confirmed:
    return say_yes(conn, quote, now=NOW + days * DAY)


def subscriptions(conn: Connection, client_id: ClientId, *, days: int = 0) -> list[tuple[str | None, str, str, int]]:
    found = billing.standing(conn, client_id, NOW + days * DAY, BOOK).subscriptions
    return [(one.plan, one.end_date.isoformat(), one.state, one.channels) for one in found]


def channel_rows(conn: Connection, client_id: ClientId) -> dict[str, str]:
    query = select(tables.channel.c.name, tables.channel.c.state).where(tables.channel.c.client_id == client_id)
    return {row.name: row.state for row in conn.execute(query)}


def daily_payments(conn: Connection) -> int:
    return len(conn.execute(select(tables.ledger_transaction).where(tables.ledger_transaction.c.kind == "daily")).all())


def refused(conn: Connection, key: str, ask: object, *args: object, **named: object) -> UserError:
    with pytest.raises(UserError) as caught:
        ask(conn, BOOK, *args, **named)  # type: ignore[operator]
    assert caught.value.key == key
    return caught.value


class TestCreating:
    def test_chosen_channels_beside_a_running_subscription(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210025", channels=3))
            first = subscribing.quote_subscription(
                conn, BOOK, asked(client_id), plan="inbox", months=1, channels=names("48210025", 0)
            )
            assert (first.kind, first.channels, first.price, first.client_gets) == (
                "subscribe",
                1,
                *(euro("30.00"),) * 2,
            )
            confirmed(conn, first)
            second = subscribing.quote_subscription(
                conn,
                BOOK,
                asked(client_id),
                plan="pro",
                months=12,
                channels=[*names("48210025", 1), ChannelName("telegram", "shop")],
            )
            assert second.price == euro("864.00")
            done = confirmed(conn, second)
            assert done.changes[0].what == "subscribed"
            assert subscriptions(conn, client_id) == [
                ("inbox", "2026-12-26", "active", 1),
                ("pro", "2027-11-26", "active", 2),
            ]
            assert channel_rows(conn, client_id)["shop"] == "active"
            assert billing.check(conn).ok

        db.write_now(unit)

    def test_what_cannot_be_subscribed(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn, ALFA)
            refused(conn, "no_subscription", subscribing.quote_subscription, asked(client_id))
            taken = {"channels": names("48210017", 0)}
            refused(conn, "channel_taken", subscribing.quote_subscription, asked(client_id), **taken)
            bad = {"channels": [ChannelName("telegram", " ")]}
            refused(conn, "bad_channel_name", subscribing.quote_subscription, asked(client_id), **bad)

        db.write_now(unit)

    def test_a_dry_run_writes_nothing(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            subscribing.quote_subscription(conn, BOOK, asked(client_id, save=False), channels=[ChannelName("vk", "x")])
            assert conn.execute(select(tables.transfer)).first() is None

        db.write_now(unit)


class TestUnpaid:
    def test_the_next_deposit_pays_it_before_any_other_charge(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            made = subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
            assert (made.price, made.missing) == (euro("90.00"), euro("81.00"))
            assert (made.until, made.ends_after) == ("2026-11-29", "2026-12-26")
            billing.charge_due(conn, BOOK, NOW + 2 * DAY)
            assert daily_payments(conn) == 0
            quote = ask_top_up(conn, client_id, euro("100.00"), now=NOW + 2 * DAY)
            assert (quote.price, quote.client_after, quote.ends_after) == (
                euro("90.00"),
                euro("19.00"),
                date(2026, 12, 26),
            )
            assert quote.guard is None
            done = confirmed(conn, quote, days=2)
            assert done.changes[0] == Changed(NORD, client_id, "subscribed", quote.id)
            assert balance_of(conn, client_id) == euro("19.00")
            assert subscriptions(conn, client_id, days=2) == [("pro", "2026-12-26", "active", 2)]
            assert confirmed(conn, quote, days=2).changes == []
            assert partner_money(conn)[0] == euro("1135.00")
            assert billing.check(conn).ok

        db.write_now(unit)

    def test_too_little_money_says_what_is_still_missing(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
            quote = ask_top_up(conn, client_id, euro("80.00"))
            assert (quote.still_missing, quote.price) == (euro("1.00"), None)
            confirmed(conn, quote)
            assert subscriptions(conn, client_id) == [("pro", "2026-11-29", "unpaid", 2)]
            confirmed(conn, ask_top_up(conn, client_id, euro("1.00")))
            assert subscriptions(conn, client_id) == [("pro", "2026-12-26", "active", 2)]
            assert balance_of(conn, client_id) == euro("0.00")

        db.write_now(unit)

    def test_a_balance_that_reaches_is_an_ordinary_purchase(self, db: Database) -> None:
        """To the cent; nothing is written and no money moves unasked. One cent less waits for that cent."""

        def unit(conn: Connection) -> None:
            exact, more, less = (
                world(conn, Wanted("48210025", balance="90.00", channels=2)),
                add_client(conn, Wanted("48210033", balance="90.01", channels=2)),
                add_client(conn, Wanted("48210041", balance="89.99", channels=2)),
            )
            for one in (exact, more):
                told = refused(conn, "balance_reaches", subscribing.create_unpaid, asked(one), plan="pro", months=1)
                assert told.facts["price"]["amount"] == "90.00"
                assert subscriptions(conn, one) == []
            assert balance_of(conn, more) == euro("90.01")
            made = subscribing.create_unpaid(conn, BOOK, asked(less), plan="pro", months=1)
            assert made.missing == euro("0.01")
            assert [one.what for one in made.changes] == ["unpaid"]

        db.write_now(unit)

    def test_money_put_right_pays_it_too(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
            changes = billing.adjust_balance(
                conn, NORD, client_id, euro("95.00"), reason="bank", by="operator", key="a", now=NOW
            )
            assert Changed(NORD, client_id, "subscribed") in changes
            assert balance_of(conn, client_id) == euro("5.00")

        db.write_now(unit)

    def test_stopped_channels_run_while_it_waits_and_stop_when_it_lapses(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210025", channels=2))
            billing.charge_due(conn, BOOK, NOW + DAY)
            assert set(channel_rows(conn, client_id).values()) == {"notEnoughMoney"}
            subscribing.create_unpaid(conn, BOOK, asked(client_id, days=1), plan="pro", months=1)
            assert set(channel_rows(conn, client_id).values()) == {"active"}
            billing.charge_due(conn, BOOK, NOW + 4 * DAY)
            assert set(channel_rows(conn, client_id).values()) == {"active"}
            changes = billing.charge_due(conn, BOOK, NOW + 5 * DAY)
            assert {one.what for one in changes} == {"lapsed", "stopped"}
            assert set(channel_rows(conn, client_id).values()) == {"notEnoughMoney"}
            assert subscriptions(conn, client_id, days=5) == [("pro", "2026-11-30", "closed", 2)]

        db.write_now(unit)

    def test_no_second_time_without_paying(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
            refused(conn, "no_subscription", subscribing.quote_subscription, asked(client_id))
            more = [ChannelName("vk", "x")]
            refused(conn, "already_unpaid", subscribing.create_unpaid, asked(client_id), channels=more)
            billing.charge_due(conn, BOOK, NOW + 5 * DAY)
            refused(conn, "grace_used", subscribing.create_unpaid, asked(client_id, days=5))
            confirmed(conn, subscribing.quote_subscription(conn, BOOK, asked(client_id, days=5)), days=5)
            subscribing.create_unpaid(conn, BOOK, asked(client_id, days=5), channels=more)

        db.write_now(unit)

    def test_a_top_up_asked_before_it_was_created_is_asked_anew(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            quote = ask_top_up(conn, client_id, euro("100.00"))
            held_back = ask_top_up(conn, client_id, euro("200.00"))
            say_yes(conn, held_back, undo_seconds=60)
            subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
            with pytest.raises(UserError, match="quote_stale"):
                confirmed(conn, quote)
            changes = billing.settle_due(conn, NOW + timedelta(seconds=61))
            assert [one.what for one in changes] == ["topped_up", "subscribed"]
            assert balance_of(conn, client_id) == euro("119.00")
            assert billing.check(conn).ok

        db.write_now(unit)

    def test_renewing_means_paying_it_with_exactly_what_is_missing(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
            quote = ask_renewal(conn, client_id, now=NOW + DAY)
            assert (quote.kind, quote.price, quote.client_gets) == ("subscribe", euro("90.00"), euro("81.00"))
            other = ask_top_up(conn, client_id, euro("81.00"), now=NOW + DAY)
            confirmed(conn, quote, days=1)
            with pytest.raises(UserError, match="quote_stale"):
                confirmed(conn, other, days=1)
            assert subscriptions(conn, client_id, days=1) == [("pro", "2026-12-26", "active", 2)]

        db.write_now(unit)


class TestChanging:
    def test_an_upgrade_pays_the_difference_of_the_days_left(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            confirmed(conn, subscribing.quote_subscription(conn, BOOK, asked(client_id), plan="inbox", months=1))
            quote = subscribing.quote_upgrade(conn, BOOK, asked(client_id, days=10), "max")
            assert (quote.kind, quote.change, quote.price) == ("change", "upgrade", euro("80.00"))
            assert (quote.ends_before, quote.ends_after) == (date(2026, 12, 26), date(2026, 12, 26))
            done = confirmed(conn, quote, days=10)
            assert done.changes[0].what == "changed"
            assert subscriptions(conn, client_id, days=10) == [("max", "2026-12-26", "active", 2)]
            refused(conn, "downgrade_active", subscribing.quote_upgrade, asked(client_id, days=10), "start")
            refused(conn, "same_plan", subscribing.quote_upgrade, asked(client_id, days=10), "max")
            assert billing.check(conn).ok

        db.write_now(unit)

    def test_channels_come_for_the_days_left_and_for_today_unless_they_paid_it(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            only = names("48210025", 0)
            first = subscribing.quote_subscription(conn, BOOK, asked(client_id), plan="pro", months=1, channels=only)
            confirmed(conn, first)
            quote = subscribing.quote_added_channels(
                conn, BOOK, asked(client_id), [*names("48210025", 1), ChannelName("vk", "shop")]
            )
            assert quote.price == euro("91.50")
            assert (quote.channels, quote.names) == (3, ("48210025-1", "shop"))
            confirmed(conn, quote)
            assert subscriptions(conn, client_id) == [("pro", "2026-12-26", "active", 3)]
            billing.charge_due(conn, BOOK, NOW + 3 * DAY)
            assert daily_payments(conn) == 0

        db.write_now(unit)

    def test_a_quote_for_days_left_ends_with_the_day(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            confirmed(conn, subscribing.quote_subscription(conn, BOOK, asked(client_id), plan="pro", months=1))
            late = Asked(NORD, client_id, NOW.replace(hour=21, minute=55), ANNA, ANNAS)
            quote = subscribing.quote_added_channels(conn, BOOK, late, [ChannelName("vk", "shop")])
            assert quote.expires_at == NOW.replace(hour=22)

        db.write_now(unit)

    def test_channels_leave_without_money_and_are_paid_by_the_day_from_tomorrow(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210025", balance="100.00", channels=2))
            confirmed(conn, subscribing.quote_subscription(conn, BOOK, asked(client_id), plan="pro", months=1))
            before = balance_of(conn, client_id)
            quote = subscribing.quote_removed_channels(conn, BOOK, asked(client_id), names("48210025", 1))
            assert (quote.change, quote.price, quote.client_gets) == ("remove", euro("0.00"), euro("0.00"))
            assert quote.daily == euro("2.00"), "what tomorrow's charge below takes"
            done = confirmed(conn, quote)
            assert [one.what for one in done.changes] == ["changed"]
            billing.charge_due(conn, BOOK, NOW)
            assert balance_of(conn, client_id) == before
            refused(conn, "last_channel", subscribing.quote_removed_channels, asked(client_id), names("48210025", 0))
            back = subscribing.quote_added_channels(conn, BOOK, asked(client_id), names("48210025", 1))
            assert back.price == euro("45.00")
            billing.charge_due(conn, BOOK, NOW + DAY)
            assert balance_of(conn, client_id) == before - euro("2.00")
            assert billing.check(conn).ok

        db.write_now(unit)

    def test_which_subscription_and_when_there_is_none(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            for number in (0, 1):
                quote = subscribing.quote_subscription(
                    conn, BOOK, asked(client_id), plan="start", months=1, channels=names("48210025", number)
                )
                confirmed(conn, quote)
            refused(conn, "which_subscription", subscribing.quote_upgrade, asked(client_id), "pro")
            which = billing.standing(conn, client_id, NOW, BOOK).subscriptions[1].id
            quote = subscribing.quote_upgrade(conn, BOOK, asked(client_id), "pro", which)
            assert (quote.subscription_id, quote.price) == (which, euro("30.00"))
            over = add_client(conn, GAMMA)
            refused(conn, "no_running_subscription", subscribing.quote_upgrade, asked(over), "max")
            waits = add_client(conn, Wanted("48210041", channels=1))
            subscribing.create_unpaid(conn, BOOK, asked(waits), plan="pro")
            refused(conn, "subscription_unpaid", subscribing.quote_upgrade, asked(waits), "max")

        db.write_now(unit)

    def test_a_change_of_what_was_changed_since_is_refused(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            confirmed(conn, subscribing.quote_subscription(conn, BOOK, asked(client_id), plan="inbox", months=1))
            first = subscribing.quote_upgrade(conn, BOOK, asked(client_id), "pro")
            second = subscribing.quote_upgrade(conn, BOOK, asked(client_id), "max")
            third = subscribing.quote_added_channels(conn, BOOK, asked(client_id), [ChannelName("vk", "shop")])
            again = subscribing.quote_added_channels(conn, BOOK, asked(client_id), [ChannelName("vk", "shop")])
            confirmed(conn, third)
            for stale in (first, second, again):
                with pytest.raises(UserError, match="quote_stale"):
                    confirmed(conn, stale)

        db.write_now(unit)

    def test_one_change_at_a_time_while_the_money_waits(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn)
            confirmed(conn, subscribing.quote_subscription(conn, BOOK, asked(client_id), plan="inbox", months=1))
            say_yes(conn, subscribing.quote_upgrade(conn, BOOK, asked(client_id), "pro"), undo_seconds=60)
            refused(conn, "already_pending", subscribing.quote_upgrade, asked(client_id), "max")
            billing.settle_due(conn, NOW + timedelta(minutes=2))
            assert subscriptions(conn, client_id)[0][0] == "pro"

        db.write_now(unit)


class TestWhatIsKept:
    def test_of_one_created_unpaid(self, db: Database) -> None:
        """Plan and period as asked, not as last time; and the row that the payment will be made by."""

        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210025", balance="9.00"))
            shop = [ChannelName("vk", "shop")]
            made = subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="inbox", months=6, channels=shop)
            assert (made.plan_title, made.months, made.channels) == ("Inbox", 6, 1)
            assert (made.price, made.missing) == (euro("162.00"), euro("153.00"))
            assert (made.until, made.ends_after, made.sample_prices) == ("2026-11-29", "2027-05-26", True)
            assert made.changes == (Changed(NORD, client_id, "unpaid"),)
            row = conn.execute(select(tables.subscription)).one()
            assert (row.id, row.plan, row.months, row.state) == (made.subscription_id, "inbox", 6, "unpaid")
            assert (row.start_date, row.end_date, row.due_minor) == ("2026-11-26", "2026-11-29", 16_200)
            (inside,) = conn.execute(select(tables.channel)).all()
            assert (inside.partner_id, inside.name, inside.state) == (NORD, "shop", "active")
            assert inside.subscription_id == made.subscription_id

        db.write_now(unit)

    def test_of_one_paid_from_the_balance(self, db: Database) -> None:
        """It runs from the day it was created, whenever it is paid, and nothing is due any more."""

        def unit(conn: Connection) -> None:
            client_id = world(conn)
            made = subscribing.create_unpaid(conn, BOOK, asked(client_id), plan="pro", months=1)
            day = NOW + 2 * DAY
            billing.adjust_balance(conn, NORD, client_id, euro("90.00"), reason="b", by="operator", key="a", now=day)
            row = conn.execute(select(tables.subscription)).one()
            assert (row.state, row.due_minor, row.start_date) == ("active", None, "2026-11-26")
            assert (row.end_date, row.anchor_day) == (made.ends_after, 26)
            written = tables.ledger_transaction
            paid = conn.execute(select(written).where(written.c.kind == "subscribe")).one()
            assert (paid.key, paid.client_id, paid.at) == (f"subscribe:{made.subscription_id}", client_id, day)
            assert balance_of(conn, client_id, day) == euro("0.00")
            assert billing.check(conn).ok

        db.write_now(unit)

    def test_that_a_price_is_a_sample_is_said_of_the_plan_bought(self, db: Database) -> None:
        key: PriceKey = ("month", "pro", "default", "EUR")
        published = {key: tuple(replace(one, sample=False) for one in BOOK.prices[key])}
        book = replace(BOOK, prices={**BOOK.prices, **published})

        def unit(conn: Connection) -> None:
            first, second = world(conn), add_client(conn, Wanted("48210041", channels=1))
            said = [
                subscribing.create_unpaid(conn, book, asked(one), plan=plan, months=1).sample_prices
                for one, plan in ((first, "pro"), (second, "inbox"))
            ]
            assert said == [False, True]

        db.write_now(unit)

    def test_what_stood_still_and_was_not_bought_runs_again_by_the_day(self, db: Database) -> None:
        """Two stand still; one is taken into the subscription, for the other there is a day's money now."""

        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210025", balance="1.99", channels=2))
            billing.charge_due(conn, BOOK, NOW + DAY)
            assert set(channel_rows(conn, client_id).values()) == {"notEnoughMoney"}
            account = tables.account.c
            conn.execute(tables.account.update().where(account.owner_id == client_id).values(posted=250))
            only = names("48210025", 0)
            subscribing.create_unpaid(conn, BOOK, asked(client_id, days=1), plan="pro", months=1, channels=only)
            assert set(channel_rows(conn, client_id).values()) == {"active"}
            assert balance_of(conn, client_id, NOW + DAY) == euro("0.50")

        db.write_now(unit)


class TestSecondTime:
    def test_each_client_has_the_own_grace(self, db: Database) -> None:
        """One let it pass: the other may still ask for it, and by paying earns it back for nobody else."""

        def unit(conn: Connection) -> None:
            lapsed = world(conn, Wanted("48210025", channels=1))
            other = add_client(conn, Wanted("48210041", channels=1, balance="40.00"))
            subscribing.create_unpaid(conn, BOOK, asked(lapsed), plan="pro", months=1)
            billing.charge_due(conn, BOOK, NOW + 5 * DAY)
            subscribing.create_unpaid(conn, BOOK, asked(other, days=5), plan="pro", months=1)
            confirmed(conn, ask_renewal(conn, other, now=NOW + 5 * DAY), days=5)
            again = refused(conn, "grace_used", subscribing.create_unpaid, asked(lapsed, days=5))
            assert again.facts == {}
            more = [ChannelName("vk", "x")]
            made = subscribing.create_unpaid(conn, BOOK, asked(other, days=5), channels=more)
            waits = refused(conn, "already_unpaid", subscribing.create_unpaid, asked(other, days=5), channels=more)
            assert waits.facts == {"until": made.until}

        db.write_now(unit)


class TestTheOneThatIsNamed:
    def test_is_changed_and_no_other(self, db: Database) -> None:
        """Two run at once: without a name no change knows which is meant; a dry run of any writes nothing."""

        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210025", channels=4))
            for pair in ((0, 1), (2, 3)):
                inside = names("48210025", *pair)
                confirmed(
                    conn,
                    subscribing.quote_subscription(
                        conn, BOOK, asked(client_id), plan="inbox", months=1, channels=inside
                    ),
                )
            first, second = billing.standing(conn, client_id, NOW, BOOK).subscriptions
            shop, gone = [ChannelName("vk", "shop")], names("48210025", 3)
            before = conn.execute(select(tables.transfer.c.id)).all()
            dry = asked(client_id, save=False)
            subscribing.quote_upgrade(conn, BOOK, dry, "pro", first.id)
            subscribing.quote_added_channels(conn, BOOK, dry, shop, first.id)
            subscribing.quote_removed_channels(conn, BOOK, dry, gone, second.id)
            assert conn.execute(select(tables.transfer.c.id)).all() == before
            for ask, what in (
                (subscribing.quote_added_channels, shop),
                (subscribing.quote_removed_channels, gone),
            ):
                refused(conn, "which_subscription", ask, asked(client_id), what)
            confirmed(conn, subscribing.quote_upgrade(conn, BOOK, asked(client_id), "pro", first.id))
            confirmed(conn, subscribing.quote_added_channels(conn, BOOK, asked(client_id), shop, first.id))
            confirmed(conn, subscribing.quote_removed_channels(conn, BOOK, asked(client_id), gone, second.id))
            found = {one.id: one for one in billing.standing(conn, client_id, NOW, BOOK).subscriptions}
            assert (found[first.id].plan, found[first.id].channels) == ("pro", 3)
            assert (found[second.id].plan, found[second.id].channels) == ("inbox", 1)

        db.write_now(unit)


def test_the_guard_still_offers_the_subscription_first(db: Database) -> None:
    def unit(conn: Connection) -> None:
        quote = ask_top_up(conn, world(conn, BETA), euro("100.00"))
        assert quote.guard is not None
        assert quote.guard.price == euro("90.00")

    db.write_now(unit)
