"""What every test may ask for: a clock that stands still, and a fresh database on SQLite and on PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.clock import ManualClock
from bot.storage.ddl import create_schema
from bot.storage.engine import Database
from tests.postgres_server import PostgresUnavailable, TestServer

START = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
"""A Thursday morning."""
_POSTGRES_REQUIRED = os.environ.get("CURATORBOT_REQUIRE_POSTGRES", "") not in {"", "0", "false"}

settings.register_profile("default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", settings.get_profile("default"), max_examples=1000)
settings.register_profile("repeatable", settings.get_profile("default"), derandomize=True)
settings.register_profile("mutants", settings.get_profile("repeatable"), max_examples=20)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
"""As in production: structlog's own default draws every local variable of a traceback, which takes seconds."""


@pytest.fixture
def clock() -> ManualClock:
    """Stands at 2026-11-26T07:00Z until the test moves it."""
    return ManualClock(START)


_template: Path | None = None


def sqlite_template() -> Path:
    """A database file with the schema in it, made once a session and copied for each test."""
    global _template
    if _template is None:
        folder = Path(tempfile.mkdtemp(prefix="curatorbot-"))
        with Database.open(f"sqlite:///{folder}/template.db", inline=True, durable=False) as db:
            db.write_now(create_schema)
        _template = folder / "template.db"
    return _template


def pytest_sessionfinish() -> None:
    if _template is not None:
        shutil.rmtree(_template.parent, ignore_errors=True)


@contextmanager
def fresh_sqlite(*, inline: bool = True) -> Iterator[Database]:
    """A new SQLite database with the schema, for tests that need many of them: a few milliseconds each."""
    with tempfile.TemporaryDirectory(prefix="curatorbot-") as folder:
        path = shutil.copyfile(sqlite_template(), Path(folder) / "test.db")
        with Database.open(f"sqlite:///{path}", inline=inline, durable=False) as db:
            yield db


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[TestServer]:
    """One PostgreSQL server for the session; skips the test when there is none."""
    try:
        server = TestServer.start(os.environ.get("CURATORBOT_TEST_POSTGRES"))
    except PostgresUnavailable as error:
        if _POSTGRES_REQUIRED:
            pytest.fail(f"PostgreSQL is required and not available: {error}")
        pytest.skip(f"no PostgreSQL: {error}")
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: TestServer) -> Iterator[str]:
    """The address of a new PostgreSQL database with the schema in it."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a new SQLite database with the schema in it."""
    return f"sqlite:///{shutil.copyfile(sqlite_template(), tmp_path / 'test.db')}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a new database with the schema in it, on each of the two."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A new database with the schema in it, on SQLite and on PostgreSQL."""
    with Database.open(database_url, durable=False) as database:
        yield database


@pytest.fixture
def sqlite_db(sqlite_url: str) -> Iterator[Database]:
    """A new database with the schema in it, on SQLite only."""
    with Database.open(sqlite_url, durable=False) as database:
        yield database
