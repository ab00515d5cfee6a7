"""Proof of life: every ten minutes a made-up client goes the whole way on this machine, once a working day for real."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.alerts.surroundings import Surroundings
from bot.app import canary_rounds as rounds
from bot.app.loopback import Loopback, opened
from bot.clock import Clock
from bot.jobs.port import Handler, Job, Jobs
from bot.messaging.outbox import RELAY_JOB
from bot.scheduler import entries
from bot.settings import Settings
from bot.storage.engine import Database

_AFRESH = timedelta(hours=24)
"""The simulator remembers every message: after so long it begins anew."""
_log = structlog.get_logger(__name__)


class Canary:
    """The handlers of the canary's jobs. Its wire is opened when a message is to go by it."""

    def __init__(self, settings: Settings, db: Database, clock: Clock, jobs: Jobs, env: Surroundings) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock
        self._jobs = jobs
        self._env = env
        self._wire: tuple[Loopback, datetime] | None = None
        self._opening = asyncio.Lock()

    def handlers(self, relay: Handler) -> dict[str, Handler]:
        """Each job's name, with what runs it; `relay` drains the outboxes of every other sender."""

        async def by_sender(job: Job) -> None:
            if job.key != rounds.SENDER:
                await relay(job)
            elif self._settings.canary.enabled:
                await (await self._opened()).relay.run_job(job)

        return {RELAY_JOB: by_sender, entries.CANARY: self.begin}

    async def begin(self, job: Job) -> None:
        """Begin the rounds whose time it is, and forget those of long ago."""
        canary, now = self._settings.canary, self._clock.now()
        if canary.enabled:
            await self._db.write(rounds.cross, now, self._env)
        if canary.enabled and canary.address is not None:
            day = rounds.real_day(canary.address, canary.time_zone, now)
            if day is not None:
                await self._db.write(rounds.cross_for_real, canary.address, day, now, self._env)
        for road in (rounds.LOOPBACK, rounds.REAL):
            while await self._db.write(partial(rounds.forget, partner_id=road, now=now), bulk=True):
                pass

    async def close(self) -> None:
        """Close the wire if it is open."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire[0].close()

    async def _opened(self) -> Loopback:
        async with self._opening:
            if self._wire is not None and self._clock.now() - self._wire[1] > _AFRESH:
                await self.close()
            if self._wire is None:
                wire = await opened(self._settings, self._db, self._clock, self._jobs, self._env.book, rounds.SENDER)
                self._wire = wire, self._clock.now()
                _log.info("canary.wire_opened")
            return self._wire[0]
