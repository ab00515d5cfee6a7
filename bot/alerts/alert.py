"""What is worth saying, as values: the kinds of alerts, a rung of the ladder, an alert that was raised. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from bot.ids import AlertId, ClientId, PartnerId


class Kind(StrEnum):
    """Why people are told. Receipts and recoveries are kinds of alerts too, resolved as soon as they are raised."""

    ENDING = "ending"
    ENDED = "ended"
    RUNNING_OUT = "running_out"
    STOPPED = "stopped"
    LOW_BALANCE = "low_balance"
    UNPAID = "unpaid"
    NOT_RENEWED = "not_renewed"
    RECOVERED = "recovered"
    TOPPED_UP = "topped_up"
    RENEWED = "renewed"
    SUBSCRIBED = "subscribed"
    CHANGED = "changed"
    PARTNER_SHORT = "partner_short"
    SOURCE_STALE = "source_stale"
    UNREACHABLE = "unreachable"
    FREE_ENDING = "free_ending"
    REFERRAL = "referral"
    BRAKE = "brake"


WATCHED = (
    Kind.STOPPED,
    Kind.ENDED,
    Kind.NOT_RENEWED,
    Kind.UNPAID,
    Kind.ENDING,
    Kind.RUNNING_OUT,
    Kind.LOW_BALANCE,
)
"""The kinds that the ladder is made of; of two that say the same, the earlier one here says it."""


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A rung of the ladder: on reaching `due_at` this is worth saying, unless it was settled before.

    `stage` is the number of days left, or the balance in whole units that was reached: the smaller the more advanced.
    `cycle` names what runs out: the end date of the subscription, or the last increase of the balance; the same cycle
    never says the same stage twice.
    """

    kind: Kind
    stage: int
    cycle: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that was worth saying. `facts` are as they were when it was raised, and plain data."""

    id: AlertId
    partner_id: PartnerId
    client_id: ClientId
    key: str
    kind: Kind
    stage: int
    cycle: str
    facts: Mapping[str, Any]
    raised_at: datetime
    resolved_at: datetime | None = None
    resolution: str | None = None

    @property
    def open(self) -> bool:
        """Whether it still needs somebody."""
        return self.resolved_at is None

    @property
    def last_day(self) -> date | None:
        """The last paid day, in the client's own calendar, when it is known."""
        day = self.facts.get("last_day")
        return date.fromisoformat(day) if day else None

    def days_left(self, today: date) -> int:
        """Calendar days from the client's `today` to the last paid day; 0 on that day and whenever it is over."""
        return 0 if self.last_day is None else max((self.last_day - today).days, 0)
