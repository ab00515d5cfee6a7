"""A partner's free channels: added within limits, renewed while the partnership goes on, else paid from then on."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.billing import repository
from bot.billing.accounts import lock_client_accounts
from bot.billing.changed import Changed
from bot.billing.channels import insert_free, look_before
from bot.billing.free_terms import free_until, refuse_free
from bot.billing.local_day import local_date
from bot.billing.plan import PriceBook
from bot.errors import UserError
from bot.ids import ChannelId, ClientId, PartnerId
from bot.storage.tables import channel, client, partner


def add_free_channel(
    conn: Connection,
    book: PriceBook,
    partner_id: PartnerId,
    client_id: ClientId,
    transport: str,
    name: str,
    now: datetime,
) -> list[Changed]:
    """A free channel on the partner's main or demo account, till three years after he joined or the renewal after that.

    UserError as `look_before` and `refuse_free` say, and partner_left.
    """
    held, transport, name = look_before(conn, partner_id, client_id, transport, name)
    terms = conn.execute(
        select(client.c.kind, partner.c.program, partner.c.joined_on, partner.c.left_on, partner.c.time_zone)
        .join(partner, partner.c.id == client.c.partner_id)
        .where(client.c.id == client_id)
    ).one()
    program = book.program(terms.program)
    refuse_free(terms.kind, transport, [one.transport for one in held.channels if one.free], program.free_channels)
    if terms.left_on is not None:
        raise UserError("partner_left", day=terms.left_on)
    today = local_date(now, terms.time_zone)
    until = free_until(date.fromisoformat(terms.joined_on), program.free_years, today)
    return [insert_free(conn, held, transport, name, until, now)]


def renew_free_channels(conn: Connection, book: PriceBook, now: datetime, limit: int = 100) -> list[Changed]:
    """Give channels whose free term is over the next one; where the partnership has ended they are paid from now on.

    A late look charges nothing for the days before it.
    """
    over = _over(conn, now, limit)
    lock_client_accounts(conn, {ClientId(row.client_id) for row in over})
    changes: dict[Changed, None] = {}
    for row in over:
        which, client_id = ChannelId(row.id), ClientId(row.client_id)
        today = local_date(now, row.time_zone)
        if row.left_on is None:
            years = book.program(row.program).free_years
            until = free_until(date.fromisoformat(row.joined_on), years, today)
            repository.update_channels(conn, [which], free_until=until.isoformat())
        else:
            repository.update_channels(conn, [which], free=False, free_until=None)
            repository.wake_no_later_than(conn, repository.holdings_of(conn, client_id), now)
        changes[Changed(PartnerId(row.partner_id), client_id, "imported")] = None
    return list(changes)


def _over(conn: Connection, now: datetime, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Channels whose last free day has passed in the partner's zone."""
    latest = (now + timedelta(days=1)).date().isoformat()
    query = (
        select(
            channel.c.id,
            channel.c.client_id,
            channel.c.partner_id,
            channel.c.free_until,
            partner.c.program,
            partner.c.joined_on,
            partner.c.left_on,
            partner.c.time_zone,
        )
        .join(partner, partner.c.id == channel.c.partner_id)
        .where(channel.c.free_until < latest)
        .order_by(channel.c.free_until, channel.c.id)
        .limit(limit)
    )
    return [row for row in conn.execute(query) if row.free_until < local_date(now, row.time_zone).isoformat()]
