"""What messages cost: by the table once taken, by the provider when it says so, summed for a partner."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, update

from bot.config import load_toml
from bot.ids import Address, PartnerId
from bot.messaging import contacts, costs, resend
from bot.messaging.costs import MessageCosts, cost_some, costs_by_kind, message_costs
from bot.messaging.message import Kind, Outgoing, Price, StatusUpdate
from bot.messaging.prices import price_table
from bot.messaging.settlement import due, found
from bot.messaging.statuses import apply_statuses
from bot.messaging.transport import Accepted, Seen
from bot.money import Money
from bot.storage.engine import Database
from bot.storage.tables import delivery, free_replies
from tests.integration.billing_world import add_partner
from tests.integration.messaging_support import (
    ANNA,
    NOW,
    SENDER,
    RecordingJobs,
    alert,
    put,
    record,
    report,
    row_of,
    take,
)

PRICES = price_table(load_toml(str(Path(__file__).parents[2] / "config" / "message_prices.toml"), ""))
PARTNER = PartnerId("p1")
TEMPLATE, FEE, FAILED = 26_200, 5_000, 1_000


def sent(conn: Connection, outgoing: Outgoing, sid: str = "SM1", now: datetime = NOW) -> Any:
    """A message that the provider took; its row after the costs were looked at."""
    made = put(conn, outgoing, now=now)
    (claimed,) = take(conn, now)
    record(conn, claimed, Accepted(sid, "queued", 201), now)
    cost_some(conn, PRICES)
    return row_of(conn, made)


def reply(key: str, to: Address = ANNA) -> Outgoing:
    return Outgoing(key, to, Kind.REPLY, "system/notice", "en", {"text": "Good morning"})


def cost_of(row: Any) -> tuple[str | None, int | None, str | None, str | None]:
    return (row.category, row.cost_micros, row.cost_currency, row.cost_source)


async def test_an_alert_outside_the_window_costs_a_template_to_its_country(db: Database) -> None:
    def unit(conn: Connection) -> None:
        waiting = put(conn, alert("alert:0"))
        assert cost_some(conn, PRICES) == 0
        assert row_of(conn, waiting).cost_micros is None
        (claimed,) = take(conn)
        record(conn, claimed, Accepted("SM1", "queued", 201))
        assert cost_some(conn, PRICES) == 1
        assert cost_of(row_of(conn, waiting)) == ("utility", TEMPLATE, "USD", "table")
        assert cost_some(conn, PRICES) == 0

    await db.write(unit)


async def test_replies_are_free_up_to_the_months_number(db: Database) -> None:
    def unit(conn: Connection) -> None:
        contacts.heard(conn, [(SENDER, ANNA, NOW)])
        conn.execute(insert(free_replies).values(sender=SENDER, month="2026-11", used=999))
        plain = {"checksum": None}
        rows = []
        for n in (1, 2):
            made = put(conn, reply(f"reply:{n}"))
            conn.execute(update(delivery).where(delivery.c.id == made).values(plain))
            (claimed,) = take(conn)
            record(conn, claimed, Accepted(f"SM{n}", "queued", 201))
            rows.append(made)
        cost_some(conn, PRICES)
        assert [cost_of(row_of(conn, one))[:2] for one in rows] == [("service", FEE), ("service", TEMPLATE)]
        assert conn.execute(free_replies.select()).all() == [(SENDER, "2026-11", 1_000)]

    await db.write(unit)


async def test_what_failed_costs_its_processing_and_what_is_sent_again_costs_anew(db: Database) -> None:
    def unit(conn: Connection) -> None:
        row = sent(conn, alert())
        assert row.cost_micros == TEMPLATE
        report(conn, "undelivered", d=row.id, code=63024)
        cost_some(conn, PRICES)
        assert cost_of(row_of(conn, row.id)) == ("utility", FAILED, "USD", "table")
        assert resend.retry(conn, row.id, NOW, RecordingJobs())
        assert cost_some(conn, PRICES) == 0, "it is not taken yet"
        (claimed,) = take(conn)
        record(conn, claimed, Accepted("SM2", "queued", 201))
        cost_some(conn, PRICES)
        assert row_of(conn, row.id).cost_micros == TEMPLATE

    await db.write(unit)


async def test_the_providers_word_wins(db: Database) -> None:
    def unit(conn: Connection) -> None:
        row = sent(conn, alert())
        told = StatusUpdate("SM1", "delivered", NOW, row.id, price=Price(31_000, "EUR"))
        apply_statuses(conn, [told], RecordingJobs())
        assert cost_some(conn, PRICES) == 0
        assert cost_of(row_of(conn, row.id)) == ("utility", 31_000, "EUR", "provider")
        report(conn, "read", d=row.id)
        assert row_of(conn, row.id).cost_micros == 31_000

    await db.write(unit)


async def test_it_is_heard_when_the_message_is_asked_for(db: Database) -> None:
    def unit(conn: Connection) -> None:
        row = sent(conn, alert())
        later = NOW + timedelta(minutes=11)
        (doubtful,) = due(conn, later)
        seen = Seen("SM1", ANNA, "x", "sent", NOW, price=Price(5_500, "USD"))
        found(conn, doubtful, seen, later, RecordingJobs())
        assert cost_of(row_of(conn, row.id))[1:] == (5_500, "USD", "provider")

    await db.write(unit)


async def test_another_road_and_another_age_have_no_price(db: Database) -> None:
    def unit(conn: Connection) -> None:
        old = sent(conn, alert("old"), "SM1", datetime(2025, 6, 30, tzinfo=UTC))
        assert cost_of(old)[1:] == (None, None, "none")
        row = sent(conn, alert("new"), "SM2")
        other = {"sender": "wazzup:channel", "cost_source": None, "cost_micros": None}
        conn.execute(update(delivery).where(delivery.c.id == row.id).values(other))
        assert cost_some(conn, PRICES) == 1
        assert row_of(conn, row.id).cost_source == "none"

    await db.write(unit)


async def test_a_partners_costs_of_a_time(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn, PARTNER)
        rows = [sent(conn, alert(f"a{n}", partner_id=PARTNER), f"SM{n}", NOW + timedelta(days=n)) for n in range(3)]
        sent(conn, alert("anothers"), "SM9", NOW)
        costs.note_price(conn, rows[1].id, Price(7_400, "USD"))
        week = message_costs(conn, PARTNER, NOW, NOW + timedelta(days=2))
        assert week == [MessageCosts("USD", 2, TEMPLATE + 7_400, 1)]
        assert week[0].money == Money(3, "USD")
        assert message_costs(conn, PARTNER, NOW + timedelta(days=9), NOW + timedelta(days=10)) == []
        assert costs_by_kind(conn, NOW) == [("alert", "USD", TEMPLATE * 3 + 7_400)]

    await db.write(unit)
