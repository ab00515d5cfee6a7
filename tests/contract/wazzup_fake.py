"""Wazzup's message API as its help pages describe it, in memory: answers sends, and makes the webhooks that follow."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.settings import WazzupSettings

API = "https://wazzup.test"
CHANNEL = "0d7c9a52-1111-4222-8333-944455556666"
KEY = "k" * 32
SECRET = "a-secret-of-the-webhook"
HOOK = f"/webhooks/wazzup/{SECRET}"


def settings(**changes: Any) -> WazzupSettings:
    """What the transport is set up with."""
    values = {"api_url": API, "api_key": KEY, "channel_id": CHANNEL, "webhook_secret": SECRET, "timeout_seconds": 0.5}
    return WazzupSettings.model_validate(values | changes)


@dataclass(slots=True)
class FakeWazzup:
    """The other end of `POST /v3/message`. `weather`: what happens to the next requests, an exception or an answer."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    weather: list[httpx.Response | Exception] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        if self.weather:
            happening = self.weather.pop(0)
            if isinstance(happening, Exception):
                raise happening
            return happening
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return httpx.Response(401, json={"error": "UNAUTHORIZED", "description": "wrong key", "data": {}})
        body = json.loads(request.content)
        if (refused := self._refused(body)) is not None:
            return refusal(refused)
        self.sent.append(body)
        self.known.add(body["crmMessageId"])
        return httpx.Response(201, json={"messageId": f"m-{len(self.sent)}", "chatId": body["chatId"]})

    def _refused(self, body: dict[str, Any]) -> str | None:
        if {"channelId", "chatType", "chatId"} - body.keys():
            return "INVALID_MESSAGE_DATA"
        if body["channelId"] != CHANNEL:
            return "CHANNEL_NOT_FOUND"
        if body["chatId"] == "37100000000":
            return "BAD_CONTACT"
        return "REPEATED_CRM_MESSAGE_ID" if body.get("crmMessageId") in self.known else None


def refusal(code: str, status: int = 400, description: str = "no") -> httpx.Response:
    """How the API says no."""
    body = {"status": status, "requestId": "r-1", "error": code, "description": description, "data": {}}
    return httpx.Response(status, json=body)


def inbound(text: str = "hello", **changes: Any) -> dict[str, Any]:
    """One item of `messages`, as a person writes."""
    return {
        "messageId": "in-1",
        "channelId": CHANNEL,
        "chatType": "whatsapp",
        "chatId": "37120000017",
        "dateTime": "2026-11-26T07:00:00.000Z",
        "type": "text",
        "isEcho": False,
        "contact": {"name": "Anna", "avatarUri": ""},
        "text": text,
        "status": "inbound",
    } | changes


def status(message_id: str, word: str, **changes: Any) -> dict[str, Any]:
    """One item of `statuses`."""
    return {"messageId": message_id, "timestamp": "2026-11-26T07:00:01.000Z", "status": word} | changes


def webhook(**parts: Any) -> bytes:
    """The body of a webhook."""
    return json.dumps(parts).encode()
