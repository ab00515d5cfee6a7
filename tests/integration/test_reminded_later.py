""" "Remind me later", promises and snoozes: when a person hears of the client again, and in which message."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from bot.alerts import postponing
from bot.alerts import service as alerts
from bot.directory import service as directory
from bot.ids import CuratorId
from bot.storage.engine import Database
from bot.storage.tables import notification
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    RIGA,
    SHIPPED,
    add_client,
    add_curator,
    add_partner,
    messages,
)

HOURS = replace(ENV, policy=replace(SHIPPED, brake=None))
"""People are told in their working hours, in one message a day."""


def riga(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Riga")).astimezone(UTC)


def look(conn: Connection, text: str) -> None:
    alerts.scan(conn, now=riga(text), env=HOURS)


def later(conn: Connection, who: CuratorId, text: str, company: str = "Alfa Dental") -> datetime:
    person = directory.get_curator(conn, who)
    found = next(one for one in alerts.open_alerts(conn, RIGA) if one.facts["company"] == company)
    return postponing.later(conn, found, person, now=riga(text), env=HOURS).astimezone(ZoneInfo("Europe/Riga"))


@pytest.mark.parametrize(
    ("ends", "tapped", "again"),
    [
        (date(2026, 12, 3), "2026-11-26T10:00", "2026-11-27T09:00"),
        (date(2026, 12, 3), "2026-11-27T10:00", "2026-11-30T09:00"),
        (date(2026, 11, 29), "2026-11-27T10:00", "2026-11-28T09:00"),
        (date(2026, 11, 27), "2026-11-27T10:00", "2026-11-27T12:00"),
    ],
    ids=["next day", "over the weekend", "the weekend is too late", "on the last day"],
)
async def test_later_is_the_next_working_day_unless_that_is_too_late(
    sqlite_db: Database, ends: date, tapped: str, again: str
) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn, replace(ALFA, ends=ends), now=riga("2026-11-26T08:00"))
        look(conn, "2026-11-26T09:00")
        look(conn, tapped)
        told = len(messages(conn, anna))
        at = later(conn, anna, tapped)
        assert at.isoformat("T", "minutes")[:16] == again
        look(conn, (at - timedelta(minutes=1)).replace(tzinfo=None).isoformat())
        assert len(messages(conn, anna)) == told
        look(conn, again)
        look(conn, again)
        assert len(messages(conn, anna)) == told + 1

    await sqlite_db.write(story)


async def test_what_was_put_off_comes_in_the_one_message_of_the_day(db: Database) -> None:
    """A message for each client that was put off would ring as often the next morning, beside the digest."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        for number in range(3):
            wanted = replace(ALFA, account_id=f"4821010{number}", company=f"Firm {number}")
            add_client(conn, wanted, now=riga("2026-11-26T08:00"))
        look(conn, "2026-11-26T09:00")
        for number in range(3):
            later(conn, anna, "2026-11-26T10:00", f"Firm {number}")
        add_client(conn, replace(BETA, company="Beta Kids"), now=riga("2026-11-26T20:30"))
        look(conn, "2026-11-27T09:00")
        told = messages(conn, anna)
        assert [row.template for row in told] == ["alerts/several", "alerts/several"]
        assert told[-1].body.startswith("Finances: *4 clients* need you, first Beta Kids")

    await db.write(story)


async def test_a_promise_moves_what_waits_already(db: Database) -> None:
    """A stage of Saturday waits for Monday: a promise of that Saturday holds it, a nearer one brings it back."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn, replace(ALFA, ends=date(2026, 12, 12)), now=riga("2026-11-27T08:00"))
        look(conn, "2026-12-05T09:00")
        person = directory.get_curator(conn, anna)

        def waits() -> str:
            [at] = conn.execute(select(notification.c.send_at).where(notification.c.outcome == "waiting")).scalars()
            return str(at.astimezone(ZoneInfo(person.time_zone)).isoformat("T", "minutes"))[:16]

        assert waits() == "2026-12-07T09:00"
        promise = {"now": riga("2026-12-05T12:00"), "env": HOURS}
        postponing.promised(conn, client, anna, day=date(2026, 12, 10), **promise)  # type: ignore[arg-type]
        assert waits() == "2026-12-10T09:00"
        postponing.promised(conn, client, anna, day=date(2026, 12, 8), **promise)  # type: ignore[arg-type]
        assert waits() == "2026-12-08T09:00"
        postponing.promised(conn, client, anna, day=date(2026, 12, 31), **promise)  # type: ignore[arg-type]
        assert waits() == "2026-12-11T09:00", "never past the day before the end"

    await db.write(story)
