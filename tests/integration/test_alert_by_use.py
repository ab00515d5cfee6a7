"""A balance that is spent by use: told before it is out by its forecast, as an estimate, in both gateways."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Connection, select, update

from bot.alerts import service as alerts
from bot.alerts.due import due_list
from bot.billing import service as billing
from bot.billing.usage import record_usage
from bot.ids import ClientId
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import alert, partner
from tests.integration.alert_world import (
    BETA,
    ENV,
    NOW,
    RIGA,
    Wanted,
    add_client,
    add_curator,
    add_partner,
    imported,
    messages,
    raised,
    scan,
    top_up,
)
from tests.integration.chat_world import phone_of

DAY = timedelta(days=1)
TODAY = date(2026, 11, 26)
DELTA = Wanted("48210041", "Delta Shop", balance="40.00", ends=date(2027, 6, 1), plan="Inbox", months=12, channels=1)
"""Its channel is in a subscription for months: only what it sends is paid from the balance."""


def use(conn: Connection, client_id: ClientId, amount: str, after: int) -> None:
    """The operator records what was used on a day, `after` days from now on, and alerts hear of it."""
    now = NOW + max(after, 0) * DAY
    day = TODAY + after * DAY
    changes = record_usage(conn, RIGA, client_id, of(amount, "EUR"), day=day, note="WABA", by="operator", now=now)
    alerts.apply(conn, changes, now=now, env=ENV)


def history(conn: Connection, client_id: ClientId, days: int = 20) -> None:
    """1.00, 1.20 and 0.80 a day in turn, so far."""
    for back in range(days, 0, -1):
        use(conn, client_id, ("1.00", "1.20", "0.80")[back % 3], -back)


async def test_each_stage_is_told_by_the_forecast_as_an_estimate(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, DELTA)
        history(conn, client)
        assert scan(conn).alerts == 0
        for after in range(24):
            if 19 - after >= 0:
                use(conn, client, "1.00", after)
            scan(conn, NOW + after * DAY)
        assert raised(conn) == [("running_out", stage, "open") for stage in (7, 3, 1)]
        first, *_ = messages(conn)
        assert first.body.splitlines() == [
            "Finances: *Delta Shop* money for about 7 more days",
            "ID 48210041, estimated by use: lasts till some day from Mon 14 Dec to Tue 15 Dec",
            "Balance: €7.00, pace of the last 32 days",
            "Contact: Ilze, +371 20 000 017",
            "Ask the client first, or tap a button.",
        ]
        assert [title for title, _ in first.buttons] == ["Top up", "I'm on it", "Remind me later"]
        top_up(conn, client, "50.00", anna, now=NOW + 24 * DAY)
        assert {state for _, _, state in raised(conn)} == {"resolved"}

    await db.write(story)


async def test_money_that_lasts_longer_than_it_looked_is_not_told_of_before(db: Database) -> None:
    """Nothing is used for days: the one foreseen at the last use has come, and the balance is far from out."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, replace(DELTA, balance="30.00"))
        history(conn, client)
        assert scan(conn).alerts == 0
        assert scan(conn, NOW + 4 * DAY).alerts == 0
        use(conn, client, "6.00", 5)
        scan(conn, NOW + 6 * DAY)
        assert raised(conn) == [("running_out", 7, "open")]

    await db.write(story)


async def test_too_little_history_promises_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, replace(DELTA, balance="14.00"))
        history(conn, client, 13)
        assert scan(conn).alerts == 0
        assert due_list(conn, RIGA, now=NOW, env=ENV, within_days=14) == []
        use(conn, client, "0.50", -14)
        scan(conn)
        assert raised(conn) == [("running_out", 1, "open")]
        (found,) = due_list(conn, RIGA, now=NOW, env=ENV, within_days=14)
        assert (found.reason, found.day, found.runs_out_at) == ("running_out", TODAY, None)

    await db.write(story)


async def test_what_tables_show_gone_counts_where_the_balance_is_elsewhere(db: Database) -> None:
    """A year that was paid from the balance is no pace; two weeks of what its messages cost are."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        conn.execute(update(partner).values(gateway="wazzup"))
        start = NOW - 21 * DAY
        client = add_client(conn, replace(DELTA, balance="400.00", daily=None), now=start)
        left = of("400.00", "EUR")
        for after in range(1, 21):
            left -= of("288.00" if after == 3 else "5.00", "EUR")
            now = start + after * DAY
            billing.adjust_balance(conn, RIGA, client, left, reason="table", by="import", key=str(after), now=now)
            imported(conn, [client], now)
        scan(conn)
        assert raised(conn) == [("running_out", 3, "open")]
        (facts,) = conn.execute(select(alert.c.facts)).scalars()
        assert facts["by_use"]["history"] == 20
        assert "Source: Wazzup table of" in messages(conn)[0].body

    await db.write(story)


async def test_the_chat_says_of_an_estimate_that_it_is_one(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = phone_of(conn, add_curator(conn))
        client = add_client(conn, replace(DELTA, balance="23.00"))
        add_client(conn, BETA)
        history(conn, client)
        scan(conn)
        assert anna.ask("balance delta").text.splitlines()[3] == (
            "Daily payments: none; by use the money lasts till some day from Sat 28 Nov to Sun 29 Nov"
        )
        assert "Delta Shop: €3.00, money till about 29 Nov" in anna.ask("due").text
        assert "Delta Shop: €3.00, money till about 29 Nov" in anna.ask("clients").text
        assert anna.say("text delta")[1].text.splitlines()[1:] == [
            "The balance of Delta Shop (account 48210041) is €3.00: "
            "going on as now, it lasts till about Sun 29 Nov 2026.",
            "Shall we top it up?",
        ]
        [told] = [row for row in messages(conn) if row.template == "alerts/several"]
        [(_, payload)] = told.buttons
        assert anna.ask("Show list", payload).text.splitlines()[:2] == [
            "1. Beta Kids: money till Sat 28 Nov",
            "2. Delta Shop: money till about Sun 29 Nov",
        ]
        anna.say("language ru")
        assert "денег примерно до 29 ноября" in anna.ask("скоро").text
        assert "судя по расходу, денег хватит до сб, 28 ноября – вс, 29 ноября" in anna.ask("баланс delta").text

    await db.write(story)
