"""A channel added to a client: what may be added, what it costs on its first day, and names as people may give them."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.billing import channels, repository, subscribing
from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.billing.quote import Quote
from bot.billing.subscribing import Asked, ChannelName
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ANNA,
    ANNAS,
    BOOK,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    balance_of,
    euro,
    give,
    say_yes,
)

KNOWN = "whatsapp, wapi, instagram, telegram, tgapi, vk, avito, viber, max, maxbot"
LONGEST = "x" * 80


def world(conn: Connection, wanted: Wanted) -> ClientId:
    add_partner(conn)
    give(conn, euro("1000.00"))
    return add_client(conn, wanted)


def refused(ask: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UserError) as caught:
        ask()
    return caught.value.key, dict(caught.value.facts)


def states(conn: Connection, client_id: ClientId) -> dict[str, str]:
    query = select(tables.channel.c.name, tables.channel.c.state).where(tables.channel.c.client_id == client_id)
    return {row.name: row.state for row in conn.execute(query)}


def test_it_runs_as_far_as_the_money_reaches_and_today_is_paid(db: Database) -> None:
    """Pro costs 2.00 a day. What stood still runs again too when there is money for both."""

    def unit(conn: Connection) -> None:
        client_id = world(conn, Wanted("48210066", balance="3.99", channels=1))
        billing.charge_due(conn, BOOK, NOW)
        assert balance_of(conn, client_id) == euro("3.99"), "the day of the import is not charged"
        made = channels.add_channel(conn, BOOK, NORD, client_id, " VK ", " shop ", NOW)
        assert made[0] == Changed(NORD, client_id, "imported")
        assert [one.what for one in made[1:]] == ["charged", "resumed"]
        assert (states(conn, client_id)["shop"], balance_of(conn, client_id)) == ("active", euro("1.99"))
        assert channels.add_channel(conn, BOOK, NORD, client_id, "vk", "second", NOW) == [
            Changed(NORD, client_id, "imported")
        ]
        assert (states(conn, client_id)["second"], balance_of(conn, client_id)) == ("notEnoughMoney", euro("1.99"))
        billing.adjust_balance(conn, NORD, client_id, euro("4.50"), reason="bank", by="operator", key="a", now=NOW)
        assert states(conn, client_id)["second"] == "notEnoughMoney"
        channels.add_channel(conn, BOOK, NORD, client_id, "vk", "third", NOW)
        assert set(states(conn, client_id).values()) == {"active"}
        assert balance_of(conn, client_id) == euro("0.50")
        billing.charge_due(conn, BOOK, NOW + timedelta(days=1))
        assert set(states(conn, client_id).values()) == {"notEnoughMoney"}

    db.write_now(unit)


def test_what_cannot_be_added_says_why(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, Wanted("48210066", channels=1))
        other = add_partner(conn, PartnerId("sued"))

        def ask(transport: str, name: str, partner_id: PartnerId = NORD) -> tuple[str, dict[str, Any]]:
            return refused(lambda: channels.look_before(conn, partner_id, client_id, transport, name))

        assert ask(" Fax", "x") == ("unknown_transport", {"transport": " Fax", "known": KNOWN})
        bad = ("bad_channel_name", {"most": 80})
        assert [ask("vk", name) for name in (" ", LONGEST + "x", "a\nb", LONGEST + "\n\n\x07")] == [bad] * 4
        exists = ("channel_exists", {"transport": "whatsapp", "name": "48210066-0"})
        assert ask("WhatsApp", " 48210066-0 ") == exists
        assert ask("vk", "x", other) == ("unknown_client", {"client": client_id})
        held, transport, name = channels.look_before(conn, NORD, client_id, "VK", f" {LONGEST} ")
        assert (held.client_id, transport, name) == (client_id, "vk", LONGEST)
        assert channels.look_before(conn, NORD, client_id, "vk", "48210066-0")[2] == "48210066-0"

    db.write_now(unit)


def test_a_free_one_runs_to_its_day_and_costs_nothing(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn, Wanted("48210066"))
        held = repository.holdings_of(conn, client_id)
        until = date(2027, 11, 26)
        assert channels.insert_free(conn, held, "vk", "gift", until, NOW) == Changed(NORD, client_id, "imported")
        row = conn.execute(select(tables.channel)).one()
        assert (row.partner_id, row.client_id, row.transport, row.name) == (NORD, client_id, "vk", "gift")
        assert (row.state, row.free, row.free_until, row.daily_minor) == ("active", True, "2027-11-26", None)
        assert (row.subscription_id, row.charged_through, row.created_at) == (None, None, NOW)

    db.write_now(unit)


class TestInASubscription:
    def ask(self, conn: Connection, client_id: ClientId, *names: ChannelName) -> Quote:
        asked = Asked(NORD, client_id, NOW, ANNA, ANNAS)
        return subscribing.quote_subscription(conn, BOOK, asked, plan="pro", months=1, channels=names)

    def test_what_cannot_be_named_says_why(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210066", ends=date(2026, 12, 3), plan="Pro", months=1, channels=1))
            free = date(2027, 11, 26)
            channels.insert_free(conn, repository.holdings_of(conn, client_id), "vk", "gift", free, NOW)

            def named(transport: str, name: str) -> tuple[str, dict[str, Any]]:
                return refused(lambda: self.ask(conn, client_id, ChannelName(transport, name)))

            assert named("fax", "x") == ("unknown_transport", {"transport": "fax", "known": KNOWN})
            bad = ("bad_channel_name", {"most": 80})
            assert [named("vk", name) for name in ("", LONGEST + "x", "a\nb", LONGEST + "\x07")] == [bad] * 4
            assert named("vk", "gift") == ("channel_free", {"channel": "gift"})
            assert named("whatsapp", "48210066-0") == ("channel_taken", {"channel": "48210066-0"})
            asked = Asked(NORD, client_id, NOW, ANNA, ANNAS)
            strange = [ChannelName("vk", "strange")]
            gone = refused(lambda: subscribing.quote_removed_channels(conn, BOOK, asked, strange))
            assert gone == ("channel_not_in", {"channel": "strange"})

        db.write_now(unit)

    def test_a_new_one_is_named_without_what_is_around_it_and_once(self, db: Database) -> None:
        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210066"))
            shop = ChannelName("vk", f" {LONGEST} ")
            quote = self.ask(conn, client_id, shop, shop)
            assert (quote.channels, quote.names) == (1, (f"vk:{LONGEST}",))
            say_yes(conn, quote)
            assert states(conn, client_id) == {LONGEST: "active"}

        db.write_now(unit)

    def test_one_that_is_named_twice_is_meant_and_paid_once(self, db: Database) -> None:
        """One of the client's and one that is to be; with and without what is around the name."""

        def unit(conn: Connection) -> None:
            client_id = world(conn, Wanted("48210066", channels=3))
            say_yes(conn, self.ask(conn, client_id, ChannelName("whatsapp", "48210066-0")))
            asked = Asked(NORD, client_id, NOW, ANNA, ANNAS)
            theirs = [ChannelName("whatsapp", name) for name in ("48210066-1", " 48210066-1 ", "48210066-1")]
            shop = [ChannelName("vk", name) for name in (" shop", "shop")]
            quote = subscribing.quote_added_channels(conn, BOOK, asked, [*theirs, *shop])
            assert (quote.names, quote.channels, quote.price) == (("48210066-1", "shop"), 3, euro("93.00"))
            assert say_yes(conn, quote).state == "posted"
            assert set(states(conn, client_id)) == {"48210066-0", "48210066-1", "48210066-2", "shop"}
            gone = subscribing.quote_removed_channels(conn, BOOK, asked, theirs)
            assert (gone.names, gone.channels) == (("48210066-1",), 2)
            third = self.ask(
                conn, client_id, *(ChannelName("whatsapp", name) for name in ("48210066-2", "48210066-2 "))
            )
            assert (third.names, third.price) == (("whatsapp:48210066-2",), euro("45.00"))

        db.write_now(unit)
