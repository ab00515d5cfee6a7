"""What the check of the books found wrong, kept where operations look: the log of what was done."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from bot.storage.audit import record
from bot.storage.tables import audit

_ACTION = "ledger.wrong"
_KEPT_MAX = 20
"""Problems kept of one check; `curatorbot ledger check` names them all."""


def note_wrong(conn: Connection, problems: Sequence[str], now: datetime) -> None:
    """Keep what one check found; nothing when the books are right."""
    if problems:
        facts = {"count": len(problems), "problems": list(problems[:_KEPT_MAX])}
        record(conn, None, _ACTION, facts, who="ledger check", now=now)


def wrong_since(conn: Connection, since: datetime) -> tuple[str, ...]:
    """The problems that the latest check with any has found since then, the first ones; empty when all is right."""
    found = select(audit.c.facts).where(audit.c.partner_id.is_(None), audit.c.action == _ACTION, audit.c.at > since)
    latest = conn.execute(found.order_by(audit.c.at.desc()).limit(1)).scalar()
    return tuple(latest["problems"]) if latest else ()
