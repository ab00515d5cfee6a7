"""SQLite underneath: connections with the right pragmas, and many units in one transaction."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Engine, Transaction, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool

from bot.errors import ConfigError
from bot.storage.unit import Unavailable, Unit, forbid_commits, perform

BATCH_MAX = 256
"""So many units share one commit at most."""
_STATEMENTS_MAX = 512
"""So many statements a connection keeps prepared."""
_log = structlog.get_logger(__name__)


class SqliteStore:
    """One file in WAL mode: one connection that writes, several that only read."""

    dialect = "sqlite"
    writers = 1
    batch_max = BATCH_MAX
    bulk_parallel = 1

    def __init__(self, path: Path, *, readers: int, busy_seconds: float, durable: bool) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._synchronous = "FULL" if durable else "OFF"
        self.engine = _engine(lambda: self._connect("rwc"), "BEGIN IMMEDIATE", NullPool)
        forbid_commits(self.engine)
        self.reader = _engine(lambda: self._connect("ro"), "BEGIN", QueuePool, pool_size=readers, max_overflow=readers)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except (OSError, DBAPIError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise ConfigError([f"database.url: cannot open {path}: {reason}"]) from error

    def run(self, units: list[Unit]) -> None:
        """Run all in one transaction, a savepoint each; if that transaction fails, each one once more alone.

        How each ended is left in it; only one thread at a time may call this.
        """
        if len(units) > 1 and self._together(units):
            return
        for unit in units:
            self._alone(unit)

    def fold(self) -> bool:
        """Fold the write-ahead log into the file and empty it. False: somebody still reads an older moment."""
        conn = self._connect("rwc")
        try:
            return bool(conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
        finally:
            conn.close()

    def close(self) -> None:
        """Close every connection; the write-ahead log is folded into the file."""
        self.reader.dispose()
        self._close_writer()
        self.engine.dispose()

    def _together(self, units: list[Unit]) -> bool:
        """False: nothing of it has happened, and each unit deserves another chance."""
        try:
            with self._begin() as transaction:
                for unit in units:
                    self._in_savepoint(unit, transaction)
        except Unavailable as error:
            for unit in units:
                unit.value, unit.error, unit.parts = None, error, []
        except Exception as error:
            self._doubtful = True
            _log.warning("batch.failed", units=len(units), error=repr(error))
            return False
        return True

    def _in_savepoint(self, unit: Unit, transaction: Transaction) -> None:
        self._driver.execute("SAVEPOINT unit")
        done = perform(unit, self._conn)
        if not done:
            self._driver.execute("ROLLBACK TO unit")
        self._driver.execute("RELEASE unit")
        if not transaction.is_active:
            raise RuntimeError("a unit ended the transaction")
        if not done:
            for part in unit.divide():
                self._in_savepoint(part, transaction)

    def _alone(self, unit: Unit) -> None:
        try:
            transaction = self._begin()
            if perform(unit, self._conn):
                transaction.commit()
            else:
                self._doubtful = not transaction.is_active
                transaction.rollback()
        except Exception as error:
            self._doubtful = True
            unit.value, unit.error = None, unit.error or error
        if unit.error is not None:
            for part in unit.divide():
                self._alone(part)

    def _begin(self) -> Transaction:
        if self._doubtful:
            self._close_writer()
            self._open()
        try:
            return self._conn.begin()
        except sqlite3.OperationalError as error:
            self._doubtful = True
            if _is_busy(error):
                raise Unavailable(f"another process holds the database: {error}") from error
            raise

    def _open(self) -> None:
        self._conn = self.engine.connect()
        self._driver = _driver(self._conn)
        self._doubtful = False

    def _close_writer(self) -> None:
        """Closing rolls back whatever was begun; in what state a unit has left SQLAlchemy's side does not matter."""
        self._driver.close()
        with suppress(Exception):
            self._conn.invalidate()
        with suppress(Exception):
            self._conn.close()

    def _connect(self, mode: str) -> sqlite3.Connection:
        conn = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode={mode}",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_MAX,
        )
        writes = [f"synchronous = {self._synchronous}", "secure_delete = ON"]
        pragmas = ["query_only = ON"] if mode == "ro" else writes
        try:
            if mode != "ro":
                _switch_to_wal(conn, self._busy_seconds)
            for pragma in ("foreign_keys = ON", "temp_store = MEMORY", *pragmas):
                conn.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            conn.close()
            raise
        return conn


def _engine(
    connect: Callable[[], sqlite3.Connection], begin: str, pool: type[NullPool] | type[QueuePool], **pool_options: int
) -> Engine:
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=pool, **pool_options)
    event.listen(engine, "begin", lambda conn: _driver(conn).execute(begin))
    return engine


def _switch_to_wal(conn: sqlite3.Connection, busy_seconds: float) -> None:
    """SQLite does not wait for a lock here by itself: two processes that start on a new file would meet."""
    give_up = monotonic() + busy_seconds
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or monotonic() > give_up:
                raise
            sleep(0.01)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _driver(conn: Connection) -> sqlite3.Connection:
    driver = conn.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
