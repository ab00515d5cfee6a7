"""Database.write, read and write_many: what both databases promise alike."""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from structlog.testing import capture_logs

from bot.errors import UserError
from bot.storage.engine import Database
from bot.storage.tables import clock_offset, heartbeat, tick
from bot.storage.unit import Overloaded, Unavailable, after_commit

START = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


def add(conn: Connection, name: str) -> str:
    conn.execute(tick.insert().values(name=name, at=START))
    return name


def names(conn: Connection) -> list[str]:
    return list(conn.execute(sa.select(tick.c.name).order_by(tick.c.name)).scalars())


def count_up(conn: Connection) -> None:
    conn.execute(sa.update(clock_offset).values(seconds=clock_offset.c.seconds + 1))


def counter(conn: Connection) -> int:
    seconds: int = conn.execute(sa.select(clock_offset.c.seconds)).scalar_one()
    return seconds


def zero(conn: Connection) -> None:
    conn.execute(clock_offset.insert().values(id=1, seconds=0))


def add_and_fail(conn: Connection, name: str) -> None:
    add(conn, name)
    raise UserError("no", name=name)


def fail_all(conn: Connection, rows: list[str]) -> list[str]:
    add_and_fail(conn, rows[0])
    return rows


class Gate:
    """A unit that holds its writer until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, conn: Connection) -> None:
        self.entered.set()
        assert self.open.wait(20)


async def held(db: Database, gate: Gate) -> asyncio.Task[None]:
    """Keep one writer busy until the gate is opened: SQLite has only one."""
    task = asyncio.create_task(db.write(gate))
    assert await asyncio.to_thread(gate.entered.wait, 20)
    return task


async def test_a_unit_returns_its_result_and_is_read_back(db: Database) -> None:
    assert await db.write(add, "a") == "a"
    assert await db.read(names) == ["a"]
    assert db.write_now(add, "b") == "b"
    assert db.read_now(names) == ["a", "b"]
    assert db.waiting == 0


async def test_a_failing_unit_undoes_only_itself(db: Database) -> None:
    tasks = [db.write(add_and_fail, f"bad{n}") if n % 3 == 0 else db.write(add, f"good{n:02}") for n in range(30)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert await db.read(names) == [f"good{n:02}" for n in range(30) if n % 3]
    for n, result in enumerate(results):
        if n % 3 == 0:
            assert isinstance(result, UserError)
            assert result.facts == {"name": f"bad{n}"}


async def test_a_refused_statement_undoes_only_its_unit(db: Database) -> None:
    await db.write(add, "a")

    def two(conn: Connection) -> None:
        add(conn, "b")
        add(conn, "a")

    results = await asyncio.gather(db.write(two), db.write(add, "c"), return_exceptions=True)
    assert isinstance(results[0], IntegrityError)
    assert await db.read(names) == ["a", "c"]


async def test_many_coroutines_lose_no_update(db: Database) -> None:
    await db.write(zero)

    async def some() -> None:
        for _ in range(15):
            await db.write(count_up)

    await asyncio.gather(*(some() for _ in range(16)))
    assert await db.read(counter) == 240


def test_many_threads_lose_no_update(db: Database) -> None:
    db.write_now(zero)

    def some() -> None:
        for _ in range(15):
            db.write_now(count_up)

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(some) for _ in range(16)]:
            done.result(30)
    assert db.read_now(counter) == 240


async def test_of_sixteen_takers_of_the_last_one_exactly_one_succeeds(db: Database) -> None:
    await db.write(lambda conn: conn.execute(clock_offset.insert().values(id=1, seconds=1)).rowcount)

    def take(conn: Connection) -> None:
        conn.execute(sa.update(clock_offset).values(seconds=clock_offset.c.seconds - 1))

    results = await asyncio.gather(*(db.write(take) for _ in range(16)), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, IntegrityError) for result in results) == 15
    assert await db.read(counter) == 0


async def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError):
        await db.read(add, "a")
    with pytest.raises(DBAPIError):
        db.read_now(lambda conn: conn.execute(sa.text("DELETE FROM tick")).rowcount)
    await db.write(add, "b")
    assert await db.read(names) == ["b"]


async def test_a_reader_sees_one_moment(db: Database) -> None:
    await db.write(add, "a")
    looked, written = threading.Event(), threading.Event()

    def twice(conn: Connection) -> tuple[list[str], list[str]]:
        before = names(conn)
        looked.set()
        assert written.wait(10)
        return before, names(conn)

    reading = asyncio.create_task(db.read(twice))
    assert await asyncio.to_thread(looked.wait, 10)
    await db.write(add, "b")
    written.set()
    assert await reading == (["a"], ["a"])
    assert await db.read(names) == ["a", "b"]


async def test_reading_goes_on_while_somebody_writes(db: Database) -> None:
    await db.write(add, "a")
    gate = Gate()
    task = await held(db, gate)
    async with asyncio.timeout(5):
        assert await db.read(names) == ["a"]
    gate.open.set()
    await task


async def test_a_caller_that_stops_waiting_loses_nothing(db: Database, database_url: str) -> None:
    gate = Gate()
    task = await held(db, gate)
    waiting = asyncio.create_task(db.write(add, "a"))
    row = asyncio.create_task(db.write_many(add_each, "b"))
    await asyncio.sleep(0)
    waiting.cancel()
    row.cancel()
    assert all(
        isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(waiting, row, return_exceptions=True)
    )
    gate.open.set()
    await task
    await db.close()
    with Database.open(database_url) as again:
        assert again.read_now(names) == ["a", "b"]


async def test_close_carries_out_what_is_queued(db: Database, database_url: str) -> None:
    gate = Gate()
    held_task = await held(db, gate)
    waiting = [asyncio.create_task(db.write(add, f"{n:02}")) for n in range(20)]
    waiting += [asyncio.create_task(db.write_many(add_each, f"r{n:02}")) for n in range(20)]
    waiting += [asyncio.create_task(db.write(add, "bulk", bulk=True))]
    await asyncio.sleep(0)
    closing = [asyncio.create_task(db.close()) for _ in range(3)]
    await asyncio.sleep(0.02)
    with pytest.raises(Unavailable):
        await db.write(add, "late")
    gate.open.set()
    await asyncio.gather(held_task, *waiting, *closing)
    await db.close()
    db.close_now()
    for attempt in (db.write(add, "x"), db.read(names), db.write_many(add_each, "x")):
        with pytest.raises(Unavailable):
            await attempt
    with Database.open(database_url) as again:
        assert len(again.read_now(names)) == 41


async def test_no_thread_is_left_after_closing(db: Database) -> None:
    await asyncio.gather(db.write(add, "a"), db.read(names))
    await db.close()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("db-")] == []


async def test_too_many_waiting_are_refused_and_the_others_served(database_url: str) -> None:
    async with Database.open(database_url, durable=False, queue_max=5, writers=1) as db:
        gate = Gate()
        task = await held(db, gate)
        waiting = [asyncio.create_task(db.write(add, f"u{n}")) for n in range(8)]
        waiting += [asyncio.create_task(db.write_many(add_each, f"r{n}")) for n in range(8)]
        waiting += [asyncio.create_task(db.write(add, f"b{n}", bulk=True)) for n in range(8)]
        await asyncio.sleep(0)
        gate.open.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        await task
        refused = [result for result in results if isinstance(result, Overloaded)]
        served = sorted(result.rstrip("!") for result in results if isinstance(result, str))
        assert len(refused) + len(served) == 24
        assert len(refused) >= 8
        assert await db.read(names) == served
        assert await db.write(add, "z") == "z"


async def test_too_many_readers_are_refused(database_url: str) -> None:
    async with Database.open(database_url, durable=False, queue_max=3, readers=1) as db:
        results = await asyncio.gather(*(db.read(names) for _ in range(8)), return_exceptions=True)
        assert [result for result in results if result == []] == [[], [], []]
        assert sum(isinstance(result, Overloaded) for result in results) == 5
        assert await db.read(names) == []


async def test_interactive_units_go_before_bulk_ones(database_url: str) -> None:
    async with Database.open(database_url, durable=False, writers=1) as db:
        order: list[str] = []

        def note(conn: Connection, name: str) -> None:
            order.append(name)

        gate = Gate()
        task = await held(db, gate)
        bulk = [asyncio.create_task(db.write(note, f"bulk{n}", bulk=True)) for n in range(3)]
        await asyncio.sleep(0)
        quick = [asyncio.create_task(db.write(note, f"quick{n}")) for n in range(3)]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(task, *bulk, *quick)
        assert order == ["quick0", "quick1", "quick2", "bulk0", "bulk1", "bulk2"]


async def test_bulk_units_do_not_starve(database_url: str) -> None:
    async with Database.open(database_url, durable=False, writers=1) as db:
        stop = asyncio.Event()

        async def busy() -> None:
            while not stop.is_set():
                await db.write(lambda conn: None)

        flood = [asyncio.create_task(busy()) for _ in range(8)]
        await asyncio.sleep(0.02)
        async with asyncio.timeout(10):
            await asyncio.gather(*(db.write(add, f"bulk{n}", bulk=True) for n in range(5)))
        stop.set()
        await asyncio.gather(*flood)


calls: list[int] = []


def add_each(conn: Connection, rows: list[str]) -> list[str]:
    calls.append(len(rows))
    conn.execute(tick.insert(), [{"name": row, "at": START} for row in rows])
    return [f"{row}!" for row in rows]


async def test_rows_that_arrive_meanwhile_go_together(db: Database) -> None:
    calls.clear()
    results = await asyncio.gather(*(db.write_many(add_each, f"{n:04}") for n in range(1200)))
    assert results == [f"{n:04}!" for n in range(1200)]
    assert len(await db.read(names)) == 1200
    assert sum(calls) == 1200
    assert len(calls) < 60
    assert max(calls) <= 500


async def test_one_bad_row_spoils_nothing_else(db: Database) -> None:
    await db.write(add, "007")
    gate = Gate()
    task = await held(db, gate)
    rows = [asyncio.create_task(db.write_many(add_each, f"{n:03}")) for n in range(20)]
    await asyncio.sleep(0)
    gate.open.set()
    results = await asyncio.gather(*rows, return_exceptions=True)
    await task
    assert [n for n, result in enumerate(results) if isinstance(result, IntegrityError)] == [7]
    assert [result for result in results if isinstance(result, str)] == [f"{n:03}!" for n in range(20) if n != 7]
    assert len(await db.read(names)) == 20


async def test_one_result_for_each_row(db: Database) -> None:
    def short(conn: Connection, rows: list[str]) -> list[None]:
        add(conn, rows[0])
        return []

    with pytest.raises(RuntimeError, match="0 results for 1 rows"):
        await db.write_many(short, "a")
    assert await db.read(names) == []


async def test_rows_and_units_of_all_kinds_mixed(db: Database) -> None:
    await db.write(zero)

    def count_rows(conn: Connection, rows: list[int]) -> list[int | None]:
        for _ in rows:
            count_up(conn)
        return list(rows)

    jobs = itertools.chain.from_iterable(
        (db.write(count_up), db.write_many(count_rows, n), db.write(count_up, bulk=True), db.read(counter))
        for n in range(50)
    )
    await asyncio.gather(*jobs)
    assert await db.read(counter) == 150


async def test_a_unit_may_not_end_the_transaction(db: Database) -> None:
    def commits(conn: Connection) -> None:
        add(conn, "c")
        conn.commit()

    def rolls_back(conn: Connection) -> None:
        add(conn, "r")
        conn.rollback()

    def closes(conn: Connection) -> None:
        add(conn, "x")
        conn.close()

    for _ in range(2):
        units = [commits, rolls_back, closes]
        results = await asyncio.gather(
            db.write(add, "a"), *(db.write(unit) for unit in units), db.write(add, "b"), return_exceptions=True
        )
        assert (results[0], results[4]) == ("a", "b")
        assert all(isinstance(result, Exception) for result in results[1:4]), results
        assert await db.read(names) == ["a", "b"]
        await db.write(lambda conn: conn.execute(tick.delete()).rowcount)


async def test_a_unit_may_use_savepoints(db: Database) -> None:
    def tries(conn: Connection) -> None:
        add(conn, "a")
        with pytest.raises(IntegrityError), conn.begin_nested():
            add(conn, "a")
        add(conn, "b")

    await asyncio.gather(db.write(tries), db.write(add, "c"))
    assert await db.read(names) == ["a", "b", "c"]


async def test_a_unit_may_not_open_another(db: Database) -> None:
    with pytest.raises(RuntimeError, match="never opens another"):
        await db.write(lambda conn: db.write_now(add, "a"))
    assert await db.read(names) == []


async def test_an_open_result_is_refused(db: Database) -> None:
    with pytest.raises(TypeError, match="open result"):
        await db.write(lambda conn: conn.execute(sa.select(tick)))


async def test_any_exception_reaches_the_caller(db: Database) -> None:
    def stops(conn: Connection) -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        await db.write(stops)

    def exits(conn: Connection) -> None:
        add(conn, "a")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        db.write_now(exits)
    assert await db.read(names) == []


async def test_a_slow_unit_is_logged_with_its_name(db: Database) -> None:
    def dawdles(conn: Connection) -> None:
        threading.Event().wait(0.03)

    with capture_logs() as logs:
        await db.write(dawdles)
    assert [(log["event"], "dawdles" in log["unit"], log["log_level"]) for log in logs] == [
        ("unit.slow", True, "warning")
    ]


async def test_hooks_run_after_the_commit_and_only_then(db: Database) -> None:
    seen: list[str] = []

    def fails() -> None:
        raise ValueError("hook")

    def hooked(conn: Connection, name: str, fail: bool) -> None:
        add(conn, name)
        after_commit(conn, lambda: seen.append(name) if name in db.read_now(names) else None)
        after_commit(conn, fails)
        after_commit(conn, lambda: seen.append(name + "2"))
        if fail:
            raise UserError("no")

    with capture_logs() as logs:
        results = await asyncio.gather(
            *(db.write(hooked, f"{n}", n == 1) for n in range(3)), db.write(add, "x"), return_exceptions=True
        )
    assert isinstance(results[1], UserError)
    assert sorted(seen) == ["0", "02", "2", "22"]
    assert [log["event"] for log in logs if log["event"] != "unit.slow"] == ["unit.hook_failed"] * 2
    with pytest.raises(RuntimeError, match="inside a unit"):
        await db.read(after_commit, lambda: None)


async def test_hooks_of_rows(db: Database) -> None:
    seen: list[int] = []

    def hooked(conn: Connection, rows: list[int]) -> list[int]:
        after_commit(conn, lambda: seen.append(len(rows)))
        if len(rows) > 1 or rows == [3]:
            raise ValueError("only one at a time, and no 3")
        return rows

    results = await asyncio.gather(*(db.write_many(hooked, n) for n in range(5)), return_exceptions=True)
    assert [n for n in range(5) if results[n] == n] == [0, 1, 2, 4]
    assert seen == [1] * 4


async def test_inline_runs_on_the_callers_thread(database_url: str) -> None:
    async with Database.open(database_url, inline=True, durable=False) as db:
        here = threading.get_ident()

        def where(conn: Connection) -> int:
            return threading.get_ident()

        assert await db.write(where) == here
        assert await db.read(where) == here
        assert await db.write_many(lambda conn, rows: [where(conn) for _ in rows], 1) == here
        with pytest.raises(UserError):
            await db.write(add_and_fail, "a")
        with pytest.raises(UserError):
            await db.write_many(fail_all, "a")
        with pytest.raises(RuntimeError, match="never opens another"):
            await db.write(lambda conn: db.write_now(add, "a"))
        assert await db.write(add, "b", bulk=True) == "b"
        assert await db.read(names) == ["b"]
    with pytest.raises(Unavailable):
        await db.write(add, "c")


async def test_many_loops_share_one_database(db: Database) -> None:
    await db.write(zero)

    def a_loop() -> None:
        async def some() -> None:
            await asyncio.gather(*(db.write(count_up) for _ in range(10)))

        asyncio.run(some())

    await asyncio.gather(*(asyncio.to_thread(a_loop) for _ in range(4)))
    assert await db.read(counter) == 40


async def test_a_loop_that_has_gone_does_not_disturb_the_writer(db: Database, database_url: str) -> None:
    gate = Gate()

    async def leaves() -> None:
        await held(db, gate)
        pending = asyncio.create_task(db.write(add, "a"))
        await asyncio.sleep(0)
        pending.cancel()

    await asyncio.to_thread(asyncio.run, leaves())
    gate.open.set()
    assert await db.write(add, "b") == "b"
    await db.close()
    with Database.open(database_url) as again:
        assert again.read_now(names) == ["a", "b"]


async def test_times_and_everything_else_survive_reopening(db: Database, database_url: str) -> None:
    seen_at = START + timedelta(microseconds=1)
    await db.write(
        lambda conn: conn.execute(heartbeat.insert().values(worker="w", role="all", seen_at=seen_at)).rowcount
    )
    await db.close()
    with Database.open(database_url) as again:
        assert again.read_now(lambda conn: conn.execute(sa.select(heartbeat.c.seen_at)).scalar_one()) == seen_at
