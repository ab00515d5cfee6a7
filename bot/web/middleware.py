"""Around every request: an id in log and answer, time and status counted, a fitting answer to every failure."""

from collections.abc import Awaitable, Callable
from time import perf_counter

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from bot.id_generator import new_id
from bot.storage.unit import Unavailable
from bot.web.ask import BadQuery, NotFound
from bot.web.console.render import page_response
from bot.web.metrics import WebMetrics
from bot.web.request_id import REQUEST_ID

RETRY_SECONDS = 5
_PLAIN = ("/webhooks/", "/healthz", "/readyz", "/metrics", "/static/", "/r/", "/pay/", "/media/")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger(__name__)


def observe(metrics: WebMetrics) -> Middleware:
    """The outermost middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = request[REQUEST_ID] = new_id()
        start = perf_counter()
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = await _answered(request, handler)
        route = _route(request)
        metrics.requests.labels(route, _method(request), response.status).inc()
        metrics.seconds.labels(route).observe(perf_counter() - start)
        return response

    return middleware


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        if answer.status == 403:
            return web.Response(text=answer.text, status=403)
        return _error(request, answer.status, _allowed(answer))
    except BadQuery as error:
        return _error(request, 400, detail=str(error))
    except NotFound:
        return _error(request, 404)
    except Unavailable as error:
        _log.warning("web.shed", path=request.path, error=str(error))
        return _error(request, 503, {"Retry-After": str(RETRY_SECONDS)})
    except Exception:
        _log.exception("web.failed", method=request.method, path=request.path)
        return _error(request, 500)


def _allowed(answer: web.HTTPException) -> dict[str, str]:
    return {"Allow": answer.headers["Allow"]} if "Allow" in answer.headers else {}


def _error(
    request: web.Request, status: int, headers: dict[str, str] | None = None, detail: str = ""
) -> web.StreamResponse:
    """Plain for machines, JSON below /api, a page for people."""
    if request.path.startswith(_PLAIN):
        response = web.Response(text=f"{status}\n", status=status)
    elif request.path.startswith("/api/"):
        response = web.json_response(
            {"error": {"status": status, "detail": detail, "request": request[REQUEST_ID]}}, status=status
        )
    else:
        response = page_response(
            request, "error", {"status": status, "detail": detail, "request_id": request[REQUEST_ID]}, status=status
        )
    response.headers.update(headers or {})
    return response


def _method(request: web.Request) -> str:
    """The method; what nobody knows is one label, whatever is sent."""
    return request.method if request.method in hdrs.METH_ALL else "other"


def _route(request: web.Request) -> str:
    """The pattern of the route, not the address: few values, whatever is asked."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
