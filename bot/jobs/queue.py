"""The job table: what is queued, running or dead, as plain functions on a connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, and_, case, delete, exists, func, or_, select, text, update

from bot.id_generator import new_id
from bot.ids import JobId
from bot.jobs.port import Job
from bot.storage import queries
from bot.storage.tables import job

_KEY = ("name", "key")
_WAITING = text("state = 'queued'")
"""The condition of the unique index that keeps a second job of one key from waiting."""
_ERROR_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who takes jobs: its name, which job names it can handle, and until when a job taken now is its own."""

    worker: str
    names: tuple[str, ...]
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Outlook:
    """What there is to do: when the next queued job is due, and whether somebody's lease has run out."""

    due: datetime | None
    abandoned: bool


def enqueue(
    conn: Connection, name: str, key: str, run_after: datetime, priority: int, payload: Any, now: datetime
) -> None:
    """Add a job, or hurry the one that waits under this name and key."""
    conn.execute(_hurrying(conn.dialect.name), _row(name, key, run_after, priority, payload, now))


def enqueue_many(conn: Connection, name: str, run_after: Mapping[str, datetime], priority: int, now: datetime) -> None:
    """`enqueue` for each key, in the order of keys: two who add the same ones wait for each other, never in a ring."""
    rows = [_row(name, key, run_after[key], priority, None, now) for key in sorted(run_after)]
    if rows:
        conn.execute(_hurrying(conn.dialect.name), rows)


def claim(conn: Connection, who: Claimant, now: datetime, machine_now: datetime, most: int) -> list[Job]:
    """Take up to `most` jobs that are due, or whose worker is gone; never one whose key is running elsewhere."""
    due = and_(_may_start(who.names), job.c.run_after <= now)
    order = (job.c.priority.desc(), job.c.run_after, job.c.id)
    values = {
        "state": "running",
        "worker": who.worker,
        "lease_until": who.lease_until,
        "attempts": job.c.attempts + 1,
    }
    rows = queries.claim(conn, job, or_(due, _abandoned(who.names, machine_now)), order, most, values)
    return [Job(JobId(row.id), row.name, row.key, row.attempts, row.payload) for row in rows]


def look_ahead(conn: Connection, names: Sequence[str], machine_now: datetime) -> Outlook:
    """What a worker that handles `names` will have to do next."""
    due = conn.execute(select(job.c.run_after).where(_may_start(names)).order_by(job.c.run_after).limit(1)).scalar()
    abandoned = conn.execute(select(exists().where(_abandoned(names, machine_now)))).scalar_one()
    return Outlook(due, bool(abandoned))


def finish(conn: Connection, job_id: JobId, worker: str) -> None:
    """The job is done; nothing happens when it has been taken over."""
    conn.execute(delete(job).where(_owned(job_id, worker)))


def retry(conn: Connection, job_id: JobId, worker: str, run_after: datetime, error: str) -> None:
    """Put a failed job back. If one of its key waits already, they become one that waits as long as the failed one."""
    if row := _take_back(conn, job_id, worker):
        changed = {"run_after": run_after, "error": error[:_ERROR_LENGTH]}
        conn.execute(_putting_back(conn.dialect.name, failed=True), {**row, **changed})


def release(conn: Connection, job_id: JobId, worker: str) -> None:
    """Give a job back that was not carried out, as if it had not been taken."""
    if row := _take_back(conn, job_id, worker):
        conn.execute(_putting_back(conn.dialect.name, failed=False), {**row, "attempts": row["attempts"] - 1})


def bury(conn: Connection, job_id: JobId, worker: str, error: str) -> None:
    """Keep a job as dead: it is not run again and keeps no other from being queued."""
    dead = {"state": "dead", "lease_until": None, "error": error[:_ERROR_LENGTH]}
    conn.execute(update(job).where(_owned(job_id, worker)).values(dead))


def extend(conn: Connection, job_ids: Sequence[JobId], worker: str, lease_until: datetime) -> set[JobId]:
    """Prolong the leases; returns those jobs that are still this worker's."""
    mine = and_(job.c.id.in_(job_ids), job.c.worker == worker, job.c.state == "running")
    return set(conn.execute(update(job).where(mine).values(lease_until=lease_until).returning(job.c.id)).scalars())


def counts(conn: Connection) -> dict[str, int]:
    """How many jobs are in each state; a state without any is left out."""
    rows = conn.execute(select(job.c.state, func.count()).group_by(job.c.state))
    return {state: number for state, number in rows}


def _row(name: str, key: str, run_after: datetime, priority: int, payload: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "name": name,
        "key": key,
        "payload": payload,
        "priority": priority,
        "state": "queued",
        "run_after": run_after,
        "attempts": 0,
        "error": None,
        "created_at": now,
    }


def _take_back(conn: Connection, job_id: JobId, worker: str) -> dict[str, Any] | None:
    """Running becomes queued by delete and insert, since another of the same key may be queued at this moment."""
    kept = ("id", "name", "key", "payload", "priority", "run_after", "attempts", "error", "created_at")
    columns = [job.c[name] for name in kept]
    row = conn.execute(delete(job).where(_owned(job_id, worker)).returning(*columns)).mappings().one_or_none()
    return None if row is None else {**row, "state": "queued"}


@cache
def _hurrying(dialect: str) -> Insert:
    """Insert a waiting job; one that waits already takes the earlier time, unless it failed, and the higher priority.

    `DO UPDATE` waits on PostgreSQL for a claimer that holds the row, so that no wake-up is lost in between.
    """
    statement = queries.insert_on(dialect, job)
    new = statement.excluded
    earlier = and_(job.c.attempts == 0, new.run_after < job.c.run_after)
    merged = {
        "run_after": case((earlier, new.run_after), else_=job.c.run_after),
        "priority": case((new.priority > job.c.priority, new.priority), else_=job.c.priority),
    }
    return statement.on_conflict_do_update(index_elements=_KEY, index_where=_WAITING, set_=merged)


@cache
def _putting_back(dialect: str, *, failed: bool) -> Insert:
    """Insert a job that was taken; one that waits already takes its attempts, and its time: the later if it failed."""
    statement = queries.insert_on(dialect, job)
    new = statement.excluded
    sooner = new.run_after < job.c.run_after
    merged = {
        "run_after": case((~sooner if failed else sooner, new.run_after), else_=job.c.run_after),
        "attempts": case((new.attempts > job.c.attempts, new.attempts), else_=job.c.attempts),
        "error": new.error,
    }
    return statement.on_conflict_do_update(index_elements=_KEY, index_where=_WAITING, set_=merged)


def _may_start(names: Sequence[str]) -> ColumnElement[bool]:
    running = job.alias("running")
    same_key = exists().where(running.c.name == job.c.name, running.c.key == job.c.key, running.c.state == "running")
    return and_(job.c.state == "queued", job.c.name.in_(names), ~same_key)


def _abandoned(names: Sequence[str], machine_now: datetime) -> ColumnElement[bool]:
    return and_(job.c.state == "running", job.c.name.in_(names), job.c.lease_until < machine_now)


def _owned(job_id: JobId, worker: str) -> ColumnElement[bool]:
    return and_(job.c.id == job_id, job.c.worker == worker, job.c.state == "running")
