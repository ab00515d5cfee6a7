"""What a command works with: settings, logging, the database with its schema up to date, and the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bot.alerts.surroundings import Surroundings
from bot.app.clock_offset import read_offset
from bot.app.opening import open_database
from bot.app.settling import settle_first
from bot.app.surroundings import surroundings
from bot.clock import SystemClock
from bot.config import load_settings
from bot.directory.people import Partner
from bot.directory.service import ensure_default_partner, list_partners, the_partner
from bot.ids import PartnerId
from bot.jobs.local import LocalJobs
from bot.log import set_up_logging
from bot.settings import Settings
from bot.storage.engine import Database


@dataclass(frozen=True, slots=True)
class Session:
    """An open installation."""

    settings: Settings
    db: Database
    clock: SystemClock

    @property
    def now(self) -> datetime:
        """The product's time, which the demo may have moved forward."""
        return self.clock.now()

    @property
    def env(self) -> Surroundings:
        """What the rooms are handed; jobs they leave are done by whichever worker runs."""
        return surroundings(self.settings, LocalJobs(self.db, self.clock, worker="command"))

    def partner(self, wanted: str | None, *, create: bool = False) -> Partner:
        """The partner that is meant. With `create`, an empty installation gets its first one, named `default`."""
        named = PartnerId(wanted) if wanted else None
        if create and named is None:
            return self.db.write_now(ensure_default_partner, self.now)
        return self.db.read_now(the_partner, named)

    def is_empty(self) -> bool:
        """Whether nobody has added a partner yet: then every list is empty."""
        return not self.db.read_now(list_partners)


def settings_of(config: Path | None, *, quiet: bool = False) -> Settings:
    """The settings, with logging set up as they say; `quiet` lets only errors through."""
    settings = load_settings(config)
    set_up_logging(settings.log.model_copy(update={"level": "ERROR"}) if quiet else settings.log)
    return settings


@contextmanager
def session(config: Path | None, *, settled: bool = True) -> Iterator[Session]:
    """Open the installation for one command, and close it. What is due to be posted is `settled` first."""
    settings = settings_of(config, quiet=True)
    with open_database(settings) as db:
        clock = SystemClock()
        clock.move_to_offset(db.read_now(read_offset))
        here = Session(settings, db, clock)
        if settled:
            settle_first(db, here.now, here.env)
        yield here


def partner_of(conn: Connection, wanted: str | None) -> Partner:
    """The partner that is meant, inside a unit."""
    return the_partner(conn, PartnerId(wanted) if wanted else None)
