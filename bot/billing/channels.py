"""Adds one channel to a client: to be paid by the day, or free."""

from datetime import date, datetime

from sqlalchemy import Connection

from bot.billing import repository
from bot.billing.accounts import lock_client_accounts
from bot.billing.changed import Changed
from bot.billing.charging import start_again
from bot.billing.daily import ACTIVE, STOPPED
from bot.billing.holdings import Channel, Holdings
from bot.billing.local_day import local_date
from bot.billing.plan import PriceBook
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import ChannelId, ClientId, PartnerId

TRANSPORTS = ("whatsapp", "wapi", "instagram", "telegram", "tgapi", "vk", "avito", "viber", "max", "maxbot")
"""The messengers that a channel can be of, by the service's own names."""
_NAME_LENGTH_MAX = 80


def add_channel(
    conn: Connection,
    book: PriceBook,
    partner_id: PartnerId,
    client_id: ClientId,
    transport: str,
    name: str,
    now: datetime,
) -> list[Changed]:
    """A channel in no subscription: today's daily payment is taken at once; without the money it stands until there is.

    UserError unknown_client, unknown_transport, bad_channel_name, channel_exists, price_unknown.
    """
    held, transport, name = look_before(conn, partner_id, client_id, transport, name)
    rate = book.daily(None, transport, held.currency, local_date(now, held.time_zone)).minor
    rates: dict[str, int] = {
        one.id: found for one in held.channels if (found := _rate(held, one, book, now)) is not None
    }
    added = insert_channel(conn, held, transport, name, state=STOPPED, free_until=None, now=now)
    started = start_again(conn, client_id, rates | {added: rate}, now)
    repository.wake_after_today(conn, held, now)
    return [Changed(partner_id, client_id, "imported"), *started]


def look_before(
    conn: Connection, partner_id: PartnerId, client_id: ClientId, transport: str, name: str
) -> tuple[Holdings, str, str]:
    """Lock the client and read what it has; transport and name as they are stored.

    UserError unknown_client, unknown_transport, bad_channel_name, channel_exists.
    """
    kind, called = transport.strip().lower(), name.strip()
    if kind not in TRANSPORTS:
        raise UserError("unknown_transport", transport=transport, known=", ".join(TRANSPORTS))
    if not called or len(called) > _NAME_LENGTH_MAX or not called.isprintable():
        raise UserError("bad_channel_name", most=_NAME_LENGTH_MAX)
    lock_client_accounts(conn, [client_id])
    held = repository.holdings_of(conn, client_id, partner_id)
    if any((one.transport, one.name) == (kind, called) for one in held.channels):
        raise UserError("channel_exists", transport=kind, name=called)
    return held, kind, called


def insert_channel(
    conn: Connection, held: Holdings, transport: str, name: str, *, state: str, free_until: date | None, now: datetime
) -> ChannelId:
    """Write the row; `free_until` makes it a free channel."""
    added = ChannelId(new_id())
    row = {
        "id": added,
        "partner_id": held.partner_id,
        "client_id": held.client_id,
        "transport": transport,
        "name": name,
        "state": state,
        "free": free_until is not None,
        "free_until": free_until.isoformat() if free_until else None,
        "created_at": now,
    }
    repository.insert_channels(conn, [row])
    return added


def insert_free(
    conn: Connection, held: Holdings, transport: str, name: str, free_until: date, now: datetime
) -> Changed:
    """A channel that runs and costs nothing. The caller holds the client's lock and has counted."""
    insert_channel(conn, held, transport, name, state=ACTIVE, free_until=free_until, now=now)
    return Changed(held.partner_id, held.client_id, "imported")


def _rate(held: Holdings, channel: Channel, book: PriceBook, now: datetime) -> int | None:
    return held.daily_rate(channel, book, local_date(now, held.time_zone))
