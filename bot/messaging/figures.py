"""What the metrics say of messages: queues as they are, and what happened since a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from bot.messaging import inbox as inbox_room
from bot.messaging import outbox
from bot.storage.switches import Switch, pauses
from bot.storage.tables import attempt, delivery, inbox, partner

LATEST = timedelta(days=2)
"""Messages older than that move no figure: so the query can use the index of when they were made."""
STEPS = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Queues:
    """How many wait, and since when the oldest does."""

    to_send: tuple[int, datetime | None]
    to_handle: tuple[int, datetime | None]
    paused: frozenset[Switch]


@dataclass(frozen=True, slots=True)
class Happened:
    """Attempts by outcome, and (kind, step, seconds since the message was written) of what happened in a span of time.

    Steps are sent, delivered, read, and `action`: the first tap on a message or answer that quotes it.
    """

    attempts: Sequence[tuple[str, int]]
    steps: Sequence[tuple[str, str, float]]


def queues(conn: Connection) -> Queues:
    """The queues now."""
    return Queues(
        outbox.queue_length(conn), inbox_room.queue_length(conn), frozenset(one.switch for one in pauses(conn))
    )


def happened(conn: Connection, after: datetime, until: datetime) -> Happened:
    """What happened after a moment, until another and with it. Messages of hidden partners are nobody's."""
    lately = and_(delivery.c.created_at >= after - LATEST, is_somebodys())
    ended = and_(lately, attempt.c.finished_at > after, attempt.c.finished_at <= until)
    tries = select(attempt.c.outcome, func.count()).join(delivery, delivery.c.id == attempt.c.delivery_id).where(ended)
    steps: list[tuple[str, str, float]] = []
    for step in STEPS:
        at = delivery.c[f"{step}_at"]
        query = select(delivery.c.kind, delivery.c.created_at, at).where(lately, at > after, at <= until)
        steps += [(kind, step, (moment - made).total_seconds()) for kind, made, moment in conn.execute(query)]
    steps += _actions(conn, after, until)
    return Happened([(outcome, n) for outcome, n in conn.execute(tries.group_by(attempt.c.outcome))], steps)


def is_somebodys() -> ColumnElement[bool]:
    """Whether a message is of a partner, or of none; not of a hidden one, which shows that we live."""
    hidden = select(partner.c.id).where(partner.c.hidden)
    return or_(delivery.c.partner_id.is_(None), delivery.c.partner_id.not_in(hidden))


def _actions(conn: Connection, after: datetime, until: datetime) -> list[tuple[str, str, float]]:
    first = func.min(inbox.c.received_at)
    query = select(delivery.c.kind, delivery.c.created_at, first).join(
        inbox, and_(inbox.c.replied_to == delivery.c.provider_id, inbox.c.from_address == delivery.c.to_address)
    )
    query = query.where(delivery.c.created_at >= after - LATEST)
    query = query.group_by(delivery.c.id, delivery.c.kind, delivery.c.created_at)
    found = conn.execute(query.having(and_(first > after, first <= until)))
    return [(kind, "action", (moment - made).total_seconds()) for kind, made, moment in found]
