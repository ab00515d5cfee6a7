"""Import runs in the database: what the last table said, the record of a run, and who was seen in it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.ids import ClientId, PartnerId
from bot.storage.tables import client, import_run, partner

_CHUNK = 500


def lock_partner(conn: Connection, partner_id: PartnerId) -> None:
    """Keep a second import for this partner waiting until the unit ends."""
    conn.execute(select(partner.c.id).where(partner.c.id == partner_id).with_for_update())


def last_said(conn: Connection, partner_id: PartnerId) -> Mapping[str, Mapping[str, str]]:
    """What tables said of each client, by account ID, as the last run remembered it."""
    query = (
        select(import_run.c.report)
        .where(import_run.c.partner_id == partner_id)
        .order_by(import_run.c.at.desc(), import_run.c.id.desc())
        .limit(1)
    )
    report = conn.execute(query).scalar_one_or_none() or {}
    said: Mapping[str, Mapping[str, str]] = report.get("said", {})
    return said


def insert_run(
    conn: Connection,
    run_id: str,
    partner_id: PartnerId,
    *,
    file_name: str | None,
    checksum: str,
    at: datetime,
    done_by: str,
    report: Mapping[str, Any],
) -> None:
    """Record an import."""
    conn.execute(
        insert(import_run).values(
            id=run_id,
            partner_id=partner_id,
            file_name=file_name,
            checksum=checksum,
            at=at,
            done_by=done_by,
            report=report,
        )
    )


def mark_seen(conn: Connection, client_ids: Iterable[ClientId], as_of: datetime, source: str) -> None:
    """Note that a table or poll (`source`) of this moment holds these clients just as they are known."""
    ids = list(client_ids)
    for start in range(0, len(ids), _CHUNK):
        conn.execute(
            update(client).where(client.c.id.in_(ids[start : start + _CHUNK])).values(as_of=as_of, source=source)
        )
