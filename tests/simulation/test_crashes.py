"""Killed with SIGKILL at every named place of a send, then started again: nothing lost, nothing told twice unasked.

The dying process is the whole product against the simulator, on a database that outlives it.
"""

import asyncio
import multiprocessing
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.app.house import build
from bot.app.simulation import bound_socket
from bot.clock import ManualClock, SystemClock
from bot.ids import Address, DeliveryId
from bot.jobs import queue
from bot.messaging import contacts, deliveries
from bot.messaging.deliveries import Shown
from bot.messaging.message import Kind
from bot.messaging.templates import registry
from bot.scheduler import entries
from bot.simulator.message import Message
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import Person, SimulatorSettings
from bot.storage.engine import Database
from bot.storage.tables import delivery, job
from tests.integration.messaging_support import ANNA, BORIS, SENDER, alert, put
from tests.simulation.crash_child import PLACES, Life, live, settings_of

TAKEN = "read_answer:after"
"""The provider has taken a message, and nothing of that is written down."""
AGAIN = ("claim:durable", "record:asked", "report:done", "verify:before")
"""Places that are also died at when they are reached again."""
ON_POSTGRES = ("claim:done", "claim:durable", "record:done", "send:after", "report:durable")
"""Places that every run of the tests dies at on PostgreSQL; `make simulate` dies at all of them."""
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.simulation.crash_child"])


class QueuedJobs:
    """Leaves jobs in the table for whoever lives."""

    def enqueue(
        self, conn: Connection, name: str, key: str, run_after: datetime, priority: int = 0, payload: Any = None
    ) -> None:
        queue.enqueue(conn, name, key, run_after, priority, payload, run_after)


@dataclass(slots=True)
class World:
    """A provider and a database that outlive the product; `ids` are the messages by their key."""

    simulator: Simulator
    life: Life
    ids: dict[str, DeliveryId]

    async def die(self) -> None:
        """Live until the place is reached."""
        process = _PROCESSES.Process(target=live, args=(self.life,))
        process.start()
        await asyncio.to_thread(process.join, 30)
        assert process.exitcode == -signal.SIGKILL, f"{self.life.place} was never reached"
        await self.simulator.settle()

    async def come_back(self, *, blind: bool = False) -> dict[str, Shown]:
        """The next process, and half an hour. `blind`: the provider finds no message by whom it went to."""
        clock = ManualClock(datetime.now(UTC))
        async with Database.open(self.life.database_url, durable=False) as db:
            house = build(settings_of(self.life), db, clock=clock, role="web")
            if blind:
                house.transport.lookup = _nothing  # type: ignore[method-assign]
            await house.start(bound_socket("127.0.0.1", self.life.port))
            await db.write(_leases_run_out)
            for _ in range(7):
                clock.advance(minutes=4)
                await db.write(lambda conn: house.jobs.enqueue(conn, entries.SWEEP, "again", clock.now()))
                await house.until_quiet()
                await self.simulator.settle()
            shown = {key: await db.read(deliveries.show, one) for key, one in self.ids.items()}
            await house.stop()
        assert all(shown.values())
        return {key: one for key, one in shown.items() if one is not None}

    async def arrived(self) -> dict[str, list[Message]]:
        """What the provider took of each message."""
        by_id = {one: key for key, one in self.ids.items()}
        taken: dict[str, list[Message]] = {key: [] for key in self.ids}
        for message in await self.simulator._store.chat(None, 1000):
            if message.direction != "inbound":
                taken[by_id[DeliveryId(message.status_callback.partition("?d=")[2])]].append(message)
        return taken


@asynccontextmanager
async def world(database_url: str, place: str, nth: int = 1) -> AsyncIterator[World]:
    people = (Person("Anna", ANNA), Person("Boris", BORIS))
    simulator = create_simulator(SimulatorSettings(people=people), SystemClock())
    await simulator.start()
    try:
        await simulator.say(BORIS, "hello")
        with bound_socket("127.0.0.1", 0) as sock:
            port = sock.getsockname()[1]
        async with Database.open(database_url, durable=False) as db:
            ids = await db.write(_fill, datetime.now(UTC))
        yield World(simulator, Life(database_url, simulator.url, port, place, nth), ids)
    finally:
        await simulator.stop()


@pytest.mark.parametrize("place", PLACES)
async def test_killed_at(place: str, sqlite_url: str) -> None:
    await _die_and_come_back(sqlite_url, place, 1)


@pytest.mark.postgres
@pytest.mark.parametrize("place", ON_POSTGRES)
async def test_killed_on_postgres_at(place: str, postgres_url: str) -> None:
    await _die_and_come_back(postgres_url, place, 1)


@pytest.mark.simulation
@pytest.mark.parametrize(("place", "nth"), [*((one, 1) for one in PLACES), *((one, 2) for one in AGAIN)])
async def test_killed_anywhere_at(place: str, nth: int, database_url: str) -> None:
    await _die_and_come_back(database_url, place, nth)


async def _die_and_come_back(database_url: str, place: str, nth: int) -> None:
    async with world(database_url, place, nth) as here:
        await here.die()
        shown = await here.come_back()
        arrived = await here.arrived()
    for key, one in shown.items():
        copies = arrived[key]
        assert len(copies) == 1 or (not copies and key == "reply"), (key, one)
        state = one.delivery.state
        if copies:
            assert state == "delivered", (key, one)
            assert copies[0].sid in {attempt.provider_id for attempt in one.attempts}, (key, one)
        else:
            assert (state, one.delivery.reason, one.delivery.unconfirmed) == ("unknown", "unsettled", True)
        assert all(attempt.outcome and attempt.finished_at for attempt in one.attempts), (key, one)
        assert [attempt.n for attempt in one.attempts] == list(range(1, one.delivery.attempts + 1))


async def test_told_twice_only_by_policy(database_url: str) -> None:
    """The provider took them all, and cannot say so: alert and receipt go again, once; a reply never."""
    async with world(database_url, TAKEN, 3) as here:
        await here.die()
        lost = {key: len(copies) for key, copies in (await here.arrived()).items()}
        shown = await here.come_back(blind=True)
        arrived = await here.arrived()
    assert Counter(lost.values())[1] >= 3
    for key, one in shown.items():
        outcomes = [attempt.outcome for attempt in one.attempts]
        if outcomes == ["accepted"]:
            assert len(arrived[key]) == 1
        elif key == "reply":
            assert (outcomes, one.delivery.state, one.delivery.unconfirmed) == (["unknown"], "unknown", True)
            assert len(arrived[key]) == lost[key]
        else:
            assert (outcomes, one.delivery.state) == (["unknown", "accepted"], "delivered")
            assert len(arrived[key]) == lost[key] + 1
            assert ("repeat" in arrived[key][-1].body) is (key == "receipt")


def _fill(conn: Connection, now: datetime) -> dict[str, DeliveryId]:
    jobs: Any = QueuedJobs()
    contacts.heard(conn, [(SENDER, BORIS, now)])
    sample = registry().entry("receipts/topped_up").sample
    put(conn, alert("alert", ANNA), jobs, now)
    put(
        conn,
        alert("receipt", BORIS, kind=Kind.RECEIPT, template="receipts/topped_up", facts=sample, buttons=()),
        jobs,
        now,
    )
    put(conn, alert("reply", BORIS, kind=Kind.REPLY, template="replies/nothing_open", facts={}, buttons=()), jobs, now)
    return {key: DeliveryId(one) for one, key in conn.execute(select(delivery.c.id, delivery.c.key))}


def _leases_run_out(conn: Connection) -> None:
    """Half a minute later the jobs of a dead process are anybody's; that minute is the machine's own."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    conn.execute(update(job).where(job.c.state == "running").values(lease_until=past))


async def _nothing(to: Address, since: datetime) -> list[Any]:
    return []
