"""Looking ahead on both databases: one client's run-out, the partner's need of cash, other plans."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, update

from bot.billing import outlook
from bot.billing import service as billing
from bot.billing.repository import holdings
from bot.billing.spending import spent_by_day
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.money import of
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    BETA,
    BOOK,
    GAMMA,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    euro,
    give,
)


def test_fixed_charges_are_forecast_to_the_day(db: Database) -> None:
    def fill(conn: Connection) -> list[ClientId]:
        add_partner(conn)
        return [add_client(conn, BETA), add_client(conn, ALFA)]

    beta, alfa = db.write_now(fill)
    found = db.read_now(outlook.forecast, BOOK, beta, NOW)
    assert (found.kind, found.runs_out_on) == ("exact", date(2026, 11, 28))
    assert found.runs_out_at is not None
    assert found.runs_out_at.isoformat() == "2026-11-28T22:00:00+00:00"
    assert db.read_now(outlook.forecast, BOOK, alfa, NOW).kind == "never"


def test_polled_usage_needs_history(db: Database) -> None:
    """A balance that another system's tables show going down: nothing is said before two weeks, then a band."""
    wanted = Wanted("48210041", ends=date(2027, 6, 1), plan="Inbox", months=6, channels=1, balance="100.00")

    def fill(conn: Connection) -> ClientId:
        add_partner(conn)
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        return add_client(conn, wanted)

    client_id = db.write_now(fill)

    def spend(conn: Connection, day: int) -> None:
        left = euro("100.00") - euro("2.00") * day - of(day % 3, "EUR")
        now = NOW + timedelta(days=day)
        billing.adjust_balance(conn, NORD, client_id, left, reason="table", by="import", key=f"{day}", now=now)

    for day in range(1, 10):
        db.write_now(spend, day)
    early = db.read_now(outlook.forecast, BOOK, client_id, NOW + timedelta(days=10))
    assert (early.kind, early.band, early.history_days) == ("short_history", None, 9)
    for day in range(10, 25):
        db.write_now(spend, day)
    later = db.read_now(outlook.forecast, BOOK, client_id, NOW + timedelta(days=25))
    assert later.kind == "band"
    assert later.band is not None
    earliest, likely, latest = later.band.earliest, later.band.likely, later.band.latest
    assert earliest is not None
    assert likely is not None
    assert latest is not None
    assert earliest <= likely <= latest
    assert abs((likely - date(2026, 12, 21)).days - 26) <= 2


def test_a_renewal_and_money_that_came_are_no_use(db: Database) -> None:
    """Elsewhere a fall with a later end date paid for it; a day that shows more money tells nothing."""
    wanted = Wanted("48210041", ends=date(2027, 6, 1), channels=1, balance="500.00")

    def fill(conn: Connection) -> ClientId:
        add_partner(conn)
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        return add_client(conn, wanted)

    client_id = db.write_now(fill)

    def show(conn: Connection, day: int, left: str, *, bought: bool = False) -> None:
        now = NOW + timedelta(days=day)
        billing.adjust_balance(
            conn, NORD, client_id, euro(left), reason="poll", by="poll", key=f"{day}", now=now, bought=bought
        )

    for day in range(1, 9):
        db.write_now(show, day, f"{500 - 2 * day}.00")
    db.write_now(lambda conn: show(conn, 9, "400.00", bought=True))
    db.write_now(show, 10, "470.00")
    for day in range(11, 18):
        db.write_now(show, day, f"{470 - 2 * (day - 10)}.00")
    found = db.read_now(outlook.forecast, BOOK, client_id, NOW + timedelta(days=18))
    assert (found.kind, found.history_days) == ("band", 16)
    spent = db.read_now(
        lambda conn: spent_by_day(conn, holdings(conn, [client_id]), BOOK, NOW + timedelta(days=18))[client_id]
    )
    assert list(spent) == [200] * 8 + [0] + [200] * 7


def test_what_the_partner_must_hold(db: Database) -> None:
    """Alfa ends in a week (1440.00), Gamma ended yesterday (729.00), one has his own money, one is far off."""

    def fill(conn: Connection) -> list[ClientId]:
        add_partner(conn)
        give(conn, euro("1000"))
        return [
            add_client(conn, ALFA),
            add_client(conn, GAMMA),
            add_client(
                conn, Wanted("48210050", ends=date(2026, 12, 20), plan="Pro", months=1, channels=1, balance="60")
            ),
            add_client(conn, Wanted("48210051", ends=date(2027, 3, 1), plan="Pro", months=1, channels=1)),
            add_client(conn, Wanted("48210052", ends=date(2026, 12, 1), plan="Gold", months=1, channels=1)),
            add_client(conn, BETA),
        ]

    clients = db.write_now(fill)
    (need,) = db.read_now(outlook.partner_need, BOOK, NORD, NOW)
    assert [(one.client_id, str(one.pays.decimal)) for one in need.due] == [
        (clients[1], "473.85"),
        (clients[0], "936.00"),
        (clients[2], "0.00"),
    ]
    assert (need.total, need.available, need.short) == (euro("1409.85"), euro("1000"), euro("409.85"))
    assert need.unknown == (clients[4],)


def test_what_if(db: Database) -> None:
    """Beta's two channels at 4.00 a day: a year by the day is 1460.00; Pro by the year 864.00."""

    def fill(conn: Connection) -> ClientId:
        add_partner(conn)
        return add_client(conn, BETA)

    client_id = db.write_now(fill)
    found = db.read_now(outlook.compare, BOOK, NORD, client_id, NOW)
    assert (found.plan, found.days, found.daily_cost) == ("pro", 365, euro("1460"))
    pro = {one.months: (one.cost, one.partner_cost, one.saves) for one in found.options if one.plan == "pro"}
    assert pro[12] == (euro("864"), euro("561.60"), euro("596"))
    assert pro[1] == (euro("1080"), euro("702"), euro("380"))
    assert found.best is not None
    assert (found.best.periods, found.best.cost) == ((12,), euro("864"))
    assert len(found.options) == 12


def test_nothing_to_compare(db: Database) -> None:
    def fill(conn: Connection) -> ClientId:
        add_partner(conn)
        return add_client(conn, Wanted("48210060"))

    client_id = db.write_now(fill)
    with pytest.raises(UserError, match="no_subscription"):
        db.read_now(outlook.compare, BOOK, NORD, client_id, NOW)


def test_looks_ahead_reach_as_far_as_is_asked_and_no_further_than_the_partners_own(db: Database) -> None:
    def fill(conn: Connection) -> ClientId:
        add_partner(conn)
        add_partner(conn, PartnerId("sued"))
        add_client(conn, ALFA)
        add_client(conn, Wanted("48210050", ends=date(2026, 12, 4), plan="Pro", months=1, channels=1))
        return add_client(conn, BETA)

    client_id = db.write_now(fill)
    found = db.read_now(outlook.compare, BOOK, NORD, client_id, NOW, 1)
    assert (found.months, found.days, found.daily_cost) == (1, 30, euro("120"))
    with pytest.raises(UserError, match="unknown_client"):
        db.read_now(outlook.compare, BOOK, PartnerId("sued"), client_id, NOW)
    for days, due in ((6, 0), (7, 1), (8, 2), (30, 2)):
        needs = db.read_now(outlook.partner_need, BOOK, NORD, NOW, days)
        assert [len(need.due) for need in needs if need.due] == ([due] if due else []), days
    assert db.read_now(outlook.partner_need, BOOK, PartnerId("sued"), NOW) == []
