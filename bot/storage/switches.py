"""What the operator has stopped for a while: sending, or money. Who did it, when and why goes to the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, delete, select

from bot.errors import UserError
from bot.storage import audit, queries
from bot.storage.tables import switch


class Switch(StrEnum):
    """What can be stopped."""

    SENDING = "sending"
    """No message is taken out of the outbox; what comes in is answered into it."""
    MONEY = "money"
    """Nothing is confirmed, settled or charged; questions and quotes are answered."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Something is stopped: since when, by whom, why."""

    switch: Switch
    since: datetime
    who: str
    reason: str


def paused(conn: Connection, which: Switch) -> bool:
    """Whether this is stopped now."""
    return conn.execute(select(switch.c.name).where(switch.c.name == which.value)).first() is not None


def refuse_while_paused(conn: Connection, which: Switch) -> None:
    """Raise UserError money_stopped or sending_stopped, with who stopped it, when and why."""
    stopped = next((one for one in pauses(conn) if one.switch is which), None)
    if stopped is not None:
        facts = {"since": f"{stopped.since:%d %b %H:%M} UTC", "who": stopped.who, "why": stopped.reason}
        raise UserError(f"{which}_stopped", **facts)


def pauses(conn: Connection) -> list[Pause]:
    """Everything that is stopped now."""
    return [_pause(row) for row in conn.execute(select(switch).order_by(switch.c.name))]


def pause(conn: Connection, which: Switch, *, who: str, reason: str, now: datetime) -> bool:
    """Stop it, for the whole installation; False when it is stopped already: then the first reason stays."""
    row = {"name": which.value, "since": now, "who": who, "reason": reason}
    if not queries.insert_if_absent(conn, switch, [row]):
        return False
    audit.record(conn, None, f"{which}.paused", {"reason": reason}, who=who, now=now)
    return True


def resume(conn: Connection, which: Switch, *, who: str, reason: str, now: datetime) -> Pause | None:
    """Let it go on; the pause that this ends, None when there was none."""
    ended = conn.execute(delete(switch).where(switch.c.name == which.value).returning(*switch.c)).one_or_none()
    if ended is None:
        return None
    found = _pause(ended)
    facts = {"reason": reason, "paused_by": found.who, "paused_at": found.since.isoformat()}
    audit.record(conn, None, f"{which}.resumed", facts, who=who, now=now)
    return found


def _pause(row: Row[tuple[str, datetime, str, str]]) -> Pause:
    return Pause(Switch(row.name), row.since, row.who, row.reason)
