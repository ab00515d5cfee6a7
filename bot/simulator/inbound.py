"""Somebody writes or taps: the message is kept, opens the window, and is posted to the product."""

import asyncio
from collections import defaultdict

from bot.clock import Clock
from bot.simulator.faults import FaultKind, Faults
from bot.simulator.feed import Feed
from bot.simulator.message import ARRIVED, INBOUND, NOT_ARRIVED, POSTING, SESSION, Message, new_sid
from bot.simulator.people import People
from bot.simulator.postman import Posted, Postman
from bot.simulator.settings import INBOUND_CHARACTERS_MAX, SimulatorSettings
from bot.simulator.store import Store
from bot.simulator.views import message_view
from bot.simulator.wire import inbound_form


class Inbound:
    """The way from a phone to the product's webhook. `webhook_url` may be set after the start."""

    def __init__(
        self, settings: SimulatorSettings, store: Store, feed: Feed, people: People, postman: Postman, faults: Faults,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._feed = feed
        self._people = people
        self._postman = postman
        self._faults = faults
        self._clock = clock
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.webhook_url = settings.webhook_url

    async def keep(
        self, address: str, text: str, payload: str = "", button_text: str = "", replied_sid: str = ""
    ) -> Message:
        """Keep what somebody wrote and open the window. ValueError for an empty or overlong text."""
        if not text.strip():
            raise ValueError("a message needs a text")
        if len(text) > INBOUND_CHARACTERS_MAX:
            raise ValueError(f"a message has at most {INBOUND_CHARACTERS_MAX} characters")
        await self._people.ensure(address)
        now = self._clock.now()
        message = await self._store.add_message(
            Message(
                seq=0, sid=new_sid("SM"), direction=INBOUND, address=address, sender=self._settings.sender, body=text,
                status="received", created_at=now, updated_at=now, sent_at=now, kind=SESSION, payload=payload,
                button_text=button_text, replied_sid=replied_sid, arrival=POSTING,
            )
        )  # fmt: skip
        await self._store.touch_window(self._settings.sender, address, now)
        self._feed.publish("message", message_view(message))
        return message

    async def deliver(self, message: Message) -> Message:
        """Post a kept message to the webhook, after earlier ones of the same person. Answers how it went."""
        async with self._turns[message.address]:
            posted = await self._post(message)
        note = "" if posted.taken else posted.problem
        message = await self._store.set_arrival(message.sid, ARRIVED if posted.taken else NOT_ARRIVED, note)
        self._feed.publish("message", message_view(message))
        return message

    async def _post(self, message: Message) -> Posted:
        if not self.webhook_url:
            return Posted(None, "no webhook is configured")
        if self._faults.take(FaultKind.INBOUND_LOST, to=message.address):
            return Posted(None, "lost on the way, as asked")
        person = await self._people.ensure(message.address)
        replied = await self._store.message(message.replied_sid) if message.replied_sid else None
        form = inbound_form(message, person, self._settings.account_sid, replied)
        if self._faults.take(FaultKind.INBOUND_DUPLICATED, to=message.address):
            await self._postman.post(self.webhook_url, form)
        return await self._postman.post(self.webhook_url, form)
