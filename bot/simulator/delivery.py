"""Walks an accepted message through its states, as WhatsApp would report them."""

import asyncio

from bot.clock import Clock
from bot.simulator.background import Background
from bot.simulator.callbacks import StatusCallbacks
from bot.simulator.feed import Feed
from bot.simulator.message import Message
from bot.simulator.postman import Postman
from bot.simulator.settings import Delays
from bot.simulator.store import Store
from bot.simulator.views import message_view

_NO_MEDIA = 63019
_STEPS = ("sending", "sent", "delivered")


class Delivery:
    """queued → sending → sent → delivered → read, or failed with a code."""

    def __init__(
        self, store: Store, feed: Feed, callbacks: StatusCallbacks, background: Background, clock: Clock,
        delays: Delays, auto_read: bool, postman: Postman,
    ) -> None:  # fmt: skip
        self._store = store
        self._feed = feed
        self._callbacks = callbacks
        self._background = background
        self._clock = clock
        self._delays = delays
        self._postman = postman
        self.auto_read = auto_read

    def accepted(self, message: Message) -> None:
        """Take a message on; returns at once."""
        self._feed.publish("message", message_view(message))
        self._background.start(self._walk(message))

    async def resume(self) -> None:
        """Go on with what was on its way when the simulator stopped."""
        for message in await self._store.unfinished():
            self._background.start(self._walk(message))

    async def read(self, address: str) -> int:
        """The person looks at the chat: everything delivered is read. Answers how many messages that were."""
        unread = await self._store.unread(address)
        for message in unread:
            await self._step(message.sid, "read")
        return len(unread)

    async def _walk(self, message: Message) -> None:
        await asyncio.sleep(self._delays.step_seconds)
        if message.fails_with is not None:
            await self._step(message.sid, "failed", message.fails_with)
            return
        if message.media and not await self._fetched(message):
            await self._step(message.sid, "failed", _NO_MEDIA)
            return
        done = _STEPS.index(message.status) + 1 if message.status in _STEPS else 0
        for status in _STEPS[done:]:
            await self._step(message.sid, status)
            await asyncio.sleep(self._delays.step_seconds)
        if self.auto_read:
            await asyncio.sleep(self._delays.read_seconds)
            await self._step(message.sid, "read")

    async def _fetched(self, message: Message) -> bool:
        """Whether the picture could be had; it is kept, as its address need not last."""
        if await self._store.media(message.sid) is None:
            found = await self._postman.fetch(message.media)
            if found is None:
                return False
            await self._store.save_media(message.sid, *found)
        return True

    async def _step(self, sid: str, status: str, error_code: int | None = None) -> None:
        moved = await self._store.set_status(sid, status, self._clock.now(), error_code)
        if moved is not None:
            self._callbacks.report(moved)
            self._feed.publish("message", message_view(moved))
