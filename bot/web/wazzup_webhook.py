"""Wazzup's webhook: prove by the secret in the address who calls, store, answer. The secret is never logged."""

import asyncio
from time import perf_counter

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.billing.gateways.wazzup import channels
from bot.billing.gateways.wazzup.channels import News
from bot.messaging import inbox, statuses
from bot.messaging.message import Inbound, StatusUpdate
from bot.messaging.transports.wazzup_webhook import channel_news, is_ours
from bot.storage.unit import Unavailable
from bot.web.deps import WazzupDoor, WebDeps
from bot.web.metrics import WebMetrics

PATH = "/webhooks/wazzup/{secret}"
READ_SECONDS = 10.0
_RETRY_AFTER = {"Retry-After": "5"}
_log = structlog.get_logger(__name__)


def add_wazzup_webhook(app: web.Application, deps: WebDeps, door: WazzupDoor | None, metrics: WebMetrics) -> None:
    """Answer the address; 404 while no secret is set."""

    async def handler(request: web.Request) -> web.Response:
        start = perf_counter()
        outcome, status = ("not_configured", 404) if door is None else await _guarded(request, deps, door)
        metrics.webhooks.labels("wazzup", outcome).inc()
        _log.info(
            "webhook.wazzup",
            outcome=outcome,
            status=status,
            milliseconds=round((perf_counter() - start) * 1000, 1),
        )
        return web.Response(status=status, text=f"{status}\n", headers=_RETRY_AFTER if status == 503 else None)

    app.router.add_post(PATH, handler)


async def _guarded(request: web.Request, deps: WebDeps, door: WazzupDoor) -> tuple[str, int]:
    """As `_take`. What breaks is told here, since an error page further out would name the address."""
    try:
        return await _take(request, deps, door)
    except Unavailable:
        return "shed", 503
    except Exception:
        _log.exception("webhook.wazzup_failed")
        return "failed", 500


async def _take(request: web.Request, deps: WebDeps, door: WazzupDoor) -> tuple[str, int]:
    if not is_ours(request.raw_path, door.secret):
        return "forged", 403
    try:
        async with asyncio.timeout(READ_SECONDS):
            body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return "too_large", 413
    except TimeoutError:
        return "too_slow", 408
    now = deps.clock.now()
    try:
        rows = door.transport.parse(request.raw_path, body, now) if door.transport is not None else []
        news = [News(one.channel_id, one.state, one.at) for one in channel_news(body, now)]
    except ValueError:
        return "malformed", 400
    if heard := [row for row in rows if isinstance(row, Inbound)]:
        await deps.db.write(inbox.accept_many, heard, deps.jobs)
    if reports := [row for row in rows if isinstance(row, StatusUpdate)]:
        await deps.db.write(statuses.apply_statuses, reports, deps.jobs)
    if news:
        await deps.db.write(_note_channels, news, deps, door)
    return "accepted" if rows or news else "empty", 200


def _note_channels(conn: Connection, news: list[News], deps: WebDeps, door: WazzupDoor) -> None:
    alerts.apply(conn, channels.hear(conn, news), now=deps.clock.now(), env=door.around)
