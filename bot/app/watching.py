"""The jobs that look after partners as a whole: what concerns them, and signs of life in quiet times."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.alerts import task_notes, watch
from bot.alerts.signs import give_signs
from bot.alerts.surroundings import Surroundings
from bot.clock import Clock
from bot.directory import service as directory
from bot.ids import PartnerId
from bot.jobs.port import Handler, Job
from bot.scheduler import entries
from bot.storage.engine import Database


class Watching:
    """A unit for each partner, so that nobody waits for it; what is looked up is looked up outside of units."""

    def __init__(self, db: Database, clock: Clock, env: Surroundings) -> None:
        self._db = db
        self._clock = clock
        self._env = env

    def handlers(self) -> dict[str, Handler]:
        """Each job's name, with what runs it."""
        return {entries.WATCH: self.watch, entries.SIGNS: self.signs}

    async def watch(self, job: Job) -> None:
        """Tell of accounts that are short, tables that are old, people out of reach, free channels that end, shares;
        ask again for what waits in Wazzup's dashboard."""
        now = self._clock.now()
        for partner_id in await self._db.read(_partners):
            found = await self._db.read(partial(watch.find, partner_id=partner_id, now=now, env=self._env))
            await self._db.write(partial(watch.tell, partner_id=partner_id, found=found, now=now, env=self._env))
            await self._db.write(partial(task_notes.remind, partner_id=partner_id, now=now, env=self._env))

    async def signs(self, job: Job) -> None:
        """Tell people that nothing is due, and owners how the week begins."""
        now: datetime = self._clock.now()
        for partner_id in await self._db.read(_partners):
            await self._db.write(partial(give_signs, partner_id=partner_id, now=now, env=self._env), bulk=True)


def _partners(conn: Connection) -> Sequence[PartnerId]:
    return [one.id for one in directory.list_partners(conn)]
