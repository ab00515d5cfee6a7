"""Posts signed events to the product, in order and with retries, unless a fault says otherwise."""

import asyncio
import json
import logging
from collections import defaultdict

import aiohttp

from bot.simulator.background import Background
from bot.simulator.faults import FaultKind, Faults
from bot.simulator.stripe_objects import Object

_RETRY_SECONDS = (0.2, 1.0, 5.0)
"""Stripe goes on for three days; nobody watches a demo for so long."""
_HELD_SECONDS = 1.0
"""An event that is to come out of order waits so long for the next one."""
_POST_SECONDS = 10.0
_log = logging.getLogger("curatorbot.simulator")


class StripePost:
    """Signs each event with the endpoint's secret, as Stripe's own library does, and posts it."""

    def __init__(self, url: str, secret: str, faults: Faults, background: Background) -> None:
        self.url = url
        """Where events are posted; empty: nowhere. May be set at any time."""
        self._secret = secret
        self._faults = faults
        self._background = background
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: dict[str, list[Object]] = defaultdict(list)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the client session; needs a running loop."""
        headers = {"User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)"}
        self._session = aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def report(self, line: str, events: list[Object]) -> None:
        """Post these events after earlier ones of the same line (a session); returns at once."""
        if self.url:
            self._background.start(self._post_in_turn(line, events))

    async def _post_in_turn(self, line: str, events: list[Object]) -> None:
        async with self._turns[line]:
            for event in events:
                if self._faults.take(FaultKind.EVENT_LOST, to=event["type"]):
                    continue
                if self._faults.take(FaultKind.EVENT_OUT_OF_ORDER, to=event["type"]):
                    self._held[line].append(event)
                    self._background.start(self._release_later(line))
                    continue
                await self._post(event)
                await self._release(line)

    async def _release_later(self, line: str) -> None:
        await asyncio.sleep(_HELD_SECONDS)
        async with self._turns[line]:
            await self._release(line)

    async def _release(self, line: str) -> None:
        for event in self._held.pop(line, [])[::-1]:
            await self._post(event)

    async def _post(self, event: Object) -> None:
        body = json.dumps(event, indent=2)
        if self._faults.take(FaultKind.EVENT_DUPLICATED, to=event["type"]):
            await self._attempt(body)
        for pause in (*_RETRY_SECONDS, None):
            if await self._attempt(body) or pause is None:
                return
            await asyncio.sleep(pause)

    async def _attempt(self, body: str) -> bool:
        """Whether the product took it."""
        assert self._session is not None, "the post is not open"
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": self.signature(body)}
        try:
            async with self._session.post(
                self.url, data=body.encode(), headers=headers, timeout=aiohttp.ClientTimeout(total=_POST_SECONDS)
            ) as answer:
                await answer.read()
                if answer.ok:
                    return True
                _log.warning("event not taken: %s", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("event not taken: %s", error)
        return False

    def signature(self, body: str) -> str:
        """The Stripe-Signature header, by Stripe's own helper and the machine's own time."""
        from stripe import WebhookSignature  # imported late: it takes a quarter of a second

        return str(WebhookSignature.generate_signature_header(body, self._secret))
