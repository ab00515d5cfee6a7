"""Standings of one client or of many, in a few statements."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from bot.billing import auto_renewal, repository
from bot.billing.plan import PriceBook
from bot.billing.spending import spent_by_day
from bot.billing.standing import Standing, standing_of
from bot.errors import UserError
from bot.ids import ClientId


def standing(conn: Connection, client_id: ClientId, now: datetime, book: PriceBook) -> Standing:
    """How one client stands. Raises UserError unknown_client."""
    found = standings(conn, [client_id], now, book).get(client_id)
    if found is None:
        raise UserError("unknown_client", client=client_id)
    return found


def standings(
    conn: Connection, client_ids: Iterable[ClientId], now: datetime, book: PriceBook
) -> dict[ClientId, Standing]:
    """How each of these clients stands; one that does not exist is left out. Seven statements per 500 clients."""
    wanted = list(client_ids)
    increases = repository.last_increases(conn, wanted)
    automatic = auto_renewal.of_clients(conn, wanted)
    holdings = repository.holdings(conn, wanted)
    spent = spent_by_day(conn, holdings, book, now)
    return {
        client_id: standing_of(
            held, book, now, increases.get(client_id), automatic.get(client_id), spent.get(client_id)
        )
        for client_id, held in holdings.items()
    }
