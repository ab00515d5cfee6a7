"""The provider's webhooks: prove who calls, read, store, answer; everything else happens later.

The hot path of the product: the raw body is read once, one HMAC is computed over it, and nothing is parsed before that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot.messaging import inbox, statuses
from bot.messaging.message import Inbound, StatusUpdate
from bot.phone import masked
from bot.storage.unit import Unavailable
from bot.web.deps import WebDeps
from bot.web.metrics import WebMetrics

INBOUND = "/webhooks/twilio/inbound"
STATUS = "/webhooks/twilio/status"
READ_SECONDS = 10.0
"""A provider that takes longer to send its form has given up itself (Twilio: 15 s in all)."""
_FORM = "application/x-www-form-urlencoded"
_CHARSETS = ("utf-8", "utf8")
_EMPTY_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_RETRY_AFTER = {"Retry-After": "5"}
_log = structlog.get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook: what it expects, how a row of it is stored, what the provider is told when all went well."""

    name: str
    expects: type[Inbound] | type[StatusUpdate]
    store: Callable[[Connection, list[Any]], list[Any]]
    done: Callable[[], web.Response]


def add_webhooks(app: web.Application, deps: WebDeps, metrics: WebMetrics) -> None:
    """Answer both addresses that the provider is told."""
    accept = partial(inbox.accept_many, jobs=deps.jobs)
    report = partial(statuses.apply_statuses, jobs=deps.jobs)
    app.router.add_post(INBOUND, _handler(Hook("inbound", Inbound, accept, _twiml), deps, metrics))
    app.router.add_post(STATUS, _handler(Hook("status", StatusUpdate, report, _no_content), deps, metrics))


def _handler(hook: Hook, deps: WebDeps, metrics: WebMetrics) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        start = perf_counter()
        outcome, answer, rows = await _take(hook, deps, request)
        metrics.webhooks.labels(hook.name, outcome).inc()
        _log.info(
            f"webhook.{hook.name}",
            outcome=outcome,
            status=answer.status,
            **_named(rows),
            milliseconds=round((perf_counter() - start) * 1000, 1),
        )
        return answer

    return handler


async def _take(hook: Hook, deps: WebDeps, request: web.Request) -> tuple[str, web.Response, Sequence[Any]]:
    """What became of it, the answer, and the rows that it held."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            body = await request.read()
    except TimeoutError:
        return "too_slow", _refused(408), ()
    except web.HTTPRequestEntityTooLarge:
        return "too_large", _refused(413), ()
    if not deps.transport.verify(request.headers, request.raw_path, body):
        return "forged", _refused(403), ()
    if request.content_type != _FORM or (request.charset or "utf-8").lower() not in _CHARSETS:
        return "malformed", _refused(400), ()
    try:
        rows = deps.transport.parse(request.raw_path, body, deps.clock.now())
    except ValueError:
        return "malformed", _refused(400), ()
    if not all(isinstance(row, hook.expects) for row in rows):
        return "malformed", _refused(400), rows
    try:
        new = [await deps.db.write_many(hook.store, row) for row in rows]
    except Unavailable:
        return "shed", web.Response(status=503, text="busy\n", headers=_RETRY_AFTER), rows
    return "accepted" if any(new) else "replayed", hook.done(), rows


def _named(rows: Sequence[Inbound | StatusUpdate]) -> dict[str, Any]:
    """What a log line may say of them: ids, never a text or a whole number."""
    if not rows:
        return {}
    first = rows[0]
    if isinstance(first, StatusUpdate):
        return {"sid": first.provider_id, "reported": first.status, "delivery": first.delivery_id}
    return {"sid": first.provider_id, "sender": masked(first.from_address)}


def _refused(status: int) -> web.Response:
    return web.Response(status=status, text=f"{status}\n")


def _twiml() -> web.Response:
    return web.Response(body=_EMPTY_TWIML, content_type="text/xml", charset="utf-8")


def _no_content() -> web.Response:
    return web.Response(status=204)
