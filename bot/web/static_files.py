"""Serves the few files of the console from memory: no path ever reaches the disk."""

from importlib.resources import files

from aiohttp import web

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"
_SHORTLY = "public, max-age=60"


def load_static() -> dict[str, tuple[bytes, str]]:
    """Every file that is served: name to content and content type."""
    found = {}
    for file in (files("bot.web") / "static").iterdir():
        suffix = file.name[file.name.rfind(".") :]
        if suffix in _TYPES:
            found[file.name] = (file.read_bytes(), _TYPES[suffix])
    return found


def add_static(app: web.Application) -> None:
    """Answer `/static/NAME`; an address with the content's mark in it may be kept for good."""
    known = load_static()

    async def static_file(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in known:
            raise web.HTTPNotFound
        content, content_type = known[name]
        caching = _FOREVER if request.query.get("v") else _SHORTLY
        response = web.Response(
            body=content, content_type=content_type, charset="utf-8", headers={"Cache-Control": caching}
        )
        if len(content) > 1024:
            response.enable_compression()
        return response

    app.router.add_get("/static/{name}", static_file)
