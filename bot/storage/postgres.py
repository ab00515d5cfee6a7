"""PostgreSQL underneath: pooled connections, each unit in its own transaction, run again after a deadlock."""

import random
from datetime import timedelta
from time import sleep
from typing import Any

import structlog
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.errors import ConfigError
from bot.retry import RetryPolicy
from bot.storage.unit import Unavailable, Unit, forbid_commits, perform

RETRIES = RetryPolicy(attempts_max=8, first=timedelta(milliseconds=10), cap=timedelta(milliseconds=500))
_LOST_TO_ANOTHER = frozenset({"40001", "40P01", "55P03"})
"""SQLSTATE of serialization failure, deadlock, lock not available: the transaction is gone, trying again helps."""
_LOCK_SECONDS = 10
_IDLE_SECONDS = 60
_log = structlog.get_logger(__name__)


class PostgresStore:
    """A pool of connections that write, one transaction a unit, and a pool that only reads."""

    dialect = "postgresql"
    batch_max = 1

    def __init__(self, url: URL, *, readers: int, writers: int, durable: bool) -> None:
        self.writers = writers
        self.bulk_parallel = max(1, writers // 2)
        self.engine = _engine(url, writers, durable=durable)
        forbid_commits(self.engine)
        self.reader = _engine(url, readers, durable=durable, isolation_level="REPEATABLE READ")
        event.listen(self.reader, "connect", _read_only)
        try:
            self.engine.connect().close()
        except OperationalError as error:
            raise Unavailable(f"cannot reach {url.render_as_string()}: {error.orig}") from error

    def run(self, units: list[Unit]) -> None:
        """Run each in a transaction of its own; how each ended is left in it. Any number of threads may call this."""
        for unit in units:
            self._run(unit)

    def fold(self) -> bool:
        """Nothing to do: PostgreSQL's own vacuum and archive decide how long what was overwritten stays in files."""
        return True

    def close(self) -> None:
        """Close every connection."""
        self.reader.dispose()
        self.engine.dispose()

    def _run(self, unit: Unit) -> None:
        attempt = 1
        while not self._attempt(unit) and _again(unit.error):
            wait = RETRIES.delay(attempt, random.random())  # noqa: S311 (jitter)
            if wait is None:
                unit.error = Unavailable(f"gave up after {attempt} attempts: {unit.error}")
                break
            _log.info("unit.again", attempt=attempt, error=str(unit.error))
            sleep(wait.total_seconds())
            attempt += 1
        if unit.error is not None:
            for part in unit.divide():
                self._run(part)

    def _attempt(self, unit: Unit) -> bool:
        """One transaction. True: committed. A connection lost during the commit itself is not tried again."""
        unit.value, unit.error = None, None
        committing = False
        try:
            with self.engine.connect() as conn:
                transaction = conn.begin()
                if committing := perform(unit, conn):
                    transaction.commit()
                else:
                    transaction.rollback()
        except Exception as error:
            if unit.error is None:
                unit.error = _Doubtful(error) if committing and _lost(error) else error
        return unit.error is None


class _Doubtful(Unavailable):
    """The connection broke while committing: whether it happened can only be read back."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"connection lost while committing: {error}")
        self.__cause__ = error


def _again(error: BaseException | None) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) in _LOST_TO_ANOTHER or _lost(error)


def _lost(error: BaseException) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    never_connected = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) is None
    return error.connection_invalidated or never_connected


def _engine(url: URL, size: int, *, durable: bool, **options: Any) -> Engine:
    settings = {
        "lock_timeout": f"{_LOCK_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
        "synchronous_commit": "on" if durable else "off",
    }
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), pool_size=size, max_overflow=size, pool_recycle=1800, **options
        )
    except ImportError as error:
        raise ConfigError(["database.url: PostgreSQL needs psycopg: pip install 'curatorbot[postgres]'"]) from error

    def prepare(driver: Any, _record: Any) -> None:
        with driver.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        driver.commit()

    event.listen(engine, "connect", prepare)
    return engine


def _read_only(driver: Any, _record: Any) -> None:
    driver.read_only = True
