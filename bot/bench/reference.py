"""The reference side's database: SQLAlchemy's async engine on aiosqlite, one transaction for each call.

It runs the very same functions as ours and waits for the disk as ours does; only the way into the database differs.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, event

from bot.errors import ConfigError

try:
    from sqlalchemy.ext.asyncio import create_async_engine
except ImportError:  # SQLAlchemy's asyncio needs greenlet, which the product itself does not
    create_async_engine = None  # type: ignore[assignment]

T = TypeVar("T")
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000")


class ReferenceDatabase:
    """One connection, so that callers wait for each other in memory and not by polling the file's lock."""

    def __init__(self, path: Path) -> None:
        if create_async_engine is None:
            raise ConfigError(["bench: the reference side needs greenlet: pip install 'sqlalchemy[asyncio]'"])
        self._engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=1, max_overflow=0, pool_timeout=60)
        event.listen(self._engine.sync_engine, "connect", _prepare)
        event.listen(self._engine.sync_engine, "begin", _begin)

    async def write(self, fn: Callable[..., T], *args: object) -> T:
        """Run `fn(conn, *args)` in a transaction of its own."""
        async with self._engine.begin() as conn:
            return await conn.run_sync(fn, *args)

    async def close(self) -> None:
        """Close the connection."""
        await self._engine.dispose()


def _prepare(driver: object, _record: object) -> None:
    driver.isolation_level = None  # type: ignore[attr-defined]
    cursor = driver.cursor()  # type: ignore[attr-defined]
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE")
