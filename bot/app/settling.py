"""Confirmed operations whose time for an Undo is over are posted, whoever comes by: a worker, or a command."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing.changed import Changed
from bot.billing.confirming import is_due, settle_due
from bot.storage.engine import Database
from bot.storage.switches import Switch, paused

_log = structlog.get_logger(__name__)


def settle(conn: Connection, now: datetime, env: Surroundings) -> list[Changed]:
    """One chunk of what is due, with its receipts; what no longer fits the facts is voided."""
    changes = settle_due(conn, now)
    alerts.apply(conn, changes, now=now, env=env)
    return changes


def waits(conn: Connection, now: datetime) -> bool:
    """Whether something is due and may be posted: money is not paused."""
    return is_due(conn, now) and not paused(conn, Switch.MONEY)


def settle_first(db: Database, now: datetime, env: Surroundings) -> None:
    """For a command: what is due is posted before it looks, so that nothing stays held where no worker runs.

    A failure does not stop the command: the ledger's own checks say what is wrong.
    """
    try:
        if db.read_now(waits, now):
            db.write_now(settle, now, env)
    except Exception as error:
        _log.error("settle_failed", error=repr(error))
