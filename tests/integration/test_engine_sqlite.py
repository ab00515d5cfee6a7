"""SQLite's side of the engine: group commit and what it does when the disk or another process gets in the way."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.errors import ConfigError, UserError
from bot.storage.engine import Database
from bot.storage.tables import tick
from bot.storage.unit import Unavailable, after_commit
from tests.conftest import fresh_sqlite

START = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


def add(conn: Connection, name: str) -> str:
    conn.execute(tick.insert().values(name=name, at=START))
    return name


def names(conn: Connection) -> list[str]:
    return list(conn.execute(sa.select(tick.c.name).order_by(tick.c.name)).scalars())


def add_each(conn: Connection, rows: list[str]) -> list[str]:
    return [add(conn, row) for row in rows]


def fail_after(conn: Connection, name: str) -> None:
    add(conn, name)
    raise UserError("no")


@contextmanager
def writer_held(db: Database) -> Iterator[None]:
    """Whatever is queued inside goes into one transaction afterwards."""
    entered, leave = threading.Event(), threading.Event()

    def hold(conn: Connection) -> None:
        entered.set()
        assert leave.wait(20)

    thread = threading.Thread(target=db.write_now, args=(hold,))
    thread.start()
    assert entered.wait(20)
    try:
        yield
    finally:
        leave.set()
        thread.join()


async def queued_together(db: Database, *units: object) -> list[object]:
    """Run the coroutines in one batch."""
    with writer_held(db):
        tasks = [asyncio.ensure_future(unit) for unit in units]  # type: ignore[call-overload]
        await asyncio.sleep(0)
    results: list[object] = await asyncio.gather(*tasks, return_exceptions=True)
    return results


def pragma(conn: Connection, name: str) -> object:
    return conn.execute(sa.text(f"PRAGMA {name}")).scalar_one()


def test_the_file_is_set_up_to_be_durable(sqlite_url: str) -> None:
    with Database.open(sqlite_url) as db:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [db.write_now(pragma, name) for name in asked] == ["wal", 2, 1, 10_000]
        assert db.read_now(pragma, "query_only") == 1
        assert db.dialect == "sqlite"


def test_foreign_keys_hold(sqlite_db: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        sqlite_db.write_now(
            lambda conn: conn.execute(sa.text("INSERT INTO mute VALUES ('x', 'y', 'z', NULL)")).rowcount
        )


async def test_many_units_share_one_commit(sqlite_db: Database) -> None:
    commits: list[int] = []
    sa.event.listen(sqlite_db._store.engine, "commit", lambda conn: commits.append(1))
    results = await queued_together(sqlite_db, *(sqlite_db.write(add, f"{n:03}") for n in range(100)))
    assert results == [f"{n:03}" for n in range(100)]
    assert len(commits) == 2


async def test_a_failed_commit_gives_each_unit_one_more_chance(sqlite_db: Database) -> None:
    fail = [True]

    def commit_fails(conn: Connection) -> None:
        if names(conn) and fail:
            fail.clear()
            raise sqlite3.OperationalError("disk I/O error")

    sa.event.listen(sqlite_db._store.engine, "commit", commit_fails)
    runs: list[str] = []
    hooks: list[str] = []

    def noted(conn: Connection, name: str) -> str:
        runs.append(name)
        after_commit(conn, lambda: hooks.append(name))
        return add(conn, name)

    with capture_logs() as logs:
        results = await queued_together(
            sqlite_db,
            sqlite_db.write(noted, "a"),
            sqlite_db.write(fail_after, "b"),
            sqlite_db.write_many(add_each, "c"),
            sqlite_db.write_many(add_each, "d"),
            sqlite_db.write(noted, "e"),
        )
    assert isinstance(results.pop(1), UserError)
    assert results == ["a", "c", "d", "e"]
    assert runs == ["a", "e", "a", "e"]
    assert hooks == ["a", "e"]
    assert await sqlite_db.read(names) == ["a", "c", "d", "e"]
    assert "batch.failed" in [log["event"] for log in logs]


async def test_a_commit_that_fails_for_good_is_told_to_that_caller(sqlite_db: Database) -> None:
    def commit_fails(conn: Connection) -> None:
        if "bad" in names(conn):
            raise sqlite3.OperationalError("disk I/O error")

    sa.event.listen(sqlite_db._store.engine, "commit", commit_fails)
    results = await queued_together(sqlite_db, *(sqlite_db.write(add, name) for name in ("a", "bad", "c")))
    assert [str(result) for result in results] == ["a", "disk I/O error", "c"]
    assert await sqlite_db.read(names) == ["a", "c"]


async def test_a_full_disk_fails_the_unit_that_needs_room(sqlite_db: Database) -> None:
    def limit(driver: sqlite3.Connection, _record: object) -> None:
        (pages,) = driver.execute("PRAGMA page_count").fetchone()
        driver.execute(f"PRAGMA max_page_count = {pages + 3}")

    def big(conn: Connection) -> None:
        for n in range(2000):
            add(conn, f"{n}" * 10)

    limit(sqlite_db._store._driver, None)  # type: ignore[attr-defined]
    sa.event.listen(sqlite_db._store.engine, "connect", limit)
    results = await queued_together(
        sqlite_db, sqlite_db.write(add, "a"), sqlite_db.write(big), sqlite_db.write(add, "c")
    )
    assert (results[0], results[2]) == ("a", "c")
    assert isinstance(results[1], OperationalError)
    assert await sqlite_db.read(names) == ["a", "c"]


async def test_another_process_that_holds_the_file_is_waited_for_then_reported(sqlite_url: str) -> None:
    async with Database.open(sqlite_url, busy_seconds=0.05) as db:
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            results = await asyncio.gather(*(db.write(add, f"{n}") for n in range(5)), return_exceptions=True)
            assert all(isinstance(result, Unavailable) for result in results), results
            assert await db.read(names) == []
            other.execute("COMMIT")
        assert await db.write(add, "x") == "x"
        assert await db.read(names) == ["x"]


async def test_two_processes_take_turns(sqlite_url: str) -> None:
    async with Database.open(sqlite_url) as one, Database.open(sqlite_url) as two:
        await asyncio.gather(*(db.write(add, f"{k}-{n}") for n in range(100) for k, db in ((1, one), (2, two))))
        assert len(await one.read(names)) == 200


ACKNOWLEDGE = """
import asyncio, sys
from bot.storage.engine import Database
from tests.integration.test_engine_sqlite import add, add_each

async def main(url):
    db = Database.open(url)
    async def one(n):
        if n % 2: await db.write(add, f"{n:06}")
        else: await db.write_many(add_each, f"{n:06}")
        print(f"{n:06}", flush=True)
    for start in range(0, 100_000, 50):
        await asyncio.gather(*(one(start + n) for n in range(50)))

asyncio.run(main(sys.argv[1]))
"""


def test_what_was_acknowledged_survives_a_kill(sqlite_url: str) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", ACKNOWLEDGE, sqlite_url], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as stdout:
        seen = [stdout.readline().strip() for _ in range(500)]
        os.kill(process.pid, signal.SIGKILL)
        seen += stdout.read().split()
    process.wait()
    with Database.open(sqlite_url) as db:
        assert {name for name in seen if len(name) == 6} <= set(db.read_now(names))


def test_wrong_addresses_are_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a database, and long enough to be looked at" * 50)
    for url, reason in [
        ("sqlite://", "neither sqlite:///path nor postgresql://"),
        ("sqlite:///:memory:", "neither"),
        ("mysql://u:secret@h/db", "neither"),
        ("nonsense", "not a database URL"),
        (f"sqlite:///{tmp_path}/file/below.db", "cannot open"),
        (f"sqlite:///{tmp_path}/file", "cannot open"),
        (f"sqlite:///{tmp_path}", "cannot open"),
    ]:
        with pytest.raises(ConfigError, match=reason) as caught:
            Database.open(url)
        assert "secret" not in str(caught.value)


def test_folders_are_made_and_odd_names_work(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path}/new/ünï #1.db") as db:
        db.write_now(lambda conn: conn.execute(sa.text("CREATE TABLE t (n INTEGER)")).close())
        assert db.read_now(lambda conn: conn.execute(sa.text("SELECT count(*) FROM t")).scalar_one()) == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ünï #1.db"]


def test_a_process_that_forgets_to_close_still_ends(sqlite_url: str) -> None:
    code = "import sys; from bot.storage.engine import Database; print(Database.open(sys.argv[1]).write_now(id) > 0)"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, sqlite_url], cwd=root, capture_output=True, timeout=20, text=True
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "True", "")


def test_fresh_databases_are_cheap_and_empty() -> None:
    for _ in range(3):
        with fresh_sqlite() as db:
            assert db.read_now(names) == []
            db.write_now(add, "a")
