"""Proof of life: the canary goes the whole way, disturbs nothing, is forgotten, and its silence is an alarm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, func, select

from bot.app import canary_rounds as rounds
from bot.app.canary_watch import CanaryWatch
from bot.app.house import House, build
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.ids import Address, PartnerId
from bot.messaging.deliveries import Filter, list_deliveries
from bot.scheduler import entries
from bot.settings import CanarySettings, Settings
from bot.simulator.server import create_simulator
from bot.simulator.settings import SimulatorSettings
from bot.storage.engine import Database
from bot.storage.tables import (
    account,
    alert,
    alert_due,
    attempt,
    channel,
    client,
    client_day,
    content,
    delivery,
    ledger_transaction,
    notification,
    status_event,
)
from tests.integration.alert_world import ENV, NOW, RIGA, add_client, add_curator, add_partner

ACCOUNT, TOKEN = "AC" + "1" * 32, "secret"
OPERATIONS = "+37120000555"
TRACES = (client, channel, alert, notification, delivery, attempt, status_event)


@asynccontextmanager
async def house(
    db: Database, clock: ManualClock, api: str = "http://127.0.0.1:9", **canary: object
) -> AsyncIterator[House]:
    """A process whose real provider is at `api`; nobody is there unless told."""
    twilio = {"account_sid": ACCOUNT, "auth_token": TOKEN, "api_url": api, "content_url": api}
    here = build(Settings.model_validate({"twilio": twilio, "canary": canary}), db, clock=clock)
    try:
        yield here
    finally:
        await here.canary.close()
        await here.relay.close()
        await here.close_wires()


async def fire(here: House, *names: str) -> None:
    """The clock strikes: these jobs run, and all that they leave to do."""

    def strike(conn: Connection, name: str) -> None:
        here.jobs.enqueue(conn, name, name, here.clock.now())

    for name in names:
        await here.db.write(strike, name)
        await here.until_quiet()


async def arrived(here: House, partner_id: PartnerId) -> rounds.Round:
    """The newest round once the report on it is in."""
    for _ in range(200):
        found = await here.db.read(rounds.look, partner_id)
        if found.arrived is not None and found.arrived == found.newest:
            return found.arrived
        await asyncio.sleep(0.02)
    raise AssertionError("the canary's message was not reported as delivered")


def count(conn: Connection) -> dict[str, int]:
    return {one.name: conn.execute(select(func.count()).select_from(one)).scalar_one() for one in TRACES}


async def test_the_canary_goes_the_whole_way_although_the_real_provider_is_away(
    db: Database, clock: ManualClock
) -> None:
    async with house(db, clock) as here:
        await fire(here, entries.CANARY)
        clock.advance(seconds=40)
        await fire(here, entries.SCAN)
        first = await arrived(here, rounds.LOOPBACK)
        assert first.lag_seconds == 40
        await fire(here, entries.CANARY, entries.SCAN)
        assert (await db.read(count))["delivery"] == 1
        clock.advance(minutes=10)
        await fire(here, entries.CANARY, entries.SCAN)
        assert (await arrived(here, rounds.LOOPBACK)).crossed_at > first.crossed_at
        await here.operations.look()
        registry = here.operations.registry
        assert registry.get_sample_value("curatorbot_canary_lag_seconds", {"road": "loopback"}) == 0
        assert registry.get_sample_value("curatorbot_canary_age_seconds", {"road": "loopback"}) == 0


async def test_nobody_and_nothing_sees_the_canary(db: Database, clock: ManualClock) -> None:
    await db.write(add_partner)
    async with house(db, clock) as here:
        before = await db.read(_books)
        await fire(here, entries.CANARY, entries.SCAN, entries.CHARGE, entries.SEAL, entries.WATCH, entries.SIGNS)
        await arrived(here, rounds.LOOPBACK)
        clock.advance(hours=24)
        await fire(here, entries.CHARGE)
        assert await db.read(_books) == before
        assert [one.id for one in await db.read(directory.list_partners)] == [RIGA]
        assert not (await db.read(list_deliveries)).deliveries
        shown = await db.read(list_deliveries, Filter(partner_id=rounds.LOOPBACK))
        assert [one.template for one in shown.deliveries] == ["alerts/out_of_money_note"]
        assert not await db.read(lambda conn: conn.execute(select(content)).all())


async def test_its_rows_are_cleaned_and_only_its_rows(db: Database, clock: ManualClock) -> None:
    def others(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        add_client(conn)

    await db.write(others)
    before = await db.read(count)
    async with house(db, clock) as here:
        for _ in range(3):
            await db.write(rounds.cross, clock.now(), ENV)
            clock.advance(minutes=10)
        await fire(here, entries.CANARY)
    clock.advance(days=3)
    async with house(db, clock, enabled=False) as here:
        await fire(here, entries.CANARY)
    assert await db.read(count) == before
    assert not await db.read(lambda conn: conn.execute(select(alert_due).where(alert_due.c.kind == "stopped")).all())


async def test_once_a_working_day_a_real_message_goes_to_operations(db: Database, clock: ManualClock) -> None:
    provider = create_simulator(SimulatorSettings(account_sid=ACCOUNT, auth_token=TOKEN), clock)
    await provider.start()
    try:
        async with house(db, clock, provider.url, enabled=True, address=OPERATIONS, time_zone="Europe/Riga") as here:
            clock.advance(hours=2)
            for _ in range(2):
                await fire(here, entries.CANARY, entries.SCAN)
            await provider.settle()
            said = [line for line in await provider.transcript() if line.address == f"whatsapp:{OPERATIONS}"]
            assert [line.text.splitlines()[0] for line in said] == ["Finances: *Canary* channels stopped"]
    finally:
        await provider.stop()
    assert not await db.read(directory.identify, Address(f"whatsapp:{OPERATIONS}"))


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-26T06:59", None),
        ("2026-11-26T07:00", "20261126"),
        ("2026-11-28T12:00", None),
        ("2026-12-25T12:00", None),
    ],
)
def test_the_real_one_keeps_to_working_days(moment: str, day: str | None) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert rounds.real_day(OPERATIONS, "Europe/Riga", now) == day


async def test_a_canary_that_does_not_arrive_is_an_alarm_even_if_nobody_begins_one(db: Database) -> None:
    watch = CanaryWatch(CanarySettings(address=OPERATIONS), CollectorRegistry(), NOW)

    async def seen(after: timedelta) -> list[str]:
        return [one.name for one in watch.show(await db.read(watch.measure), NOW + after)]

    assert await seen(timedelta(minutes=25)) == []
    assert await seen(timedelta(minutes=26)) == ["canary_late"]
    await db.write(rounds.cross_for_real, OPERATIONS, "20261126", NOW, ENV)
    assert await seen(timedelta(minutes=26)) == ["canary_late", "canary_real_late"]
    off = CanaryWatch(CanarySettings(enabled=False), CollectorRegistry(), NOW)
    assert off.show(await db.read(off.measure), NOW + timedelta(days=1)) == []


async def test_the_age_of_a_canary_that_never_arrived_grows_from_the_start(db: Database) -> None:
    """Without a figure there is nothing that a rule could find too old."""
    registry = CollectorRegistry()
    watch = CanaryWatch(CanarySettings(address=OPERATIONS), registry, NOW)

    async def age(road: str, after: timedelta) -> float | None:
        watch.show(await db.read(watch.measure), NOW + after)
        return registry.get_sample_value("curatorbot_canary_age_seconds", {"road": road})

    assert [await age(road, timedelta(minutes=1)) for road in ("loopback", "real")] == [60, 60]
    await db.write(rounds.cross, NOW + timedelta(minutes=2), ENV)
    assert await age("loopback", timedelta(minutes=30)) == 1800
    after_a_restart = CollectorRegistry()
    again = CanaryWatch(CanarySettings(), after_a_restart, NOW + timedelta(minutes=40))
    again.show(await db.read(again.measure), NOW + timedelta(minutes=42))
    samples = {"loopback": 2400.0, "real": None}
    for road, seconds in samples.items():
        assert after_a_restart.get_sample_value("curatorbot_canary_age_seconds", {"road": road}) == seconds


def _books(conn: Connection) -> tuple[int, ...]:
    return tuple(
        conn.execute(select(func.count()).select_from(one)).scalar_one()
        for one in (account, ledger_transaction, client_day)
    )
