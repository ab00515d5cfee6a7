"""Jobs that move money do nothing while the operator has paused money: their next tick finds the work again."""

from functools import partial

import structlog

from bot.jobs.port import Handler, Job
from bot.storage.engine import Database
from bot.storage.switches import Switch, paused

MONEY_JOBS = frozenset({"charge", "settle", "renew", "referrals", "free_channels"})
_log = structlog.get_logger(__name__)


def pausing(db: Database, name: str, handler: Handler) -> Handler:
    """The handler of the jobs `name`, made to wait for money if it moves any."""
    return partial(_unless_paused, db, handler) if name in MONEY_JOBS else handler


async def _unless_paused(db: Database, handler: Handler, job: Job) -> None:
    if await db.read(paused, Switch.MONEY):
        _log.info("job.money_paused", job=job.name)
        return
    await handler(job)
