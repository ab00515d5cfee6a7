"""What a person has on the screen: the message they reply to, else the last ones sent to them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.ids import Address, ClientId, PartnerId
from bot.storage.tables import delivery

LOOKED_BACK = timedelta(hours=24)
MESSAGES_MAX = 5
"""A typed label is looked for on so many messages."""
_NOT_SHOWN = ("failed", "undelivered", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class Shown:
    """`client_id`: whom the newest message with a client is about. `buttons`: titles and payloads of each message, the
    newest first, empty for one without any.
    """

    client_id: ClientId | None = None
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def newest_buttons(self) -> tuple[tuple[str, str], ...]:
        """The buttons of the newest message; none when it has none, whatever older ones have."""
        return self.buttons[0] if self.buttons else ()


def shown_to(conn: Connection, address: Address, partner_id: PartnerId, replied_to: str | None, now: datetime) -> Shown:
    """What this address sees of one partner: the message replied to alone, or the last few of a day."""
    columns = (delivery.c.client_id, delivery.c.buttons)
    mine = (delivery.c.to_address == address, delivery.c.partner_id == partner_id)
    if replied_to:
        quoted = conn.execute(select(*columns).where(*mine, delivery.c.provider_id == replied_to)).first()
        if quoted is not None:
            return _shown([quoted])
    recent = (delivery.c.created_at > now - LOOKED_BACK, delivery.c.state.not_in(_NOT_SHOWN))
    query = select(*columns).where(*mine, *recent, delivery.c.not_before <= now)
    newest = query.order_by(delivery.c.created_at.desc(), delivery.c.id.desc()).limit(MESSAGES_MAX)
    return _shown(conn.execute(newest).all())


def _shown(rows: Iterable[Any]) -> Shown:
    found = [(row.client_id, row.buttons) for row in rows]
    clients = [client_id for client_id, _ in found if client_id is not None]
    buttons = [tuple((title, payload) for title, payload in shown) for _, shown in found]
    return Shown(ClientId(clients[0]) if clients else None, tuple(buttons))
