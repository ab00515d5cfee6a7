"""What a person has on the screen: the message they reply to, else the last ones sent to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, exists, or_, select

from bot.handlers.payload import tap_of
from bot.ids import Address, ClientId, PartnerId
from bot.messaging.transports.wazzup_request import SENDER_PREFIX
from bot.storage.tables import delivery, inbox

LOOKED_BACK = timedelta(hours=24)
MESSAGES_MAX = 5
"""A typed label is looked for on so many messages."""
_NOT_SHOWN = ("failed", "undelivered", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class Shown:
    """`client_id`: whom the newest message with a client is about. `buttons`: titles and payloads of each message, the
    newest first, empty for one without any. `question`: tokens of the quotes that the message replied to, or else the
    very last thing said, asks to confirm; empty when anything at all was written or said since, by either side.
    `numbered`: the newest message's buttons stand there as numbered lines; `asked_by`: the words that it answers.
    """

    client_id: ClientId | None = None
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()
    question: tuple[str, ...] = ()
    numbered: bool = False
    asked_by: str = ""

    @property
    def newest_buttons(self) -> tuple[tuple[str, str], ...]:
        """The buttons of the newest message; none when it has none, whatever older ones have."""
        return self.buttons[0] if self.buttons else ()


def shown_to(conn: Connection, address: Address, partner_id: PartnerId, replied_to: str | None, now: datetime) -> Shown:
    """What this address sees of one partner: the message replied to alone, or the last few of a day."""
    columns = [delivery.c[name] for name in ("id", "client_id", "buttons", "in_reply_to", "created_at", "sender")]
    mine = (delivery.c.to_address == address, delivery.c.partner_id == partner_id)
    if replied_to:
        quoted = conn.execute(select(*columns).where(*mine, delivery.c.provider_id == replied_to)).first()
        if quoted is not None:
            return _shown(conn, [quoted], _asked(quoted))
    recent = (delivery.c.created_at > now - LOOKED_BACK, delivery.c.state.not_in(_NOT_SHOWN))
    query = select(*columns).where(*mine, *recent, delivery.c.not_before <= now)
    newest = query.order_by(delivery.c.created_at.desc(), delivery.c.id.desc()).limit(MESSAGES_MAX)
    rows = conn.execute(newest).all()
    asked = _asked(rows[0]) if rows else ()
    return _shown(conn, rows, asked if asked and _nothing_since(conn, address, rows[0], now) else ())


def _asked(row: Any) -> tuple[str, ...]:
    """The tokens of the quotes that a message asks to confirm."""
    taps = [tap_of(payload) for _, payload in row.buttons]
    return tuple(tap.id for tap in taps if tap is not None and tap.verb == "confirm" and tap.id is not None)


def _nothing_since(conn: Connection, address: Address, row: Any, now: datetime) -> bool:
    """Whether a message answers the last thing this person wrote and nobody said anything to them after it.

    Messages of every partner count, and those that failed: the person may have seen them after all.
    """
    later = or_(
        delivery.c.not_before > row.created_at,
        delivery.c.created_at > row.created_at,
        and_(delivery.c.created_at == row.created_at, delivery.c.id > row.id),
    )
    others = delivery.c.to_address == address, delivery.c.id != row.id, delivery.c.not_before <= now
    if conn.execute(select(exists().where(*others, later))).scalar():
        return False
    handled = inbox.c.from_address == address, inbox.c.state != "received", inbox.c.received_at > now - LOOKED_BACK
    last = select(inbox.c.id).where(*handled)
    last = last.order_by(inbox.c.handled_at.desc(), inbox.c.received_at.desc(), inbox.c.id.desc()).limit(1)
    return bool(conn.execute(last).scalar() == row.in_reply_to)


def _shown(conn: Connection, rows: Sequence[Any], question: tuple[str, ...]) -> Shown:
    found = [(row.client_id, row.buttons) for row in rows]
    clients = [client_id for client_id, _ in found if client_id is not None]
    buttons = [tuple((title, payload) for title, payload in shown) for _, shown in found]
    numbered = bool(rows) and bool(rows[0].buttons) and rows[0].sender.startswith(SENDER_PREFIX)
    asked_by = conn.execute(select(inbox.c.body).where(inbox.c.id == rows[0].in_reply_to)).scalar() if numbered else ""
    return Shown(ClientId(clients[0]) if clients else None, tuple(buttons), question, numbered, asked_by or "")
