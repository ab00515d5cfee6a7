"""`GET /media/<token>.png`: the pictures that the provider fetches. The token is all the proof, and it ends."""

import re
from collections.abc import AsyncIterator

from aiohttp import web

from bot.errors import TransientError
from bot.pictures import repository
from bot.pictures.due_list import due_svg
from bot.pictures.studio import Studio
from bot.web.deps import WebDeps

_TOKEN = re.compile(r"^[A-Za-z0-9_-]{20,64}$")
_HEADERS = {"Cache-Control": "private, max-age=600", "X-Robots-Tag": "noindex"}


def add_media(app: web.Application, deps: WebDeps) -> None:
    """Answer with the picture that was asked for in the chat, as it was then; 404 for anything else."""
    studio = Studio()

    async def media(request: web.Request) -> web.Response:
        token = request.match_info["token"]
        facts = None
        if _TOKEN.match(token):
            facts = await deps.db.read(repository.facts_of, token, deps.clock.now())
        if facts is None:
            raise web.HTTPNotFound
        try:
            png = await studio.draw(token, due_svg(facts, facts["language"]))
        except TransientError as error:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
        return web.Response(body=png, content_type="image/png", headers=_HEADERS)

    async def running(app: web.Application) -> AsyncIterator[None]:
        yield
        await studio.close()

    app.cleanup_ctx.append(running)
    app.router.add_get("/media/{token}.png", media)
