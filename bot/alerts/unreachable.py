"""Curators who cannot be reached: nothing that was sent lately arrived, or the number takes nothing from us."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select

from bot.alerts.alert import Kind
from bot.alerts.concern import Concern
from bot.directory import channel_numbers
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.ids import Address, CuratorId, PartnerId
from bot.storage.tables import contact_window, delivery

IN_A_ROW = 3
"""So many messages in a row that did not arrive."""
_LOOKED_BACK = timedelta(days=3)
_LOST = frozenset({"failed", "undelivered", "expired"})
_ON_THE_WAY = ("queued", "sending", "cancelled")
_ROWS_MAX = 5000


def unreachable(conn: Connection, partner_id: PartnerId, *, now: datetime, sender: Address) -> list[Concern]:
    """One for each person of the partner who should be told and cannot be."""
    return [*_not_arriving(conn, partner_id, now, sender), *_on_channels(conn, partner_id)]


def _on_channels(conn: Connection, partner_id: PartnerId) -> list[Concern]:
    """People of the partner whose number is a channel that is watched."""
    shut = channel_numbers.shut_numbers(conn, partner_id)
    return [
        Concern(
            Kind.UNREACHABLE,
            person.id,
            {"who": person.name, "phone": str(shut[person.id]).rpartition(":")[2], "lost": 0, "channel": True},
            about=person.id,
        )
        for person in directory.curators_by_id(conn, shut).values()
        if person.client_id is None and person.removed_at is None and person.address is None
    ]


def _not_arriving(conn: Connection, partner_id: PartnerId, now: datetime, sender: Address) -> list[Concern]:
    people = {one.id: one for one in directory.financial_curators(conn, partner_id) if one.address is not None}
    lost = _lost(conn, partner_id, now)
    stopped = _stopped(conn, sender, people.values())
    return [
        Concern(
            Kind.UNREACHABLE,
            person.id,
            {
                "who": person.name,
                "phone": str(person.address).rpartition(":")[2],
                "lost": lost.get(person.id, 0),
                "channel": False,
            },
            about=person.id,
        )
        for person in people.values()
        if lost.get(person.id, 0) >= IN_A_ROW or person.address in stopped
    ]


def _lost(conn: Connection, partner_id: PartnerId, now: datetime) -> dict[CuratorId, int]:
    """How many messages in a row, up to the newest, did not arrive."""
    query = (
        select(delivery.c.curator_id, delivery.c.state)
        .where(
            delivery.c.partner_id == partner_id,
            delivery.c.curator_id.is_not(None),
            delivery.c.created_at > now - _LOOKED_BACK,
            delivery.c.state.not_in(_ON_THE_WAY),
            or_(delivery.c.state != "expired", delivery.c.attempts > 0),
        )
        .order_by(delivery.c.created_at.desc(), delivery.c.id.desc())
        .limit(_ROWS_MAX)
    )
    counted: dict[CuratorId, int] = defaultdict(int)
    arrived: set[CuratorId] = set()
    for curator_id, state in conn.execute(query):
        if state in _LOST and curator_id not in arrived:
            counted[CuratorId(curator_id)] += 1
        else:
            arrived.add(CuratorId(curator_id))
    return counted


def _stopped(conn: Connection, sender: Address, people: Iterable[Curator]) -> set[str]:
    addresses = [one.address for one in people]
    later = or_(
        contact_window.c.last_inbound_at.is_(None), contact_window.c.last_inbound_at < contact_window.c.stopped_at
    )
    query = select(contact_window.c.address).where(
        contact_window.c.sender == sender,
        contact_window.c.address.in_(addresses),
        contact_window.c.stopped_at.is_not(None),
        later,
    )
    return set(conn.execute(query).scalars())
