"""What a report tells of more than one message, noted for whoever must act on it: senders too fast, texts, the account.

Kept as ticks, which every process sees and which are pruned by themselves.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, func, select

from bot.ids import Address
from bot.storage.queries import insert_if_absent
from bot.storage.tables import tick

_NAME_MAX = 64
_GRAIN = timedelta(seconds=10)
"""Reports of one burst are one note."""


class Trouble(StrEnum):
    """What it is about."""

    TOO_FAST = "too_fast"
    """The provider took more of a sender than WhatsApp does."""
    UNFIT = "unfit"
    """A text was refused with its values in it."""
    ACCOUNT = "account"
    """Our account or sender is refused."""


def note(conn: Connection, trouble: Trouble, about: str, at: datetime) -> None:
    """Note it, once for all that happens in the same ten seconds."""
    moment = at - timedelta(seconds=at.second % _GRAIN.seconds, microseconds=at.microsecond)
    insert_if_absent(conn, tick, [{"name": _name(trouble, about), "at": moment}])


def lately(conn: Connection, trouble: Trouble, since: datetime) -> tuple[str, ...]:
    """What it was noted of since then."""
    first, after = f"{trouble}:", f"{trouble};"
    names = select(tick.c.name).where(tick.c.name >= first, tick.c.name < after, tick.c.at > since).distinct()
    return tuple(sorted(name.removeprefix(first) for name in conn.execute(names).scalars()))


def too_fast_at(conn: Connection, sender: Address) -> datetime | None:
    """When it was last reported that a sender is too fast."""
    mine = tick.c.name == _name(Trouble.TOO_FAST, sender)
    newest: datetime | None = conn.execute(select(func.max(tick.c.at)).where(mine)).scalar_one()
    return newest


def _name(trouble: Trouble, about: str) -> str:
    return f"{trouble}:{about}"[:_NAME_MAX]
