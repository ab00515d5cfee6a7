"""Is the process alive, is it ready, what does it count: /healthz, /readyz, /metrics."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.storage.switches import pauses
from bot.web.deps import WebDeps
from bot.web.message_metrics import MessageMetrics

_CHECK_SECONDS = 2.0
_log = structlog.get_logger(__name__)


def add_health(app: web.Application, deps: WebDeps) -> None:
    """Answer the three addresses that machines ask."""
    messages = MessageMetrics(deps.registry, deps.db, deps.clock)

    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(request: web.Request) -> web.Response:
        names = list(deps.ready)
        results = await asyncio.gather(*(_passes(name, deps.ready[name]) for name in names))
        ok = all(results)
        return web.json_response(
            {"ok": ok, "checks": dict(zip(names, results, strict=True)), "paused": await _paused(deps)},
            status=200 if ok else 503,
            headers={} if ok else {"Retry-After": "5"},
        )

    async def metrics(request: web.Request) -> web.Response:
        await messages.update()
        return web.Response(body=generate_latest(deps.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def _paused(deps: WebDeps) -> list[str] | None:
    """What the operator has stopped; that is wanted, so it makes nothing unready. None when nobody can say."""
    try:
        return [one.switch.value for one in await deps.db.read(pauses)]
    except Exception as error:
        _log.warning("ready.failed", check="paused", error=repr(error))
        return None


async def _passes(name: str, check: Callable[[], Awaitable[bool]]) -> bool:
    """A check that raises or takes too long has not passed."""
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await check()
    except Exception as error:
        _log.warning("ready.failed", check=name, error=repr(error))
        return False
