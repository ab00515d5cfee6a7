"""The audit trail: who changed what, outside of the ledger, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.id_generator import new_id
from bot.ids import PartnerId
from bot.storage.tables import audit

OPERATOR = "operator"
"""Who keeps the installation and decides in the service's name; works on the command line."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry: `action` such as `client.attached`, `facts` with ids, amounts and the reason given."""

    at: datetime
    who: str
    action: str
    facts: Mapping[str, Any]


def record(
    conn: Connection, partner_id: PartnerId | None, action: str, facts: Mapping[str, Any], *, who: str, now: datetime
) -> None:
    """Note in the same unit what was done, None for what concerns everybody; `facts` are plain data for JSON."""
    row = {
        "id": new_id(),
        "partner_id": partner_id,
        "at": now,
        "who": who,
        "action": action,
        "facts": dict(facts),
    }
    conn.execute(insert(audit).values(row))


def records(conn: Connection, partner_id: PartnerId | None, limit: int = 50) -> list[AuditRecord]:
    """The latest entries of a partner, or of what concerns everybody, the newest first."""
    mine = audit.c.partner_id.is_(None) if partner_id is None else audit.c.partner_id == partner_id
    query = select(audit).where(mine).order_by(audit.c.at.desc(), audit.c.id.desc())
    return [AuditRecord(row.at, row.who, row.action, row.facts) for row in conn.execute(query.limit(limit))]
