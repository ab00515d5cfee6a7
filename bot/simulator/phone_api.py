"""What the phone page asks for and does: chats, messages, taps, reading, people, faults, the clock."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientConnectionResetError, web

from bot.clock import Clock
from bot.simulator.background import Background
from bot.simulator.chats import Chats
from bot.simulator.delivery import Delivery
from bot.simulator.faults import Faults
from bot.simulator.feed import Feed
from bot.simulator.inbound import Inbound
from bot.simulator.message import Message
from bot.simulator.people import People
from bot.simulator.settings import Person, SimulatorSettings
from bot.simulator.store import Store
from bot.simulator.views import message_view

MoveClock = Callable[[timedelta], Awaitable[datetime]]
"""Moves the product's clock forward and answers the new time."""

_CHAT_PAGE = 100
_TICK_SECONDS = 5.0
_MOVE_MAX = timedelta(days=366)


class PhoneApi:
    """Handlers of `/phone/api/`. Everything is JSON; the stream of changes is `/phone/api/events`."""

    def __init__(
        self, settings: SimulatorSettings, store: Store, chats: Chats, inbound: Inbound, delivery: Delivery,
        people: People, faults: Faults, feed: Feed, background: Background, clock: Clock, move_clock: MoveClock | None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._chats = chats
        self._inbound = inbound
        self._delivery = delivery
        self._people = people
        self._faults = faults
        self._feed = feed
        self._background = background
        self._clock = clock
        self._move_clock = move_clock

    def routes(self) -> list[web.RouteDef]:
        root = "/phone/api"
        return [
            web.get(f"{root}/state", self.state),
            web.get(f"{root}/chats/{{address}}", self.chat),
            web.get(f"{root}/media/{{sid}}", self.media),
            web.post(f"{root}/messages", self.say),
            web.post(f"{root}/taps", self.tap),
            web.post(f"{root}/read", self.read),
            web.post(f"{root}/people", self.add_person),
            web.get(f"{root}/faults", self.list_faults),
            web.post(f"{root}/faults", self.add_fault),
            web.delete(f"{root}/faults", self.clear_faults),
            web.post(f"{root}/clock", self.move),
            web.get(f"{root}/events", self.events),
        ]

    async def state(self, request: web.Request) -> web.Response:
        """Everything the page needs to draw its list and header."""
        body = {
            "business": {
                "name": self._settings.business_name,
                "partner": self._settings.partner_name,
                "sender": self._settings.sender,
                "console_url": self._settings.console_url,
            },
            "clock": self._clock_view(),
            "people": await self._chats.people_view(),
            "faults": self._faults_view(),
            "suggestions": {language: list(words) for language, words in self._settings.suggestions.items()},
        }
        return web.json_response(body)

    async def chat(self, request: web.Request) -> web.Response:
        """A page of one person's messages, oldest first; `before` is the seq of the oldest one already shown."""
        before = request.query.get("before", "")
        earlier = int(before) if before.isdigit() else None
        found = await self._store.chat(request.match_info["address"], _CHAT_PAGE + 1, earlier)
        more = len(found) > _CHAT_PAGE
        shown = found[1:] if more else found
        return web.json_response({"messages": [message_view(message) for message in shown], "more": more})

    async def media(self, request: web.Request) -> web.Response:
        """The picture of a message."""
        found = await self._store.media(request.match_info["sid"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[1], content_type=found[0])

    async def say(self, request: web.Request) -> web.Response:
        """Somebody types a message: `address`, `text`, optionally `replied_sid` and a button's `payload`."""
        body = await _fields(request)
        payload = _text(body, "payload", "")
        message = await self._inbound.keep(
            _text(body, "address"), _text(body, "text"), payload, _text(body, "text") if payload else "",
            _text(body, "replied_sid", ""),
        )  # fmt: skip
        return self._post_later(message)

    async def tap(self, request: web.Request) -> web.Response:
        """Somebody taps a button: `address`, `title`, and `sid` of the message it stands in."""
        body = await _fields(request)
        message = await self._chats.keep_tap(_text(body, "address"), _text(body, "title"), _text(body, "sid", ""))
        return self._post_later(message)

    async def read(self, request: web.Request) -> web.Response:
        """The chat of `address` is on the screen: what was delivered is read."""
        body = await _fields(request)
        return web.json_response({"read": await self._delivery.read(_text(body, "address"))})

    async def add_person(self, request: web.Request) -> web.Response:
        """One more phone: `name`, `phone`, `language`."""
        body = await _fields(request)
        person = await self._people.add(
            Person(_text(body, "name", ""), _text(body, "phone"), _text(body, "language", "en"))
        )
        self._feed.publish("people", {"address": person.address})
        return web.json_response({"address": person.address, "name": person.name}, status=201)

    async def list_faults(self, request: web.Request) -> web.Response:
        """The faults that are switched on."""
        return web.json_response(self._faults_view())

    async def add_fault(self, request: web.Request) -> web.Response:
        """Switch a fault on: `kind`, and as it needs `times`, `to`, `code`, `seconds`, `status`, `on`."""
        body = await _fields(request)
        allowed = {"kind", "times", "to", "code", "seconds", "status", "on"}
        if unknown := sorted(set(body) - allowed):
            raise ValueError(f"unknown field {', '.join(unknown)}; known: {', '.join(sorted(allowed))}")
        fault = self._faults.add(_text(body, "kind"), **{name: body[name] for name in body if name != "kind"})
        self._feed.publish("faults", {"faults": self._faults_view()})
        return web.json_response(fault.as_dict(), status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Switch off one fault (`?id=`) or all."""
        which = request.query.get("id", "")
        self._faults.clear(int(which) if which else None)
        self._feed.publish("faults", {"faults": self._faults_view()})
        return web.json_response(self._faults_view())

    async def move(self, request: web.Request) -> web.Response:
        """Move the clock forward by `days`, `hours` and `minutes`."""
        body = await _fields(request)
        if self._move_clock is None:
            raise ValueError("this clock cannot be moved from here")
        delta = timedelta(**{unit: _number(body, unit) for unit in ("days", "hours", "minutes")})
        if not timedelta(0) < delta <= _MOVE_MAX:
            raise ValueError("the clock moves forward, by at most 366 days")
        await self._move_clock(delta)
        self._feed.publish("clock", self._clock_view())
        return web.json_response(self._clock_view())

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: message, people, typing, faults, clock. The clock ticks every few seconds."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        queue = self._feed.listen()
        try:
            await response.prepare(request)
            await response.write(_event("clock", self._clock_view()))
            while (event := await self._next(queue)) is not None:
                await response.write(_event(*event))
        except ClientConnectionResetError:
            pass  # the tab was closed
        finally:
            self._feed.forget(queue)
        return response

    async def _next(self, queue: asyncio.Queue[tuple[str, dict[str, Any]] | None]) -> tuple[str, dict[str, Any]] | None:
        try:
            async with asyncio.timeout(_TICK_SECONDS):
                return await queue.get()
        except TimeoutError:
            return "clock", self._clock_view()

    def _post_later(self, message: Message) -> web.Response:
        async def deliver() -> None:
            await self._inbound.deliver(message)

        self._background.start(deliver())
        return web.json_response(message_view(message), status=202)

    def _clock_view(self) -> dict[str, Any]:
        return {"now": self._clock.now().isoformat(), "movable": self._move_clock is not None}

    def _faults_view(self) -> list[dict[str, object]]:
        return [fault.as_dict() for fault in self._faults.active()]


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def _fields(request: web.Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


def _text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    return value


def _number(body: dict[str, Any], name: str) -> float:
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number")
    return value
