"""What became of a message: its states, and how a provider's reports move it, forward only. Pure.

State follows the furthest evidence: read > delivered > failed > sent. Reports come late, twice and out of order; one
that contradicts what is known is flagged, never hidden.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    """The provider may or may not have taken it."""
    SENT = "sent"
    """The provider has taken it."""
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    READ = "read"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Applied(StrEnum):
    """What a report did to the message."""

    APPLIED = "applied"
    OLDER = "older"
    CONTRADICTS = "contradicts"
    ORPHAN = "orphan"
    """No message of ours is known by this id, yet."""


RANK = {
    State.QUEUED: 0,
    State.EXPIRED: 0,
    State.CANCELLED: 0,
    State.SENDING: 1,
    State.UNKNOWN: 1,
    State.SENT: 2,
    State.UNDELIVERED: 3,
    State.FAILED: 4,
    State.DELIVERED: 5,
    State.READ: 6,
}
"""How far the evidence goes. No two reports rank the same, so that their order never matters."""
ARRIVED = frozenset({State.DELIVERED, State.READ})
LOST = frozenset({State.FAILED, State.UNDELIVERED})
FINAL = ARRIVED | LOST | {State.EXPIRED, State.CANCELLED}
"""States in which nothing more is tried."""
_MEANING = {
    "accepted": State.SENT,
    "scheduled": State.SENT,
    "queued": State.SENT,
    "sending": State.SENT,
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "partially_delivered": State.DELIVERED,
    "read": State.READ,
    "failed": State.FAILED,
    "undelivered": State.UNDELIVERED,
    "canceled": State.FAILED,
}
"""Twilio's words. Everything from `accepted` to `sent` means the same to us: it is out of our hands."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a report leads: the new state, what the report did, and whether reports now contradict each other."""

    state: State
    applied: Applied
    contradicted: bool


def meaning(status: str) -> State | None:
    """Our state for a provider's word; None for one that says nothing of a message sent."""
    return _MEANING.get(status)


def forward(current: State, reported: State, contradicted: bool = False) -> Step:
    """Move a message by a report. The state that results does not depend on the order of the reports."""
    clash = _clash(current, reported)
    flagged = contradicted or clash
    if RANK[reported] > RANK[current]:
        return Step(reported, Applied.APPLIED, flagged)
    if reported is current:
        return Step(current, Applied.APPLIED, flagged)
    return Step(current, Applied.CONTRADICTS if clash else Applied.OLDER, flagged)


def _clash(current: State, reported: State) -> bool:
    """Lost after it arrived, or arrived after it was lost."""
    return (current in LOST and reported in ARRIVED) or (current in ARRIVED and reported in LOST)
