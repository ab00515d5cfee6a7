"""One runner per tick among many processes: whoever inserts the tick row enqueues its job, in the same unit."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from bot.jobs.port import Jobs
from bot.scheduler.timetable import Entry
from bot.storage.queries import insert_if_absent
from bot.storage.tables import tick

KEPT = timedelta(days=2)
"""Old tick rows say nothing after every process has passed their time."""


def fire(conn: Connection, fires: Sequence[tuple[Entry, datetime]], jobs: Jobs, now: datetime) -> list[str]:
    """Enqueue the job of every fire that no other process took. Returns the names this process won."""
    won = []
    for entry, at in fires:
        if insert_if_absent(conn, tick, [{"name": entry.name, "at": at}]):
            jobs.enqueue(conn, entry.job, entry.name, run_after=now)
            won.append(entry.name)
    return won


def prune(conn: Connection, now: datetime) -> None:
    """Forget the ticks of long ago."""
    conn.execute(delete(tick).where(tick.c.at < now - KEPT))
