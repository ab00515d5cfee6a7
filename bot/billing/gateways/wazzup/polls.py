"""How far the look at each partner's accounts is: where a round goes on, what it read, why it waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.ids import PartnerId
from bot.storage.queries import upsert
from bot.storage.tables import account_poll

_PROBLEMS_MAX = 50
_ERROR_MAX = 200
_SILENT = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Poll:
    """A partner's polling. `last_account`: after which account this round goes on, None between rounds.

    `read` and `not_read` count within the round, `problems` says why by account. `read_at`: when an account was read
    last; `refused_at`: since when the login is refused; `not_before`: nothing is asked earlier.
    """

    partner_id: PartnerId
    round_at: datetime | None = None
    last_account: str | None = None
    not_before: datetime | None = None
    read: int = 0
    not_read: int = 0
    problems: Mapping[str, str] = field(default_factory=dict)
    read_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None
    refused_at: datetime | None = None

    def waits(self, now: datetime) -> bool:
        """Whether Wazzup must not be asked yet."""
        return self.not_before is not None and now < self.not_before

    def refused_since(self, moment: datetime) -> bool:
        """Whether the login is refused and was tried after this moment."""
        return self.refused_at is not None and self.error_at is not None and self.error_at >= moment


def load(conn: Connection, partner_id: PartnerId) -> Poll:
    """How far a partner's polling is; an empty one before the first."""
    row = conn.execute(select(account_poll).where(account_poll.c.partner_id == partner_id)).mappings().one_or_none()
    return Poll(partner_id) if row is None else Poll(**{**row, "problems": row["problems"] or {}})


def begun(known: Poll, now: datetime) -> Poll:
    """A new round, unless one is under way."""
    if known.last_account is not None:
        return known
    return replace(known, round_at=now, last_account="", read=0, not_read=0, problems={}, not_before=None)


def went_on(known: Poll, last_account: str, read: int, unread: Mapping[str, str], now: datetime) -> Poll:
    """So many accounts more were looked at, in order up to `last_account`."""
    problems = dict([*known.problems.items(), *unread.items()][:_PROBLEMS_MAX])
    counted = replace(known, last_account=last_account, read=known.read + read, not_read=known.not_read + len(unread))
    counted = replace(counted, problems=problems)
    if unread:
        account_id, why = list(unread.items())[-1]
        counted = _failed(counted, f"{account_id}: {why}", now)
    return replace(counted, read_at=now, refused_at=None, not_before=None) if read else counted


def finished(known: Poll, now: datetime) -> Poll:
    """The round is over."""
    return replace(known, last_account=None, finished_at=now, not_before=None)


def put_off(known: Poll, until: datetime, why: str, now: datetime) -> Poll:
    """The round goes on later."""
    return replace(_failed(known, why, now), not_before=until)


def refused(known: Poll, why: str, now: datetime) -> Poll:
    """The login is refused: nothing is asked until somebody has put it right."""
    return replace(_failed(known, why, now), refused_at=known.refused_at or now)


def forgive(conn: Connection, partner_id: PartnerId) -> None:
    """Try again at once, whatever made it wait: somebody has put it right."""
    known = load(conn, partner_id)
    store(conn, replace(known, error_at=None, not_before=None))


def failing(conn: Connection, now: datetime) -> list[tuple[PartnerId, str]]:
    """Partners whose login is refused, or of whom no account could be read for hours; each with what happened last."""
    table = account_poll.c
    silent = table.read_at.is_(None) | (table.read_at < now - _SILENT)
    after = table.read_at.is_(None) | (table.error_at > table.read_at)
    wrong = table.error.is_not(None) & (table.refused_at.is_not(None) | (silent & after))
    rows = conn.execute(select(table.partner_id, table.error).where(wrong).order_by(table.partner_id))
    return [(PartnerId(row.partner_id), row.error) for row in rows]


def store(conn: Connection, poll: Poll) -> None:
    """Keep it."""
    row = {name: getattr(poll, name) for name in Poll.__slots__}
    upsert(conn, account_poll, [row | {"problems": dict(poll.problems) or None}])


def _failed(known: Poll, why: str, now: datetime) -> Poll:
    return replace(known, error=why[:_ERROR_MAX], error_at=now)
