"""What we know of each person's 24-hour window with each sender, and who is not to be tried any more."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select, update

from bot.ids import Address
from bot.messaging.window import Window
from bot.storage import queries
from bot.storage.tables import contact_window


def heard(conn: Connection, rows: Sequence[tuple[Address, Address, datetime]]) -> None:
    """Somebody wrote: (sender, address, when). Opens the window, and ends a stop."""
    latest: dict[tuple[str, str], datetime] = {}
    for sender, address, when in rows:
        key = (sender, address)
        latest[key] = max(when, latest.get(key, when))
    insert = queries.insert(conn, contact_window)
    new, old = insert.excluded.last_inbound_at, contact_window.c.last_inbound_at
    later = case((old > new, old), else_=new)
    statement = insert.on_conflict_do_update(
        index_elements=["sender", "address"],
        set_={"last_inbound_at": later, "stopped_at": None, "stopped_reason": None},
    )
    values = [{"sender": key[0], "address": key[1], "last_inbound_at": when} for key, when in sorted(latest.items())]
    if values:
        conn.execute(statement, values)


def close_windows(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """The provider says the window is closed. Rows: sender, address, closed_at."""
    queries.upsert(conn, contact_window, rows, update=["closed_at"])


def stop_contacts(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Not to be tried any more until they write. Rows: sender, address, stopped_at, stopped_reason."""
    queries.upsert(conn, contact_window, rows, update=["stopped_at", "stopped_reason"])


def window(conn: Connection, sender: Address, address: Address) -> Window:
    """What is known of one person's window."""
    columns = (contact_window.c.last_inbound_at, contact_window.c.closed_at)
    query = select(*columns).where(contact_window.c.sender == sender, contact_window.c.address == address)
    row = conn.execute(query).one_or_none()
    return Window(row.last_inbound_at, row.closed_at) if row else Window()


def stopped(conn: Connection) -> int:
    """How many people are not tried any more."""
    query = select(func.count()).select_from(contact_window).where(contact_window.c.stopped_at.is_not(None))
    return conn.execute(query).scalar_one()


def try_again(conn: Connection, sender: Address, address: Address) -> bool:
    """An operator lifts a stop; False when there was none."""
    mine = (contact_window.c.sender == sender, contact_window.c.address == address)
    statement = update(contact_window).where(*mine, contact_window.c.stopped_at.is_not(None))
    return conn.execute(statement.values(stopped_at=None, stopped_reason=None)).rowcount > 0
