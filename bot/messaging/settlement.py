"""Which sends nobody can vouch for, and what is decided about each: found, sent again, or left as unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select, update

from bot import i18n
from bot.ids import Address, DeliveryId
from bot.jobs.port import Jobs
from bot.messaging import costs, outbox
from bot.messaging.message import Kind, StatusUpdate
from bot.messaging.status import State
from bot.messaging.statuses import apply_statuses
from bot.messaging.transport import Seen
from bot.messaging.verdict import ASK_AFTER
from bot.storage.tables import attempt, delivery

SENT_AGAIN = frozenset({Kind.ALERT, Kind.RECEIPT, Kind.INVITATION, Kind.NOTICE})
"""Kinds of which a second copy costs less than silence: sent again, once. A reply is asked for again by its reader."""
SLACK = timedelta(seconds=5)
"""The provider's clock and ours may differ by so much."""
REPORTS_WAITED_FOR = timedelta(hours=24)
"""A message that was taken and of which nothing was heard for so long counts as unconfirmed."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A message whose fate must be asked for. `provider_id` is known when the provider did take it."""

    id: DeliveryId
    to: Address
    body: str
    provider_id: str | None
    attempt: int
    tried_at: datetime
    sender: Address


def due(conn: Connection, now: datetime, limit: int = 50) -> list[Doubtful]:
    """Messages to be asked for now: unknown ones, and those taken of which nothing was heard."""
    last = and_(attempt.c.delivery_id == delivery.c.id, attempt.c.n == delivery.c.attempts)
    names = ("id", "to_address", "sender", "body", "provider_id", "attempts")
    query: Select[Any] = select(*(delivery.c[name] for name in names), attempt.c.started_at)
    states = delivery.c.state.in_([State.UNKNOWN, State.SENT])
    query = query.join(attempt, last).where(delivery.c.claimed_until <= now, states)
    return [_doubtful(row) for row in conn.execute(query.order_by(delivery.c.claimed_until).limit(limit))]


def match(doubtful: Doubtful, seen: list[Seen], taken: set[str]) -> Seen | None:
    """The message at the provider that must be this one: same person, same words, made when it was tried. Pure."""
    fitting = [
        one
        for one in seen
        if one.provider_id not in taken and one.to == doubtful.to and one.body.strip() == doubtful.body.strip()
    ]
    return min(fitting, key=lambda one: abs(one.created_at - doubtful.tried_at), default=None)


def known_provider_ids(conn: Connection, provider_ids: list[str]) -> set[str]:
    """Which of these belong to messages of ours already."""
    return set(conn.execute(select(attempt.c.provider_id).where(attempt.c.provider_id.in_(provider_ids))).scalars())


def found(conn: Connection, doubtful: Doubtful, seen: Seen, now: datetime, jobs: Jobs) -> State:
    """The provider has it: what it says counts like a report. It is asked again until it says more than that."""
    raw = {"source": "asked", "status": seen.status}
    row = StatusUpdate(seen.provider_id, seen.status, now, doubtful.id, seen.error_code, seen.error_class, raw=raw)
    apply_statuses(conn, [row], jobs)
    if seen.price is not None:
        costs.note_price(conn, doubtful.id, seen.price)
    wait = max(ASK_AFTER, (now - doubtful.tried_at) * 2)
    still = and_(delivery.c.id == doubtful.id, delivery.c.state == State.SENT)
    overdue = now - doubtful.tried_at >= REPORTS_WAITED_FOR
    values = {"claimed_until": None if overdue else now + wait, "unconfirmed": overdue}
    conn.execute(update(delivery).where(still).values(values))
    return State(conn.execute(select(delivery.c.state).where(delivery.c.id == doubtful.id)).scalar_one())


def not_found(conn: Connection, doubtful: Doubtful, now: datetime, jobs: Jobs) -> State:
    """The provider does not have it. By its kind it is sent again, once, or stays unknown for people to see."""
    mine = and_(delivery.c.id == doubtful.id, delivery.c.state == State.UNKNOWN)
    names = ("kind", "sender", "expires_at", "language", "body", "variables")
    columns = [delivery.c[name] for name in names]
    row = conn.execute(select(*columns).where(mine).with_for_update()).one_or_none()
    if row is None:
        return State(conn.execute(select(delivery.c.state).where(delivery.c.id == doubtful.id)).scalar_one())
    if (
        row.kind in SENT_AGAIN
        and _unknown_attempts(conn, doubtful.id) == 1
        and not (row.expires_at and row.expires_at <= now)
    ):
        again: dict[str, Any] = {
            "state": State.QUEUED,
            "reason": "sent_again",
            "not_before": now,
            "claimed_until": None,
        }
        if row.kind == Kind.RECEIPT:
            again |= marked(row.body, row.variables, row.language)
        conn.execute(update(delivery).where(mine).values(again))
        outbox.ask(conn, jobs, Address(row.sender), now)
        return State.QUEUED
    conn.execute(update(delivery).where(mine).values(reason="unsettled", unconfirmed=True, claimed_until=None))
    return State.UNKNOWN


def ask_later(conn: Connection, doubtful: Doubtful, now: datetime) -> None:
    """The provider refuses the question; it is put again later, and a report may come before."""
    mine = delivery.c.id == doubtful.id, delivery.c.state.in_([State.UNKNOWN, State.SENT])
    conn.execute(update(delivery).where(*mine).values(claimed_until=now + ASK_AFTER))


def unheard(conn: Connection, doubtful: Doubtful) -> State:
    """The provider took it, nothing was heard since, and it cannot be asked: it stays as sent, for people to see."""
    mine = and_(delivery.c.id == doubtful.id, delivery.c.state == State.SENT)
    conn.execute(update(delivery).where(mine).values(claimed_until=None, unconfirmed=True))
    return State(conn.execute(select(delivery.c.state).where(delivery.c.id == doubtful.id)).scalar_one())


def marked(body: str, variables: Mapping[str, str], language: str) -> dict[str, Any]:
    """A receipt marked as a repeat, so that nobody counts the money twice. Pure."""
    word = i18n.translations(language).pgettext("sent a second time", "repeat")
    if not variables:
        return {"body": f"({word}) {body}"}
    first = variables["1"]
    marked_first = f"{first} ({word})"
    return {"body": body.replace(first, marked_first, 1), "variables": {**variables, "1": marked_first}}


def _unknown_attempts(conn: Connection, delivery_id: DeliveryId) -> int:
    query = select(func.count()).select_from(attempt)
    return conn.execute(query.where(attempt.c.delivery_id == delivery_id, attempt.c.outcome == "unknown")).scalar_one()


def _doubtful(row: Row[Any]) -> Doubtful:
    return Doubtful(
        id=DeliveryId(row.id),
        to=Address(row.to_address),
        body=row.body,
        provider_id=row.provider_id,
        attempt=row.attempts,
        tried_at=row.started_at,
        sender=Address(row.sender),
    )
