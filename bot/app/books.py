"""The jobs of the books: tie what was posted into the hash chain, check that everything still adds up."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from bot.billing.checking import check
from bot.billing.sealing import seal_due
from bot.billing.verdicts import note_wrong
from bot.clock import Clock
from bot.jobs.port import Handler, Job
from bot.scheduler import entries
from bot.storage.engine import Database

_CHUNK = 100
"""Transactions tied in one unit: it shares the writer with people who wait for an answer."""
_WHOLE_MINUTES = 15
"""The check in an hour's first quarter walks the chain too, which takes long where the ledger is long."""
_log = structlog.get_logger(__name__)


class Books:
    """The handlers of the ledger's jobs."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def handlers(self) -> dict[str, Handler]:
        """Each job's name, with what runs it."""
        return {entries.SEAL: self.seal, entries.AUDIT: self.audit}

    async def seal(self, job: Job) -> None:
        """Extend the chains by what was posted since."""
        while await self._db.write(seal_due, self._clock.now(), _CHUNK, bulk=True):
            pass

    async def audit(self, job: Job) -> None:
        """Check every partner's books; what is wrong is kept for the alarm to operations, and logged."""
        whole = self._clock.now().minute < _WHOLE_MINUTES
        if whole:
            while await self._db.write(self._seal_stragglers, self._clock.now(), bulk=True):
                pass
        report = await self._db.read(lambda conn: check(conn, chain=whole))
        for problem in report.problems:
            _log.error("ledger.wrong", problem=problem)
        if report.problems:
            await self._db.write(note_wrong, report.problems, self._clock.now())

    def _seal_stragglers(self, conn: Connection, now: datetime) -> int:
        return seal_due(conn, now, _CHUNK, everything=True)
