"""Alerts that could not leave by day, because the provider or a pause stood in the way, do not leave at night."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import cast

from sqlalchemy import Connection, update

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.app.workers import Workers
from bot.clock import ManualClock
from bot.directory import arrangements
from bot.handlers.env import Env
from bot.ids import CuratorId, JobId
from bot.jobs.port import Job
from bot.messaging import claims
from bot.messaging.relay import Relay
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ALFA,
    ENV,
    NOW,
    POLICY,
    add_client,
    add_curator,
    add_partner,
    messages,
)
from tests.integration.messaging_support import SENDER

HOURS = replace(ENV, policy=replace(POLICY, respect_hours=True))
NIGHT = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
"""Eight in the evening in Riga."""
MORNING = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


def _told(conn: Connection, ends: date = date(2026, 12, 3), at: datetime = NOW) -> tuple[CuratorId, CuratorId]:
    """One alert to two people, of whom Olga is told at any hour; both are still queued."""
    add_partner(conn)
    anna, olga = add_curator(conn), add_curator(conn, "Olga")
    arrangements.set_hours(conn, olga, any_hour=True)
    add_client(conn, replace(ALFA, ends=ends), now=at)
    alerts.scan(conn, now=at, env=HOURS)
    conn.execute(update(delivery).values(sender=SENDER, attempts=1))
    return anna, olga


async def _sweep(db: Database, now: datetime, env: Surroundings = HOURS) -> None:
    await Workers(db, ManualClock(now), Env(env), cast(Relay, None)).sweep(Job(JobId("sweep"), "sweep", "sweep", 1))


def _leave(conn: Connection, now: datetime) -> set[str]:
    return {one.to for one in claims.claim(conn, SENDER, now, 10).taken}


async def test_an_alert_that_could_not_leave_by_day_waits_for_the_morning(db: Database) -> None:
    anna, olga = await db.write(_told)
    await _sweep(db, NIGHT)
    when = {row.curator_id: row.not_before for row in await db.read(messages)}
    assert when == {anna: MORNING, olga: NOW}
    assert len(await db.write(_leave, NIGHT)) == 1
    await _sweep(db, MORNING)
    assert len(await db.write(_leave, MORNING)) == 1


async def test_by_day_what_is_late_leaves_at_once(db: Database) -> None:
    await db.write(_told)
    await _sweep(db, datetime(2026, 11, 26, 17, 59, tzinfo=UTC))
    assert {row.not_before for row in await db.read(messages)} == {NOW}


async def test_what_ends_on_saturday_does_not_wait_for_monday(db: Database) -> None:
    friday, evening = datetime(2026, 11, 27, 7, 0, tzinfo=UTC), datetime(2026, 11, 27, 21, 30, tzinfo=UTC)
    anna, _ = await db.write(_told, date(2026, 11, 28), friday)
    await _sweep(db, evening)
    assert {row.not_before for row in await db.read(messages, anna)} == {datetime(2026, 11, 28, 7, 0, tzinfo=UTC)}


async def test_only_alerts_wait(db: Database) -> None:
    """Notices have their own hour, answers and receipts none."""

    def story(conn: Connection) -> None:
        _told(conn)
        conn.execute(update(delivery).values(kind="receipt"))

    await db.write(story)
    await _sweep(db, NIGHT)
    assert {row.not_before for row in await db.read(messages)} == {NOW}


async def test_who_is_told_at_any_hour_by_configuration_is(db: Database) -> None:
    await db.write(_told)
    await _sweep(db, NIGHT, ENV)
    assert {row.not_before for row in await db.read(messages)} == {NOW}
