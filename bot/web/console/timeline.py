"""What happened to a message, in order: written, held, tried, reported. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.messaging.deliveries import Attempt, Delivery, Report, Shown
from bot.messaging.message import ErrorCode

_TONES = {
    "accepted": "busy", "queued": "muted", "sending": "busy", "sent": "sent", "delivered": "delivered", "read": "read",
    "failed": "failed", "undelivered": "failed", "canceled": "warn", "rejected": "failed", "unknown": "warn",
}  # fmt: skip
_ENDS = {"expired": "warn", "cancelled": "muted", "failed": "failed", "undelivered": "failed"}
_HELD_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One line. `what`: created, held, attempt, status, expired, cancelled, failed, undelivered.

    `after_ms` counts from the line above; `tone` names the colour of its dot.
    """

    at: datetime
    what: str
    tone: str
    n: int | None = None
    mode: str | None = None
    status: str | None = None
    outcome: str | None = None
    applied: str | None = None
    http_status: int | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None
    provider_id: str | None = None
    duration_ms: int | None = None
    after_ms: int | None = None
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None


def events_of(shown: Shown) -> tuple[Event, ...]:
    """All of it in the order of time; what has the same time keeps the order of a message's life."""
    message = shown.delivery
    events = [Event(message.created_at, "created", "muted")]
    if not shown.attempts and message.not_before - message.created_at >= _HELD_LEAST:
        events.append(Event(message.not_before, "held", "muted"))
    events += map(_attempt, shown.attempts)
    events += map(_report, shown.reports)
    events += _end(message, shown)
    return _spaced(sorted(events, key=lambda event: event.at))


def _attempt(row: Attempt) -> Event:
    return Event(
        at=row.started_at,
        what="attempt",
        tone=_TONES.get(row.outcome or "", "busy"),
        n=row.n,
        mode=row.mode,
        outcome=row.outcome,
        http_status=row.http_status,
        error_code=row.error_code,
        error_message=row.error_message,
        provider_id=row.provider_id,
        duration_ms=row.duration_ms,
        request=row.request,
        response=row.response,
    )


def _report(row: Report) -> Event:
    return Event(
        at=row.received_at,
        what="status",
        tone=_TONES.get(row.status, "muted"),
        status=row.status,
        applied=row.applied,
        error_code=row.error_code,
    )


def _end(message: Delivery, shown: Shown) -> list[Event]:
    """How it ended when no report said so: we gave it up, or it grew too old."""
    if message.state not in _ENDS or any(report.status == message.state for report in shown.reports):
        return []
    at = message.failed_at or (message.expires_at if message.state == "expired" else None)
    return [Event(at, message.state, _ENDS[message.state])] if at is not None else []


def _spaced(events: list[Event]) -> tuple[Event, ...]:
    before = [None, *events[:-1]]
    return tuple(
        event if last is None else replace(event, after_ms=round((event.at - last.at).total_seconds() * 1000))
        for last, event in zip(before, events, strict=True)
    )
