"""Quotes as they are stored: for whom, with which code and receipt, what a dry run leaves alone, what goes first."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import quoting, subscribing, transfers
from bot.billing import service as billing
from bot.billing.quote import Quote
from bot.billing.subscribing import Asked, ChannelName
from bot.billing.transfers import Transfer
from bot.errors import UserError
from bot.ids import ClientId, PartnerId, SubscriptionId
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    ANNAS,
    BETA,
    BOOK,
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

SUED = PartnerId("sued")


def world(conn: Connection, *wanted: Wanted, money: str = "5000.00") -> list[ClientId]:
    add_partner(conn)
    give(conn, euro(money))
    return [add_client(conn, one) for one in wanted or (ALFA,)]


def refused(ask: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UserError) as caught:
        ask()
    return caught.value.key, dict(caught.value.facts)


def stored(conn: Connection, quote: Quote) -> Transfer:
    found = transfers.read(conn, quote.id)
    assert found is not None
    return found


def count(conn: Connection) -> tuple[int, int]:
    """Rows of transfers and accounts."""
    found = [len(conn.execute(select(one.c.id)).all()) for one in (tables.transfer, tables.account)]
    return found[0], found[1]


def test_nobody_is_quoted_anothers_client(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        add_partner(conn, SUED)
        who: dict[str, Any] = {"partner_id": SUED, "client_id": client_id, "asked_by": None, "asked_from": None}
        unknown = ("unknown_client", {"client": client_id})
        for ask in (
            lambda: billing.quote_top_up(conn, BOOK, amount=euro("10"), now=NOW, **who),
            lambda: billing.quote_renewal(conn, BOOK, now=NOW, **who),
            lambda: subscribing.quote_upgrade(conn, BOOK, Asked(SUED, client_id, NOW), "max"),
            lambda: subscribing.create_unpaid(conn, BOOK, Asked(SUED, client_id, NOW)),
        ):
            assert refused(ask) == unknown

    db.write_now(unit)


def test_a_dry_run_leaves_no_row_also_where_a_better_way_is_offered(db: Database) -> None:
    """Neither a quote nor an account: the client has none in this currency yet."""

    def unit(conn: Connection) -> None:
        beta, alfa = world(conn, BETA, ALFA)
        dry: dict[str, Any] = {"partner_id": NORD, "asked_by": ANNA, "asked_from": ANNAS, "now": NOW, "save": False}
        conn.execute(tables.account.delete().where(tables.account.c.owner_id == alfa))
        before = count(conn)
        top_up = billing.quote_top_up(conn, BOOK, client_id=beta, amount=euro("100"), **dry)
        renewal = billing.quote_renewal(conn, BOOK, client_id=alfa, **dry)
        asked = Asked(NORD, alfa, NOW, ANNA, ANNAS, save=False)
        for quote in (
            top_up,
            renewal,
            subscribing.quote_upgrade(conn, BOOK, asked, "max"),
            subscribing.quote_subscription(conn, BOOK, asked, channels=[ChannelName("vk", "x")]),
        ):
            assert quote.code is None
        assert top_up.guard is not None
        assert top_up.guard.code is None
        assert count(conn) == before

    db.write_now(unit)


def test_the_other_way_is_offered_where_the_days_are_paid_and_nothing_runs(db: Database) -> None:
    def unit(conn: Connection) -> None:
        beta, mixed, none = world(conn, BETA, ALFA, Wanted("48210066"))
        billing.set_channels(conn, NORD, mixed, [("whatsapp", "loose")], euro("2"), False, NOW)
        alone, beside, nothing = (ask_top_up(conn, one, euro("100.00")) for one in (beta, mixed, none))
        assert (alone.guard is None, alone.gone_by is None) == (False, False)
        assert (beside.guard, beside.gone_by is None) == (None, False)
        assert (nothing.guard, nothing.gone_by, nothing.other_id) == (None, None, None)

    db.write_now(unit)


def test_plan_period_and_subscription_are_those_that_were_asked_for(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, Wanted("48210025", channels=2))
        made = {}
        for n, (plan, months) in enumerate((("start", 1), ("inbox", 6))):
            asked, names = Asked(NORD, client_id, NOW, ANNA, ANNAS), [ChannelName("whatsapp", f"48210025-{n}")]
            quote = subscribing.quote_subscription(conn, BOOK, asked, plan=plan, months=months, channels=names)
            assert (quote.plan, quote.months, quote.names) == (plan, months, (f"whatsapp:48210025-{n}",))
            assert stored(conn, quote).quote.names == quote.names
            say_yes(conn, quote)
            made[plan] = SubscriptionId(stored(conn, quote).effect["subscription"]["id"])

        def renewal(**wanted: Any) -> Quote:
            who: dict[str, Any] = {"asked_by": ANNA, "asked_from": ANNAS, "now": NOW}
            return billing.quote_renewal(conn, BOOK, partner_id=NORD, client_id=client_id, **who, **wanted)

        first, later = renewal(), renewal(subscription_id=made["inbox"])
        assert (first.subscription_id, first.plan, first.months) == (made["start"], "start", 1)
        assert (later.subscription_id, later.plan, later.months) == (made["inbox"], "inbox", 6)
        other = renewal(plan="max", months=12, subscription_id=made["start"])
        assert (other.subscription_id, other.plan, other.months) == (made["start"], "max", 12)

    db.write_now(unit)


def test_a_code_is_no_other_open_quotes_and_a_receipt_never_used(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    codes, receipts = iter(("1111", "1111", "2222", "1111", "1111")), iter(("AAAAA", "AAAAA", "BBBBB", "CCCCC"))
    monkeypatch.setattr(quoting, "new_code", lambda: next(codes))
    monkeypatch.setattr(quoting, "new_receipt", lambda: next(receipts))

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        first, second = (ask_top_up(conn, client_id, euro("10.00")) for _ in range(2))
        assert (first.code, second.code) == ("1111", "2222")
        assert [stored(conn, one).code for one in (first, second)] == ["1111", "2222"]
        assert [stored(conn, one).receipt for one in (first, second)] == ["AAAAA", "BBBBB"]
        nobodys = billing.quote_top_up(
            conn,
            BOOK,
            partner_id=NORD,
            client_id=client_id,
            amount=euro("1"),
            asked_by=None,
            asked_from=None,
            now=NOW,
        )
        assert nobodys.code == "1111", "nobody types the code of a quote that nobody asked for"

    db.write_now(unit)


def test_elsewhere_the_partners_money_is_not_known_and_nothing_is_drafted(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, money="1.00")
        assert refused(lambda: ask_renewal(conn, client_id))[0] == "partner_short"
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        quote = ask_renewal(conn, client_id)
        assert quote.client_gets == euro("1440.00")
        found = stored(conn, quote)
        assert (found.drafts, found.effect["gateway"]) == ((), "wazzup")

    db.write_now(unit)


def test_what_only_a_person_can_do_elsewhere_says_all_that_its_steps_name(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        asked = Asked(NORD, client_id, NOW, ANNA, ANNAS)
        where = {"company": "Client 48210017", "account_id": "48210017"}

        def elsewhere(ask: Callable[[], object], change: str, plan: str, *names: str) -> None:
            facts = {**where, "change": change, "plan": plan, "names": list(names)}
            assert refused(ask) == ("dashboard_only", facts)

        new, gone = [ChannelName("vk", "shop")], [ChannelName("whatsapp", "48210017-1")]
        elsewhere(lambda: subscribing.quote_upgrade(conn, BOOK, asked, "max"), "upgrade", "Max")
        elsewhere(lambda: subscribing.quote_added_channels(conn, BOOK, asked, new), "add", "Inbox", "shop")
        elsewhere(lambda: subscribing.quote_removed_channels(conn, BOOK, asked, gone), "remove", "Inbox", "48210017-1")
        elsewhere(lambda: subscribing.create_unpaid(conn, BOOK, asked, plan="PRO"), "unpaid", "Pro")
        elsewhere(lambda: subscribing.create_unpaid(conn, BOOK, asked), "unpaid", "–")
        conn.execute(update(tables.subscription).values(plan=None))
        elsewhere(lambda: subscribing.quote_removed_channels(conn, BOOK, asked, gone), "remove", "–", "48210017-1")

    db.write_now(unit)


def test_what_is_quoted_shows_the_money_at_hand_at_the_clients_day(db: Database) -> None:
    """One in the morning of 27 November in Riga: the day, not that of London, decides what a term begins with."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, Wanted("48210025", balance="9.00", channels=1), money="300.00")
        night = NOW.replace(hour=23)
        quote = ask_renewal(conn, client_id, now=night)
        assert (quote.starts_on, quote.partner_before) == (date(2026, 11, 27), euro("300.00"))
        assert (quote.client_before, quote.expires_at) == (euro("9.00"), night + BOOK.quote_lasts)
        assert stored(conn, quote).created_at == night
        assert transfers.expire(conn, night + BOOK.quote_lasts - timedelta(seconds=1)) == 0

    db.write_now(unit)
