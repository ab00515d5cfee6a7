"""A conversation for tests of the chat: what a curator writes goes in at the inbox, the answer comes back."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import Connection, select

from bot.directory import service as directory
from bot.handlers.dispatcher import handle_next
from bot.handlers.env import Env
from bot.ids import Address, CuratorId
from bot.messaging import inbox
from bot.messaging.message import Inbound
from bot.settings import LimitSettings
from bot.storage.tables import delivery
from bot.storage.tables import inbox as inbox_table
from tests.integration.alert_world import NOW, SENDER, Remembered, surroundings

_ids = count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """A message that came back."""

    template: str
    text: str
    buttons: dict[str, str]
    to: str
    kind: str

    @property
    def first_line(self) -> str:
        return self.text.splitlines()[0]


@dataclass(slots=True)
class Phone:
    """One person's WhatsApp. `say` and `tap` return what comes back to this number."""

    conn: Connection
    address: Address
    env: Env = field(default_factory=lambda: Env(surroundings()))
    now: datetime = NOW

    def say(
        self, text: str, payload: str | None = None, *, media: int = 0, replied_to: str | None = None
    ) -> list[Answer]:
        """Write something and read what comes back."""
        before = set(self.conn.execute(select(delivery.c.id)).scalars())
        number = next(_ids)
        row = Inbound(
            transport="twilio",
            provider_id=f"SM{number:032d}",
            from_address=self.address,
            to_address=SENDER,
            body=text,
            received_at=self.now,
            payload=payload,
            media=media,
            replied_to=replied_to,
        )
        inbox.accept(self.conn, row, Remembered())
        assert handle_next(self.conn, self.address, now=self.now, env=self.env)
        self.now += timedelta(seconds=5)
        query = select(delivery).where(delivery.c.id.not_in(before), delivery.c.to_address == self.address)
        rows = self.conn.execute(query.order_by(delivery.c.key)).all()
        return [Answer(one.template, one.body, dict(one.buttons), one.to_address, one.kind) for one in rows]

    def ask(self, text: str, payload: str | None = None) -> Answer:
        """Write something that has exactly one answer."""
        answers = self.say(text, payload)
        assert len(answers) == 1, answers
        return answers[0]

    def tap(self, answer: Answer, title: str) -> list[Answer]:
        """Tap a button of a message."""
        return self.say(title, answer.buttons[title])

    def outcome(self) -> str:
        """What the last message came to."""
        query = select(inbox_table.c.outcome).where(inbox_table.c.from_address == self.address)
        return str(self.conn.execute(query.order_by(inbox_table.c.provider_id.desc()).limit(1)).scalar_one())


def phone_of(conn: Connection, curator_id: CuratorId, **limits: int) -> Phone:
    """The phone of a curator."""
    address = directory.get_curator(conn, curator_id).address
    assert address is not None
    return Phone(conn, address, Env(surroundings(), LimitSettings(**limits)))
