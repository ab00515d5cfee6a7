"""Opens the installation's database with a schema that fits, or says what to do."""

from pathlib import Path

from sqlalchemy import make_url

from bot.errors import UserError
from bot.settings import Settings
from bot.storage import migrate
from bot.storage.engine import Database


def open_database(settings: Settings, *, prepare: bool = True) -> Database:
    """Open it; an empty one gets its tables. With `prepare`, an older schema is refused with UserError no_schema."""
    url = settings.database.url
    if url.startswith("sqlite"):
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    db = Database.open(url, queue_max=settings.limits.queue_length_max)
    try:
        if prepare:
            _prepare(db)
    except BaseException:
        db.close_now()
        raise
    return db


def _prepare(db: Database) -> None:
    current = migrate.current(db)
    if current is None:
        migrate.upgrade(db)
    elif current != migrate.head():
        raise UserError("no_schema")
