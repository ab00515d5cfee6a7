"""The ticker: APScheduler wakes the timetable once a second; what is due becomes jobs, once in the whole house."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.jobs.port import Jobs
from bot.scheduler.ticks import fire
from bot.scheduler.timetable import Timetable
from bot.storage.engine import Database

log = structlog.get_logger(__name__)
LATE_SECONDS = 3600
"""A wake-up that comes this late is still used: the timetable itself knows what was missed."""


class Scheduler:
    """Turns the passing of time into jobs. `before` runs ahead of every look, such as reading the clock's offset."""

    def __init__(
        self,
        db: Database,
        jobs: Jobs,
        clock: Clock,
        timetable: Timetable,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._clock = clock
        self._timetable = timetable
        self._before = before
        self._ticker = AsyncIOScheduler(timezone="UTC")
        self.last_tick: datetime | None = None

    def start(self) -> None:
        """Begin to look once a second."""
        self._ticker.add_job(
            self.tick, "interval", seconds=1, coalesce=True, max_instances=1, misfire_grace_time=LATE_SECONDS
        )
        self._ticker.add_listener(_report, EVENT_JOB_ERROR)
        self._ticker.start()

    def stop(self) -> None:
        """Look no more; a look under way ends by itself."""
        if self._ticker.running:
            self._ticker.shutdown(wait=False)

    async def tick(self) -> list[str]:
        """Look once: enqueue what became due since the last look. Returns the names this process won."""
        if self._before is not None:
            await self._before()
        now = self._clock.now()
        fires = self._timetable.due(now)
        won = await self._db.write(fire, fires, self._jobs, now) if fires else []
        self._timetable.passed(fires)
        self.last_tick = now
        return won


def _report(event: JobExecutionEvent) -> None:
    """A look that failed; one that only took long is seen in the age of the last tick."""
    log.error("tick_failed", error=repr(event.exception))
