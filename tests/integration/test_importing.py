"""What a table says of a client's subscription and channels, as it is written down; what it does not say, stays."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import service as billing
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.money import Money
from bot.storage.engine import Database
from bot.storage.tables import channel, client_day, subscription
from tests.integration.billing_world import NORD, NOW, Wanted, add_client, add_partner, euro

TODAY = date(2026, 11, 26)
DAY = timedelta(days=1)
SUED = PartnerId("sued")
WA = [("whatsapp", "1"), ("whatsapp", "2"), ("telegram", "3")]


@dataclass(frozen=True, slots=True)
class Row:
    """A channel as stored; `mine`: in the client's subscription."""

    name: str
    state: str
    daily: int | None
    mine: bool
    through: str | None


def told(conn: Connection, client_id: ClientId, end: date, now: datetime = NOW, **more: Any) -> bool:
    given: dict[str, Any] = {"plan": None, "months": None, "as_of": now} | more
    return billing.set_subscription(conn, NORD, client_id, end_date=end, now=now, **given)


def named(
    conn: Connection, client_id: ClientId, channels: list[tuple[str, str]], daily: Money | None = None, **more: Any
) -> bool:
    given: dict[str, Any] = {"subscribed": False, "now": NOW} | more
    return billing.set_channels(conn, NORD, client_id, channels, daily, **given)


def subscribed(conn: Connection) -> dict[str, Any]:
    """The only subscription."""
    row = conn.execute(select(subscription)).mappings().one()
    return {name: row[name] for name in ("plan", "months", "start_date", "end_date", "anchor_day", "state", "as_of")}


def rows(conn: Connection) -> list[Row]:
    found = conn.execute(select(channel).order_by(channel.c.transport.desc(), channel.c.name))
    return [
        Row(one.name, one.state, one.daily_minor, one.subscription_id is not None, one.charged_through) for one in found
    ]


@pytest.mark.parametrize(("end", "state"), [(TODAY, "active"), (TODAY - DAY, "ended"), (TODAY + DAY, "active")])
def test_a_subscription_that_is_new_and_the_same_one_told_again(db: Database, end: date, state: str) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted())
        seen = NOW - timedelta(hours=1)
        assert told(conn, client_id, end, plan=" Professional-2026-plan ", months=6, as_of=seen)
        as_told = {
            "plan": "professional-202",
            "months": 6,
            "start_date": None,
            "end_date": end.isoformat(),
            "anchor_day": end.day,
            "state": state,
            "as_of": seen,
        }
        assert subscribed(conn) == as_told
        assert not told(conn, client_id, end, plan="PROFESSIONAL-202", months=6)
        assert not told(conn, client_id, end)
        assert subscribed(conn) == as_told
        woken = conn.execute(select(client_day.c.next_at)).scalar_one()
        assert NOW < woken <= NOW + DAY

    db.write_now(unit)


def test_what_a_table_does_not_say_of_a_subscription_stays(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted())
        told(conn, client_id, TODAY - DAY, plan="inbox", months=12)
        conn.execute(update(subscription).values(anchor_day=31))
        later = NOW + DAY
        assert told(conn, client_id, TODAY - DAY, later, plan="pro")
        known = subscribed(conn)
        assert (known["plan"], known["months"], known["anchor_day"], known["as_of"]) == ("pro", 12, 31, later)
        assert told(conn, client_id, TODAY - DAY, later, months=1)
        assert (subscribed(conn)["plan"], subscribed(conn)["months"]) == ("pro", 1)
        assert told(conn, client_id, date(2027, 2, 28), later)
        assert subscribed(conn) == {
            "plan": "pro",
            "months": 1,
            "start_date": None,
            "end_date": "2027-02-28",
            "anchor_day": 28,
            "state": "active",
            "as_of": later,
        }
        assert told(conn, client_id, TODAY - DAY, later)
        assert subscribed(conn)["state"] == "ended"

    db.write_now(unit)


def test_a_subscription_that_waited_for_money_is_paid_when_a_table_shows_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted())
        told(conn, client_id, TODAY + DAY)
        conn.execute(update(subscription).values(state="unpaid", due_minor=90_00))
        assert told(conn, client_id, TODAY + 30 * DAY)
        row = conn.execute(select(subscription.c.state, subscription.c.due_minor)).one()
        assert tuple(row) == ("active", None)

    db.write_now(unit)


def test_another_partners_client_is_unknown(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        client_id = add_client(conn, Wanted(), partner_id=SUED)
        with pytest.raises(UserError, match="unknown_client"):
            told(conn, client_id, TODAY)
        with pytest.raises(UserError, match="unknown_client"):
            named(conn, client_id, WA)
        assert conn.execute(select(subscription.c.id)).all() == []

    db.write_now(unit)


@pytest.mark.parametrize(
    ("balance", "ends", "state", "through"),
    [
        ("0.00", None, "notEnoughMoney", None),
        ("0.01", None, "active", TODAY.isoformat()),
        ("0.00", TODAY - DAY, "notEnoughMoney", None),
        ("0.00", TODAY, "active", None),
        ("9.00", TODAY, "active", None),
        ("9.00", TODAY - DAY, "active", TODAY.isoformat()),
    ],
)
def test_channels_run_as_far_as_money_or_a_subscription_reach(
    db: Database, balance: str, ends: date | None, state: str, through: str | None
) -> None:
    """Today is taken as paid in the balance that the table shows."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted(balance=balance, ends=ends))
        assert named(conn, client_id, WA, euro("4.00"), subscribed=ends is not None)
        mine = ends is not None
        assert rows(conn) == [
            Row(name, state, daily, mine, through) for name, daily in (("1", 134), ("2", 133), ("3", 133))
        ]
        stored = conn.execute(select(channel.c.partner_id, channel.c.client_id, channel.c.free, channel.c.created_at))
        assert {tuple(one) for one in stored} == {(NORD, client_id, False, NOW)}
        assert not named(conn, client_id, WA, euro("4.00"), subscribed=mine)

    db.write_now(unit)


def test_a_channel_that_a_table_names_twice_is_one_and_costs_the_whole(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted(balance="9.00"))
        assert named(conn, client_id, [WA[0], WA[0]], euro("4.00"))
        assert [(one.name, one.daily) for one in rows(conn)] == [("1", 400)]
        assert not named(conn, client_id, [WA[0], WA[0]], euro("4.00"))

    db.write_now(unit)


def test_each_change_of_channels_is_seen_by_itself(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted(balance="9.00"))
        assert named(conn, client_id, WA[:2])
        assert [(one.daily, one.mine, one.through) for one in rows(conn)] == [(None, False, "2026-11-26")] * 2
        assert named(conn, client_id, WA[:2], euro("4.00"), now=NOW + DAY)
        assert [(one.daily, one.through) for one in rows(conn)] == [(200, "2026-11-26")] * 2
        told(conn, client_id, TODAY + 30 * DAY)
        assert named(conn, client_id, WA[:2], euro("4.00"), subscribed=True)
        assert [(one.daily, one.mine) for one in rows(conn)] == [(200, True)] * 2
        assert not named(conn, client_id, WA[:2], euro("4.00"))
        assert named(conn, client_id, WA, euro("6.00"), subscribed=True)
        assert [(one.name, one.daily, one.mine) for one in rows(conn)] == [
            ("1", 200, True),
            ("2", 200, True),
            ("3", 200, True),
        ]
        assert not named(conn, client_id, WA[2:], euro("2.00"), subscribed=True)
        assert not named(conn, client_id, [], euro("2.00"))
        assert named(conn, client_id, [("max", "4")])
        assert [one.name for one in rows(conn) if not one.mine] == ["4"]

    db.write_now(unit)


def test_a_renewal_told_by_a_table_turns_stopped_channels_on_and_no_others(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted(ends=TODAY - DAY))
        named(conn, client_id, WA, subscribed=True)
        conn.execute(update(channel).where(channel.c.name == "2").values(state="disabled"))
        assert [one.state for one in rows(conn)] == ["notEnoughMoney", "disabled", "notEnoughMoney"]
        assert told(conn, client_id, TODAY + DAY)
        assert [one.state for one in rows(conn)] == ["active", "disabled", "active"]
        assert told(conn, client_id, TODAY - DAY)
        assert [one.state for one in rows(conn)] == ["notEnoughMoney", "disabled", "notEnoughMoney"]
        assert [one.through for one in rows(conn)] == [None] * 3

    db.write_now(unit)
