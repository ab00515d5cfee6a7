"""The state of one conversation in the database: the lock that keeps it in order, menus, wrong codes, pace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from bot.handlers.reply import Menu
from bot.ids import Address, ClientId, PartnerId
from bot.storage.queries import insert_if_absent
from bot.storage.tables import conversation

_LOCKED = select(conversation).where(conversation.c.address == bindparam("which")).with_for_update()
MENU_LASTS = timedelta(hours=1)
"""After this a bare number no longer picks from an old list."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is remembered of one address between its messages."""

    address: Address
    partner_id: PartnerId | None
    menu: Menu | None
    wrong_codes: int
    locked_until: datetime | None
    refused_at: datetime | None
    recent: tuple[datetime, ...]

    def locked(self, now: datetime) -> bool:
        """Whether confirming is locked after too many wrong codes."""
        return self.locked_until is not None and now < self.locked_until

    def minutes_locked(self, now: datetime) -> int:
        """For how many minutes more, rounded up; 0 when it is not locked."""
        if self.locked_until is None or now >= self.locked_until:
            return 0
        return max(1, -(-int((self.locked_until - now).total_seconds()) // 60))


def lock(conn: Connection, address: Address, now: datetime) -> Conversation:
    """The conversation of an address, kept from everybody else until the unit ends."""
    row = conn.execute(_LOCKED, {"which": address}).one_or_none()
    if row is None:
        insert_if_absent(conn, conversation, [{"address": address}])
        row = conn.execute(_LOCKED, {"which": address}).one()
    menu = row.menu if row.menu_until is not None and now < row.menu_until else None
    return Conversation(
        address=address,
        partner_id=row.partner_id,
        menu=None if menu is None else _menu(menu),
        wrong_codes=row.wrong_codes,
        locked_until=row.locked_until,
        refused_at=row.refused_at,
        recent=tuple(datetime.fromisoformat(moment) for moment in row.recent or ()),
    )


def note_handled(conn: Connection, address: Address, recent: tuple[datetime, ...], now: datetime) -> None:
    """Remember when the last messages were handled; the list that was shown stays in force."""
    _set(conn, address, handled_at=now, recent=_moments(recent))


def note_answered(
    conn: Connection, address: Address, recent: tuple[datetime, ...], menu: Menu | None, now: datetime
) -> None:
    """The same, and what the next message may pick from now on; None forgets the last list."""
    until = now + MENU_LASTS if menu else None
    stored = None if menu is None else _as_json(menu)
    _set(conn, address, handled_at=now, recent=_moments(recent), menu=stored, menu_until=until)


def set_partner(conn: Connection, address: Address, partner_id: PartnerId) -> None:
    """For whom this person speaks from now on."""
    _set(conn, address, partner_id=partner_id)


def set_refused(conn: Connection, address: Address, now: datetime) -> None:
    """The one polite refusal was sent."""
    _set(conn, address, refused_at=now)


def set_wrong_codes(conn: Connection, address: Address, count: int, locked_until: datetime | None) -> None:
    """How many wrong codes in a row, and until when confirming is locked."""
    _set(conn, address, wrong_codes=count, locked_until=locked_until)


def _set(conn: Connection, address: Address, **values: Any) -> None:
    conn.execute(update(conversation).where(conversation.c.address == address).values(**values))


def _moments(recent: tuple[datetime, ...]) -> list[str]:
    return [moment.isoformat() for moment in recent]


def _as_json(menu: Menu) -> dict[str, Any]:
    return {
        "choices": list(menu.choices),
        "expects": menu.expects,
        "client": menu.client_id,
        "again": menu.again,
    }


def _menu(stored: Mapping[str, Any]) -> Menu:
    return Menu(
        choices=tuple(stored["choices"]),
        expects=stored["expects"],
        client_id=None if stored["client"] is None else ClientId(stored["client"]),
        again=stored["again"],
    )
