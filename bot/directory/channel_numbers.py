"""Numbers of curators that are, or are no longer, a watched channel: nothing is told there, since others read it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.storage.tables import channel, curator_address


def taken_by_channels(conn: Connection, client_ids: Collection[ClientId]) -> list[tuple[CuratorId, Address]]:
    """Curators who are written to under a number that is a channel of one of these clients of their partner."""
    query = select(channel.c.partner_id, channel.c.name).where(channel.c.client_id.in_(list(client_ids)))
    numbers = {(row.partner_id, digits_of(row.name)) for row in conn.execute(query)}
    of_partners = curator_address.c.partner_id.in_({partner_id for partner_id, _ in numbers})
    usual = select(curator_address).where(of_partners, curator_address.c.channel_since.is_(None))
    return [
        (CuratorId(row.curator_id), Address(row.address))
        for row in conn.execute(usual.order_by(curator_address.c.address))
        if (row.partner_id, digits_of(row.address)) in numbers
    ]


def shut(conn: Connection, curator_id: CuratorId, address: Address, now: datetime) -> None:
    """Nothing is told under this number, nor understood from there, as long as it is a channel."""
    which = curator_address.c.curator_id == curator_id, curator_address.c.address == address
    conn.execute(update(curator_address).where(*which).values(channel_since=now))


def open_again(conn: Connection, partner_id: PartnerId) -> list[CuratorId]:
    """Give people their numbers back that are no channel any more; whose."""
    mine = curator_address.c.partner_id == partner_id
    closed = conn.execute(select(curator_address).where(mine, curator_address.c.channel_since.is_not(None))).all()
    if not closed:
        return []
    names = conn.execute(select(channel.c.name).where(channel.c.partner_id == partner_id)).scalars()
    numbers = {digits_of(name) for name in names}
    free = [row for row in closed if digits_of(row.address) not in numbers]
    addresses = [row.address for row in free]
    conn.execute(
        update(curator_address).where(mine, curator_address.c.address.in_(addresses)).values(channel_since=None)
    )
    return [CuratorId(row.curator_id) for row in free]


def shut_numbers(conn: Connection, partner_id: PartnerId) -> dict[CuratorId, Address]:
    """Whose number is a watched channel now."""
    query = select(curator_address).where(
        curator_address.c.partner_id == partner_id, curator_address.c.channel_since.is_not(None)
    )
    return {CuratorId(row.curator_id): Address(row.address) for row in conn.execute(query)}


def digits_of(text: str) -> str:
    """The digits of a number however it is written."""
    return "".join(sign for sign in text if sign.isdecimal())
