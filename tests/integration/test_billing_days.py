"""Daily payments on both databases: each of a client's own days once, whatever happens around it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import service as billing
from bot.billing.local_day import first_instant, local_date
from bot.ids import ClientId
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    BETA,
    BOOK,
    GAMMA,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_top_up,
    balance_of,
    euro,
    give,
    say_yes,
)


def start(conn: Connection, wanted: Wanted = BETA, now: datetime = NOW) -> ClientId:
    add_partner(conn)
    give(conn, euro("1000"))
    return add_client(conn, wanted, now=now)


def charged_days(conn: Connection) -> list[str]:
    """The days that were charged, one entry per channel."""
    keys = conn.execute(select(tables.ledger_transaction.c.key).where(tables.ledger_transaction.c.kind == "daily"))
    return sorted(key.rsplit(":", 1)[1] for key in keys.scalars())


def midnight(day: int, zone: str = "Europe/Riga") -> datetime:
    """The first instant of a day of November 2026 (31 is 1 December)."""
    return first_instant(date(2026, 11, 1) + timedelta(days=day - 1), zone)


def test_money_for_two_more_days(db: Database) -> None:
    """Conversation 2: 9.00 on the balance, 4.00 a day: channels stop in the night to Sunday 29 November."""
    client_id = db.write_now(start)
    standing = db.read_now(billing.standing, client_id, NOW, BOOK)
    assert (standing.daily_total, standing.runs_out_on) == (euro("4"), date(2026, 11, 28))
    assert standing.runs_out_at == datetime(2026, 11, 28, 22, 0, tzinfo=UTC)
    seen = []
    for day in (26, 27, 28, 29, 30):
        changes = db.write_now(billing.charge_due, BOOK, midnight(day))
        seen.append(([one.what for one in changes], str(db.read_now(balance_of, client_id).decimal)))
    assert seen == [
        ([], "9.00"),
        (["charged"], "5.00"),
        (["charged"], "1.00"),
        (["stopped"], "1.00"),
        ([], "1.00"),
    ]
    after = db.read_now(billing.standing, client_id, midnight(30), BOOK)
    assert (after.stopped, after.runs_out_on, after.runs_out_at) == (2, None, None)


def test_missed_days_are_charged_one_by_one(db: Database) -> None:
    client_id = db.write_now(start)
    changes = db.write_now(billing.charge_due, BOOK, midnight(33))
    assert [one.what for one in changes] == ["charged", "stopped"]
    assert db.read_now(charged_days) == ["2026-11-27"] * 2 + ["2026-11-28"] * 2
    assert db.read_now(balance_of, client_id) == euro("1")
    assert not db.read_now(billing.is_waiting, midnight(33))


def test_many_missed_days_come_in_chunks(db: Database) -> None:
    db.write_now(start, Wanted("48210132", channels=1, daily="1.00", balance="70.00"))
    late = NOW + timedelta(days=40)
    rounds = 0
    while db.read_now(billing.is_waiting, late):
        db.write_now(billing.charge_due, BOOK, late)
        rounds += 1
    assert rounds == 6
    assert len(set(db.read_now(charged_days))) == 40


def test_a_top_up_starts_the_channels_at_once(db: Database) -> None:
    client_id = db.write_now(start)
    sunday = midnight(29) + timedelta(hours=9)
    db.write_now(billing.charge_due, BOOK, sunday)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100"), now=sunday))
    assert quote.guard is not None
    assert quote.gone_by == date(2026, 12, 23)
    confirmed = db.write_now(lambda conn: say_yes(conn, quote, now=sunday))
    assert [one.what for one in confirmed.changes] == ["topped_up", "charged", "resumed"]
    standing = db.read_now(billing.standing, client_id, sunday, BOOK)
    assert (standing.stopped, standing.balance, standing.runs_out_on) == (0, euro("97"), date(2026, 12, 23))
    assert db.write_now(billing.charge_due, BOOK, sunday + timedelta(hours=1)) == []
    assert db.read_now(billing.check).ok


def test_who_was_started_again_pays_the_next_day_and_stops_when_it_is_spent(db: Database) -> None:
    """A client without money is looked at once in thirty days only: money ends that, whatever brought it."""
    client_id = db.write_now(start, Wanted("48210025", balance="0.00", channels=1, daily="2.00"))
    db.write_now(billing.charge_due, BOOK, midnight(27))
    assert db.read_now(next_looks)[client_id] == midnight(57)
    later = midnight(29) + timedelta(hours=9)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("5"), now=later))
    db.write_now(lambda conn: say_yes(conn, quote, now=later))
    assert db.read_now(next_looks)[client_id] == midnight(30)
    db.write_now(billing.charge_due, BOOK, midnight(30))
    assert db.read_now(charged_days) == ["2026-11-29", "2026-11-30"]
    assert [one.what for one in db.write_now(billing.charge_due, BOOK, midnight(31))] == ["stopped"]


def test_little_money_keeps_what_channels_it_can(db: Database) -> None:
    client_id = db.write_now(start, Wanted("48210025", balance="3.00", channels=2, daily="4.00"))
    changes = db.write_now(billing.charge_due, BOOK, midnight(27))
    assert [one.what for one in changes] == ["charged", "stopped"]
    standing = db.read_now(billing.standing, client_id, midnight(27), BOOK)
    assert [one.state for one in standing.channels] == ["active", "notEnoughMoney"]
    assert standing.balance == euro("1")


def test_a_channel_that_has_paid_its_day_pays_no_second_time_when_another_starts(db: Database) -> None:
    client_id = db.write_now(start, Wanted("48210025", balance="3.00", channels=2, daily="4.00"))
    db.write_now(billing.charge_due, BOOK, midnight(27))
    morning = midnight(27) + timedelta(hours=9)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100"), now=morning))
    confirmed = db.write_now(lambda conn: say_yes(conn, quote, now=morning))
    assert [one.what for one in confirmed.changes] == ["topped_up", "charged", "resumed"]
    assert (db.read_now(charged_days), db.read_now(balance_of, client_id)) == (["2026-11-27"] * 2, euro("99"))


def test_a_subscription_that_ends_falls_back_on_daily_payments(db: Database) -> None:
    """With money its channels go on by the day, at the daily price of its plan; without they stop the day after."""
    wanted = Wanted("48210066", ends=date(2026, 11, 27), plan="Pro", months=1, channels=2, balance="9.00")
    client_id = db.write_now(start, wanted)
    assert db.write_now(billing.charge_due, BOOK, midnight(27)) == []
    changes = db.write_now(billing.charge_due, BOOK, midnight(28))
    assert [one.what for one in changes] == ["ended", "charged"]
    standing = db.read_now(billing.standing, client_id, midnight(28), BOOK)
    assert (standing.ended_on, standing.balance, standing.runs_out_on) == (
        date(2026, 11, 27),
        euro("5"),
        date(2026, 11, 29),
    )
    changes = db.write_now(billing.charge_due, BOOK, midnight(31))
    assert [one.what for one in changes] == ["charged", "stopped"]
    assert db.read_now(charged_days) == ["2026-11-28"] * 2 + ["2026-11-29"] * 2


def test_a_subscription_that_ends_without_money_stops_its_channels(db: Database) -> None:
    client_id = db.write_now(start, Wanted("48210082", ends=date(2026, 11, 26), plan="Pro", months=6, channels=1))
    changes = db.write_now(billing.charge_due, BOOK, midnight(27))
    assert [one.what for one in changes] == ["ended", "stopped"]
    assert db.read_now(billing.standing, client_id, midnight(27), BOOK).stopped == 1


def test_subscribed_and_free_channels_are_never_charged(db: Database) -> None:
    wanted = Wanted("48210017", ends=date(2027, 6, 1), plan="Inbox", months=12, channels=2, balance="50.00")
    client_id = db.write_now(start, wanted)

    def add_free(conn: Connection) -> None:
        billing.set_channels(conn, NORD, client_id, [("instagram", "demo")], None, False, NOW)
        conn.execute(update(tables.channel).where(tables.channel.c.name == "demo").values(free=True))

    db.write_now(add_free)
    for day in range(27, 61):
        assert db.write_now(billing.charge_due, BOOK, midnight(day)) == []
    assert db.read_now(balance_of, client_id) == euro("50")


def test_an_imported_client_without_money_or_subscription_stands(db: Database) -> None:
    client_id = db.write_now(start, GAMMA)
    assert db.read_now(billing.standing, client_id, NOW, BOOK).stopped == 3
    assert db.write_now(billing.charge_due, BOOK, midnight(40)) == []


def test_an_imported_debt_is_not_run_up(db: Database) -> None:
    """-6.00 with a channel at 2.00 a day: it stands; 10.00 let it run for two days, never below zero."""
    client_id = db.write_now(start, Wanted("48210124", balance="-6.00", channels=1, daily="2.00"))
    before = db.read_now(billing.standing, client_id, NOW, BOOK)
    assert (before.balance, before.floor, before.stopped) == (euro("-6"), euro("-6"), 1)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("10")))
    assert [one.what for one in db.write_now(say_yes, quote).changes] == ["topped_up", "charged", "resumed"]
    after = db.read_now(billing.standing, client_id, NOW, BOOK)
    assert (after.balance, after.floor, after.runs_out_on) == (euro("2"), euro("0"), date(2026, 11, 27))
    db.write_now(billing.charge_due, BOOK, midnight(35))
    assert db.read_now(balance_of, client_id) == euro("0")
    assert db.read_now(billing.check).ok


ZONES = [
    "Europe/Riga",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Asuncion",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
]
"""Clocks that move at three in the night, at midnight, back over midnight, by half an hour, or never; on both halves of
the world.
"""


def hours(first: datetime, days: int) -> Iterator[datetime]:
    for hour in range(24 * days):
        yield first + timedelta(minutes=60 * hour + 7)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("first", [datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)])
def test_both_nights_when_clocks_move(sqlite_db: Database, zone: str, first: datetime) -> None:
    """Looked at every hour through both changes of the clock: every local day once, no day left out."""
    wanted = Wanted("48210001", channels=1, daily="1.00", balance="900.00", zone=zone)
    client_id = sqlite_db.write_now(start, wanted, first)
    last = first
    for last in hours(first, 58):
        sqlite_db.write_now(billing.charge_due, BOOK, last)
    days = (local_date(last, zone) - local_date(first, zone)).days
    expected = [(local_date(first, zone) + timedelta(days=n)).isoformat() for n in range(1, days + 1)]
    assert sqlite_db.read_now(charged_days) == expected
    assert sqlite_db.read_now(balance_of, client_id) == euro("900") - euro("1") * days


def test_each_client_by_his_own_midnight(db: Database) -> None:
    def three(conn: Connection) -> list[ClientId]:
        add_partner(conn)
        zones = ("Asia/Almaty", "Europe/Riga", "America/New_York")
        return [
            add_client(conn, Wanted(f"4821000{n}", channels=1, daily="1.00", balance="5.00", zone=zone))
            for n, zone in enumerate(zones)
        ]

    clients = db.write_now(three)
    seen = []
    for moment in (midnight(27, "Asia/Almaty"), midnight(27), midnight(27, "America/New_York")):
        db.write_now(billing.charge_due, BOOK, moment)
        seen.append([str(db.read_now(balance_of, one).decimal) for one in clients])
    assert seen == [["4.00", "5.00", "5.00"], ["4.00", "4.00", "5.00"], ["4.00", "4.00", "4.00"]]


async def test_several_at_once_charge_each_day_once(db: Database) -> None:
    def many(conn: Connection) -> None:
        add_partner(conn)
        for n in range(30):
            add_client(conn, Wanted(f"482100{n:02}", channels=2, daily="2.00", balance="100.00"))

    await db.write(many)
    await asyncio.gather(*(db.write(billing.charge_due, BOOK, midnight(29), 10) for _ in range(8)))
    while await db.read(billing.is_waiting, midnight(29)):
        await db.write(billing.charge_due, BOOK, midnight(29))
    days = await db.read(charged_days)
    assert days == ["2026-11-27"] * 60 + ["2026-11-28"] * 60 + ["2026-11-29"] * 60
    assert (await db.read(billing.check)).ok


def test_a_charge_that_was_taken_cannot_be_taken_again(db: Database) -> None:
    """Even when a bug forgets what was paid, the ledger refuses the key and nothing is left half done."""
    client_id = db.write_now(start)
    db.write_now(billing.charge_due, BOOK, midnight(27))

    def forget(conn: Connection) -> None:
        conn.execute(update(tables.channel).values(charged_through="2026-11-26"))
        conn.execute(update(tables.client_day).values(next_at=midnight(27)))

    db.write_now(forget)
    with pytest.raises(Exception, match=r"(?i)unique"):
        db.write_now(billing.charge_due, BOOK, midnight(27))
    assert db.read_now(balance_of, client_id) == euro("5")


def next_looks(conn: Connection) -> dict[str, datetime]:
    """When each client is looked at next."""
    query = select(tables.client_day.c.client_id, tables.client_day.c.next_at)
    return {row.client_id: row.next_at for row in conn.execute(query)}


@pytest.mark.parametrize(
    ("wanted", "next_day"),
    [
        (Wanted(channels=1, daily="1.00", balance="2.00"), 28),
        (Wanted(channels=1, daily="1.00", balance="0.01"), 28),
        (Wanted(channels=1, daily="1.00", balance="0.00"), 57),
        (Wanted(ends=date(2026, 11, 30), plan="Pro", months=1, channels=1), 31),
        (Wanted(ends=date(2026, 11, 27), plan="Pro", months=1, channels=1), 28),
        (Wanted(balance="5.00"), 57),
    ],
)
def test_a_client_is_looked_at_again_when_time_can_change_something(
    db: Database, wanted: Wanted, next_day: int
) -> None:
    """While something is paid by the day, or could be again: tomorrow; else after the end; else once in thirty days."""
    client_id = db.write_now(start, wanted)
    db.write_now(lambda conn: conn.execute(update(tables.client_day).values(next_at=NOW)).rowcount)
    db.write_now(billing.charge_due, BOOK, midnight(27))
    looks = db.read_now(next_looks)
    assert looks.get(client_id, midnight(57)) == midnight(next_day)


def test_a_channel_beside_a_subscription_is_seen_to_every_day(db: Database) -> None:
    """Neither the subscription's far end nor a channel that is off by the messenger's own doing keeps from it."""

    def two_kinds(conn: Connection, state: str) -> ClientId:
        client_id = start(conn, Wanted(ends=date(2026, 12, 30), plan="Pro", months=1, channels=1, balance="5.00"))
        billing.set_channels(conn, NORD, client_id, [("max", "loose")], euro("1"), False, NOW)
        conn.execute(update(tables.channel).where(tables.channel.c.name == "loose").values(state=state))
        conn.execute(update(tables.client_day).values(next_at=NOW))
        return client_id

    client_id = db.write_now(two_kinds, "active")
    db.write_now(billing.charge_due, BOOK, midnight(27))
    assert db.read_now(next_looks)[client_id] == midnight(28)
    db.write_now(lambda conn: conn.execute(update(tables.channel).values(state="disabled")).rowcount)
    db.write_now(billing.charge_due, BOOK, midnight(28))
    assert db.read_now(next_looks)[client_id] == first_instant(date(2026, 12, 31), "Europe/Riga")


def test_a_missed_week_goes_on_with_its_eighth_day(db: Database) -> None:
    """After the first part the client is due at once again, and its next day is the one after the last charged."""
    client_id = db.write_now(start, Wanted(channels=1, daily="1.00", balance="70.00"))
    late = midnight(57)
    db.write_now(billing.charge_due, BOOK, late)
    assert db.read_now(charged_days) == [f"2026-11-{day}" for day in range(27, 31)] + [
        f"2026-12-0{n}" for n in (1, 2, 3)
    ]
    assert db.read_now(next_looks)[client_id] == midnight(34)
    db.write_now(billing.charge_due, BOOK, late)
    assert len(db.read_now(charged_days)) == 14


def test_who_waits_longest_comes_first_and_exactly_at_his_moment(db: Database) -> None:
    def several(conn: Connection) -> list[ClientId]:
        add_partner(conn)
        found = [add_client(conn, Wanted(f"4821000{n}", channels=1, daily="1.00", balance="5.00")) for n in range(4)]
        found.sort()
        for n, one in enumerate(found):
            day = tables.client_day.c
            hours = {0: 3, 1: 2, 2: 1, 3: 1}[n]
            conn.execute(
                update(tables.client_day).where(day.client_id == one).values(next_at=NOW + timedelta(hours=hours))
            )
        return found

    clients = db.write_now(several)
    now = NOW + timedelta(hours=2)
    assert not db.read_now(billing.is_waiting, NOW + timedelta(minutes=59))
    assert db.read_now(billing.is_waiting, NOW + timedelta(hours=1))

    def still_due() -> list[ClientId]:
        looks = db.read_now(next_looks)
        return [one for one in clients if looks[one] <= now]

    seen = []
    while db.read_now(billing.is_waiting, now):
        seen.append(still_due())
        db.write_now(billing.charge_due, BOOK, now, 1)
    assert seen == [[clients[1], clients[2], clients[3]], [clients[1], clients[3]], [clients[1]]]


def test_all_clients_of_a_part_are_written(db: Database) -> None:
    """Two that stop and one that pays a cent in the same part: each has its own changes."""

    def three(conn: Connection) -> list[ClientId]:
        add_partner(conn)
        wanted = [("4.00", "1.00"), ("4.00", "2.00"), ("0.01", "2.00")]
        return [
            add_client(conn, Wanted(f"4821000{n}", channels=1, daily=daily, balance=balance))
            for n, (daily, balance) in enumerate(wanted)
        ]

    clients = db.write_now(three)
    changes = db.write_now(billing.charge_due, BOOK, midnight(27))
    assert {(one.client_id, one.what) for one in changes} == {
        (clients[0], "stopped"),
        (clients[1], "stopped"),
        (clients[2], "charged"),
    }
    stopped = [db.read_now(billing.standing, one, midnight(27), BOOK).stopped for one in clients]
    assert stopped == [1, 1, 0]
    assert db.read_now(balance_of, clients[2]) == euro("1.99")


def test_money_wakes_a_stopped_channel_whose_price_only_the_book_knows(db: Database) -> None:
    """Where no daily payment is given along, the next look is at once; for nobody else the next look moves."""

    def unit(conn: Connection, wanted: Wanted, amount: str) -> tuple[list[str], list[str]]:
        client_id = start(conn, wanted)
        conn.execute(update(tables.client_day).values(next_at=NOW + timedelta(days=9)))
        made = billing.adjust_balance(
            conn, NORD, client_id, euro(amount), reason="paid", by="operator", key="1", now=NOW
        )
        return [one.what for one in made], [one.what for one in billing.charge_due(conn, BOOK, NOW)]

    class _Back(Exception):
        pass

    def tried(wanted: Wanted, amount: str = "20.00") -> tuple[list[str], list[str]]:
        found: list[tuple[list[str], list[str]]] = []

        def once(conn: Connection) -> None:
            found.append(unit(conn, wanted, amount))
            raise _Back

        with pytest.raises(_Back):
            db.write_now(once)
        return found[0]

    started = (["imported"], ["charged", "resumed"])
    assert tried(Wanted(channels=2)) == started
    assert tried(Wanted(channels=1, ends=date(2026, 11, 25), plan="Pro", months=6)) == started
    assert tried(Wanted(channels=2, daily="1.00")) == (["imported", "charged", "resumed"], [])
    assert tried(Wanted(channels=2, balance="10.00")) == (["imported"], [])
    assert tried(Wanted(channels=2, balance="10.00", ends=date(2026, 12, 3), plan="Pro", months=1)) == (
        ["imported"],
        [],
    )
