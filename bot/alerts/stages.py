"""What each stage that came due came to for one person: exactly one outcome, with its reason."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.alerts.alert import Alert, Kind
from bot.alerts.foretelling import Foretold
from bot.alerts.hearers import Told
from bot.alerts.repository import UNRAISED, UNSAID
from bot.alerts.unraised import LASTS_LONGER
from bot.messaging.error_words import failure_words, meaning
from bot.messaging.message import ErrorCode

Verdict = Literal["sent", "waiting", "not_sent", "nothing_due"]
PASSED_OVER, EARLY = "passed_over", "said_early"
"""A later stage of the same was due by then, or was told ahead of time."""
_OVER = {LASTS_LONGER: LASTS_LONGER, "stopped": "superseded", "ended": "superseded", "lapsed": "superseded"}
"""What a stage is told as that was over before it was raised, by what put an end to it."""
_ARRIVED = ("delivered", "read")
_LOST = ("failed", "undelivered", "expired", "unknown", "cancelled")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that was due at `due_at`. The rest as in an outcome; `instead`: the later stage that was told in its
    place."""

    kind: Kind
    stage: int
    cycle: str
    due_at: datetime
    verdict: Verdict
    reason: str | None = None
    at: datetime | None = None
    instead: int | None = None
    delivery_state: str | None = None
    error_code: ErrorCode | None = None
    failure: str | None = None


def stages_of(alert: Alert, told: Told | None, told_at: Callable[[datetime], datetime]) -> Iterator[Stage]:
    """An alert that was raised, and the stages it stands for. `told_at`: when what waits till then really goes."""
    verdict, reason, at = _verdict(alert, told, told_at)
    sent = told if verdict == "sent" else None
    code = sent.error_code if sent and sent.delivery_state not in _ARRIVED else None
    yield Stage(
        alert.kind,
        alert.stage,
        alert.cycle,
        datetime.fromisoformat(alert.facts.get("due_at", alert.raised_at.isoformat())),
        verdict,
        reason,
        at,
        delivery_state=sent.delivery_state if sent else None,
        error_code=code,
        failure=meaning(code) if code is not None else _failure(sent),
    )
    for one in reversed(alert.facts.get("passed", ())):
        yield _passed(alert.kind, one["stage"], alert.cycle, datetime.fromisoformat(one["due_at"]), alert)


def stages_to_come(foretold: Iterable[Foretold], held: bool) -> list[Stage]:
    """Stages that were reached since the last scan, or are `held` back with many others."""
    found = []
    for one in foretold:
        rung = one.rung
        if one.told_at is not None and not held:
            made = Stage(rung.kind, rung.stage, rung.cycle, rung.due_at, "waiting", at=one.told_at)
        else:
            made = Stage(rung.kind, rung.stage, rung.cycle, rung.due_at, "not_sent", one.reason or "held")
        found.append(made)
        found += [
            Stage(rung.kind, x.stage, rung.cycle, x.due_at, "not_sent", PASSED_OVER, instead=rung.stage)
            for x in reversed(one.passed)
        ]
    return found


def _failure(sent: Told | None) -> str | None:
    """What our own reason for giving a message up means."""
    return failure_words(sent.failure) if sent and sent.failure and sent.delivery_state in _LOST else None


def _passed(kind: Kind, stage: int, cycle: str, due_at: datetime, by: Alert) -> Stage:
    reason = EARLY if due_at > by.raised_at else PASSED_OVER
    return Stage(kind, stage, cycle, due_at, "not_sent", reason, by.raised_at, instead=by.stage)


def _verdict(
    alert: Alert, told: Told | None, told_at: Callable[[datetime], datetime]
) -> tuple[Verdict, str | None, datetime | None]:
    resolution = alert.resolution or ""
    if resolution.startswith(f"{UNRAISED}:"):
        over = resolution.split(":")[1]
        return "not_sent", _OVER.get(over, "settled"), alert.raised_at
    if told is None:
        return "not_sent", resolution if resolution in UNSAID else "added_later", None
    match told.outcome:
        case "sent":
            return "sent", None, told.at
        case "waiting":
            return "waiting", None, told_at(told.send_at) if told.send_at else None
        case "suppressed":
            return "not_sent", told.reason, told.at
        case _:
            return "not_sent", "settled", told.at
