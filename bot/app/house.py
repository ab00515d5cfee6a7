"""The composition root: the one place that chooses adapters, builds the doors and loops, and starts and stops them."""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from bot.app.books import Books
from bot.app.canary import Canary
from bot.app.canary_rounds import SENDER as CANARY_SENDER
from bot.app.clock_offset import read_offset
from bot.app.costing import Costing
from bot.app.heartbeats import beat, farewell
from bot.app.operations import Operations
from bot.app.pausing import pausing
from bot.app.payments import Payments, provider_of, terms_of
from bot.app.simulation import media_url
from bot.app.surroundings import surroundings
from bot.app.watching import Watching
from bot.app.wazzup import Wazzup
from bot.app.workers import Workers
from bot.clock import Clock, SystemClock
from bot.config import load_toml
from bot.handlers.env import Env
from bot.jobs.local import LocalJobs
from bot.messaging.content_sync import ContentSync, SyncReport
from bot.messaging.masking import Bodies
from bot.messaging.outbox import ASK_JOB, RELAY_JOB
from bot.messaging.prices import price_table
from bot.messaging.reconciliation import recover_inbound
from bot.messaging.relay import Relay
from bot.messaging.settler import Settler
from bot.messaging.transport import Transport
from bot.messaging.transports.twilio import TwilioTransport
from bot.scheduler.entries import entries
from bot.scheduler.scheduler import Scheduler
from bot.scheduler.timetable import Timetable
from bot.settings import Settings
from bot.storage import migrate
from bot.storage.engine import Database
from bot.web.app import build_web
from bot.web.deps import PaymentsDoor, WebDeps

log = structlog.get_logger(__name__)
Role = Literal["all", "web", "worker", "scheduler", "visit"]
"""What a process does; `visit` takes in and answers messages, and leaves what time starts to the others."""
_DOORS: Mapping[Role, frozenset[Role]] = {
    "all": frozenset({"web", "worker", "scheduler"}),
    "visit": frozenset({"web", "worker"}),
    "web": frozenset({"web"}),
    "worker": frozenset({"worker"}),
    "scheduler": frozenset({"scheduler"}),
}
BEAT_SECONDS = 1.0
_STOP_SECONDS = 10.0
_LATE = timedelta(seconds=10)
"""A loop that showed no life for so long is not ready."""


class House:
    """One running process: built by `build`, used between `start` and `stop`."""

    def __init__(self, settings: Settings, db: Database, clock: Clock, role: Role, phone_page: str | None) -> None:
        self.settings = settings
        self.db = db
        self.clock = clock
        self.role = role
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        self.jobs = LocalJobs(db, clock, worker=self.name)
        around = surroundings(settings, self.jobs)
        self.env = Env(around, settings.limits, terms_of(settings), settings.wazzup.dashboard_url, media_url(settings))
        self.payments = provider_of(settings)
        self.transport: Transport = TwilioTransport(settings.twilio, settings.public_url)
        self.contents = ContentSync(db, self.transport, clock)
        self.relay = Relay(
            db,
            self.transport,
            clock,
            self.jobs,
            self.contents,
            per_second=settings.limits.sends_per_second,
            people_per_day=settings.limits.people_per_day or None,
            bodies=Bodies(settings.delivery.bodies),
        )
        self.wazzup = Wazzup(settings, db, clock, self.jobs, around)
        self.canary = Canary(settings, db, clock, self.jobs, around)
        settler = Settler(db, self.transport, clock, self.jobs, [*self.wazzup.senders, CANARY_SENDER])
        self.jobs.handle(ASK_JOB, settler.run_job)
        payments = Payments(db, clock, self.env.around, self.payments)
        workers = Workers(db, clock, self.env, self.relay)
        jobs = workers.handlers() | payments.handlers() | Books(db, clock).handlers()
        jobs |= self.wazzup.handlers(self.relay.run_job)
        prices = price_table(load_toml(settings.delivery.prices, "message_prices.toml"))
        jobs |= Costing(db, prices).handlers()
        jobs |= self.canary.handlers(jobs[RELAY_JOB])
        for name, handler in (jobs | Watching(db, clock, self.env.around).handlers()).items():
            self.jobs.handle(name, pausing(db, name, handler))
        timetable = Timetable(entries(), clock.now())
        self.scheduler = Scheduler(db, self.jobs, clock, timetable, before=self._follow_the_clock)
        registry = CollectorRegistry()
        speaks = self._has("worker")
        self.operations = Operations(db, clock, settings.operations, registry, canary=settings.canary, speaks=speaks)
        self.web = build_web(
            WebDeps(
                db,
                self.transport,
                clock,
                settings,
                self.jobs,
                self.env.around.book,
                ready=self._checks(),
                phone_page=phone_page,
                registry=registry,
                payments=PaymentsDoor(self.payments, self.env.around) if self.payments is not None else None,
                wazzup=self.wazzup.door,
                around=around,
            )
        )
        self._phone_page = phone_page
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._beaten_at: datetime | None = None

    async def start(self, sock: socket.socket | None = None) -> None:
        """Open the doors of this role. With `sock`, the web door listens there, not where the settings say."""
        self._keep(self.operations.run(), "operations")
        if self._has("worker"):
            self._keep(self.jobs.run(), "jobs")
            self._keep(self._beat(), "heartbeat")
            if self.role != "visit":
                self._keep(self._catch_up(), "catch up")
        if self._has("scheduler"):
            self.scheduler.start()
        if self._has("web"):
            await self._listen(sock)

    async def stop(self) -> None:
        """Close the doors in reverse: no more requests, no more ticks, work at hand finished or given back."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.scheduler.stop()
        if self._has("worker"):
            await self.jobs.stop(timedelta(seconds=_STOP_SECONDS))
            await self.relay.close()
            await self.canary.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._has("worker"):
            await self.db.write(farewell, self.name)
        await self.close_wires()

    async def close_wires(self) -> None:
        """Let go of the connections to the providers."""
        await self.transport.close()
        await self.wazzup.close()
        if self.payments is not None:
            await self.payments.close()

    async def register_texts(self) -> SyncReport:
        """Create at the provider what is missing of the texts with buttons, and ask for their approval."""
        return await self.contents.sync()

    async def until_quiet(self) -> None:
        """Run every job that is due, and what that queues in turn: for commands without a worker, and for tests."""
        await self.jobs.run_until_quiet()

    @property
    def url(self) -> str:
        """Where the web door listens."""
        assert self._runner is not None, "the web door is not open"
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _has(self, door: Role) -> bool:
        return door in _DOORS[self.role]

    def _keep(self, loop: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(loop, name=name))

    async def _listen(self, sock: socket.socket | None) -> None:
        self._runner = web.AppRunner(self.web, access_log=None, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        where = self.settings.web
        site = web.SockSite(self._runner, sock) if sock else web.TCPSite(self._runner, where.host, where.port)
        await site.start()

    async def _follow_the_clock(self) -> None:
        if isinstance(self.clock, SystemClock):
            self.clock.move_to_offset(await self.db.read(read_offset))

    async def _catch_up(self) -> None:
        """Take in what people wrote while nobody listened.

        Not on a visit, which hands its own message in: to ask for it as well would race with the webhook, and the
        provider's list does not say which button was tapped.
        """
        await recover_inbound(self.db, self.transport, self.clock, self.jobs)

    async def _beat(self) -> None:
        while True:
            try:
                await self.db.write(beat, self.name, self.role, self._phone_page, datetime.now(UTC))
                self._beaten_at = datetime.now(UTC)
            except Exception as error:
                log.error("heartbeat_failed", error=repr(error))
            await asyncio.sleep(BEAT_SECONDS)

    def _checks(self) -> Mapping[str, Callable[[], Awaitable[bool]]]:
        checks: dict[str, Callable[[], Awaitable[bool]]] = {"database": self._reads, "migrations": self._is_migrated}
        if self._has("worker"):
            checks["worker"] = self._works
        if self._has("scheduler"):
            checks["scheduler"] = self._ticks
        return checks

    async def _reads(self) -> bool:
        await self.db.read(read_offset)
        return True

    async def _is_migrated(self) -> bool:
        return await asyncio.to_thread(migrate.current, self.db) == migrate.head()

    async def _works(self) -> bool:
        return self._beaten_at is not None and datetime.now(UTC) - self._beaten_at < _LATE

    async def _ticks(self) -> bool:
        last = self.scheduler.last_tick
        return last is not None and self.clock.now() - last < _LATE


def build(
    settings: Settings, db: Database, *, clock: Clock, role: Role = "all", phone_page: str | None = None
) -> House:
    """Put a process together. ConfigError when the settings cannot work together."""
    return House(settings, db, clock, role, phone_page)
