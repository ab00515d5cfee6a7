"""What a table shows of accounts whose money lives elsewhere: the proof of dashboard tasks."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import task_notes
from bot.alerts.surroundings import Surroundings
from bot.billing.gateways.wazzup.evidence import Sight
from bot.ids import PartnerId
from bot.imports.table import ClientRow


def look_at_tasks(
    conn: Connection, partner_id: PartnerId, rows: Iterable[ClientRow], at: datetime, env: Surroundings, now: datetime
) -> None:
    """Compare the partner's dashboard tasks with rows that were true at the moment `at`."""
    sights = [Sight(row.account_id, at, row.subscription_end, row.balance) for row in rows]
    task_notes.look(conn, partner_id, sights, now, env)
