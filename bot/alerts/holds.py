"""Claims, snoozes, promises and notes in the database: what people do about a client."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update

from bot.alerts.alert import Alert
from bot.id_generator import new_id
from bot.ids import AlertId, ClientId, CuratorId, PartnerId
from bot.storage.queries import insert_if_absent
from bot.storage.reading import Reading
from bot.storage.tables import hold
from bot.storage.writing import Writing

RUNNING = text("hold.ended_at IS NULL")
"""In the words of the partial index, so that it is used."""


_OF_CLIENTS = Reading(
    select(hold)
    .where(
        hold.c.client_id.in_(bindparam("ids", expanding=True)),
        hold.c.kind.in_(bindparam("kinds", expanding=True)),
        hold.c.ended_at.is_(None),
    )
    .order_by(hold.c.since, hold.c.id)
)
_OVER = Reading(
    select(hold)
    .where(RUNNING, hold.c.until <= bindparam("now"))
    .order_by(hold.c.until)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_END = Writing(
    update(hold)
    .where(hold.c.id.in_(bindparam("ids", expanding=True)), hold.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)
_ENDED_CLAIMS = Reading(
    select(hold).where(
        hold.c.alert_id.in_(bindparam("alerts", expanding=True)),
        hold.c.kind == "claim",
        hold.c.ended_at.is_not(None),
    )
)


class HoldKind(StrEnum):
    """A claim is one person's work on a client; a snooze keeps one person, a promise of the client everybody."""

    CLAIM = "claim"
    SNOOZE = "snooze"
    PROMISE = "promise"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Hold:
    """What somebody did about a client. It runs until `until` (None: for good) unless it was ended before."""

    id: str
    partner_id: PartnerId
    client_id: ClientId
    curator_id: CuratorId
    kind: HoldKind
    since: datetime
    until: datetime | None
    alert_id: AlertId | None = None
    ended_at: datetime | None = None
    note: str | None = None


def insert_hold(
    conn: Connection,
    kind: HoldKind,
    partner_id: PartnerId,
    client_id: ClientId,
    curator_id: CuratorId,
    *,
    now: datetime,
    until: datetime | None = None,
    alert_id: AlertId | None = None,
    note: str | None = None,
) -> Hold | None:
    """Write it down; None when it is a claim and somebody else's runs."""
    made = Hold(new_id(), partner_id, client_id, curator_id, kind, now, until, alert_id, None, note)
    row = {
        "id": made.id,
        "partner_id": partner_id,
        "client_id": client_id,
        "curator_id": curator_id,
        "alert_id": alert_id,
        "kind": kind.value,
        "since": now,
        "until": until,
        "note": note,
    }
    return made if insert_if_absent(conn, hold, [row]) else None


def running(conn: Connection, client_ids: Iterable[ClientId], kinds: Sequence[HoldKind]) -> list[Hold]:
    """What runs for these clients, whether its time is over or not, the oldest first."""
    rows = _OF_CLIENTS.rows(conn, ids=list(client_ids), kinds=[kind.value for kind in kinds])
    return [_hold(row) for row in rows]


def of_client(conn: Connection, client_id: ClientId, limit: int) -> list[Hold]:
    """Everything that was done about a client, the newest first."""
    query = select(hold).where(hold.c.client_id == client_id).order_by(hold.c.since.desc(), hold.c.id.desc())
    return [_hold(row) for row in conn.execute(query.limit(limit))]


def over(conn: Connection, now: datetime, limit: int) -> list[Hold]:
    """Holds whose time has come to an end, the longest over first; ones that somebody else is ending are skipped."""
    return [_hold(row) for row in _OVER.rows(conn, now=now, most=limit)]


def end(conn: Connection, hold_ids: Sequence[str], now: datetime) -> None:
    """They run no longer."""
    if hold_ids:
        _END.run(conn, ids=hold_ids, now=now)


def claims_on(conn: Connection, alert_ids: Sequence[AlertId]) -> list[Hold]:
    """The claims that were made on these alerts and are over."""
    return [_hold(row) for row in _ENDED_CLAIMS.rows(conn, alerts=alert_ids)]


def end_claims(conn: Connection, alerts: Sequence[Alert], now: datetime) -> None:
    """Nobody need work on these alerts any more."""
    settled = {one.id for one in alerts}
    run = running(conn, {one.client_id for one in alerts}, [HoldKind.CLAIM])
    end(conn, [one.id for one in run if one.alert_id in settled], now)


def _hold(row: Any) -> Hold:
    return Hold(
        id=row.id,
        partner_id=PartnerId(row.partner_id),
        client_id=ClientId(row.client_id),
        curator_id=CuratorId(row.curator_id),
        kind=HoldKind(row.kind),
        since=row.since,
        until=row.until,
        alert_id=None if row.alert_id is None else AlertId(row.alert_id),
        ended_at=row.ended_at,
        note=row.note,
    )
