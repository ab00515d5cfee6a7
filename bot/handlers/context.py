"""What a handler is given: the unit's connection, the time, who asks, and what they see on their screen."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.directory.people import Curator, Partner
from bot.handlers.conversation import Conversation
from bot.handlers.env import Env
from bot.handlers.shown import Shown
from bot.ids import Address, ClientId
from bot.messaging.inbox import InboxMessage


@dataclass(frozen=True, slots=True)
class Context:
    """One message from one curator of one partner. `others` are the same person's roles with other partners."""

    conn: Connection
    now: datetime
    env: Env
    message: InboxMessage
    curator: Curator
    partner: Partner
    conversation: Conversation
    shown: Shown
    others: tuple[Curator, ...] = ()

    @property
    def address(self) -> Address:
        """Where the message came from and the answer goes."""
        return self.message.from_address

    @property
    def bound_client(self) -> ClientId | None:
        """Whom a command without a client is about: the message replied to, or the last one shown."""
        return self.shown.client_id
