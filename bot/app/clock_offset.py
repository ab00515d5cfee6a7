"""The clock's offset as a row, so that command line, web and simulator share one time."""

from datetime import timedelta

from sqlalchemy import Connection, select

from bot.errors import ConfigError, UserError
from bot.storage.queries import upsert
from bot.storage.tables import clock_offset

FORWARD_MAX = timedelta(days=3660)
"""Ten years: nobody wants to wait for a demo further away."""


def read_offset(conn: Connection) -> timedelta:
    """How far the product's time is ahead of the machine's."""
    seconds = conn.execute(select(clock_offset.c.seconds)).scalar_one_or_none()
    return timedelta(seconds=seconds or 0)


def move_forward(conn: Connection, by: timedelta) -> timedelta:
    """Move the product's time forward; returns the new offset.

    UserError clock_backwards, clock_too_far; clock_is_real once a real account has run on this database.
    """
    if by <= timedelta(0):
        raise UserError("clock_backwards")
    if conn.execute(select(clock_offset.c.real)).scalar_one_or_none():
        raise UserError("clock_is_real")
    offset = read_offset(conn) + by
    if offset > FORWARD_MAX:
        raise UserError("clock_too_far", days=FORWARD_MAX.days)
    upsert(conn, clock_offset, [{"id": 1, "seconds": int(offset.total_seconds())}])
    return offset


def make_real(conn: Connection) -> None:
    """From now on this database serves real people: its clock is the machine's and stays so.

    ConfigError when it was moved before: what is in there happened on days that have not come.
    """
    if read_offset(conn):
        raise ConfigError(["database.url: its clock was moved on the simulator; a real account needs another database"])
    upsert(conn, clock_offset, [{"id": 1, "seconds": 0, "real": True}])
