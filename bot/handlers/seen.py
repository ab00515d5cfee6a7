"""As of when an answer is: the facts that make a text name its source, of clients that are read from elsewhere."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from bot.billing.local_day import local_date
from bot.handlers.context import Context


class Read(Protocol):
    """Anything that was read from elsewhere, or (None) is in our own books: a standing, a quote, a line of a list."""

    @property
    def as_of(self) -> datetime | None:
        """The moment of the table or poll."""
        ...

    @property
    def source(self) -> str | None:
        """`table` or `poll`."""
        ...


def seen(ctx: Context, found: Iterable[Read]) -> dict[str, Any]:
    """The oldest of these; nothing to name where our own books are the truth. And the reader's day and zone."""
    read = [(one.as_of, one.source) for one in found if one.as_of is not None]
    as_of, source = min(read, key=lambda one: one[0], default=(None, None))
    return {
        "as_of": as_of.isoformat() if as_of else None,
        "source": source,
        "zone": ctx.curator.time_zone,
        "today": local_date(ctx.now, ctx.curator.time_zone).isoformat(),
    }
