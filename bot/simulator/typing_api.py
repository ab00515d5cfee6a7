"""Twilio's typing indicator: marks an inbound message read and shows the person that an answer is coming."""

from aiohttp import web

from bot.simulator.feed import Feed
from bot.simulator.refusals import Refusal
from bot.simulator.store import Store
from bot.simulator.views import message_view

SEEN = "seen"


class TypingApi:
    """Handler of `/v2/Indicators/Typing.json` (Twilio's public beta)."""

    def __init__(self, store: Store, feed: Feed) -> None:
        self._store = store
        self._feed = feed

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/v2/Indicators/Typing.json", self.create)]

    async def create(self, request: web.Request) -> web.Response:
        """POST messageId and channel."""
        form = await request.post()
        if form.get("channel") != "whatsapp":
            raise Refusal(20001, "channel must be whatsapp")
        message = await self._store.message(str(form.get("messageId", "")))
        if message is None or not message.inbound:
            raise Refusal(20404, "messageId names no inbound message")
        seen = await self._store.set_arrival(message.sid, SEEN, "")
        self._feed.publish("message", message_view(seen))
        self._feed.publish("typing", {"address": message.address})
        return web.json_response({"success": True})
