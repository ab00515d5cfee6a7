"""The 24-hour window: whether free text may be sent to somebody now. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LENGTH = timedelta(hours=24)
MARGIN = timedelta(minutes=10)
"""Counted as closed so much earlier: a message may wait in the provider's queue."""


class Mode(StrEnum):
    """How a message goes: within the window as part of the conversation, or as an approved template."""

    SESSION = "session"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of one person and one of our senders."""

    last_inbound_at: datetime | None = None
    closed_at: datetime | None = None
    """When the provider told us that it is closed, whatever we thought."""

    def is_open(self, now: datetime) -> bool:
        """Whether the person wrote within the last 24 hours, less the margin."""
        if self.last_inbound_at is None or now - self.last_inbound_at >= LENGTH - MARGIN:
            return False
        return self.closed_at is None or self.closed_at < self.last_inbound_at


def mode(window: Window, is_content: bool, now: datetime) -> Mode | None:
    """How a message may go now; None when it may not: free text while the window is closed."""
    if window.is_open(now):
        return Mode.SESSION
    return Mode.TEMPLATE if is_content else None
