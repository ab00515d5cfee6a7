"""Dashboard tasks: what a person has to do at Wazzup because no API does it, from the confirmation to the proof."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, func, insert, or_, select, update

from bot.billing import transfers
from bot.billing.gateways.wazzup.evidence import Aim, Progress, Sight, State, after_sight, after_word, aim_of, shows
from bot.billing.transfers import Transfer
from bot.id_generator import new_id
from bot.ids import ClientId, CuratorId, PartnerId, TaskId, TransferId
from bot.money import Money, as_json
from bot.storage.tables import client, dashboard_task, partner

WATCHED_FOR = timedelta(days=30)
"""So long after it was confirmed a renewal is still compared with what tables show."""
_KEPT = (
    "kind", "client_gets", "partner_pays", "rate", "price", "plan", "plan_title", "months", "channels", "ends_before",
    "ends_after",
)  # fmt: skip
"""What a task keeps of its quote."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task. `number` counts within the partner; `facts` are what its texts are made of, as plain data."""

    id: TaskId
    partner_id: PartnerId
    number: int
    transfer_id: TransferId
    client_id: ClientId
    asked_by: CuratorId | None
    done_by: CuratorId | None
    progress: Progress
    facts: Mapping[str, Any]
    created_at: datetime

    @property
    def name(self) -> str:
        """What people call it: W-318."""
        return f"W-{self.number}"

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.progress.state

    @property
    def waits(self) -> bool:
        """Whether somebody still has to do it, or its proof is still missing."""
        return self.state in ("open", "done")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a sight of the account did to a task."""

    task: Task
    what: Literal["confirmed", "reopened"]
    seen_at: datetime


def create(conn: Connection, moved: Transfer, now: datetime) -> Task:
    """Make the task of a confirmed transfer, or find the one that it has."""
    known = of_transfer(conn, moved.id)
    if known is not None:
        return known
    assert moved.client_id is not None
    conn.execute(select(partner.c.id).where(partner.c.id == moved.partner_id).with_for_update())
    highest = select(func.max(dashboard_task.c.number)).where(dashboard_task.c.partner_id == moved.partner_id)
    task = Task(
        id=TaskId(new_id()),
        partner_id=moved.partner_id,
        number=(conn.execute(highest).scalar() or 0) + 1,
        transfer_id=moved.id,
        client_id=moved.client_id,
        asked_by=moved.asked_by,
        done_by=None,
        progress=Progress(),
        facts=_facts(conn, moved, now),
        created_at=now,
    )
    row = {name: getattr(task, name) for name in ("id", "partner_id", "number", "transfer_id", "client_id", "asked_by")}
    conn.execute(insert(dashboard_task), row | {"state": "open", "facts": dict(task.facts), "created_at": now})
    return task


def load(conn: Connection, task_id: TaskId, partner_id: PartnerId) -> Task | None:
    """A partner's task by id, locked until the unit ends."""
    mine = _SELECT.where(dashboard_task.c.id == task_id, dashboard_task.c.partner_id == partner_id)
    row = conn.execute(mine.with_for_update()).one_or_none()
    return None if row is None else _task(row)


def of_transfer(conn: Connection, transfer_id: TransferId) -> Task | None:
    """The task of a transfer."""
    row = conn.execute(_SELECT.where(dashboard_task.c.transfer_id == transfer_id)).one_or_none()
    return None if row is None else _task(row)


def waiting(conn: Connection, partner_id: PartnerId, client_id: ClientId | None = None) -> list[Task]:
    """A partner's tasks that are not over, the oldest first; of one client if so wanted."""
    query = _SELECT.where(dashboard_task.c.partner_id == partner_id, dashboard_task.c.state.in_(("open", "done")))
    if client_id is not None:
        query = query.where(dashboard_task.c.client_id == client_id)
    return [_task(row) for row in conn.execute(query.order_by(dashboard_task.c.number))]


def say_done(conn: Connection, task: Task, by: CuratorId, now: datetime) -> Task:
    """A person has carried it out: noted, not confirmed. Saying it again changes nothing."""
    if task.state != "open":
        return task
    return _store(conn, task, after_word(task.progress, now), now, done_by=by)


def close(conn: Connection, task: Task, state: Literal["failed", "cancelled"], now: datetime) -> Task:
    """It did not work, or is not wanted any more. A task that is over stays as it is."""
    if not task.waits:
        return task
    moved = transfers.load(conn, transfer_id=task.transfer_id)
    if moved is not None and moved.state == "pending":
        reason = "did not work in the dashboard" if state == "failed" else "cancelled"
        transfers.move_on(conn, moved, "voided", settled_at=now, reason=reason)
    return _store(conn, task, replace(task.progress, state=state), now)


def look(conn: Connection, partner_id: PartnerId, sights: Iterable[Sight], now: datetime) -> list[Turn]:
    """Compare a partner's tasks with what a table or poll shows of the accounts; what turned.

    Where money might prove several, it proves first those that somebody says are done.
    """
    seen = {one.account_id: one for one in sights}
    turns = []
    watched = _watched(conn, partner_id, list(seen), now)
    for task in sorted(watched, key=lambda one: (one.state != "done", one.number)):
        sight = seen[task.facts["account_id"]]
        if sight.at <= task.created_at:
            continue
        turn = _look_at(conn, task, sight, now)
        if turn is not None:
            turns.append(turn)
    return turns


def _look_at(conn: Connection, task: Task, sight: Sight, now: datetime) -> Turn | None:
    aim = aim_of(task.facts)
    lasting = aim.ends_after is None
    shown = shows(aim, sight, _proved(conn, task, aim, sight.at))
    progress = after_sight(task.progress, sight.at, shown, lasting=lasting)
    if progress == task.progress:
        return None
    after = _store(conn, task, progress, now)
    if progress.state == "confirmed" and task.state != "confirmed":
        _settle(conn, task.transfer_id, "posted", now)
        return Turn(after, "confirmed", sight.at)
    if progress.state == "open" and task.state in ("done", "confirmed"):
        _settle(conn, task.transfer_id, "pending", now)
        return Turn(after, "reopened", sight.at)
    return None


def _proved(conn: Connection, task: Task, aim: Aim, until: datetime) -> Money:
    """The money of other top-ups of the client that was first seen after this one's balance was, and by then."""
    table = dashboard_task.c
    query = select(table.facts).where(
        table.client_id == task.client_id,
        table.state == "confirmed",
        table.seen_at > aim.balance_at,
        table.seen_at <= until,
    )
    aims = [aim_of(facts) for facts in conn.execute(query).scalars()]
    minor = sum(one.amount.minor for one in aims if one.ends_after is None)
    return Money(minor, aim.amount.currency)


def _settle(conn: Connection, transfer_id: TransferId, state: Literal["posted", "pending"], now: datetime) -> None:
    moved = transfers.load(conn, transfer_id=transfer_id)
    if moved is not None and moved.state in ("pending", "posted"):
        transfers.move_on(conn, moved, state, settled_at=now)


def _watched(conn: Connection, partner_id: PartnerId, account_ids: Sequence[str], now: datetime) -> list[Task]:
    """Tasks that a sight of these accounts may turn, locked."""
    table = dashboard_task.c
    live = or_(table.state.in_(("open", "done")), (table.state == "confirmed") & (table.closed_at > now - WATCHED_FOR))
    query = _SELECT.where(table.partner_id == partner_id, live)
    found = [_task(row) for row in conn.execute(query.with_for_update())]
    wanted = set(account_ids)
    return [one for one in found if one.facts["account_id"] in wanted]


def _facts(conn: Connection, moved: Transfer, now: datetime) -> dict[str, Any]:
    columns = (client.c.account_id, client.c.company, client.c.time_zone, client.c.as_of)
    row = conn.execute(select(*columns).where(client.c.id == moved.client_id)).one()
    quote = moved.quote_facts
    daily = sum(moved.effect["rates"].values()) if quote.get("gone_by") else 0
    return {
        **{name: quote.get(name) for name in _KEPT},
        "account_id": row.account_id,
        "company": row.company,
        "client_zone": row.time_zone,
        "balance": quote["client_before"],
        "balance_at": (row.as_of or now).isoformat(),
        "daily": as_json(Money(daily, moved.currency)),
    }


def _store(conn: Connection, task: Task, progress: Progress, now: datetime, done_by: CuratorId | None = None) -> Task:
    values: dict[str, Any] = {
        "state": progress.state,
        "done_at": progress.done_at,
        "seen_at": progress.seen_at,
        "shown": progress.shown,
        "done_by": done_by or task.done_by,
    }
    if progress.state != task.state:
        values["closed_at"] = None if progress.state in ("open", "done") else now
    conn.execute(update(dashboard_task).where(dashboard_task.c.id == task.id).values(values))
    return replace(task, done_by=done_by or task.done_by, progress=progress)


_SELECT: Select[Any] = select(dashboard_task)


def _task(row: Row[Any]) -> Task:
    return Task(
        id=TaskId(row.id),
        partner_id=PartnerId(row.partner_id),
        number=row.number,
        transfer_id=TransferId(row.transfer_id),
        client_id=ClientId(row.client_id),
        asked_by=row.asked_by,
        done_by=row.done_by,
        progress=Progress(row.state, row.done_at, row.seen_at, row.shown),
        facts=row.facts,
        created_at=row.created_at,
    )
