"""The rungs of the ladders in the database: who has reached one, what comes next, and writes; no decisions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, delete, func, or_, select

from bot.alerts.alert import Alert, Due, Kind
from bot.ids import ClientId, PartnerId
from bot.storage.queries import add_absent
from bot.storage.reading import Reading
from bot.storage.tables import alert_due, client
from bot.storage.types import UtcDateTime
from bot.storage.writing import Writing

_AHEAD = [Kind.ENDING.value, Kind.RUNNING_OUT.value, Kind.UNPAID.value]
_AHEAD_DAYS = 16
"""What ends later than this is not looked for early."""
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_HELD = Reading(select(alert_due).where(alert_due.c.client_id.in_(_IDS)))
_DELETE_LADDERS = Writing(delete(alert_due).where(alert_due.c.client_id.in_(_IDS)))
_DELETE_RUNG = Writing(
    delete(alert_due).where(
        alert_due.c.client_id == bindparam("which"),
        alert_due.c.kind == bindparam("of_kind"),
        alert_due.c.stage == bindparam("at_stage"),
        alert_due.c.cycle == bindparam("in_cycle"),
    )
)
_REACHED = Reading(select(alert_due).where(alert_due.c.client_id.in_(_IDS), alert_due.c.due_at <= bindparam("now")))
_PARTNERS_AHEAD = Reading(
    select(alert_due.c.partner_id)
    .where(alert_due.c.due_at > bindparam("now"), alert_due.c.due_at <= bindparam("until"))
    .distinct()
)
_DUE = select(alert_due.c.client_id).where(
    alert_due.c.due_at <= bindparam("now"), alert_due.c.partner_id.not_in(bindparam("without", expanding=True))
)
_LONGEST_FIRST = (alert_due.c.due_at, alert_due.c.client_id)
_DUE_OF_ALL = Reading(_DUE.order_by(*_LONGEST_FIRST).limit(bindparam("most")))
_DUE_OF_ONE = Reading(
    _DUE.where(alert_due.c.partner_id == bindparam("of_partner")).order_by(*_LONGEST_FIRST).limit(bindparam("most"))
)
_ENDS = [
    and_(alert_due.c.stage == stage, alert_due.c.due_at <= bindparam(f"until_{stage}", type_=UtcDateTime))
    for stage in range(_AHEAD_DAYS + 1)
]
_RUNGS_AHEAD = Reading(
    select(alert_due, client.c.time_zone)
    .join(client, client.c.id == alert_due.c.client_id)
    .where(
        alert_due.c.due_at > bindparam("now"),
        alert_due.c.due_at <= bindparam("until"),
        or_(*_ENDS),
        alert_due.c.kind.in_(_AHEAD),
    )
    .order_by(*_LONGEST_FIRST)
    .limit(bindparam("most"))
)
_FOLLOWING = Reading(
    select(alert_due.c.client_id, alert_due.c.cycle, func.min(alert_due.c.due_at).label("due_at"))
    .where(alert_due.c.client_id.in_(_IDS), alert_due.c.due_at > bindparam("now"))
    .group_by(alert_due.c.client_id, alert_due.c.cycle)
)


def replace_ladders(conn: Connection, ladders: Mapping[ClientId, tuple[PartnerId, Sequence[Due]]]) -> None:
    """Write the rungs of these clients in place of those they had; clients whose rungs are the same are not touched."""
    held: dict[str, set[Due]] = defaultdict(set)
    for row in _HELD.rows(conn, ids=list(ladders)) if ladders else ():
        held[row.client_id].add(_due(row))
    changed = {client_id: mine for client_id, mine in ladders.items() if held[client_id] != set(mine[1])}
    if not changed:
        return
    _DELETE_LADDERS.run(conn, ids=[client_id for client_id in changed if held[client_id]])
    rows = [
        {
            "client_id": client_id,
            "partner_id": partner_id,
            "kind": rung.kind.value,
            "stage": rung.stage,
            "cycle": rung.cycle,
            "due_at": rung.due_at,
        }
        for client_id, (partner_id, rungs) in changed.items()
        for rung in rungs
    ]
    add_absent(conn, alert_due, rows)


def clients_due(
    conn: Connection,
    now: datetime,
    limit: int,
    partner_id: PartnerId | None = None,
    without: Collection[PartnerId] = (),
) -> list[ClientId]:
    """Clients with a rung that was reached, the longest waiting first: those of the first `limit` rungs."""
    given = {"now": now, "without": list(without), "most": limit}
    if partner_id is None:
        rows = _DUE_OF_ALL.rows(conn, **given)
    else:
        rows = _DUE_OF_ONE.rows(conn, of_partner=partner_id, **given)
    return [ClientId(found) for found in dict.fromkeys(row.client_id for row in rows)]


def rungs_reached(conn: Connection, client_ids: Iterable[ClientId], now: datetime) -> dict[ClientId, list[Due]]:
    """What is due of these clients."""
    found: dict[ClientId, list[Due]] = defaultdict(list)
    for row in _REACHED.rows(conn, ids=list(client_ids), now=now):
        found[ClientId(row.client_id)].append(_due(row))
    return found


def delete_rungs(conn: Connection, rungs: Mapping[ClientId, Sequence[Due]]) -> None:
    """Take these rungs off the ladders."""
    rows = [
        {"which": client_id, "of_kind": rung.kind.value, "at_stage": rung.stage, "in_cycle": rung.cycle}
        for client_id, found in rungs.items()
        for rung in found
    ]
    _DELETE_RUNG.each(conn, rows)


def partners_ahead(conn: Connection, now: datetime, until: datetime) -> set[PartnerId]:
    """Partners with a rung that is reached by then and was not before."""
    return {PartnerId(row.partner_id) for row in _PARTNERS_AHEAD.rows(conn, now=now, until=until)}


def rungs_ahead(
    conn: Connection, now: datetime, until: datetime, limit: int
) -> list[tuple[ClientId, PartnerId, str, Due]]:
    """Rungs not reached yet of what ends by then (at the hour of the rung), with the client's partner and time zone;
    at most 16 days ahead."""
    ends = {f"until_{stage}": until - timedelta(days=stage) for stage in range(_AHEAD_DAYS + 1)}
    return [
        (ClientId(row.client_id), PartnerId(row.partner_id), row.time_zone, _due(row))
        for row in _RUNGS_AHEAD.rows(conn, now=now, until=until, most=limit, **ends)
    ]


def next_due(conn: Connection, client_id: ClientId) -> list[Due]:
    """The rungs of a client, the next one first."""
    query = select(alert_due).where(alert_due.c.client_id == client_id).order_by(alert_due.c.due_at)
    return [_due(row) for row in conn.execute(query)]


def next_stage_at(conn: Connection, alerts: Sequence[Alert], now: datetime) -> datetime | None:
    """When every one of these alerts has been followed by its next stage; None when one of them is the last."""
    following = _FOLLOWING.rows(conn, ids=[one.client_id for one in alerts], now=now)
    found = {(client_id, cycle): due_at for client_id, cycle, due_at in following}
    moments = [found.get((one.client_id, one.cycle)) for one in alerts]
    return max((one for one in moments if one is not None), default=None) if None not in moments else None


def _due(row: Any) -> Due:
    return Due(Kind(row.kind), row.stage, row.cycle, row.due_at)
