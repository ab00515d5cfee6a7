"""PostgreSQL's side of the engine: deadlocks, lost connections, servers that are not there."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot.errors import ConfigError
from bot.storage.engine import Database
from bot.storage.tables import heartbeat, tick
from bot.storage.unit import Unavailable

pytestmark = pytest.mark.postgres
START = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


@pytest.fixture
def db(postgres_url: str) -> Iterator[Database]:
    with Database.open(postgres_url, durable=False) as database:
        yield database


def add(conn: Connection, name: str) -> str:
    conn.execute(tick.insert().values(name=name, at=START))
    return name


def names(conn: Connection) -> list[str]:
    return list(conn.execute(sa.select(tick.c.name).order_by(tick.c.name)).scalars())


def show(conn: Connection, setting: str) -> str:
    return str(conn.execute(sa.text(f"SHOW {setting}")).scalar_one())


def test_connections_are_set_up(postgres_url: str) -> None:
    with Database.open(postgres_url) as db:
        assert db.dialect == "postgresql"
        settings = ("synchronous_commit", "lock_timeout", "transaction_isolation", "transaction_read_only")
        assert [db.write_now(show, name) for name in settings] == ["on", "10s", "read committed", "off"]
        assert [db.read_now(show, name) for name in settings[2:]] == ["repeatable read", "on"]


async def test_a_deadlock_is_run_again(db: Database) -> None:
    rows = [{"worker": name, "role": "all", "seen_at": START} for name in "ab"]
    await db.write(lambda conn: conn.execute(heartbeat.insert(), rows).close())
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def lock(conn: Connection, order: str) -> None:
        runs.append(order)
        for worker in order:
            conn.execute(sa.update(heartbeat).where(heartbeat.c.worker == worker).values(role=heartbeat.c.role + "x"))
            if len(runs) <= 2 and worker == order[0]:
                both_hold_one.wait(10)

    with capture_logs() as logs:
        await asyncio.gather(db.write(lock, "ab"), db.write(lock, "ba"))
    assert len(runs) > 2  # more than one more where the one that lost comes first to the row again and loses again
    assert "unit.again" in [log["event"] for log in logs]
    roles = await db.read(lambda conn: list(conn.execute(sa.select(heartbeat.c.role)).scalars()))
    assert roles == ["allxx", "allxx"]


def kill(conn: Connection, pid: int) -> None:
    conn.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid}).scalar_one()


async def test_a_connection_lost_in_a_unit_is_replaced(db: Database) -> None:
    runs: list[int] = []

    def unlucky(conn: Connection) -> str:
        pid = conn.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        runs.append(pid)
        if len(runs) == 1:
            db.read_now(kill, pid)
        return add(conn, "a")

    assert await db.write(unlucky) == "a"
    assert len(runs) == 2
    assert await db.read(names) == ["a"]


async def test_a_connection_lost_between_units_is_replaced(postgres_url: str) -> None:
    async with Database.open(postgres_url, writers=1, durable=False) as db:
        pid = await db.write(lambda conn: conn.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
        await db.read(kill, pid)
        assert await db.write(add, "a") == "a"


async def test_a_connection_lost_while_committing_is_reported_not_repeated(db: Database) -> None:
    runs: list[str] = []

    def noted(conn: Connection) -> None:
        runs.append(add(conn, "a"))

    def lose(conn: Connection) -> None:
        if names(conn):
            db.read_now(kill, conn.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())

    sa.event.listen(db._store.engine, "commit", lose)
    with pytest.raises(Unavailable, match="connection lost while committing"):
        await db.write(noted)
    assert runs == ["a"]


async def test_a_lock_that_is_not_given_back_is_not_waited_for_for_ever(db: Database) -> None:
    def impatient(conn: Connection) -> str:
        conn.execute(sa.text("SET LOCAL lock_timeout = '20ms'"))
        return add(conn, "a")

    with db._store.engine.connect() as other:
        add(other, "a")
        with pytest.raises(Unavailable, match="gave up after 8 attempts"):
            await db.write(impatient)
        other.rollback()
    assert await db.write(impatient) == "a"


async def test_units_run_side_by_side(db: Database) -> None:
    together = threading.Barrier(4)
    await asyncio.gather(*(db.write(lambda conn: together.wait(10)) for _ in range(4)))


async def test_bulk_units_leave_room_for_others(db: Database) -> None:
    leave = threading.Event()
    bulk = [asyncio.create_task(db.write(lambda conn: leave.wait(20), bulk=True)) for _ in range(8)]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        assert await db.write(add, "a") == "a"
    leave.set()
    await asyncio.gather(*bulk)


async def test_rows_of_one_kind_wait_for_the_batch_under_way(db: Database) -> None:
    sizes: list[int] = []
    entered, leave = threading.Event(), threading.Event()

    def add_each(conn: Connection, rows: list[str]) -> list[str]:
        sizes.append(len(rows))
        entered.set()
        assert leave.wait(20)
        return [add(conn, row) for row in rows]

    first = asyncio.create_task(db.write_many(add_each, "first"))
    assert await asyncio.to_thread(entered.wait, 20)
    others = [asyncio.create_task(db.write_many(add_each, f"{n}")) for n in range(30)]
    await asyncio.sleep(0.02)
    leave.set()
    await asyncio.gather(first, *others)
    assert sizes == [1, 30]


def test_no_server_is_told_without_the_password() -> None:
    with pytest.raises(Unavailable, match="cannot reach postgresql://u:") as caught:
        Database.open("postgresql://u:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"curatorbot\[postgres\]"):
        Database.open("postgresql://u@127.0.0.1:1/none")


async def test_a_statement_error_is_not_run_again(db: Database) -> None:
    runs: list[int] = []

    def wrong(conn: Connection) -> None:
        runs.append(1)
        conn.execute(sa.text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError):
        await db.write(wrong)
    assert runs == [1]
