"""Recording how attempts to send ended, many in one go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, select, update

from bot.ids import Address, DeliveryId
from bot.jobs.port import Jobs
from bot.messaging import statuses
from bot.messaging.consequences import carry_out
from bot.messaging.status import State, forward, meaning
from bot.messaging.transport import Accepted, Rejected, Result, Unknown
from bot.messaging.verdict import ASK_AFTER, SETTLE_AFTER, Verdict, refused
from bot.messaging.window import Mode
from bot.storage.tables import attempt, delivery

_MESSAGE_MAX = 500
_ATTEMPT_FIELDS = (
    "finished_at", "outcome", "http_status", "error_code", "error_message", "provider_id", "duration_ms",
)  # fmt: skip
_DELIVERY_FIELDS = (
    "state", "reason", "provider_id", "error_code", "claimed_until", "not_before", "sent_at", "failed_at",
)  # fmt: skip
_UPDATE_ATTEMPT = (
    update(attempt)
    .where(attempt.c.delivery_id == bindparam("b_id"), attempt.c.n == bindparam("b_n"))
    .values({name: bindparam(f"b_{name}") for name in _ATTEMPT_FIELDS})
)
_UPDATE_DELIVERY = (
    update(delivery)
    .where(delivery.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _DELIVERY_FIELDS})
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How attempt `n` of a delivery ended. `jitter` in 0..1 spreads the next try."""

    delivery_id: DeliveryId
    n: int
    result: Result
    finished_at: datetime
    duration_ms: int
    jitter: float = 0.5


def record_attempts(conn: Connection, rows: list[Ended], jobs: Jobs) -> list[State]:
    """Record ended attempts; returns the state each message is in afterwards.

    A report that came before its attempt was recorded has moved the message already: then only the attempt is written.
    """
    conn.execute(_UPDATE_ATTEMPT, [_attempt_values(row) for row in rows])
    current = _locked(conn, sorted({row.delivery_id for row in rows}))
    changes = {row.delivery_id: _change(row, current[row.delivery_id]) for row in rows}
    values = [found.values for found in changes.values() if found.values is not None]
    if values:
        conn.execute(_UPDATE_DELIVERY, values)
    for found in changes.values():
        if found.effect is not None:
            carry_out(conn, *found.effect, jobs)
    early = [row.result.provider_id for row in rows if isinstance(row.result, Accepted)]
    moved = statuses.apply_orphans(conn, early, jobs) if early else {}
    return [moved.get(row.delivery_id, changes[row.delivery_id].state) for row in rows]


@dataclass(frozen=True, slots=True)
class _Change:
    state: State
    values: dict[str, Any] | None = None
    effect: tuple[Verdict, Address, Address, datetime] | None = None
    """What a refusal means beyond the message: for which sender and person, and since when."""


def _locked(conn: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    names = ("id", "state", "attempts", "provider_id", "sender", "to_address", "checksum", "not_before", "sent_at")
    columns = [delivery.c[name] for name in names]
    mode = attempt.c.mode.label("mode")
    last = and_(attempt.c.delivery_id == delivery.c.id, attempt.c.n == delivery.c.attempts)
    query: Select[Any] = select(*columns, mode).select_from(delivery.outerjoin(attempt, last))
    query = query.where(delivery.c.id.in_(ids)).order_by(delivery.c.id).with_for_update(of=delivery)
    return {row.id: row for row in conn.execute(query)}


def _change(row: Ended, current: Row[Any]) -> _Change:
    state = State(current.state)
    if state not in (State.SENDING, State.UNKNOWN) or current.attempts != row.n:
        return _Change(state)
    values = {
        "b_id": current.id,
        "b_state": state,
        "b_reason": None,
        "b_provider_id": current.provider_id,
        "b_error_code": None,
        "b_claimed_until": None,
        "b_not_before": current.not_before,
        "b_sent_at": current.sent_at,
        "b_failed_at": None,
    }
    match row.result:
        case Accepted(provider_id=provider_id, status=status):
            new = forward(State.SENDING, meaning(status) or State.SENT).state
            until = row.finished_at + ASK_AFTER
            values |= {
                "b_state": new,
                "b_provider_id": provider_id,
                "b_sent_at": row.finished_at,
                "b_claimed_until": until,
            }
            return _Change(new, values)
        case Unknown(reason=reason):
            until = row.finished_at + SETTLE_AFTER
            values |= {"b_state": State.UNKNOWN, "b_reason": reason[:32], "b_claimed_until": until}
            return _Change(State.UNKNOWN, values)
        case Rejected() as rejected:
            return _refuse(row, rejected, current, values)


def _refuse(row: Ended, rejected: Rejected, current: Row[Any], values: dict[str, Any]) -> _Change:
    verdict = refused(
        rejected.error_class,
        attempt=row.n,
        mode=Mode(current.mode),
        is_content=current.checksum is not None,
        now=row.finished_at,
        jitter=row.jitter,
        at_once=True,
    )
    values |= {
        "b_state": verdict.state,
        "b_reason": verdict.reason,
        "b_error_code": rejected.code or rejected.http_status,
        "b_not_before": verdict.retry_at or current.not_before,
        "b_failed_at": row.finished_at if verdict.state is State.FAILED else None,
    }
    effect = (verdict, Address(current.sender), Address(current.to_address), row.finished_at)
    return _Change(verdict.state, values, effect)


def _attempt_values(row: Ended) -> dict[str, Any]:
    result = row.result
    rejected = result if isinstance(result, Rejected) else None
    text = rejected.message if rejected else result.reason if isinstance(result, Unknown) else None
    return {
        "b_id": row.delivery_id,
        "b_n": row.n,
        "b_finished_at": row.finished_at,
        "b_outcome": type(result).__name__.lower(),
        "b_http_status": result.http_status,
        "b_error_code": rejected.code if rejected else None,
        "b_error_message": text[:_MESSAGE_MAX] if text else None,
        "b_provider_id": result.provider_id if isinstance(result, Accepted) else None,
        "b_duration_ms": row.duration_ms,
    }
