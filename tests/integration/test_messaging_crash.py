"""A process that dies at any step of a send: nothing is lost, nothing is sent twice, everything can be seen."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.clock import ManualClock
from bot.ids import Address
from bot.messaging import outbox
from bot.messaging.claims import LEASE
from bot.messaging.content_sync import ContentSync
from bot.messaging.relay import Relay
from bot.messaging.settler import Settler
from bot.messaging.transport import Accepted, OutMessage, Result, Seen
from bot.storage.engine import Database
from bot.storage.tables import attempt
from tests.conftest import fresh_sqlite
from tests.integration.messaging_support import NOW, SENDER, RecordingJobs, ScriptedTransport, alert, put, states

STEPS = 14
"""More steps than a send has, so that the last ones run through."""


class Killed(BaseException):
    """The process is gone: nothing of it catches this."""


class Fuse:
    """Burns down one step with each call, then kills, before or after the step has had its effect."""

    def __init__(self, steps: int, after: bool) -> None:
        self.steps, self.after, self.burnt = steps, after, False

    async def step(self, effect: Callable[[], Any]) -> Any:
        if self.burnt:
            raise Killed
        self.steps -= 1
        if self.steps >= 0:
            return await effect()
        self.burnt = True
        if self.after:
            await effect()
        raise Killed


class Mortal:
    """The database of a process that may die at each of its writes."""

    def __init__(self, db: Database, fuse: Fuse) -> None:
        self._db, self._fuse = db, fuse
        self.read = db.read

    async def write(self, fn: Any, *args: Any) -> Any:
        return await self._fuse.step(lambda: self._db.write(fn, *args))

    async def write_many(self, fn: Any, row: Any) -> Any:
        return await self._fuse.step(lambda: self._db.write_many(fn, row))


class Provider(ScriptedTransport):
    """Takes everything and remembers it; its caller may die around the request."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock
        self.fuse: Fuse | None = None

    async def send(self, message: OutMessage) -> Result:
        async def take() -> Result:
            self.sent.append(message)
            sid = f"SM{len(self.sent)}"
            self.remembers.append(Seen(sid, message.to, message.body, "delivered", self.clock.now()))
            return Accepted(sid, "queued", 201)

        result: Result = await self.fuse.step(take) if self.fuse else await take()
        return result


async def live_and_die(db: Database, provider: Provider, clock: ManualClock, fuse: Fuse) -> None:
    mortal: Any = Mortal(db, fuse)
    provider.fuse = fuse
    contents = ContentSync(mortal, provider, clock)
    relay = Relay(mortal, provider, clock, RecordingJobs(), contents, jitter=lambda: 0.5)
    with suppress(Killed):
        await relay.drain(SENDER)
    await relay.close()


async def come_back(db: Database, provider: Provider, clock: ManualClock) -> None:
    """The next process: sweeps, asks, sends."""
    provider.fuse = None
    contents = ContentSync(db, provider, clock)
    relay = Relay(db, provider, clock, RecordingJobs(), contents, jitter=lambda: 0.5)
    settler = Settler(db, provider, clock, RecordingJobs())
    for _ in range(4):
        clock.advance(seconds=LEASE.total_seconds())
        await db.write(outbox.sweep, clock.now(), RecordingJobs())
        await settler.settle()
        await relay.drain(SENDER)
    clock.move_to(clock.now() + timedelta(minutes=10))
    await settler.settle()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("steps", range(STEPS))
async def test_whatever_step_it_dies_at(steps: int, after: bool) -> None:
    people = [Address(f"whatsapp:+3712000010{n}") for n in range(2)]
    with fresh_sqlite() as db:
        clock = ManualClock(NOW)
        provider = Provider(clock)

        def fill(conn: Connection) -> None:
            for n in range(4):
                put(conn, alert(str(n), to=people[n % 2]))

        await db.write(fill)
        await live_and_die(db, provider, clock, Fuse(steps, after))
        await come_back(db, provider, clock)
        assert await states(db) == dict.fromkeys("0123", "delivered")
        ids = [message.delivery_id for message in provider.sent]
        assert len(ids) == len(set(ids)) == 4
        for person in people:
            mine = [one.delivery_id for one in provider.sent if one.to == person]
            assert mine == sorted(mine), "a person's messages stay in order"
        assert None not in await db.read(outcomes)


def outcomes(conn: Connection) -> Sequence[str | None]:
    return conn.execute(select(attempt.c.outcome)).scalars().all()
