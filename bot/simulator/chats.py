"""Reads and drives the chats for scripts and for the page: transcript, waiting, tapping, people with their state."""

import asyncio
from collections.abc import Callable
from typing import Any

from bot.simulator.feed import Feed
from bot.simulator.inbound import Inbound
from bot.simulator.message import Button, Message
from bot.simulator.people import People
from bot.simulator.settings import SimulatorSettings
from bot.simulator.store import Store
from bot.simulator.views import Line, line_of, person_view

_TRANSCRIPT_MAX = 1_000
_SHOWN_AT_TIMEOUT = 5


class Chats:
    """All conversations between the business and the people."""

    def __init__(self, settings: SimulatorSettings, store: Store, feed: Feed, people: People, inbound: Inbound) -> None:
        self._settings = settings
        self._store = store
        self._feed = feed
        self._people = people
        self._inbound = inbound

    async def transcript(self, address: str | None = None, after: int = 0) -> list[Line]:
        """The last thousand messages of one person, or of everybody, oldest first, newer than `after`."""
        return [self._line(message) for message in await self._store.chat(address, _TRANSCRIPT_MAX, after=after)]

    async def wait_for(self, predicate: Callable[[Line], bool], timeout_seconds: float = 5.0, after: int = 0) -> Line:
        """The first line that meets the predicate, now or within real seconds.

        TimeoutError tells the last lines. States change in place, so a predicate may wait for `line.state`.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_seconds
        while True:
            change = self._feed.next_change()
            lines = await self.transcript(after=after)
            for line in lines:
                if predicate(line):
                    return line
            left = end - loop.time()
            if left <= 0:
                last = "; ".join(f"{line.who}: {line.text!r} ({line.state})" for line in lines[-_SHOWN_AT_TIMEOUT:])
                raise TimeoutError(f"nothing of the kind within {timeout_seconds} s; last: {last or 'nothing'}")
            await _wait(change, left)

    async def tapped(self, address: str, title: str, sid: str = "") -> tuple[Message, Button]:
        """The latest message to this person with a button of that title. LookupError names those that exist."""
        seen: list[str] = []
        for message in reversed(await self._store.chat(address, _TRANSCRIPT_MAX)):
            if message.inbound or message.status == "failed" or (sid and message.sid != sid):
                continue
            for button in message.buttons:
                if button.title == title and button.kind in ("reply", "item"):
                    return message, button
                seen.append(button.title)
        raise LookupError(f"no button {title!r}; there is {', '.join(dict.fromkeys(seen)) or 'none'}")

    async def keep_tap(self, address: str, title: str, sid: str = "") -> Message:
        """Keep a tap as the person's message, not yet posted."""
        message, button = await self.tapped(address, title, sid)
        return await self._inbound.keep(address, button.title, button.payload, button.title, message.sid)

    async def people_view(self) -> list[dict[str, Any]]:
        """Everybody with their last message, unread count and window."""
        latest, unread = await self._store.latest(), await self._store.unread_counts()
        return [
            person_view(
                person,
                latest.get(person.address),
                unread.get(person.address, 0),
                await self._store.last_inbound_at(self._settings.sender, person.address),
            )
            for person in self._people.all()
        ]

    def _line(self, message: Message) -> Line:
        person = self._people.get(message.address)
        return line_of(message, person.name if person else message.address, self._settings.business_name)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
