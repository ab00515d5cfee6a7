"""Signs of life of worker processes, by the machine's own time."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from bot.storage.queries import upsert
from bot.storage.tables import heartbeat

ALIVE = timedelta(seconds=5)
"""A worker seen more recently than this is taken to be alive."""
_FORGOTTEN = timedelta(days=1)


def beat(conn: Connection, worker: str, role: str, phone_page: str | None, machine_now: datetime) -> None:
    """Note that a worker lives and where its simulator listens, and forget those of long ago."""
    upsert(conn, heartbeat, [{"worker": worker, "role": role, "phone_page": phone_page, "seen_at": machine_now}])
    conn.execute(delete(heartbeat).where(heartbeat.c.seen_at < machine_now - _FORGOTTEN))


def farewell(conn: Connection, worker: str) -> None:
    """Note that a worker has ended, so that nobody counts on it."""
    conn.execute(delete(heartbeat).where(heartbeat.c.worker == worker))


def anybody_works(conn: Connection, machine_now: datetime) -> bool:
    """Whether some process will soon run the jobs that are left in the table."""
    query = select(heartbeat.c.worker).where(heartbeat.c.seen_at > machine_now - ALIVE).limit(1)
    return conn.execute(query).first() is not None


def phone_page(conn: Connection, machine_now: datetime) -> str | None:
    """Where the simulator of a living process listens, if there is one."""
    alive = heartbeat.c.seen_at > machine_now - ALIVE
    query = select(heartbeat.c.phone_page).where(alive, heartbeat.c.phone_page.is_not(None)).limit(1)
    return conn.execute(query).scalar_one_or_none()
