"""Finds messages that people sent while nobody listened: the provider tries a webhook for seconds only."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, func, select

from bot.clock import Clock
from bot.errors import PermanentError, TransientError
from bot.jobs.port import Jobs
from bot.messaging import inbox
from bot.messaging.transport import Transport
from bot.storage.engine import Database
from bot.storage.tables import inbox as inbox_table

OVERLAP = timedelta(minutes=15)
"""Asked for again before the last message that we know: webhooks come out of order."""
FURTHEST = timedelta(hours=24)
"""What is older cannot be answered freely any more, and nobody waits for it."""
BY_HAND = "CLI"
"""How the ids of messages begin that the command line hands in."""
_log = structlog.get_logger(__name__)


async def recover_inbound(db: Database, transport: Transport, clock: Clock, jobs: Jobs) -> int:
    """Ask the provider what came in since the last message that we know, and take in what is missing; how many.

    Does nothing on an empty inbox: then there was no outage. A provider that cannot be asked is logged, not raised.
    """
    now = clock.now()
    last = await db.read(last_received, transport.name)
    if last is None:
        return 0
    try:
        heard = await transport.received(max(last - OVERLAP, now - FURTHEST))
    except (TransientError, PermanentError) as error:
        _log.warning("inbound.cannot_recover", error=str(error))
        return 0
    accepted = await db.write(inbox.accept_many, heard, jobs) if heard else []
    if any(accepted):
        _log.warning("inbound.recovered", messages=sum(accepted))
    return sum(accepted)


def last_received(conn: Connection, transport: str) -> datetime | None:
    """When the newest message that came by a transport was sent. What came by another, or from the command line, says
    nothing of whether somebody listened here."""
    by_it = inbox_table.c.transport == transport, ~inbox_table.c.provider_id.startswith(BY_HAND)
    newest: datetime | None = conn.execute(select(func.max(inbox_table.c.received_at)).where(*by_it)).scalar_one()
    return newest
