"""The share of a transfer that a partner keeps: by program, day, number of clients and whose account it is."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, select

from bot.billing import repository
from bot.billing.holdings import Holdings
from bot.billing.plan import PriceBook
from bot.ids import ClientId, PartnerId
from bot.storage.tables import client, partner

OWN_KINDS = ("main", "demo")
"""The partner's own accounts have a discount of their own, whatever the number of clients: that is how his further
channels cost him less."""


def rate(conn: Connection, book: PriceBook, held: Holdings, today: date) -> Decimal:
    """The share kept of a transfer to one client."""
    return rates(conn, book, held.partner_id, {held.client_id: today})[held.client_id]


def rates(
    conn: Connection, book: PriceBook, partner_id: PartnerId, days: Mapping[ClientId, date]
) -> dict[ClientId, Decimal]:
    """The share kept of a transfer to each of these clients of a partner, on a day of their own calendar."""
    program = book.program(str(conn.execute(select(partner.c.program).where(partner.c.id == partner_id)).scalar_one()))
    owned = select(client.c.id).where(client.c.partner_id == partner_id, client.c.kind.in_(OWN_KINDS))
    own = set(conn.execute(owned).scalars())
    clients = repository.count_clients(conn, partner_id)
    return {
        which: program.own_channel_discount if which in own else program.rate(day, clients)
        for which, day in days.items()
    }
