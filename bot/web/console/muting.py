"""Mute and unmute one curator for one client, and make one responsible, from the client's page."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from sqlalchemy import Connection

from bot.alerts import assigning
from bot.alerts import service as alerts
from bot.alerts.leaving import leave
from bot.alerts.surroundings import Surroundings
from bot.directory import service as directory
from bot.directory.people import Client
from bot.errors import UserError
from bot.ids import ClientId, CuratorId
from bot.storage import audit
from bot.web.ask import NotFound
from bot.web.deps import WebDeps

HEIRS, NOBODY = "heirs", "nobody"
"""What the page says after the last one was muted: the owners get the client, or nobody is told of it."""
_WHO = "console"
Handler = Callable[[web.Request], Awaitable[web.Response]]


class _Wish(NamedTuple):
    """Which of the two is asked for, of which client by its id, for whom."""

    mute: bool
    client_id: ClientId
    curator_id: CuratorId


def add_muting(app: web.Application, deps: WebDeps) -> None:
    """Answer the two forms of the client's page; nothing where the process does not know what alerts need."""
    if deps.around is not None:
        app.router.add_post("/clients/{id}/mute", _handler(deps, deps.around, mute=True))
        app.router.add_post("/clients/{id}/unmute", _handler(deps, deps.around, mute=False))
        app.router.add_post("/clients/{id}/assign", _assigner(deps, deps.around))


def _handler(deps: WebDeps, env: Surroundings, *, mute: bool) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        _refuse_other_sites(request)
        form = await request.post()
        wish = _Wish(mute, ClientId(request.match_info["id"]), CuratorId(str(form.get("curator", ""))))
        client, said = await deps.db.write(partial(_carry_out, wish=wish, now=deps.clock.now(), env=env))
        query = {"partner": client.partner_id} | ({"left": said} if said else {})
        return web.Response(status=303, headers={"Location": f"/clients/{client.account_id}?{urlencode(query)}"})

    return handler


def _assigner(deps: WebDeps, env: Surroundings) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        _refuse_other_sites(request)
        form = await request.post()
        wish = ClientId(request.match_info["id"]), CuratorId(str(form.get("curator", "")))
        client = await deps.db.write(partial(_assign, wish=wish, now=deps.clock.now(), env=env))
        where = f"/clients/{client.account_id}?{urlencode({'partner': client.partner_id})}"
        return web.Response(status=303, headers={"Location": where})

    return handler


def _assign(conn: Connection, wish: tuple[ClientId, CuratorId], now: datetime, env: Surroundings) -> Client:
    """Leave the client to this person, or to everybody when none is named."""
    client_id, curator_id = wish
    client = directory.clients_by_id(conn, [client_id]).get(client_id)
    if client is None:
        raise NotFound
    who = directory.get_partner(conn, client.partner_id).name
    try:
        assigning.assign(conn, client_id, curator_id or None, who=who, now=now, env=env)
    except UserError as error:
        raise NotFound from error
    return client


def _refuse_other_sites(request: web.Request) -> None:
    """A browser says where a form was: only this console's own may change anything."""
    origin = request.headers.get("Origin", "")
    if not origin or urlsplit(origin).netloc != request.headers.get("Host"):
        raise web.HTTPForbidden(text="This form is not the console's.\n")


def _carry_out(conn: Connection, wish: _Wish, now: datetime, env: Surroundings) -> tuple[Client, str | None]:
    client = directory.clients_by_id(conn, [wish.client_id]).get(wish.client_id)
    person = directory.curators_by_id(conn, [wish.curator_id]).get(wish.curator_id)
    if client is None or person is None or person.partner_id != client.partner_id or not person.follows(client.id):
        raise NotFound
    facts = {"client": client.account_id, "curator": person.name}
    audit.record(conn, client.partner_id, f"client.{'muted' if wish.mute else 'unmuted'}", facts, who=_WHO, now=now)
    if not wish.mute:
        directory.unmute(conn, person.id, client.id)
        alerts.catch_up(conn, person.id, now=now, env=env, client_id=client.id)
        return client, None
    muting = partial(directory.mute, conn, person.id, client.id, now)
    left = leave(conn, person.id, muting, now=now, env=env, client_id=client.id)
    return client, HEIRS if left.heirs else NOBODY if left.clients else None
