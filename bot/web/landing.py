"""The two pages that a payer comes back to. They know nothing of the payment: only the provider's report counts."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot import i18n
from bot.web.console.render import language_of
from bot.web.deps import WebDeps

_STYLE = files("bot.web") / "static" / "landing.css"
_ICON = files("bot.web") / "static" / "icon.svg"


def add_landing(app: web.Application, deps: WebDeps) -> None:
    """Answer `/pay/done` and `/pay/cancelled`, with their style and sign; open to the world, without a secret."""
    style, icon = _STYLE.read_bytes(), _ICON.read_bytes()
    number = deps.settings.twilio.sender.removeprefix("whatsapp:+")
    chat = deps.phone_page or (f"https://wa.me/{number}" if number.isdigit() else None)

    async def page(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in ("done", "cancelled"):
            raise web.HTTPNotFound
        language = language_of(request)
        text = _environment(language).get_template(f"{name}.html.j2").render(language=language, chat=chat)
        return web.Response(text=text, content_type="text/html", headers={"Vary": "Accept-Language, Cookie"})

    async def stylesheet(request: web.Request) -> web.Response:
        return _file(style, "text/css")

    async def sign(request: web.Request) -> web.Response:
        return _file(icon, "image/svg+xml")

    app.router.add_get("/pay/style.css", stylesheet)
    app.router.add_get("/pay/icon.svg", sign)
    app.router.add_get("/pay/{name}", page)


def _file(content: bytes, content_type: str) -> web.Response:
    headers = {"Cache-Control": "public, max-age=3600"}
    return web.Response(body=content, content_type=content_type, charset="utf-8", headers=headers)


@lru_cache(maxsize=len(i18n.LANGUAGES))
def _environment(language: str) -> Environment:
    environment: Any = Environment(
        loader=PackageLoader("bot", "templates/landing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(i18n.translations(language), newstyle=True)
    found: Environment = environment
    return found
