"""What a table or poll shows of accounts whose money lives elsewhere: the proof of dashboard tasks."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from bot.alerts import task_notes
from bot.alerts.surroundings import Surroundings
from bot.billing.gateways.wazzup.evidence import Sight
from bot.ids import PartnerId
from bot.imports.table import POLL, Table


def look_at_tasks(
    conn: Connection, partner_id: PartnerId, table: Table, at: datetime, env: Surroundings, now: datetime
) -> None:
    """Compare the partner's dashboard tasks with a table or poll that was true at the moment `at`."""
    source: Literal["table", "poll"] = "poll" if table.kind == POLL else "table"
    sights = [Sight(row.account_id, at, row.subscription_end, row.balance, source) for row in table.rows]
    task_notes.look(conn, partner_id, sights, now, env)
