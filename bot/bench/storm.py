"""`bench storm`: how soon a chat is answered while a fan-out of alerts waits, against the same on a calm day.

Both sides are inbox, dispatcher, outbox and relay as in production at the pace of one WhatsApp sender; the provider is
in this process and takes 20 ms. The rate is one divided by the 95th percentile of the minutes from the stored question
to the answer handed over: a ratio of 0.5 means that answers take twice as long as on a calm day.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.app.surroundings import surroundings
from bot.bench.result import Round
from bot.bench.sides import Side
from bot.clock import SystemClock
from bot.directory import service as directory
from bot.handlers.dispatcher import dispatch
from bot.handlers.env import Env
from bot.id_generator import new_id
from bot.ids import Address, PartnerId
from bot.jobs.local import LocalJobs
from bot.jobs.port import Job
from bot.messaging import inbox, outbox
from bot.messaging.content_sync import ContentSync
from bot.messaging.message import ErrorClass, ErrorCode, Inbound, Kind, Outgoing, StatusUpdate
from bot.messaging.relay import Relay
from bot.messaging.templates import Button, Content, registry
from bot.messaging.transport import Accepted, Approval, Capabilities, OutMessage, Result, Seen
from bot.settings import Settings
from bot.storage.ddl import create_schema
from bot.storage.engine import Database
from bot.storage.tables import delivery

ALERTS = 100_000
ALERTS_QUICK = 5_000
CHATS = 200
QUESTIONS_PER_SECOND = 40
_PARTNERS = 20
_WIRE_SECONDS = 0.02
_CHUNK = 5_000
_MINUTE = 60


@asynccontextmanager
async def open_sides(folder: Path, alerts: int = ALERTS) -> AsyncIterator[tuple[Side, Side]]:
    """A product with so many alerts queued, and one with nothing to do but answer."""
    async with _office(folder / "ours.db", alerts) as storm, _office(folder / "reference.db", 0) as calm:
        yield storm, calm


@asynccontextmanager
async def _office(path: Path, alerts: int) -> AsyncIterator[Side]:
    async with Database.open(f"sqlite:///{path}") as db:
        db.write_now(create_schema, slow=True)
        office = _Office(db)
        people = db.write_now(_hire, office.now, slow=True)
        for start in range(0, alerts, _CHUNK):
            db.write_now(_fan_out, office.env, office.now, range(start, min(start + _CHUNK, alerts)), slow=True)
        office.people = itertools.cycle(people)
        yield office
        await office.relay.close()


class _Office:
    """One side: works for so many seconds, in which people ask at a steady rate."""

    people: "itertools.cycle[Address]"

    def __init__(self, db: Database) -> None:
        clock = SystemClock()
        self.now = clock.now()
        self._clock = clock
        self._db = db
        self._wire = _Wire()
        self._jobs = LocalJobs(db, clock, worker="bench")
        settings = Settings()
        self.env = Env(surroundings(settings, self._jobs), settings.limits)
        self.relay = Relay(
            db, self._wire, clock, self._jobs, ContentSync(db, self._wire, clock),
            per_second=settings.limits.sends_per_second,
        )  # fmt: skip
        self._jobs.handle(outbox.RELAY_JOB, self.relay.run_job)
        self._jobs.handle(inbox.DISPATCH_JOB, self._dispatch)

    async def __call__(self, seconds: float) -> Round:
        """Ask and wait; every question must be answered."""
        await self._db.write(outbox.ask_all, self._jobs, self._clock.now())
        working = asyncio.create_task(self._jobs.run())
        try:
            async with asyncio.timeout(seconds * 4 + 60), asyncio.TaskGroup() as chats:
                asked = [chats.create_task(chat) async for chat in self._questions(seconds)]
        finally:
            await self._jobs.stop(timedelta(seconds=30))
            await working
        waits = sorted(one.result() for one in asked)
        return Round(len(waits), len(waits) * waits[int(len(waits) * 0.95)] / _MINUTE)

    async def _questions(self, seconds: float) -> AsyncIterator[Any]:
        start = perf_counter()
        for n in range(max(1, int(seconds * QUESTIONS_PER_SECOND))):
            await asyncio.sleep(max(0.0, start + n / QUESTIONS_PER_SECOND - perf_counter()))
            yield self._chat(next(self.people))

    async def _chat(self, person: Address) -> float:
        """Seconds from a question to its answer."""
        answered = self._wire.expect(person)
        question = Inbound("twilio", f"SM{new_id()}", person, self.env.around.sender, "help", self._clock.now())
        start = perf_counter()
        await self._db.write_many(partial(inbox.accept_many, jobs=self._jobs), question)
        return await answered - start

    async def _dispatch(self, job: Job) -> None:
        await dispatch(self._db, Address(job.key), clock=self._clock, env=self.env)


class _Wire:
    """A provider that takes everything after a moment."""

    name = "twilio"
    capabilities = Capabilities(1600, True, True, True, True)

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._expected: dict[str, list[asyncio.Future[float]]] = {}

    def expect(self, person: Address) -> "asyncio.Future[float]":
        """The moment at which the next message for this person is taken."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._expected.setdefault(person, []).append(future)
        return future

    async def send(self, message: OutMessage) -> Result:
        await asyncio.sleep(_WIRE_SECONDS)
        if waiting := self._expected.get(message.to):
            waiting.pop(0).set_result(perf_counter())
        return Accepted(f"SM{next(self._numbers):032}", "queued", 201)

    async def create_content(self, content: Content) -> str:
        return f"HX{next(self._numbers):032}"

    async def request_approval(self, content_id: str, content: Content) -> Approval:
        return Approval("approved")

    async def approval(self, content_id: str) -> Approval:
        return Approval("approved")

    def verify(self, headers: Mapping[str, str], path_qs: str, body: bytes) -> bool:
        return False

    def parse(self, path_qs: str, body: bytes, now: datetime) -> Sequence[Inbound | StatusUpdate]:
        return []

    def classify(self, code: ErrorCode) -> ErrorClass:
        return ErrorClass.PERMANENT

    async def lookup(self, to: Address, since: datetime) -> list[Seen]:
        return []

    async def received(self, since: datetime) -> list[Inbound]:
        return []

    async def fetch(self, provider_id: str) -> Seen | None:
        return None

    async def close(self) -> None:
        return None


def _hire(conn: Connection, now: datetime) -> list[Address]:
    """Curators who have agreed, a few of each partner."""
    people = []
    for n in range(_PARTNERS):
        directory.create_partner(conn, f"Partner {n}", now=now, partner_id=PartnerId(f"p{n}"))
    for n in range(CHATS):
        phone = f"+37120{n:06}"
        directory.add_curator(
            conn, PartnerId(f"p{n % _PARTNERS}"), name=f"C{n}", phone=phone, language="en", role="curator",
            consent="in person", now=now,
        )  # fmt: skip
        people.append(Address(f"whatsapp:{phone}"))
    return people


def _fan_out(conn: Connection, env: Env, now: datetime, numbers: range) -> None:
    """Alerts to other people, as one scan would queue them: one made as in production, the others like it."""
    sample = registry().entry("alerts/ending").sample
    buttons = [Button("renew", "renew:A1"), Button("claim", "claim:A1"), Button("later", "later:A1")]
    to = Address("whatsapp:+37129000000")
    first = Outgoing(f"a{numbers[0]}", to, Kind.ALERT, "alerts/ending", "en", sample, buttons)
    made = outbox.enqueue(conn, first, sender=env.around.sender, now=now, jobs=env.around.jobs)
    row = conn.execute(select(delivery).where(delivery.c.id == made)).one()._asdict()
    rows = [
        row | {"id": new_id(), "key": f"a{n}", "to_address": f"whatsapp:+3713{n:07}", "partner_id": f"p{n % _PARTNERS}"}
        for n in numbers[1:]
    ]
    conn.execute(insert(delivery), rows)
