"""Curators whose number became a watched channel: what is on its way there is taken back, and the owner gets what they
alone were told of."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.alerts import catching_up, repository
from bot.alerts.ladders import CHUNK, chunks
from bot.alerts.leaving import leave
from bot.alerts.surroundings import Surroundings
from bot.directory import channel_numbers
from bot.directory import service as directory
from bot.ids import ClientId, PartnerId
from bot.messaging import outbox

_REASON = "phone_is_channel"


def look_at_channels(conn: Connection, client_ids: Collection[ClientId], *, now: datetime, env: Surroundings) -> None:
    """Call when channels of these clients may have changed."""
    for some in chunks(client_ids):
        for curator_id, address in channel_numbers.taken_by_channels(conn, some):
            shutting = partial(channel_numbers.shut, conn, curator_id, address, now)
            leave(conn, curator_id, shutting, now=now, env=env)
            outbox.cancel_to(conn, curator_id, address, _REASON)
    for partner_id in {one.partner_id for one in directory.clients_by_id(conn, client_ids).values()}:
        _give_back(conn, partner_id, now, env)


def _give_back(conn: Connection, partner_id: PartnerId, now: datetime, env: Surroundings) -> None:
    for curator_id in channel_numbers.open_again(conn, partner_id):
        person = directory.get_curator(conn, curator_id)
        found = repository.open_of_partner(conn, partner_id, CHUNK)
        catching_up.catch_up(conn, person, found, now=now, env=env)
