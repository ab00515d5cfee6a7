"""Brings a database's schema up to this version of the product, and says how far it is."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.errors import PermanentError
from bot.storage.engine import Database

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x63757261
"""Key of PostgreSQL's advisory lock: of several processes that start together, one migrates and the others wait."""


class UnknownRevision(PermanentError):
    """The database was migrated by a newer version of the product."""


@cache
def head() -> str:
    """The revision that this version of the product needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def current(db: Database) -> str | None:
    """The revision that the database is at, None for an empty one."""
    return db.read_now(_current)


def check(db: Database) -> bool:
    """Whether the database is exactly at the revision that is needed."""
    return current(db) == head()


def upgrade(db: Database) -> str:
    """Run the migrations that are missing, all in one unit, and return the revision reached.

    Raises UnknownRevision when the database is ahead of this version.
    """
    if not check(db):
        db.write_now(_upgrade, slow=True)
    return head()


def _upgrade(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if (revision := _current(conn)) is not None and revision not in known:
        raise UnknownRevision(f"the database is at revision {revision}, which this version does not know: upgrade it")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def _current(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
