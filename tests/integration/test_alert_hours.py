"""Working hours respected: raising goes by the client's day, telling by the person's; one regular message a day."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, update

from bot.alerts import service as alerts
from bot.alerts.report import ScanReport
from bot.billing import auto_renewal, renewing, subscribing
from bot.billing import service as billing
from bot.billing.subscribing import Asked
from bot.directory import service as directory
from bot.ids import CuratorId
from bot.storage.engine import Database
from bot.storage.tables import curator
from tests.integration.alert_world import (
    ALFA,
    BETA,
    BOOK,
    ENV,
    GAMMA,
    NOW,
    POLICY,
    add_client,
    add_curator,
    add_partner,
    charge,
    messages,
    move_end,
    outcomes,
)
from tests.integration.alert_world import RIGA as RIGA_ID

RIGA = ZoneInfo("Europe/Riga")
HOURS = replace(ENV, policy=replace(POLICY, respect_hours=True))


def _at(text: str, zone: ZoneInfo = RIGA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def _scan(conn: Connection, text: str) -> ScanReport:
    now = _at(text)
    charge(conn, now)
    return alerts.scan(conn, now=now, env=HOURS)


def _set(conn: Connection, who: CuratorId, **values: Any) -> None:
    conn.execute(update(curator).where(curator.c.id == who).values(**values))


def _renew(conn: Connection, text: str) -> None:
    while renewing.is_due(conn, now := _at(text)):
        alerts.apply(conn, renewing.renew_due(conn, BOOK, now), now=now, env=HOURS)


async def test_what_is_raised_at_night_waits_for_the_persons_hour(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, brazil = add_curator(conn), add_curator(conn, "João", time_zone="America/Sao_Paulo")
        add_client(conn)
        assert _scan(conn, "2026-11-26T09:00").messages == 1
        assert [row.curator_id for row in messages(conn)] == [anna]
        assert _scan(conn, "2026-11-26T13:59").messages == 0
        assert _scan(conn, "2026-11-26T14:00").messages == 1
        assert messages(conn)[-1].curator_id == brazil

    await db.write(story)


async def test_what_is_settled_while_it_waits_is_never_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        client = add_client(conn, replace(ALFA, zone="Asia/Almaty"))
        assert _scan(conn, "2026-11-26T06:00").alerts == 1
        assert outcomes(conn) == [("waiting", None)]
        move_end(conn, client, date(2027, 12, 3), now=_at("2026-11-26T07:00"))
        assert _scan(conn, "2026-11-26T09:00").messages == 0
        assert outcomes(conn) == [("settled", None)]

    await db.write(story)


async def test_who_stopped_while_it_waited_is_not_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn, replace(ALFA, zone="Asia/Almaty"))
        _scan(conn, "2026-11-26T06:00")
        directory.stop(conn, anna, _at("2026-11-26T08:00"))
        report = _scan(conn, "2026-11-26T09:00")
        assert (report.messages, report.suppressed) == (0, {"stopped": 1})

    await db.write(story)


async def test_novu_2569_one_regular_message_a_day_and_only_what_cannot_wait_besides(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)
        assert _scan(conn, "2026-11-26T09:00").messages == 1
        later = _at("2026-11-26T11:00")
        add_client(conn, BETA, now=later)
        assert _scan(conn, "2026-11-26T11:00").alerts == 1
        assert len(messages(conn)) == 1
        add_client(conn, GAMMA, now=later)
        assert _scan(conn, "2026-11-26T11:01").messages == 1
        assert messages(conn)[-1].template == "alerts/stopped"
        assert _scan(conn, "2026-11-27T09:00").messages == 1
        assert messages(conn)[-1].body.startswith("Finances: *Beta Kids* money for 1 more day")

    await db.write(story)


async def test_two_processes_and_a_restart_make_one_regular_message_a_day(db: Database) -> None:
    now = _at("2026-11-26T09:00")

    def begin(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        for wanted in (ALFA, replace(ALFA, account_id="48210018", company="Delta")):
            add_client(conn, wanted)

    def scan(conn: Connection, at: datetime) -> ScanReport:
        return alerts.scan(conn, now=at, env=replace(HOURS))

    await db.write(begin)
    reports = await asyncio.gather(*(db.write(scan, now) for _ in range(4)))
    assert sum(one.messages for one in reports) == 1
    again = await asyncio.gather(*(db.write(scan, now + timedelta(hours=hours)) for hours in (1, 2, 3)))
    assert sum(one.messages for one in again) == 0
    assert [row.template for row in await db.read(messages)] == ["alerts/several"]


async def test_friday_reaches_to_monday(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn, replace(ALFA, ends=date(2026, 11, 29)))
        _scan(conn, "2026-11-26T09:00")
        assert _scan(conn, "2026-11-27T08:00").alerts == 0
        assert _scan(conn, "2026-11-27T09:00").alerts == 1
        assert messages(conn, anna)[-1].body.startswith("Finances: *Alfa Dental* ends in 2 days\n")
        for day in ("2026-11-28T09:00", "2026-11-29T09:00"):
            assert _scan(conn, day).alerts == 0
        _scan(conn, "2026-11-30T09:00")
        assert [row.template for row in messages(conn, anna)] == ["alerts/ending", "alerts/ending", "alerts/stopped"]

    await db.write(story)


async def test_friday_reaches_to_a_subscription_that_may_be_paid_until_sunday(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        asked = Asked(RIGA_ID, add_client(conn, BETA, told=False), NOW)
        made = subscribing.create_unpaid(conn, BOOK, asked, plan="pro", months=1)
        assert made.until == "2026-11-29"
        alerts.apply(conn, made.changes, now=NOW, env=HOURS)
        _scan(conn, "2026-11-27T08:59")
        assert messages(conn, anna) == []
        _scan(conn, "2026-11-27T09:00")
        assert [row.template for row in messages(conn, anna)] == ["alerts/unpaid"]
        for day in ("28", "29", "30"):
            _scan(conn, f"2026-11-{day}T12:00")
        assert [row.template for row in messages(conn, anna)].count("alerts/unpaid") == 1

    await db.write(story)


async def test_a_renewal_that_will_fail_on_sunday_night_is_told_that_morning(db: Database) -> None:
    """What it lacks is known a day before only; on Monday it would be too late."""

    def story(conn: Connection) -> None:
        add_partner(conn, "900.00")
        anna = add_curator(conn)
        client_id = add_client(conn, replace(ALFA, ends=date(2026, 11, 29)))
        stands = billing.standing(conn, client_id, NOW, BOOK)
        changes = auto_renewal.switch_on(conn, BOOK, stands, limit=None, by="Olga", now=NOW)
        alerts.apply(conn, changes, now=NOW, env=HOURS)
        for at in ("2026-11-26T09:00", "2026-11-27T09:00", "2026-11-28T22:00", "2026-11-29T08:59"):
            _renew(conn, at)
            _scan(conn, at)
        assert "alerts/not_renewed" not in [row.template for row in messages(conn, anna)]
        _scan(conn, "2026-11-29T09:00")
        assert messages(conn, anna)[-1].template == "alerts/not_renewed"

    await db.write(story)


async def test_a_long_easter_is_bridged_before_it_begins(db: Database) -> None:
    """In Latvia Friday 26 March to Monday 29 March 2027 are days off."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        latvian, estonian = add_curator(conn), add_curator(conn, "Liis")
        _set(conn, estonian, country="EE")
        start = _at("2027-03-20T09:00")
        add_client(conn, replace(ALFA, ends=date(2027, 3, 29)), now=start)
        _scan(conn, "2027-03-22T09:00")
        assert _scan(conn, "2027-03-25T08:59").alerts == 0
        assert _scan(conn, "2027-03-25T09:00").alerts == 1
        assert {row.curator_id for row in messages(conn)[-2:]} == {latvian, estonian}
        assert messages(conn, latvian)[-1].body.startswith("Finances: *Alfa Dental* ends in 4 days\n")
        before = len(messages(conn))
        for day in ("26", "27", "28", "29"):
            _scan(conn, f"2027-03-{day}T12:00")
        assert len(messages(conn)) == before
        _scan(conn, "2027-03-30T09:00")
        assert messages(conn, latvian)[-1].template == "alerts/stopped"

    await db.write(story)


async def test_eleven_days_of_new_year_in_russia_are_bridged(sqlite_db: Database) -> None:
    """From 31 December 2026 to 10 January 2027 nobody works there."""
    moscow = ZoneInfo("Europe/Moscow")

    def story(conn: Connection) -> None:
        add_partner(conn)
        _set(conn, add_curator(conn, time_zone="Europe/Moscow"), country="RU")
        start = _at("2026-12-28T09:00", moscow)
        add_client(conn, replace(ALFA, zone="Europe/Moscow", ends=date(2027, 1, 8)), now=start)
        for step in range(15 * 6):
            now = start + timedelta(hours=4 * step)
            charge(conn, now)
            alerts.scan(conn, now=now, env=HOURS)
        told = [row for row in messages(conn) if row.kind == "alert"]
        assert [(f"{row.created_at.astimezone(moscow):%d %b %H}", row.body.splitlines()[0]) for row in told] == [
            ("28 Dec 09", "Finances: *Alfa Dental* ends in 11 days"),
            ("30 Dec 09", "Finances: *Alfa Dental* ends in 9 days"),
            ("11 Jan 09", "Finances: *Alfa Dental* channels stopped"),
        ]

    await sqlite_db.write(story)


async def test_a_monday_end_is_told_on_monday_morning_in_one_message(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn, replace(ALFA, ends=date(2026, 11, 30)))
        for day in ("26", "27", "28", "29"):
            _scan(conn, f"2026-11-{day}T09:00")
        before = len(messages(conn))
        assert _scan(conn, "2026-11-30T09:00").messages == 1
        assert len(messages(conn)) == before + 1
        assert messages(conn)[-1].body.startswith("Finances: *Alfa Dental* ends today\n")

    await db.write(story)


async def test_who_works_at_weekends_hears_at_weekends(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        _set(conn, marta, working_days="1234567")
        _set(conn, anna, any_hour=True)
        add_client(conn, replace(ALFA, ends=date(2026, 12, 5)), now=_at("2026-11-20T09:00"))
        _scan(conn, "2026-11-21T09:00")
        before = len(messages(conn))
        _scan(conn, "2026-11-28T09:00")
        assert len(messages(conn)) == before + 2

    await db.write(story)


async def test_nothing_goes_out_in_quiet_hours_over_two_months(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        people = {add_curator(conn, zone, time_zone=zone): zone for zone in ("Europe/Riga", "America/Sao_Paulo")}
        start = _at("2026-10-15T09:00")
        for n in range(12):
            zone = ("Europe/Riga", "America/Sao_Paulo", "Asia/Almaty")[n % 3]
            ends = date(2026, 10, 20) + timedelta(days=3 * n)
            add_client(conn, replace(ALFA, account_id=f"482100{n:02d}", zone=zone, ends=ends), now=start)
        now = start
        while now < start + timedelta(days=60):
            now += timedelta(hours=1)
            charge(conn, now)
            alerts.scan(conn, now=now, env=HOURS)
        sent = [row for row in messages(conn) if row.kind == "alert"]
        assert sent
        for row in sent:
            local = row.created_at.astimezone(ZoneInfo(people[row.curator_id]))
            assert 9 <= local.hour < 20

    await sqlite_db.write(story)
