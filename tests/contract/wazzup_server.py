"""The fake of Wazzup's message API behind a real socket, and webhooks posted as Wazzup posts them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from tests.contract import wazzup_fake
from tests.contract.wazzup_fake import KEY, FakeWazzup


@dataclass(slots=True)
class ServedWazzup:
    """Wazzup on loopback. `hook`: the address that webhooks go to, once `PATCH /v3/webhooks` has told it."""

    fake: FakeWazzup
    url: str
    http: ClientSession
    hook: str = ""
    subscriptions: dict[str, bool] = field(default_factory=dict)

    async def post(self, **parts: Any) -> int:
        """A webhook; the status that it was answered with."""
        async with self.http.post(self.hook, data=wazzup_fake.webhook(**parts)) as answer:
            return answer.status

    async def person_writes(self, text: str, chat: str, message_id: str) -> int:
        """Somebody writes to the channel."""
        return await self.post(messages=[wazzup_fake.inbound(text, chatId=chat, messageId=message_id)])

    async def echoes(self, message_id: str) -> int:
        """What Wazzup tells of a message that we have sent ourselves."""
        body = next(one for n, one in enumerate(self.fake.sent, start=1) if message_id == f"m-{n}")
        return await self.post(
            messages=[wazzup_fake.inbound(body["text"], chatId=body["chatId"], messageId=message_id, isEcho=True)]
        )

    async def reports(self, message_id: str, *words: str, **changes: Any) -> None:
        """Statuses of a message, a webhook each."""
        for word in words:
            assert await self.post(statuses=[wazzup_fake.status(message_id, word, **changes)]) == 200

    async def _send(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {"Authorization": request.headers.get("Authorization", "")}
        answer = self.fake.answer(httpx.Request("POST", str(request.url), headers=headers, content=body))
        return web.Response(status=answer.status_code, body=answer.content, content_type="application/json")

    async def _subscribe(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": "UNAUTHORIZED"}, status=401)
        wanted = await request.json()
        async with self.http.post(wanted["webhooksUri"], data=json.dumps({"test": True})) as answer:
            if answer.status != 200:
                return web.json_response({"error": "testPostNotPassed", "description": "no", "data": {}}, status=400)
        self.hook, self.subscriptions = wanted["webhooksUri"], wanted["subscriptions"]
        return web.json_response({})

    async def _subscribed(self, request: web.Request) -> web.Response:
        return web.json_response({"webhooksUri": self.hook, "subscriptions": self.subscriptions})


@asynccontextmanager
async def served() -> AsyncIterator[ServedWazzup]:
    """Wazzup, as long as the test lasts."""
    app = web.Application()
    async with ClientSession() as http:
        made = ServedWazzup(FakeWazzup(), "", http)
        app.router.add_post("/v3/message", made._send)
        app.router.add_patch("/v3/webhooks", made._subscribe)
        app.router.add_get("/v3/webhooks", made._subscribed)
        async with TestServer(app) as server:
            made.url = str(server.make_url("")).rstrip("/")
            yield made
