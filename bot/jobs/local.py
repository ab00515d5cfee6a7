"""Runs jobs from the job table inside this process: SQLite's engine, and PostgreSQL's while one engine is enough."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.clock import Clock, SystemClock
from bot.errors import PermanentError
from bot.ids import JobId
from bot.jobs import queue
from bot.jobs.port import Handler, Job
from bot.jobs.wakeup import Wakeup
from bot.retry import RetryPolicy
from bot.storage.engine import Database
from bot.storage.unit import after_commit

LEASE = timedelta(seconds=30)
"""A worker that has not prolonged its lease for so long is taken for dead, and its jobs are taken over."""
RETRY = RetryPolicy(attempts_max=8, first=timedelta(seconds=1), cap=timedelta(minutes=1))
POLL = timedelta(seconds=1)
"""How late a job that another process has queued may be noticed."""
CONCURRENCY = 8
_log = structlog.get_logger(__name__)


class LocalJobs:
    """The `Jobs` port and its worker. Due times follow `clock`, which the demo moves; leases follow the machine's."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        worker: str,
        machine: Clock | None = None,
        concurrency: int = CONCURRENCY,
        lease: timedelta = LEASE,
        policy: RetryPolicy = RETRY,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._db = db
        self._clock = clock
        self._worker = worker
        self._machine = machine or SystemClock()
        self._concurrency = concurrency
        self._lease = lease
        self._policy = policy
        self._jitter = jitter
        self._handlers: dict[str, Handler] = {}
        self._running: dict[JobId, asyncio.Task[None]] = {}
        self._ended = 0
        self._wakeup = Wakeup()
        self._stopping = False

    def handle(self, name: str, handler: Handler) -> None:
        """Register who runs the jobs of this name; a second handler for it raises ValueError."""
        if name in self._handlers:
            raise ValueError(f"the jobs {name!r} have a handler already")
        self._handlers[name] = handler

    def enqueue(
        self, conn: Connection, name: str, key: str, run_after: datetime, priority: int = 0, payload: Any = None
    ) -> None:
        """As the port says; this process's worker is woken once the unit is durable."""
        queue.enqueue(conn, name, key, run_after, priority, payload, self._clock.now())
        after_commit(conn, self._wakeup.give)

    def enqueue_many(self, conn: Connection, name: str, run_after: Mapping[str, datetime], priority: int = 0) -> None:
        """As the port says; this process's worker is woken once."""
        queue.enqueue_many(conn, name, run_after, priority, self._clock.now())
        after_commit(conn, self._wakeup.give)

    async def run(self) -> None:
        """Work until `stop`. Cancelling it gives the jobs at hand back."""
        self._stopping = False
        heartbeat = asyncio.create_task(self._keep_leases())
        try:
            while not self._stopping:
                await self._pause(await self._look_safely())
        finally:
            await _cancel([heartbeat])
            await self._abandon()

    async def stop(self, grace: timedelta = timedelta(seconds=10)) -> None:
        """Take no more jobs, wait for those at hand, give back the ones that are not done within `grace`."""
        self._stopping = True
        self._wakeup.give()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=grace.total_seconds())
        await self._abandon()

    async def run_until_quiet(self) -> int:
        """Run what is due, and what that queues in turn, until nothing is; returns how many jobs were run."""
        before = self._ended
        heartbeat = asyncio.create_task(self._keep_leases())
        try:
            while True:
                ended = self._ended
                await self._look()
                if self._running:
                    await asyncio.wait(self._running.values(), return_when=asyncio.FIRST_COMPLETED)
                elif self._ended == ended:  # a job that ended while we looked may have let another start
                    return ended - before
        finally:
            await _cancel([heartbeat])
            await self._abandon()

    async def _look_safely(self) -> datetime | None:
        try:
            return await self._look()
        except Exception:
            _log.exception("jobs.look_failed")
            return None

    async def _look(self) -> datetime | None:
        """Start what may start now. None: look again at the next signal; else also when that time has come."""
        while (free := self._concurrency - len(self._running)) > 0 and self._handlers and not self._stopping:
            names, now, machine_now = tuple(self._handlers), self._clock.now(), self._machine.now()
            outlook = await self._db.read(queue.look_ahead, names, machine_now)
            if not outlook.abandoned and (outlook.due is None or outlook.due > now):
                return outlook.due
            who = queue.Claimant(self._worker, names, machine_now + self._lease)
            jobs = await self._db.write(queue.claim, who, now, machine_now, free)
            for job in jobs:
                self._running[job.id] = asyncio.create_task(self._carry_out(job), name=f"{job.name}:{job.key}")
            if not jobs:
                break
        return None

    async def _carry_out(self, job: Job) -> None:
        log = _log.bind(job=job.name, key=job.key, attempt=job.attempt)
        try:
            if job.attempt > self._policy.attempts_max:
                raise PermanentError("its workers died too often")
            await self._handlers[job.name](job)
            await self._db.write(queue.finish, job.id, self._worker)
        except asyncio.CancelledError:
            await self._db.write(queue.release, job.id, self._worker)
            raise
        except Exception as error:
            await self._after_failure(job, error, log)
        finally:
            self._running.pop(job.id, None)
            self._ended += 1
            self._wakeup.give()

    async def _after_failure(self, job: Job, error: Exception, log: Any) -> None:
        text = f"{type(error).__name__}: {error}"
        wait = None if isinstance(error, PermanentError) else self._policy.delay(job.attempt, self._jitter())
        try:
            if wait is None:
                log.error("job.dead", exc_info=error)
                await self._db.write(queue.bury, job.id, self._worker, text)
            else:
                log.warning("job.failed", again_in_seconds=wait.total_seconds(), exc_info=error)
                await self._db.write(queue.retry, job.id, self._worker, self._clock.now() + wait, text)
        except Exception:
            log.exception("job.unrecorded")  # its lease runs out, and then it is taken over

    async def _pause(self, due: datetime | None) -> None:
        waits = [self._wakeup.wait(), self._machine.sleep_until(self._machine.now() + POLL)]
        if due is not None:
            waits.append(self._clock.sleep_until(due))
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(tasks)

    async def _keep_leases(self) -> None:
        """The next time counts from before a write, so that a slow database does not stretch what lies between."""
        now = self._machine.now()
        while True:
            await self._machine.sleep_until(now + self._lease / 3)
            now = self._machine.now()
            mine = dict(self._running)
            if not mine:
                continue
            try:
                kept = await self._db.write(queue.extend, list(mine), self._worker, now + self._lease)
            except Exception:
                _log.exception("job.lease_not_prolonged")
                continue
            for job_id in mine.keys() - kept:
                mine[job_id].cancel()

    async def _abandon(self) -> None:
        """Give back what is at hand. Each job is cancelled once: a second time would interrupt its giving back."""
        tasks = list(self._running.values())
        for task in tasks:
            if not task.cancelling():
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _cancel(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel all and wait until they have ended."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
