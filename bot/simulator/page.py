"""Serves the phone page and its files."""

from importlib.resources import files
from pathlib import Path

from aiohttp import web

_STATIC = Path(str(files("bot.simulator") / "static"))


def routes() -> list[web.AbstractRouteDef]:
    """The page at `/`, its scripts and styles under `/static/`."""
    return [web.get("/", _index), web.static("/static", _STATIC)]


async def _index(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_STATIC / "index.html")
