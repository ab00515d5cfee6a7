"""What follows when a message was refused: try again later, go as a template, or give up. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.messaging.message import ErrorClass
from bot.messaging.status import State
from bot.messaging.window import Mode
from bot.retry import RetryPolicy

SETTLE_AFTER = timedelta(minutes=2)
"""So long a callback may settle an unknown send before the provider is asked."""
ASK_AFTER = timedelta(minutes=10)
"""A message that was taken and of which nothing was heard for so long is asked for."""
_TEXTS_TRIED_MAX = 3
_TEXT_KNOWN_AFTER = timedelta(minutes=1)
"""By then every process knows that the text is refused."""
_AT_ONCE: Mapping[ErrorClass, RetryPolicy] = {
    ErrorClass.RETRY: RetryPolicy(300, timedelta(seconds=1), timedelta(minutes=10)),
    ErrorClass.THROTTLE: RetryPolicy(300, timedelta(seconds=0.5), timedelta(minutes=5)),
    ErrorClass.CONFIGURATION: RetryPolicy(200, timedelta(minutes=1), timedelta(minutes=15)),
}
"""Refused in the answer itself: nothing was sent, trying again is safe, so an outage of a day loses nothing."""
_AFTERWARDS: Mapping[ErrorClass, RetryPolicy] = {
    ErrorClass.RETRY: RetryPolicy(3, timedelta(minutes=1), timedelta(minutes=15)),
    ErrorClass.THROTTLE: RetryPolicy(24, timedelta(minutes=2), timedelta(hours=2)),
    ErrorClass.CONFIGURATION: RetryPolicy(36, timedelta(minutes=5), timedelta(hours=1)),
}
"""Taken, then reported as failed: the provider gave up itself, so we try seldom. A tier that is used up is free again
after 24 hours; an account that is locked, once somebody has seen to it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state that follows. `retry_at` is set when it is queued again."""

    state: State
    reason: str | None = None
    retry_at: datetime | None = None
    closes_window: bool = False
    stops_contact: bool = False
    other_text: bool = False
    """What was refused is the text: the next best one takes its place first."""
    error_class: ErrorClass | None = field(default=None, compare=False)


def refused(
    error_class: ErrorClass,
    *,
    attempt: int,
    mode: Mode,
    is_content: bool,
    now: datetime,
    jitter: float,
    at_once: bool,
    text_refused: bool = False,
    replaceable: bool = False,
) -> Verdict:
    """After attempt number `attempt` was refused, in the answer (`at_once`) or by a later report. Jitter in 0..1.

    `text_refused`: WhatsApp does not take this text any more; outside the window another one stands in for it, once.
    `replaceable`: there is a next best text for this one.
    """
    found = _refused(error_class, attempt, mode, is_content, now, jitter, at_once, text_refused, replaceable)
    return replace(found, error_class=error_class)


def _refused(
    error_class: ErrorClass,
    attempt: int,
    mode: Mode,
    is_content: bool,
    now: datetime,
    jitter: float,
    at_once: bool,
    text_refused: bool,
    replaceable: bool,
) -> Verdict:
    if text_refused and mode is Mode.TEMPLATE and attempt < _TEXTS_TRIED_MAX:
        return _queued(now + _TEXT_KNOWN_AFTER)
    if error_class is ErrorClass.TEMPLATE and replaceable:
        return Verdict(State.QUEUED, "other_text", retry_at=now, other_text=True)
    if error_class is ErrorClass.WINDOW:
        again = is_content and mode is Mode.SESSION
        return _queued(now, closes_window=True) if again else Verdict(State.FAILED, "window_closed", closes_window=True)
    policy = (_AT_ONCE if at_once else _AFTERWARDS).get(error_class)
    wait = policy.delay(attempt, jitter) if policy else None
    if wait is not None:
        return _queued(now + wait)
    return Verdict(State.FAILED, error_class.value, stops_contact=error_class is ErrorClass.RECIPIENT)


def _queued(when: datetime, *, closes_window: bool = False) -> Verdict:
    return Verdict(State.QUEUED, retry_at=when, closes_window=closes_window)
