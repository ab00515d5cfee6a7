"""Numbers of curators that are, or are no longer, a watched channel: nothing is told there, since others read it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.storage.reading import Reading
from bot.storage.tables import channel, curator_address

_NAMES = Reading(
    select(channel.c.partner_id, channel.c.name)
    .where(channel.c.client_id.in_(bindparam("ids", expanding=True)))
    .distinct()
)
_USUAL = Reading(
    select(curator_address.c.partner_id, curator_address.c.curator_id, curator_address.c.address)
    .where(
        curator_address.c.partner_id.in_(bindparam("partners", expanding=True)),
        curator_address.c.channel_since.is_(None),
    )
    .order_by(curator_address.c.address)
)
_SHUT = Reading(
    select(curator_address.c.curator_id, curator_address.c.address).where(
        curator_address.c.partner_id == bindparam("of_partner"), curator_address.c.channel_since.is_not(None)
    )
)


def taken_by_channels(conn: Connection, client_ids: Collection[ClientId]) -> list[tuple[CuratorId, Address]]:
    """Curators who are written to under a number that is a channel of one of these clients of their partner."""
    numbers = {(row.partner_id, digits_of(row.name)) for row in _NAMES.rows(conn, ids=list(client_ids))}
    return [
        (CuratorId(row.curator_id), Address(row.address))
        for row in _USUAL.rows(conn, partners=sorted({partner_id for partner_id, _ in numbers}))
        if (row.partner_id, digits_of(row.address)) in numbers
    ]


def shut(conn: Connection, curator_id: CuratorId, address: Address, now: datetime) -> None:
    """Nothing is told under this number, nor understood from there, as long as it is a channel."""
    which = curator_address.c.curator_id == curator_id, curator_address.c.address == address
    conn.execute(update(curator_address).where(*which).values(channel_since=now))


def open_again(conn: Connection, partner_id: PartnerId) -> list[CuratorId]:
    """Give people their numbers back that are no channel any more; whose."""
    closed = _SHUT.rows(conn, of_partner=partner_id)
    if not closed:
        return []
    names = conn.execute(select(channel.c.name).where(channel.c.partner_id == partner_id)).scalars()
    numbers = {digits_of(name) for name in names}
    free = [row for row in closed if digits_of(row.address) not in numbers]
    addresses = [row.address for row in free]
    mine = curator_address.c.partner_id == partner_id
    conn.execute(
        update(curator_address).where(mine, curator_address.c.address.in_(addresses)).values(channel_since=None)
    )
    return [CuratorId(row.curator_id) for row in free]


def shut_numbers(conn: Connection, partner_id: PartnerId) -> dict[CuratorId, Address]:
    """Whose number is a watched channel now."""
    return {CuratorId(row.curator_id): Address(row.address) for row in _SHUT.rows(conn, of_partner=partner_id)}


def digits_of(text: str) -> str:
    """The digits of a number however it is written."""
    return "".join(sign for sign in text if sign.isdecimal())
