"""What is to be said: messages enter with a stable key, in the same unit as their cause, and may be taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select, text, tuple_, update

from bot.id_generator import new_id
from bot.ids import Address, CuratorId, DeliveryId, PartnerId
from bot.jobs.port import Jobs
from bot.messaging import templates
from bot.messaging.message import PRIORITIES, Kind, Outgoing, parts
from bot.messaging.stand_in import INSTEAD
from bot.messaging.status import State
from bot.messaging.templates import Rendered
from bot.messaging.transports.wazzup_request import SENDER_PREFIX
from bot.storage import queries
from bot.storage.reading import Reading
from bot.storage.switches import Switch, paused
from bot.storage.tables import attempt, delivery, inbox, partner
from bot.storage.writing import Writing

RELAY_JOB = "relay"
"""The job that sends; its key is the sender."""
ASK_JOB = "ask_provider"
"""The job that asks the provider what became of doubtful messages."""
_PARTNERS_SENDER = Reading(select(partner.c.sender).where(partner.c.id == bindparam("which")))
_CANCELLED = Reading(
    select(delivery.c.id).where(delivery.c.key == bindparam("key"), delivery.c.state == bindparam("state"))
)
_CANCEL = Writing(
    update(delivery)
    .where(
        or_(delivery.c.key.in_(bindparam("keys", expanding=True)), delivery.c.id.in_(bindparam("ids", expanding=True))),
        delivery.c.state == State.QUEUED,
    )
    .values(state=State.CANCELLED, reason=bindparam("why"))
)
_WRITTEN_TO = select(inbox.c.to_address).where(inbox.c.id == bindparam("which"))
WAITING = text("delivery.state IN ('queued', 'sending')")
"""The condition of the partial indexes: a query must say it in these words to use them."""


def enqueue(conn: Connection, outgoing: Outgoing, *, sender: Address, now: datetime, jobs: Jobs) -> DeliveryId | None:
    """Put a message into the outbox and ask for it to be sent; None when its key is known already.

    A free text that is too long becomes several messages in order, under the keys `key`, `key#2`, …
    It goes from the partner's own sender where there is one, from `sender` otherwise. Raises TextError when the text
    cannot be made.
    """
    sender = _sender(conn, outgoing, sender)
    rendered = templates.render(outgoing.template, outgoing.language, outgoing.facts, outgoing.buttons)
    bodies = [rendered.body] if rendered.is_content else parts(rendered.body)
    rows = [_row(outgoing, rendered, body, n, sender, now) for n, body in enumerate(bodies, start=1)]
    inserted = {row.id for row in queries.insert_if_absent(conn, delivery, rows)}
    if not inserted:
        return None
    ask(conn, jobs, sender, outgoing.not_before or now, urgent=rows[0]["priority"] == 0)
    return DeliveryId(next(row["id"] for row in rows if row["id"] in inserted))


def ask(conn: Connection, jobs: Jobs, sender: Address, when: datetime, *, urgent: bool = False) -> None:
    """Have the outbox of a sender looked at."""
    jobs.enqueue(conn, RELAY_JOB, sender, when, priority=10 if urgent else 0)


def sender_of(conn: Connection, partner_id: PartnerId, usual: Address) -> Address:
    """What a partner's messages go from: its own channel where it has one, else the usual sender."""
    found = _PARTNERS_SENDER.one(conn, which=partner_id)
    return Address(found.sender) if found and found.sender else usual


def cancelled_under(conn: Connection, key: str) -> DeliveryId | None:
    """The message of this key, if it was taken back before it left."""
    found = _CANCELLED.rows(conn, key=key, state=State.CANCELLED.value)
    return DeliveryId(found[0].id) if found else None


def cancel_queued(
    conn: Connection, *, keys: Sequence[str] = (), ids: Sequence[DeliveryId] = (), reason: str = "settled"
) -> int:
    """Take back messages that are not sent yet; returns how many."""
    return _CANCEL.run(conn, keys=keys, ids=ids, why=reason) if keys or ids else 0


def cancel_to(conn: Connection, curator_id: CuratorId, address: Address, reason: str) -> int:
    """Take back what is not sent yet to a person under this address; returns how many."""
    which = delivery.c.curator_id == curator_id, delivery.c.to_address == address, delivery.c.state == State.QUEUED
    return conn.execute(update(delivery).where(*which).values(state=State.CANCELLED, reason=reason)).rowcount


def expire(conn: Connection, now: datetime) -> int:
    """Give up messages that nobody sent in time; returns how many."""
    overdue = and_(WAITING, delivery.c.state == State.QUEUED, delivery.c.expires_at <= now)
    return conn.execute(update(delivery).where(overdue).values(state=State.EXPIRED, reason="expired")).rowcount


def abandon_stuck(conn: Connection, now: datetime) -> int:
    """Messages whose sender died between claiming and recording: nobody can say whether they went. How many."""
    stuck = and_(delivery.c.claimed_until <= now, delivery.c.state == State.SENDING)
    statement = update(delivery).where(stuck).values(state=State.UNKNOWN, reason="interrupted", claimed_until=now)
    ids = conn.execute(statement.returning(delivery.c.id)).scalars().all()
    if ids:
        open_attempts = and_(attempt.c.delivery_id.in_(ids), attempt.c.finished_at.is_(None))
        finished = {"finished_at": now, "outcome": "unknown", "error_message": "the process ended while sending"}
        conn.execute(update(attempt).where(open_attempts).values(finished))
    return len(ids)


def senders_with_work(conn: Connection, now: datetime) -> list[Address]:
    """Senders with messages that could go now. One look into the index per sender and priority, however many wait."""
    waiting = and_(WAITING, delivery.c.state == State.QUEUED)
    turn = (delivery.c.sender, delivery.c.priority)
    found: list[Address] = []
    last: tuple[str, int] = ("", -1)
    while row := conn.execute(
        select(*turn).where(waiting, tuple_(*turn) > tuple_(*last)).order_by(*turn).limit(1)
    ).one_or_none():
        last = (row.sender, row.priority)
        mine = exists().where(waiting, *(column == value for column, value in zip(turn, last, strict=True)))
        if row.sender not in found and conn.execute(select(mine.where(delivery.c.not_before <= now))).scalar_one():
            found.append(Address(row.sender))
    return found


def ask_all(conn: Connection, jobs: Jobs, now: datetime) -> None:
    """Have every outbox looked at that has something to send now; none while sending is paused."""
    if not paused(conn, Switch.SENDING):
        for sender in senders_with_work(conn, now):
            ask(conn, jobs, sender, now)


def sweep(conn: Connection, now: datetime, jobs: Jobs) -> int:
    """What keeps the outbox honest every few seconds: the stuck, the doubtful, no sender forgotten; how many were
    stuck."""
    stuck = abandon_stuck(conn, now)
    ask_all(conn, jobs, now)
    doubtful = exists().where(delivery.c.claimed_until <= now, delivery.c.state.in_([State.UNKNOWN, State.SENT]))
    if conn.execute(select(doubtful)).scalar_one():
        jobs.enqueue(conn, ASK_JOB, "messages", now)
    return stuck


def queue_length(conn: Connection) -> tuple[int, datetime | None]:
    """How many messages wait, and since when the oldest does."""
    query = select(func.count(), func.min(delivery.c.created_at)).where(WAITING, delivery.c.state == State.QUEUED)
    count, oldest = conn.execute(query).one()
    return count, oldest


def _sender(conn: Connection, outgoing: Outgoing, usual: Address) -> Address:
    """The Wazzup channel that an answer was written to; else the partner's own; for somebody who is nobody's curator,
    what they wrote to; else the usual one."""
    written_to = None
    if outgoing.in_reply_to is not None:
        written_to = conn.execute(_WRITTEN_TO, {"which": outgoing.in_reply_to}).scalar_one_or_none()
    if outgoing.partner_id is None or (written_to is not None and written_to.startswith(SENDER_PREFIX)):
        return Address(written_to) if written_to else usual
    return sender_of(conn, outgoing.partner_id, usual)


def _in_place_of_picture(outgoing: Outgoing) -> dict[str, str]:
    """What tells the same as a picture, in one message."""
    if outgoing.media is None or outgoing.instead is None:
        return {}
    template, facts = outgoing.instead
    return {INSTEAD: parts(templates.render(template, outgoing.language, facts).body)[0]}


def _row(
    outgoing: Outgoing, rendered: Rendered, body: str, part: int, sender: Address, now: datetime
) -> dict[str, Any]:
    kind = Kind(outgoing.kind)
    return {
        "id": new_id(),
        "partner_id": outgoing.partner_id,
        "curator_id": outgoing.curator_id,
        "client_id": outgoing.client_id,
        "key": outgoing.key if part == 1 else f"{outgoing.key}#{part}",
        "kind": kind.value,
        "priority": PRIORITIES[kind] if outgoing.priority is None else outgoing.priority,
        "to_address": outgoing.to,
        "sender": sender,
        "template": rendered.template,
        "language": rendered.language,
        "variables": _in_place_of_picture(outgoing) or dict(rendered.variables),
        "body": body,
        "buttons": [list(button) for button in rendered.buttons],
        "checksum": rendered.checksum,
        "state": State.QUEUED.value,
        "not_before": outgoing.not_before or now,
        "expires_at": outgoing.expires_at,
        "created_at": now,
        "in_reply_to": outgoing.in_reply_to,
        "media": outgoing.media if part == 1 else None,
    }
