"""The job that prices messages, once they were taken by the provider."""

from collections.abc import Mapping

from bot.jobs.port import Handler, Job
from bot.messaging.costs import cost_some
from bot.messaging.prices import PriceTable
from bot.scheduler import entries
from bot.storage.engine import Database


class Costing:
    """The handler of the job `cost`."""

    def __init__(self, db: Database, prices: PriceTable) -> None:
        self._db = db
        self._prices = prices

    def handlers(self) -> Mapping[str, Handler]:
        """Each job's name, with what runs it."""
        return {entries.COST: self.cost}

    async def cost(self, job: Job) -> None:
        """Price what was taken since the last time."""
        while await self._db.write(cost_some, self._prices, bulk=True):
            pass
