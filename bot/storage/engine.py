"""The door to the database: `await db.write(fn, …)` and `await db.read(fn, …)`, the same on SQLite and PostgreSQL."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar, TypeVarTuple

import structlog
from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import ConfigError
from bot.storage.lanes import Lanes
from bot.storage.postgres import PostgresStore
from bot.storage.sqlite import SqliteStore
from bot.storage.unit import Overloaded, Rows, Unavailable, Unit, Waiter, finish, refuse_nesting

T = TypeVar("T")
Row = TypeVar("Row")
Args = TypeVarTuple("Args")

_log = structlog.get_logger(__name__)
QUEUE_MAX = 10_000
"""So many units may wait; more are refused with Overloaded."""


class Store(Protocol):
    """What differs between the two databases."""

    dialect: str
    writers: int
    batch_max: int
    bulk_parallel: int
    engine: Engine
    reader: Engine

    def run(self, units: list[Unit]) -> None: ...

    def fold(self) -> bool: ...

    def close(self) -> None: ...


class Database:
    """Runs plain functions `fn(conn, …)` as units: durable together or not at all, with no effect outside `conn`.

    A unit never commits, rolls back, waits for the network or opens another unit. It may be run again when its commit
    failed. On PostgreSQL an error of a statement spoils the unit: write `INSERT … ON CONFLICT` rather than catch.
    """

    def __init__(self, store: Store, *, inline: bool = False, queue_max: int = QUEUE_MAX, readers: int = 4) -> None:
        self._store = store
        self._inline = inline
        self._queue_max = queue_max
        self._lanes = Lanes(queue_max, store.bulk_parallel)
        self._reads = 0
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="db-read")
        self._closing = threading.Lock()
        self._closed = False
        self._turn = threading.Lock()
        self._threads = (
            [] if inline else [threading.Thread(target=self._work, daemon=True) for _ in range(store.writers)]
        )
        for n, thread in enumerate(self._threads):
            thread.name = f"db-write-{n}"
            thread.start()

    @classmethod
    def open(
        cls,
        url: str,
        *,
        inline: bool = False,
        durable: bool = True,
        queue_max: int = QUEUE_MAX,
        readers: int = 4,
        writers: int = 8,
        busy_seconds: float = 10,
    ) -> Self:
        """Open `sqlite:///path` (made when absent) or `postgresql://…`.

        `inline` runs everything on the caller's thread at once, so that a seeded simulation replays. `durable=False`
        does not wait for the disk: tests only. `writers` counts PostgreSQL connections; `busy_seconds` is how long
        SQLite waits for another process. Raises ConfigError for a wrong URL, Unavailable when there is no server.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise ConfigError([f"database.url: {url!r} is not a database URL"]) from error
        store: Store
        match parsed.get_backend_name():
            case "sqlite" if parsed.database and parsed.database != ":memory:":
                path = Path(parsed.database)
                store = SqliteStore(path, readers=readers, busy_seconds=busy_seconds, durable=durable)
            case "postgresql" | "postgres":
                store = PostgresStore(parsed, readers=readers, writers=writers, durable=durable)
            case _:
                shown = parsed.render_as_string()
                raise ConfigError([f"database.url: {shown!r} is neither sqlite:///path nor postgresql://…"])
        return cls(store, inline=inline, queue_max=queue_max, readers=readers)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._store.dialect

    @property
    def waiting(self) -> int:
        """Units and rows in the queue now."""
        return len(self._lanes)

    async def write(self, fn: Callable[[Connection, *Args], T], *args: *Args, bulk: bool = False) -> T:
        """Run `fn(conn, *args)` as a unit and return its result once durable; what it raises is raised here.

        A caller that is cancelled stops waiting; the unit is carried out all the same. `bulk` units give way to others.
        Raises Overloaded when too many wait, Unavailable when the database is closed, unreachable or held by another.
        """
        if self._inline:
            return self.write_now(fn, *args)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._lanes.put(Unit(fn, args, Waiter(future, loop)), bulk=bulk)
        return await future

    async def write_many(self, fn: Callable[[Connection, list[Row]], list[T]], row: Row) -> T:
        """Hand `row` to the next call of the set-based `fn(conn, rows)`; return the result that it lists for this row.

        Rows of one `fn` that arrive while a commit is under way go together; equal rows may meet in one call. When the
        call fails, each row is tried alone, so that one bad row spoils nothing else. Raises as `write` does.
        """
        if self._inline:
            future: Future[T] = Future()
            return self._run_here(Rows(fn, [(row, Waiter(future))]), future)
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        self._lanes.put_row(fn, row, Waiter(waiting, loop))
        return await waiting

    async def read(self, fn: Callable[[Connection, *Args], T], *args: *Args) -> T:
        """Run `fn(conn, *args)` on a connection that cannot write and sees one consistent moment."""
        if self._inline:
            return self.read_now(fn, *args)
        if self._closed:
            raise Unavailable("the database is closed")
        if self._reads >= self._queue_max:
            raise Overloaded(f"{self._reads} reads are waiting for the database")
        self._reads += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, fn, args)
        finally:
            self._reads -= 1

    def write_now(self, fn: Callable[[Connection, *Args], T], *args: *Args, slow: bool = False) -> T:
        """`write` for code that has no event loop: blocks until durable. `slow`: known to take its time, not logged."""
        refuse_nesting()
        future: Future[T] = Future()
        unit = Unit(fn, args, Waiter(future), slow=slow)
        if self._inline:
            return self._run_here(unit, future)
        self._lanes.put(unit, bulk=False)
        return future.result()

    def read_now(self, fn: Callable[[Connection, *Args], T], *args: *Args) -> T:
        """`read` for code that has no event loop: runs on this thread."""
        if self._closed:
            raise Unavailable("the database is closed")
        return self._read(fn, args)

    def fold(self) -> bool:
        """Have what was overwritten leave the database's files too. False: not yet, somebody reads an older moment."""
        return self._store.fold()

    async def close(self) -> None:
        """Carry out what is queued, then close. Calling it again does nothing."""
        if self._inline:
            self.close_now()
        else:
            await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """`close` for code that has no event loop."""
        with self._closing:
            if self._closed:
                return
            self._lanes.close()
            for thread in self._threads:
                thread.join()
            self._closed = True
            self._pool.shutdown()
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_now()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _work(self) -> None:
        while True:
            units, bulk = self._lanes.take(self._store.batch_max)
            if not units:
                return
            try:
                self._store.run(units)
            except Exception as error:
                _log.exception("writer.failed", units=len(units))
                for unit in units:
                    unit.value, unit.error, unit.parts = None, error, []
            self._lanes.done(units, bulk=bulk)
            finish(units)

    def _run_here(self, unit: Unit, future: "Future[T]") -> T:
        refuse_nesting()
        with self._turn:
            if self._closed:
                raise Unavailable("the database is closed")
            self._store.run([unit])
        finish([unit])
        return future.result()

    def _read(self, fn: Callable[[Connection, *Args], T], args: tuple[*Args]) -> T:
        with self._store.reader.connect() as conn:
            return fn(conn, *args)
