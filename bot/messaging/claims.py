"""Taking messages out of the outbox to send them: replies first, in order per recipient, attempts written before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)

from bot.ids import Address, DeliveryId
from bot.messaging import troubles, turns, window
from bot.messaging.outbox import WAITING
from bot.messaging.status import State
from bot.messaging.window import Mode, Window
from bot.storage.switches import Switch, paused
from bot.storage.tables import attempt, contact_window, delivery

LEASE = timedelta(seconds=60)
"""A claimed message that is not recorded after so long was interrupted. Longer than any request to the provider."""
_EARLIER = delivery.alias("earlier")
_EARLIER_WAITING = text("earlier.state IN ('queued', 'sending')")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message to be sent now, as its attempt number `attempt`."""

    id: DeliveryId
    attempt: int
    to: Address
    sender: Address
    kind: str
    template: str
    language: str
    checksum: str | None
    variables: Mapping[str, str]
    body: str
    mode: Mode
    expires_at: datetime | None
    buttons: tuple[tuple[str, str], ...] = ()
    media: str | None = None

    @property
    def is_content(self) -> bool:
        return self.checksum is not None


@dataclass(frozen=True, slots=True)
class Claim:
    """What was taken to be sent, and how many were given up instead (expired, unwanted, window closed)."""

    taken: Sequence[Claimed]
    dropped: int
    after: str = ""
    """The partner whose turn was last: what to hand to the next claim."""
    too_fast_at: datetime | None = None
    """When reports last said that the sender is too fast."""


def claim(
    conn: Connection, sender: Address, now: datetime, limit: int, after: str = "", has_window: bool = True
) -> Claim:
    """Take up to `limit` messages of a sender, beginning with the partners after `after`.

    Never one for a person to whom another is just being sent, nor one that would overtake an earlier one that is to be
    tried again. What may not be sent any more is marked so instead. Without a window, everything goes in session.
    While sending is paused, nothing is taken.
    """
    if paused(conn, Switch.SENDING):
        return Claim([], 0, after)
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(func.hashtext(sender))))
    rows, after = turns.next_rows(conn, _due(sender, now), sender, limit, after)
    taken: list[Claimed] = []
    refused: dict[tuple[State, str], list[str]] = {}
    for row in sorted(rows, key=lambda row: (row.priority, row.not_before, row.id)):
        known = Window(row.last_inbound_at, row.closed_at)
        mode = window.mode(known, row.checksum is not None, now) if has_window else Mode.SESSION
        why_not = _why_not(row, mode, now)
        if why_not is None and mode is not None:
            taken.append(_claimed(row, mode))
        elif why_not is not None:
            refused.setdefault(why_not, []).append(row.id)
    for (state, reason), ids in refused.items():
        values = {"state": state, "reason": reason, "failed_at": now if state is State.FAILED else None}
        conn.execute(update(delivery).where(delivery.c.id.in_(ids)).values(values))
    if taken:
        _begin_attempts(conn, taken, now)
    return Claim(taken, len(rows) - len(taken), after, troubles.too_fast_at(conn, sender))


def release(conn: Connection, claimed: Sequence[Claimed], not_before: datetime | None = None) -> None:
    """Give back messages that were claimed and certainly not sent, as if they had not been; to wait if so wanted."""
    ids = [one.id for one in claimed]
    values = {"state": State.QUEUED, "attempts": delivery.c.attempts - 1, "claimed_until": None}
    if not_before is not None:
        values["not_before"] = not_before
    mine = and_(delivery.c.id.in_(ids), delivery.c.state == State.SENDING)
    conn.execute(update(delivery).where(mine).values(values))
    keys = [(one.id, one.attempt) for one in claimed]
    begun = and_(tuple_(attempt.c.delivery_id, attempt.c.n).in_(keys), attempt.c.finished_at.is_(None))
    conn.execute(attempt.delete().where(begun))


def _due(sender: Address, now: datetime) -> Select[Any]:
    columns = [delivery.c[name] for name in _COLUMNS]
    joined = delivery.outerjoin(
        contact_window,
        and_(contact_window.c.sender == delivery.c.sender, contact_window.c.address == delivery.c.to_address),
    )
    query = select(*columns, contact_window.c.last_inbound_at, contact_window.c.closed_at, contact_window.c.stopped_at)
    due = and_(WAITING, delivery.c.state == State.QUEUED, delivery.c.sender == sender, delivery.c.not_before <= now)
    return query.select_from(joined).where(due, ~_held_up())


_COLUMNS = (
    "id", "attempts", "to_address", "sender", "kind", "template", "language", "checksum", "variables", "body",
    "expires_at", "buttons", "priority", "not_before", "media",
)  # fmt: skip


def _held_up() -> ColumnElement[bool]:
    """Another message to the same person is under way, or comes before this one and is to be tried again first."""
    comes_first = tuple_(_EARLIER.c.priority, _EARLIER.c.id) < tuple_(delivery.c.priority, delivery.c.id)
    waits = and_(_EARLIER.c.attempts > 0, comes_first)
    same = and_(_EARLIER.c.to_address == delivery.c.to_address, _EARLIER.c.sender == delivery.c.sender)
    return exists().where(_EARLIER_WAITING, same, or_(_EARLIER.c.state == State.SENDING, waits))


def _why_not(row: Row[Any], mode: Mode | None, now: datetime) -> tuple[State, str] | None:
    if row.expires_at is not None and row.expires_at <= now:
        return State.EXPIRED, "expired"
    if row.stopped_at is not None:
        return State.FAILED, "recipient"
    return (State.FAILED, "window_closed") if mode is None else None


def _claimed(row: Row[Any], mode: Mode) -> Claimed:
    return Claimed(
        id=DeliveryId(row.id),
        attempt=row.attempts + 1,
        to=Address(row.to_address),
        sender=Address(row.sender),
        kind=row.kind,
        template=row.template,
        language=row.language,
        checksum=row.checksum,
        variables=row.variables,
        body=row.body,
        mode=mode,
        expires_at=row.expires_at,
        buttons=tuple((title, payload) for title, payload in row.buttons),
        media=row.media,
    )


def _begin_attempts(conn: Connection, taken: Sequence[Claimed], now: datetime) -> None:
    ids = [one.id for one in taken]
    values = {"state": State.SENDING, "attempts": delivery.c.attempts + 1, "claimed_until": now + LEASE}
    conn.execute(update(delivery).where(delivery.c.id.in_(ids)).values(values))
    rows = [{"delivery_id": one.id, "n": one.attempt, "mode": one.mode.value, "started_at": now} for one in taken]
    conn.execute(insert(attempt), rows)
