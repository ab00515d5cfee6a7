"""What the stopped channels of clients paid for before they stopped."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from bot.billing.standing import Standing
from bot.ids import ClientId
from bot.storage.reading import Reading
from bot.storage.tables import channel

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_PAID_THROUGH = Reading(
    select(channel.c.client_id, func.max(channel.c.charged_through).label("day"))
    .where(channel.c.client_id.in_(_IDS), channel.c.state == "notEnoughMoney")
    .group_by(channel.c.client_id)
)


def paid_through(conn: Connection, known: Mapping[ClientId, Standing]) -> dict[ClientId, date]:
    """Of clients with stopped channels: the last day these paid for by daily payment."""
    stopped = [client_id for client_id, standing in known.items() if standing.stopped]
    if not stopped:
        return {}
    rows = _PAID_THROUGH.rows(conn, ids=stopped)
    return {ClientId(row.client_id): date.fromisoformat(row.day) for row in rows if row.day}
