"""The 24-hour customer service window of one sender and one person. Pure."""

from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)


def closes_at(last_inbound_at: datetime | None) -> datetime | None:
    """When the window that the person's last message opened closes; None when there was none."""
    return None if last_inbound_at is None else last_inbound_at + WINDOW


def is_open(last_inbound_at: datetime | None, now: datetime) -> bool:
    """Whether free-form messages may be sent now."""
    end = closes_at(last_inbound_at)
    return end is not None and now < end
