"""What a balance was spent by use, day by day: each day once, the client's own; and what a check found."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, update

from bot.billing import reversing, spending
from bot.billing import service as billing
from bot.billing.repository import holdings
from bot.billing.spending import spent_by_day
from bot.billing.standing import renewal_price
from bot.billing.usage import record_usage
from bot.billing.verdicts import note_wrong, wrong_since
from bot.ids import ClientId, PartnerId, TransactionId
from bot.money import Money
from bot.storage import audit, tables
from bot.storage.engine import Database
from tests.integration.billing_world import BOOK, NORD, NOW, Wanted, add_client, add_partner, euro

TODAY = date(2026, 11, 26)
DAY = timedelta(days=1)


def spent(conn: Connection, *clients: ClientId, now: datetime = NOW) -> dict[ClientId, Sequence[int]]:
    return {one: list(days) for one, days in spent_by_day(conn, holdings(conn, clients), BOOK, now).items()}


def use(conn: Connection, client_id: ClientId, cents: int, days_ago: int, ref: str = "") -> None:
    day = TODAY - days_ago * DAY
    name = ref or f"{day}"
    record_usage(conn, NORD, client_id, Money(cents, "EUR"), day=day, ref=name, note="WABA", by="operator", now=NOW)


def test_use_of_each_client_by_the_day_it_was_used_on(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty days back and not today, several charges of a day together, what was taken back not at all."""
    monkeypatch.setattr(spending, "_CHUNK", 2)

    def unit(conn: Connection) -> None:
        add_partner(conn)
        clients = [add_client(conn, Wanted(f"4821000{n}", channels=1, balance="100.00")) for n in range(5)]
        for days_ago in (61, 60, 58, 0):
            use(conn, clients[0], 100 + days_ago, days_ago)
        use(conn, clients[0], 7, 58, "again")
        for n in (1, 2, 3):
            use(conn, clients[n], n, 2)
            use(conn, clients[n], 10 * n, 1)
        use(conn, clients[4], 5, 0)
        taken = conn.execute(tables.usage_charge.select().where(tables.usage_charge.c.client_id == clients[2])).all()
        back = next(row.transaction_id for row in taken if row.day == "2026-11-25")
        reversing.reverse(conn, NORD, TransactionId(back), reason="wrong", by="operator", now=NOW)
        assert spent(conn, *clients) == {
            clients[0]: [160, 0, 165, *[0] * 57],
            clients[1]: [1, 10],
            clients[2]: [2, 0],
            clients[3]: [3, 30],
            clients[4]: [],
        }
        assert spent(conn) == {}

    db.write_now(unit)


def test_the_standing_of_a_client_goes_by_what_was_used(db: Database) -> None:
    """1.00 on each of twenty days: the 80.00 that are left last eighty more, in all likelihood."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id, other = (add_client(conn, Wanted(f"4821000{n}", balance="100.00")) for n in (1, 2))
        for days_ago in range(1, 21):
            use(conn, client_id, 100, days_ago)
        found = billing.standing(conn, client_id, NOW, BOOK).by_use
        assert found is not None
        assert (found.likely, found.days) == (TODAY + 80 * DAY, 20)
        assert billing.standing(conn, other, NOW, BOOK).by_use is None

    db.write_now(unit)


def test_a_daily_payment_is_use_only_where_the_balance_is_another_systems(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted(channels=1, daily="1.00", balance="50.00"))
        for days in (1, 2, 3):
            billing.charge_due(conn, BOOK, NOW + days * DAY)
        later = NOW + 4 * DAY
        assert spent(conn, client_id, now=later) == {}
        use(conn, client_id, 7, 0)
        assert spent(conn, client_id, now=later) == {client_id: [7, 0, 0, 0]}
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        assert spent(conn, client_id, now=later) == {client_id: [7, 100, 100, 100]}

    db.write_now(unit)


def elsewhere(conn: Connection, wanted: Wanted, partner_id: PartnerId = NORD) -> ClientId:
    add_partner(conn, partner_id)
    conn.execute(update(tables.partner).values(gateway="wazzup"))
    return add_client(conn, wanted, partner_id=partner_id)


def show(conn: Connection, client_id: ClientId, left: str, at: datetime, *, bought: bool = False) -> None:
    """A poll shows a balance."""
    billing.adjust_balance(
        conn, NORD, client_id, euro(left), reason="poll", by="poll", key=f"{at}", now=at, bought=bought
    )


def test_what_is_shown_gone_counts_up_to_the_price_of_a_renewal(db: Database) -> None:
    """One cent less than a renewal is use, the price itself paid for one; so did what came with a later end date."""

    def unit(conn: Connection) -> None:
        wanted = Wanted(ends=date(2027, 6, 1), plan="Pro", months=1, channels=1, balance="500.00")
        client_id = elsewhere(conn, wanted)
        price = renewal_price(holdings(conn, [client_id])[client_id], BOOK, TODAY)
        assert price == euro("45.00")
        for day, left in ((1, "455.01"), (2, "410.01"), (3, "400.01")):
            show(conn, client_id, left, NOW + day * DAY)
        show(conn, client_id, "399.01", NOW + 4 * DAY, bought=True)
        show(conn, client_id, "397.01", NOW + 5 * DAY)
        assert spent(conn, client_id, now=NOW + 6 * DAY) == {client_id: [4_499, 0, 1_000, 0, 200]}

    db.write_now(unit)


def test_days_are_those_of_the_client(db: Database) -> None:
    """An hour before midnight in New York it is the day after in UTC; what shows money coming hides its own day."""

    def unit(conn: Connection) -> None:
        client_id = elsewhere(conn, Wanted(balance="100.00", zone="America/New_York"))
        night = datetime(2026, 11, 28, 4, 30, tzinfo=UTC)
        show(conn, client_id, "99.00", night - DAY)
        show(conn, client_id, "98.00", night)
        show(conn, client_id, "97.50", night + timedelta(hours=1))
        assert spent(conn, client_id, now=night + 2 * DAY) == {client_id: [100, 100, 50]}
        show(conn, client_id, "150.00", night + timedelta(minutes=1))
        assert spent(conn, client_id, now=night + 2 * DAY) == {client_id: [100, 50]}
        assert spent(conn, client_id, now=night + timedelta(hours=2)) == {client_id: [100]}

    db.write_now(unit)


def test_sixty_days_are_looked_back_in_every_zone(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = elsewhere(conn, Wanted(balance="100.00", zone="Pacific/Kiritimati"))
        begin = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
        show(conn, client_id, "99.00", begin - timedelta(seconds=1))
        show(conn, client_id, "97.00", begin)
        assert spent(conn, client_id, now=begin + 60 * DAY) == {client_id: [200, *[0] * 59]}
        assert spent(conn, client_id, now=begin + 61 * DAY) == {}
        show(conn, client_id, "150.00", begin + timedelta(hours=1))
        assert spent(conn, client_id, now=begin + 60 * DAY) == {client_id: [0] * 59}

    db.write_now(unit)


def test_what_a_check_of_the_books_found_is_kept_up_to_twenty(db: Database) -> None:
    """The latest check with anything wrong since a moment; a right one says nothing and takes nothing back."""

    def unit(conn: Connection) -> None:
        note_wrong(conn, [], NOW)
        assert (wrong_since(conn, NOW - DAY), audit.records(conn, None)) == ((), [])
        many = [f"problem {n}" for n in range(25)]
        note_wrong(conn, many, NOW)
        note_wrong(conn, ["one left"], NOW + timedelta(hours=1))
        note_wrong(conn, ["earlier"], NOW + timedelta(minutes=30))
        assert wrong_since(conn, NOW + timedelta(minutes=29)) == ("one left",)
        assert wrong_since(conn, NOW + timedelta(hours=1)) == ()
        said = [(one.at, one.who, one.action, one.facts) for one in audit.records(conn, None)]
        assert said == [
            (NOW + timedelta(hours=1), "ledger check", "ledger.wrong", {"count": 1, "problems": ["one left"]}),
            (NOW + timedelta(minutes=30), "ledger check", "ledger.wrong", {"count": 1, "problems": ["earlier"]}),
            (NOW, "ledger check", "ledger.wrong", {"count": 25, "problems": many[:20]}),
        ]

    db.write_now(unit)


def test_another_partners_entries_are_no_verdict_on_the_books(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        audit.record(conn, NORD, "ledger.wrong", {"problems": ["no"]}, who="x", now=NOW)
        audit.record(conn, None, "ledger.right", {"problems": ["no"]}, who="x", now=NOW)
        assert wrong_since(conn, NOW - DAY) == ()

    db.write_now(unit)
