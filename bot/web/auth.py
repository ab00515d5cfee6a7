"""Who may see console, API and metrics: only this machine, asking for it by name, until there is sign-in."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

OPEN_TO_THE_WORLD = ("/webhooks/", "/healthz", "/readyz", "/r/", "/pay/", "/media/")
"""What faces the world (DESIGN 4.17): everything else is closed by default."""
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDING = ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP")
"""A request with one of these came through a proxy: the peer's address says nothing about who asks."""
REFUSAL = "Console, API and metrics answer on this machine only (see --console-host).\n"


def console_gate(console_host: str) -> Middleware:
    """A middleware that lets only loopback peers, asking for a loopback name, past the open paths.

    A `console_host` that is no loopback name opens the rest to whoever asks for exactly that host: the operator
    has put something in front that decides. The Host check makes DNS rebinding useless.
    """
    wanted = console_host.strip("[]").lower()
    loopback_only = wanted in _LOOPBACK_NAMES
    names = _LOOPBACK_NAMES if loopback_only else frozenset({wanted})

    @web.middleware
    async def gate(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path.startswith(OPEN_TO_THE_WORLD):
            return await handler(request)
        if _host_name(request) not in names or (loopback_only and not _from_this_machine(request)):
            raise web.HTTPForbidden(text=REFUSAL)
        return await handler(request)

    return gate


def _host_name(request: web.Request) -> str:
    """The name in the Host header, without port and brackets; empty when there is none or it is nonsense."""
    host = request.headers.get("Host", "")
    try:
        parts = urlsplit(f"//{host}")
        return (parts.hostname or "") if parts.netloc == host and parts.port != 0 and "@" not in host else ""
    except ValueError:
        return ""


def _from_this_machine(request: web.Request) -> bool:
    if any(name in request.headers for name in _FORWARDING):
        return False
    try:
        return ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
