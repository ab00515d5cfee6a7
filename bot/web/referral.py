"""The page behind a partner's referral link: it notes a registration, and opens nothing else.

Nobody is signed in here, so a forged post could at most register somebody; it is refused all the same: the form carries
the value of a cookie that only this page sets, and a browser that names another site as the origin is turned away.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import Connection

from bot import i18n
from bot.directory.referrals import link_owner, register
from bot.directory.service import get_partner
from bot.errors import UserError
from bot.web.console.render import language_of
from bot.web.deps import WebDeps
from bot.web.rate import Rate

COOKIE = "referral_form"
POSTS, POSTS_SPAN = 10, timedelta(minutes=10)
VIEWS, VIEWS_SPAN = 120, timedelta(minutes=10)
FORM_BYTES_MAX = 8_192
_CODE = re.compile(r"[0-9a-z]{8}")
_FIELD_MAX = 300
_STATUS = {"link_unknown": 404, "link_busy": 429, "too_fast": 429, "stale": 403}
Handler = Callable[[web.Request], Awaitable[web.Response]]


def add_referral(app: web.Application, deps: WebDeps) -> None:
    """Answer `GET` and `POST /r/<code>`, and the style of the page."""
    static = files("bot.web") / "static"
    views, posts = Rate(VIEWS, VIEWS_SPAN), Rate(POSTS, POSTS_SPAN)
    app.router.add_get("/r/style.css", _file((static / "landing.css").read_bytes(), "text/css"))
    app.router.add_get("/r/icon.svg", _file((static / "icon.svg").read_bytes(), "image/svg+xml"))
    app.router.add_get("/r/{code}", _show(deps, views))
    app.router.add_post("/r/{code}", _take(deps, posts))


def _show(deps: WebDeps, rate: Rate) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        if not rate.allows(_visitor(request), deps.clock.now()):
            return _page(request, "referral_refused", {"why": "too_fast"}, 429)
        try:
            partner = await deps.db.read(_partner_name, _code(request))
        except UserError as error:
            return _page(request, "referral_refused", {"why": error.key}, _STATUS[error.key])
        return _form(request, deps, partner)

    return handler


def _take(deps: WebDeps, rate: Rate) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        if (request.content_length or 0) > FORM_BYTES_MAX:
            raise web.HTTPRequestEntityTooLarge(FORM_BYTES_MAX, request.content_length or 0)
        form = await request.post()
        said = {name: _text(form.get(name)) for name in ("email", "company", "language", "form")}
        if not rate.allows(_visitor(request), deps.clock.now()):
            return _page(request, "referral_refused", {"why": "too_fast"}, 429)
        try:
            partner = await deps.db.read(_partner_name, _code(request))
        except UserError as error:
            return _page(request, "referral_refused", {"why": error.key}, _STATUS[error.key])
        if not _is_ours(request, said["form"], deps.settings.public_url):
            return _form(request, deps, partner, said, "stale", 403)
        try:
            await deps.db.write(_register, _code(request), said, deps.clock.now())
        except UserError as error:
            if error.key in _STATUS:
                return _page(request, "referral_refused", {"why": error.key}, _STATUS[error.key])
            return _form(request, deps, partner, said, error.key, 422)
        response = _page(request, "referral_done", {"partner": partner}, 200)
        response.del_cookie(COOKIE, path="/r/")
        return response

    return handler


def _form(
    request: web.Request,
    deps: WebDeps,
    partner: str,
    said: Mapping[str, str] | None = None,
    wrong: str | None = None,
    status: int = 200,
) -> web.Response:
    """The form with what was typed and what is wrong with it. A cookie that is there is kept: two tabs both work."""
    cookie = request.cookies.get(COOKIE) or secrets.token_urlsafe(24)
    chosen = i18n.supported((said or {}).get("language") or language_of(request))
    facts = {"partner": partner, "said": said or {"email": "", "company": ""}, "wrong": wrong, "form": cookie}
    response = _page(request, "referral", facts | {"chosen": chosen}, status)
    secure = deps.settings.public_url.startswith("https:")
    response.set_cookie(COOKIE, cookie, path="/r/", max_age=3600, httponly=True, samesite="Strict", secure=secure)
    return response


def _register(conn: Connection, code: str, said: Mapping[str, str], now: datetime) -> bool:
    return register(conn, code, email=said["email"], company=said["company"], language=said["language"], now=now)


def _partner_name(conn: Connection, code: str) -> str:
    return get_partner(conn, link_owner(conn, code)).name


def _code(request: web.Request) -> str:
    """The code in the address. UserError link_unknown for what cannot be one, without asking the database."""
    code = request.match_info["code"].lower()
    if not _CODE.fullmatch(code):
        raise UserError("link_unknown")
    return code


def _is_ours(request: web.Request, value: str, public_url: str) -> bool:
    """Whether the form comes from the page that this browser was given."""
    cookie = request.cookies.get(COOKIE, "")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc not in (request.host, urlsplit(public_url).netloc):
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    return bool(cookie) and secrets.compare_digest(cookie.encode(), value.encode())


def _visitor(request: web.Request) -> str:
    return request.remote or ""


def _text(value: object) -> str:
    return value[:_FIELD_MAX] if isinstance(value, str) else ""


def _page(request: web.Request, template: str, facts: Mapping[str, Any], status: int) -> web.Response:
    language = language_of(request)
    own = {"language": language, "languages": i18n.LANGUAGES, "path": request.path}
    text = _environment(language).get_template(f"{template}.html.j2").render({**own, **facts})
    return web.Response(text=text, content_type="text/html", status=status, headers={"Vary": "Accept-Language, Cookie"})


def _file(content: bytes, content_type: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        headers = {"Cache-Control": "public, max-age=3600"}
        return web.Response(body=content, content_type=content_type, charset="utf-8", headers=headers)

    return handler


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
