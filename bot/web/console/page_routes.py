"""Puts every page and its JSON twin on its address."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter
from sqlalchemy import Connection

from bot.directory import service as directory
from bot.directory.people import Partner
from bot.errors import UserError
from bot.ids import PartnerId
from bot.storage.switches import pauses
from bot.web.ask import Ask, NotFound
from bot.web.console.render import page_response
from bot.web.deps import WebDeps
from bot.web.page import Page, Reading

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_pages(app: web.Application, deps: WebDeps, pages: tuple[Page, ...]) -> None:
    """One GET for people and one for programs."""
    for page in pages:
        app.router.add_get(page.path, _html(page, deps))
        app.router.add_get(page.api_path, _json(page, deps))


def _html(page: Page, deps: WebDeps) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        partners, partner, view = await deps.db.read(_read, page, _ask(request, deps), deps)
        frame = {
            "place": page.place or page.name,
            "phone_page": deps.phone_page,
            "may_mute": deps.around is not None,
            "partners": partners,
            "pauses": await deps.db.read(pauses),
        }
        if partner is None:
            return page_response(request, "nobody", frame)
        if "HX-Request" in request.headers and request.query.get("seen") == getattr(view, "mark", ""):
            return web.Response(status=204)
        return page_response(
            request,
            page.name,
            frame | {"partner": partner, "zone": partner.time_zone, "now": deps.clock.now(), "view": view},
        )

    return handler


def _json(page: Page, deps: WebDeps) -> Handler:
    adapter: TypeAdapter[Any] = TypeAdapter(page.view)

    async def handler(request: web.Request) -> web.StreamResponse:
        _, partner, view = await deps.db.read(_read, page, _ask(request, deps), deps)
        if partner is None:
            raise NotFound
        return web.Response(body=adapter.dump_json(view), content_type="application/json", charset="utf-8")

    return handler


def _ask(request: web.Request, deps: WebDeps) -> Ask:
    return Ask(deps.clock.now(), {**request.query, **request.match_info})


def _read(conn: Connection, page: Page, ask: Ask, deps: WebDeps) -> tuple[list[Partner], Partner | None, Any]:
    """The partner whose console it is (`?partner=`, else the first), and the page's view of it."""
    partners = directory.list_partners(conn)
    wanted = ask.text("partner")
    partner = _partner(conn, wanted) if wanted else next(iter(partners), None)
    if partner is None:
        return partners, None, None
    return partners, partner, page.read(conn, Reading(partner, ask, deps.book, len(partners) == 1, deps.around))


def _partner(conn: Connection, wanted: str) -> Partner:
    try:
        return directory.get_partner(conn, PartnerId(wanted))
    except UserError as error:
        raise NotFound from error
