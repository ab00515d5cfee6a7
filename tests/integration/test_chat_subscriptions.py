"""Subscriptions by chat: created, paid later, upgraded, with more or fewer channels, renewing by themselves."""

from dataclasses import replace

from sqlalchemy import Connection, select

from bot.billing import service as billing
from bot.ids import ClientId
from bot.storage.engine import Database
from bot.storage.tables import alert
from tests.integration.alert_world import ALFA, BOOK, RIGA, Wanted, add_client, add_curator, add_partner, scan
from tests.integration.chat_world import Phone, phone_of

BETA = Wanted("48210025", "Beta Kids", balance="9.00", channels=2)


def world(conn: Connection, wanted: Wanted = BETA, **given: str) -> tuple[Phone, ClientId]:
    add_partner(conn)
    anna = add_curator(conn, **given)
    client_id = add_client(conn, wanted)
    return phone_of(conn, anna), client_id


def subscriptions(conn: Connection, client_id: ClientId, phone: Phone) -> list[tuple[str | None, str, str, int]]:
    found = billing.standing(conn, client_id, phone.now, BOOK).subscriptions
    return [(one.plan, one.end_date.isoformat(), one.state, one.channels) for one in found]


async def test_subscription_first_then_the_money(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, client_id = world(conn)
        created = anna.ask("subscribe beta pro 1m unpaid")
        assert created.text.splitlines() == [
            "*Created, not paid: Beta Kids* ID 48210025",
            "Waiting: Pro, 2 channels, 1 month (sample price), €90.00 from today till 26 Dec 2026",
            "To be paid by Sun 29 Nov 2026: no daily payments until then.",
            "Missing: €81.00. The next money that reaches pays it first.",
        ]
        [quote] = anna.tap(created, "Top up")
        assert quote.text.splitlines()[1] == (
            "Client gets €81.00. Know that €90.00 pay the subscription till 26 Dec 2026 first."
        )
        [receipt] = anna.tap(quote, "Confirm")
        assert receipt.template == "receipts/subscribed"
        assert "Client: deposit €81.00, subscription €90.00, left €0.00" in receipt.text
        assert subscriptions(conn, client_id, anna) == [("pro", "2026-12-26", "active", 2)]

    await db.write(story)


async def test_unpaid_is_asked_as_any_purchase_where_the_balance_reaches(db: Database) -> None:
    """A client's money does not move unasked: a quote, a yes, and the receipt."""

    def story(conn: Connection) -> None:
        anna, client_id = world(conn, replace(BETA, balance="100.00"))
        quote = anna.ask("subscribe beta pro 1m unpaid")
        assert quote.template == "replies/quote_subscribe"
        assert subscriptions(conn, client_id, anna) == []
        [receipt] = anna.tap(quote, "Confirm")
        assert receipt.template == "receipts/subscribed"
        assert "left €10.00" in receipt.text

    await db.write(story)


async def test_too_little_for_the_unpaid_one_is_said(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, _ = world(conn, language="ru")
        assert anna.ask("оформи бете про на месяц без оплаты").template == "subscriptions/created"
        quote = anna.ask("пополни бету на 50")
        assert "на неоплаченную подписку не хватит ещё 31,00\u00a0€" in quote.text
        again = anna.ask("оформи бете про без оплаты")
        assert again.template == "subscriptions/error_already_unpaid"
        assert anna.ask("оформи бете").text.startswith("*Оформить")

    await db.write(story)


async def test_a_subscription_for_loose_channels_and_other_periods_of_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, client_id = world(conn)
        quote = anna.ask("subscribe beta inbox 6m")
        assert quote.template == "replies/quote_subscribe"
        [periods] = anna.tap(quote, "Other period")
        assert "12 months: €576.00" in periods.text
        [shorter] = anna.say("1")
        [receipt] = anna.tap(shorter, "Confirm")
        assert receipt.template == "receipts/subscribed"
        assert subscriptions(conn, client_id, anna) == [("inbox", "2026-12-26", "active", 2)]
        assert anna.ask("subscribe beta").template == "replies/quote_renew"

    await db.write(story)


async def test_an_upgrade(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, client_id = world(conn)
        anna.tap(anna.ask("subscribe beta inbox 1m"), "Confirm")
        which = anna.ask("upgrade beta")
        assert which.template == "subscriptions/which_plan"
        [quote] = anna.say("4")
        assert quote.text.splitlines()[:3] == [
            "*Upgrade Beta Kids?* ID 48210025",
            "Then Max, 2 channels (sample price): till 26 Dec 2026 as before",
            "The days left cost €120.00. Client has €0.00, gets €120.00",
        ]
        [receipt] = anna.tap(quote, "Confirm")
        assert receipt.first_line == "*Subscription changed: Beta Kids* till 26 Dec 2026"
        assert subscriptions(conn, client_id, anna) == [("max", "2026-12-26", "active", 2)]
        assert anna.ask("upgrade beta start").template == "replies/error_downgrade_active"
        assert anna.ask("upgrade beta max").template == "subscriptions/error_same_plan"

    await db.write(story)


async def test_channels_come_and_go(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, client_id = world(conn)
        anna.tap(anna.ask("subscribe beta pro 1m"), "Confirm")
        nothing = anna.ask("add channel beta")
        assert "has no channel on daily payments" in nothing.text
        quote = anna.ask("add channel beta telegram my shop")
        assert quote.text.splitlines()[1:3] == [
            "Added: my shop",
            "Then Pro, 3 channels (sample price): till 26 Dec 2026 as before",
        ]
        anna.tap(quote, "Confirm")
        assert subscriptions(conn, client_id, anna)[0][3] == 3
        listed = anna.ask("remove channel beta")
        assert "3. telegram my shop" in listed.text
        [leaving] = anna.say("3")
        assert "Nothing is paid back; from tomorrow it is paid by the day: €2.00." in leaving.text
        [receipt] = anna.tap(leaving, "Confirm")
        assert "No money moved." in receipt.text
        [line] = [one for one in anna.ask("add channel beta").text.splitlines() if one.startswith("1.")]
        assert line == "1. telegram my shop"
        assert anna.ask("1").text.startswith("*More channels")

    await db.write(story)


async def test_renewing_asks_which_of_several_unless_an_alert_says_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, client_id = world(conn, ALFA)
        billing.set_channels(conn, RIGA, client_id, [("vk", "shop")], None, False, anna.now)
        assert "\nSubscription: Inbox, till Thu 3 Dec 2026\n" in anna.ask("balance alfa").text
        anna.tap(anna.ask("subscribe alfa pro 1m"), "Confirm")
        assert "\nSubscription: Inbox, till Thu 3 Dec 2026, and 1 more\n" in anna.ask("balance alfa").text
        assert len(subscriptions(conn, client_id, anna)) == 2
        which = anna.ask("renew alfa")
        assert which.text.splitlines() == [
            "*Alfa Dental* has several subscriptions. Which one? Answer with its number.",
            "1. Inbox, 5 channels, till 3 Dec 2026",
            "2. Pro, 1 channel, till 26 Dec 2026",
        ]
        quote = anna.ask("2")
        assert "Pro, 1 channel, 1 month (sample price): till 26 Jan 2027" in quote.text
        scan(conn, anna.now)
        assert "till 3 Dec 2027" in anna.ask("Renew", f"renew:{_alert(conn)}").text
        assert anna.ask("upgrade alfa max").template == "subscriptions/which"

    await db.write(story)


async def test_only_an_owner_agrees_to_renewing_by_itself(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, client_id = world(conn, ALFA)
        olga = phone_of(conn, add_curator(conn, "Olga", role="owner"))
        assert anna.ask("autorenew alfa on").template == "subscriptions/auto_owner_only"
        on = olga.ask("autorenew alfa on")
        assert on.text.splitlines() == [
            "*Alfa Dental* renews by itself, each time for €1,440.00 at most.",
            "Next on 3 Dec 22:00: from the client's balance, and what is missing there from your account.",
            "Olga agreed. To end it: *autorenew 48210017 off*",
        ]
        assert billing.standing(conn, client_id, anna.now, BOOK).auto is not None
        assert anna.ask("autorenew alfa off").template == "subscriptions/auto_off"
        assert billing.standing(conn, client_id, anna.now, BOOK).auto is None

    await db.write(story)


async def test_freezing_and_refunds_are_not_offered(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, _ = world(conn)
        for text in ("freeze beta", "refund", "верни деньги", "заморозь бету"):
            assert anna.ask(text).template == "subscriptions/not_offered"

    await db.write(story)


async def test_a_viewer_changes_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        vera, client_id = world(conn, role="viewer")
        for text in (
            "subscribe beta",
            "upgrade beta max",
            "add channel beta",
            "remove channel beta",
            "autorenew beta on",
        ):
            assert vera.ask(text).template == "replies/viewer", text
        for verb in ("subscribe", "upgrade", "addchannel", "removechannel", "autorenew"):
            assert vera.ask("x", f"{verb}:{client_id}").template == "replies/viewer", verb

    await db.write(story)


async def test_a_quote_for_days_left_says_how_long_it_is_good(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, _ = world(conn)
        anna.tap(anna.ask("subscribe beta inbox 1m"), "Confirm")
        anna.now = anna.now.replace(hour=21, minute=57, second=30)
        assert "Good for 3 minutes" in anna.ask("upgrade beta max").text

    await db.write(story)


def _alert(conn: Connection) -> str:
    return str(conn.execute(select(alert.c.id).where(alert.c.cycle == "2026-12-03")).scalars().first())
