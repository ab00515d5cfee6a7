"""The payment provider's webhook: prove who calls, then store and carry out the report in one unit, then answer."""

import asyncio
from functools import partial
from time import perf_counter

import structlog
from aiohttp import web

from bot.alerts.payment_notes import hear
from bot.billing.payments.port import BadSignature, PaymentEvent
from bot.storage.unit import Unavailable
from bot.web.deps import PaymentsDoor, WebDeps
from bot.web.metrics import WebMetrics

PATH = "/webhooks/stripe"
_SIGNATURE = "Stripe-Signature"
_RETRY_AFTER = {"Retry-After": "5"}
READ_SECONDS = 10.0
"""A provider that takes longer to send a report has given up itself."""
_log = structlog.get_logger(__name__)


def add_payment_webhook(app: web.Application, deps: WebDeps, metrics: WebMetrics) -> None:
    """Answer the address; 404 while no provider is set up."""

    async def handler(request: web.Request) -> web.Response:
        start = perf_counter()
        if deps.payments is None:
            outcome, status, event = "not_configured", 404, None
        else:
            outcome, status, event = await _take(request, deps, deps.payments)
        metrics.webhooks.labels("stripe", outcome).inc()
        _log.info(
            "webhook.stripe",
            outcome=outcome,
            status=status,
            report=event.id if event else None,
            kind=event.kind if event else None,
            milliseconds=round((perf_counter() - start) * 1000, 1),
        )
        return web.Response(status=status, text=f"{status}\n", headers=_RETRY_AFTER if status == 503 else None)

    app.router.add_post(PATH, handler)


async def _take(request: web.Request, deps: WebDeps, door: PaymentsDoor) -> tuple[str, int, PaymentEvent | None]:
    """What became of it, the status to answer, and the report that it held."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return "too_large", 413, None
    except TimeoutError:
        return "too_slow", 408, None
    try:
        event = door.provider.read_event(body, request.headers.get(_SIGNATURE, ""))
    except BadSignature:
        return "forged", 400, None
    except ValueError:
        return "malformed", 400, None
    if event is None:
        return "ignored", 200, None
    unit = partial(hear, provider=door.provider.name, now=deps.clock.now(), env=door.around)
    try:
        await deps.db.write(unit, event)
    except Unavailable:
        return "shed", 503, event
    return "accepted", 200, event
