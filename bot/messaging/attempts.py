"""Recording how attempts to send ended, many in one go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from bot.jobs.port import Jobs
from bot.messaging import statuses
from bot.messaging.claims import Claimed
from bot.messaging.consequences import Refusal, carry_out
from bot.messaging.stand_in import is_replaceable
from bot.messaging.status import State
from bot.messaging.transport import Accepted, Rejected, Result, Unknown
from bot.messaging.verdict import ASK_AFTER, SETTLE_AFTER, Verdict, refused
from bot.storage.tables import attempt, delivery

_MESSAGE_MAX = 500
_REASON_MAX = 32
_ATTEMPT_FIELDS = (
    "finished_at", "outcome", "http_status", "error_code", "error_message", "provider_id", "duration_ms",
    "request", "response",
)  # fmt: skip
_UPDATE_ATTEMPT = (
    update(attempt)
    .where(attempt.c.delivery_id == bindparam("b_id"), attempt.c.n == bindparam("b_n"))
    .values({name: bindparam(f"b_{name}") for name in _ATTEMPT_FIELDS})
)
_STILL_MINE = (
    delivery.c.id == bindparam("b_id"),
    delivery.c.attempts == bindparam("b_n"),
    or_(delivery.c.state == State.SENDING, delivery.c.state == State.UNKNOWN),
)
"""A report that came before its attempt was recorded, or a later attempt, has moved the message on already."""
_ACCEPT = (
    update(delivery)
    .where(*_STILL_MINE)
    .values(
        state=State.SENT,
        reason=None,
        provider_id=bindparam("b_provider_id"),
        sent_at=bindparam("b_at"),
        claimed_until=bindparam("b_until"),
    )
)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the attempt of a claimed message ended. `jitter` in 0..1 spreads the next try; `note` is for the log."""

    claimed: Claimed
    result: Result
    finished_at: datetime
    duration_ms: int
    jitter: float = 0.5
    note: str | None = None
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None
    """What is kept of both for the log."""


def record_attempts(conn: Connection, rows: list[Ended], jobs: Jobs) -> list[bool]:
    """Record ended attempts; returns for each whether its message waits to be tried again."""
    conn.execute(_UPDATE_ATTEMPT, [_attempt_values(row) for row in rows])
    accepted = [_acceptance(row, row.result) for row in rows if isinstance(row.result, Accepted)]
    if accepted:
        conn.execute(_ACCEPT, accepted)
        statuses.apply_orphans(conn, [one["b_provider_id"] for one in accepted], jobs)
    return [not isinstance(row.result, Accepted) and _not_accepted(conn, row, jobs) for row in rows]


def _acceptance(row: Ended, result: Accepted) -> dict[str, Any]:
    return {
        "b_id": row.claimed.id,
        "b_n": row.claimed.attempt,
        "b_provider_id": result.provider_id,
        "b_at": row.finished_at,
        "b_until": row.finished_at + ASK_AFTER,
    }


def _not_accepted(conn: Connection, row: Ended, jobs: Jobs) -> bool:
    """Refused or unknown: seldom, so one by one."""
    claimed = row.claimed
    mine = (delivery.c.id == claimed.id, delivery.c.attempts == claimed.attempt)
    still = select(delivery.c.state).where(*mine).with_for_update()
    if conn.execute(still).scalar_one_or_none() not in (State.SENDING, State.UNKNOWN):
        return False
    if isinstance(row.result, Rejected):
        verdict = _verdict(row, row.result)
        values = _refusal(row.result, verdict, row.finished_at)
        carry_out(conn, verdict, _what_was_refused(claimed, row.result), row.finished_at, jobs)
    else:
        reason = row.result.reason if isinstance(row.result, Unknown) else None
        until = row.finished_at + SETTLE_AFTER
        values = {"state": State.UNKNOWN, "reason": (reason or "")[:_REASON_MAX], "claimed_until": until}
    conn.execute(update(delivery).where(*mine).values(values))
    return values["state"] is State.QUEUED


def _verdict(row: Ended, rejected: Rejected) -> Verdict:
    return refused(
        rejected.error_class,
        attempt=row.claimed.attempt,
        mode=row.claimed.mode,
        is_content=row.claimed.is_content,
        now=row.finished_at,
        jitter=row.jitter,
        at_once=True,
        replaceable=is_replaceable(
            row.claimed.template,
            is_content=row.claimed.is_content,
            has_media=row.claimed.media is not None,
            code=rejected.code,
        ),
    )


def _what_was_refused(one: Claimed, rejected: Rejected) -> Refusal:
    code = rejected.code or rejected.http_status
    return Refusal(one.id, one.sender, one.to, one.template, one.language, one.mode, code, taken=False)


def _refusal(rejected: Rejected, verdict: Verdict, at: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "state": verdict.state,
        "reason": verdict.reason,
        "error_code": rejected.code or rejected.http_status,
        "claimed_until": None,
    }
    if verdict.retry_at is not None:
        return values | {"not_before": verdict.retry_at}
    return values | {"failed_at": at}


def _attempt_values(row: Ended) -> dict[str, Any]:
    result = row.result
    rejected = result if isinstance(result, Rejected) else None
    text = rejected.message if rejected else result.reason if isinstance(result, Unknown) else row.note
    return {
        "b_id": row.claimed.id,
        "b_n": row.claimed.attempt,
        "b_finished_at": row.finished_at,
        "b_outcome": type(result).__name__.lower(),
        "b_http_status": result.http_status,
        "b_error_code": rejected.code if rejected else None,
        "b_error_message": text[:_MESSAGE_MAX] if text else None,
        "b_provider_id": result.provider_id if isinstance(result, Accepted) else None,
        "b_duration_ms": row.duration_ms,
        "b_request": row.request,
        "b_response": row.response,
    }
