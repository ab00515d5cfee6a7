"""What stands before every handler: loopback hosts only, basic auth for the API, errors in the caller's form."""

import asyncio
import base64
import binascii
import hmac
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.simulator.refusals import Refusal, error_body
from bot.simulator.settings import SimulatorSettings, is_loopback
from bot.simulator.stripe_api import PATHS as STRIPE_PATHS

_API_PATHS = ("/2010-04-01/", "/v1/", "/v2/")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_CODES = {400: 20001, 404: 20404, 405: 20004, 413: 20001}


def middlewares(settings: SimulatorSettings) -> list[Middleware]:
    """The guards in the order they are passed."""
    return [_local_only, _api_guard(settings), _page_guard]


@web.middleware
async def _local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        raise web.HTTPForbidden(text="This simulator answers on this machine only.\n")
    response = await handler(request)
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


def _api_guard(settings: SimulatorSettings) -> Middleware:
    @web.middleware
    async def api_guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_API_PATHS) or request.path.startswith(STRIPE_PATHS):
            return await handler(request)
        try:
            _authenticate(request, settings)
            if settings.delays.answer_seconds:
                await asyncio.sleep(settings.delays.answer_seconds)
            return await handler(request)
        except Refusal as refusal:
            return web.json_response(error_body(refusal), status=refusal.status)
        except web.HTTPException as error:
            return _as_twilio(request, error)

    return api_guard


@web.middleware
async def _page_guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.path.startswith("/phone/api/"):
        return await handler(request)
    if request.method != "GET" and not _from_our_page(request):
        return web.json_response({"error": "Send JSON from this page itself."}, status=403)
    try:
        return await handler(request)
    except (ValueError, LookupError) as error:
        return web.json_response({"error": str(error)}, status=400)


def _authenticate(request: web.Request, settings: SimulatorSettings) -> None:
    """Refuse (20003) without the account's sid and token, (20404) another account's address."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
        given = b""
    wanted = f"{settings.account_sid}:{settings.auth_token}".encode()
    if not hmac.compare_digest(given, wanted):
        raise Refusal(20003)
    if request.match_info.get("account", settings.account_sid) != settings.account_sid:
        raise Refusal(20404, f"The requested resource {request.path} was not found")


def _as_twilio(request: web.Request, error: web.HTTPException) -> web.Response:
    refusal = Refusal(_CODES.get(error.status, error.status), f"{error.reason}: {request.method} {request.path}")
    refusal.status = error.status
    return web.json_response(error_body(refusal), status=error.status)


def _from_our_page(request: web.Request) -> bool:
    """A page of another origin can neither send JSON without asking nor claim to be same-origin."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return False
    return request.method == "DELETE" or request.content_type == "application/json"
