"""Stripe's API as far as a payment page needs it: sessions, payments, refunds, disputes, events."""

import asyncio
import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.simulator.background import Background
from bot.simulator.faults import API_KINDS, Faults
from bot.simulator.refusals import Refusal
from bot.simulator.stripe_error import StripeError
from bot.simulator.stripe_form import parse_form
from bot.simulator.stripe_objects import Object, list_object, new_object_id
from bot.simulator.stripe_request import check_opening
from bot.simulator.stripe_store import StripeStore
from bot.simulator.stripe_till import StripeTill
from bot.simulator.weather import after_accepting, before_accepting

PATHS = ("/v1/checkout/", "/v1/events", "/v1/refunds", "/v1/disputes", "/v1/payment_intents")
_PAGE, _PAGE_MAX = 10, 100
Answer = Callable[[web.Request], Awaitable[Object]]


class StripeApi:
    """Handlers of Stripe's addresses; each answers with one object."""

    def __init__(
        self,
        secret_key: str,
        store: StripeStore,
        till: StripeTill,
        faults: Faults,
        background: Background,
        clock: Clock,
    ) -> None:
        self._secret_key = secret_key
        self._store = store
        self._till = till
        self._faults = faults
        self._background = background
        self._clock = clock
        self._opening = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        sessions = "/v1/checkout/sessions"
        return [
            web.post(sessions, self._handler(self.open)),
            web.get(sessions, self._handler(self.list_sessions)),
            web.get(f"{sessions}/{{id}}", self._handler(self.fetch)),
            web.post(f"{sessions}/{{id}}/expire", self._handler(self.expire)),
            web.get("/v1/payment_intents/{id}", self._handler(self.payment)),
            web.post("/v1/refunds", self._handler(self.refund)),
            web.get("/v1/refunds", self._handler(self.list_refunds)),
            web.get("/v1/disputes", self._handler(self.list_disputes)),
            web.get("/v1/events", self._handler(self.list_events)),
        ]

    async def open(self, request: web.Request) -> Object:
        """POST a session. The same Idempotency-Key gives the same answer, whatever happens in between."""
        text, key = await request.text(), request.headers.get("Idempotency-Key", "")
        async with self._opening:
            return await self._open(text, key, f"{request.scheme}://{request.host}")

    async def _open(self, text: str, key: str, base_url: str) -> Object:
        known = await self._store.answer_of(key) if key else None
        if known is not None:
            if known[0] != text:
                message = "Keys for idempotent requests can only be used with the parameters they were first used with."
                raise StripeError(400, message, kind="idempotency_error")
            return known[1]
        try:
            asked = parse_form(text)
        except ValueError as error:
            raise StripeError(400, str(error)) from error
        total = check_opening(asked, int(self._clock.now().timestamp()))
        session = await self._till.open(asked, total, base_url, key or None)
        if key:
            await self._store.keep_answer(key, text, session)
        return session

    async def fetch(self, request: web.Request) -> Object:
        """GET a session, with the payment in place of its id when `expand` asks for it."""
        session = await self._till.session(request.match_info["id"])
        wanted = [value for name, value in request.query.items() if name.startswith("expand[")]
        if "payment_intent" in wanted and session["payment_intent"]:
            session["payment_intent"] = await self._till.payment(session["payment_intent"])
        return session

    async def expire(self, request: web.Request) -> Object:
        """POST: close an open session."""
        return await self._till.expire(request.match_info["id"])

    async def payment(self, request: web.Request) -> Object:
        """GET a payment."""
        return await self._till.payment(request.match_info["id"])

    async def refund(self, request: web.Request) -> Object:
        """POST: give money back."""
        asked = parse_form(await request.text())
        amount = int(asked["amount"]) if str(asked.get("amount", "")).isdigit() else None
        return await self._till.refund(str(asked.get("payment_intent", "")), amount)

    async def list_sessions(self, request: web.Request) -> Object:
        return await self._list(request, "checkout.session")

    async def list_refunds(self, request: web.Request) -> Object:
        return await self._list(request, "refund")

    async def list_disputes(self, request: web.Request) -> Object:
        return await self._list(request, "dispute")

    async def list_events(self, request: web.Request) -> Object:
        """GET events, newest first; `types[]` may limit them."""
        wanted = {value for name, value in request.query.items() if name.startswith("types[")}
        return await self._list(request, "event", wanted)

    async def _list(self, request: web.Request, kind: str, types: set[str] | None = None) -> Object:
        asked = request.query
        limit = int(asked.get("limit", _PAGE)) if asked.get("limit", "1").isdigit() else 0
        if not 1 <= limit <= _PAGE_MAX:
            raise StripeError(400, "This value must be between 1 and 100.", param="limit")
        since = asked.get("created[gte]", "")
        rows = await self._store.page(
            kind,
            limit=10_000 if types else limit + 1,
            after=asked.get("starting_after", ""),
            since=int(since) if since.isdigit() else None,
            payment=asked.get("payment_intent", ""),
        )
        found = [row for row in rows if not types or row["type"] in types]
        return list_object(found[:limit], url=request.path, more=len(found) > limit)

    def _handler(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Around every address: the key, the weather, errors in Stripe's form."""

        async def handler(request: web.Request) -> web.Response:
            status = 200
            try:
                self._authenticate(request)
                fault = self._faults.take(*API_KINDS, on="checkout")
                await before_accepting(request, fault, self._background)
                body = await answer(request)
                await after_accepting(request, fault, self._background)
            except StripeError as error:
                status, body = error.status, error.body()
            except Refusal as refusal:
                status = refusal.status
                body = StripeError(status, "Try again later.", kind="api_error").body()
            headers = {"Request-Id": new_object_id("req"), "Stripe-Version": request.headers.get("Stripe-Version", "")}
            text = json.dumps(body, indent=2)
            return web.Response(text=text, status=status, content_type="application/json", headers=headers)

        return handler

    def _authenticate(self, request: web.Request) -> None:
        """The secret key, as a bearer token or as the user of basic auth."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        key: Any = given.encode()
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(given, validate=True).partition(b":")[0]
            except binascii.Error:
                key = b""
        if scheme.lower() not in ("bearer", "basic") or not hmac.compare_digest(key, self._secret_key.encode()):
            raise StripeError(401, "Invalid API Key provided.", code="")
