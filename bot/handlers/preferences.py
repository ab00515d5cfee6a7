"""What a person wants to hear: stop and start, mute and unmute, the language."""

from functools import partial

from bot.alerts import service as alerts
from bot.alerts.leaving import leave
from bot.directory import service as directory
from bot.directory.people import Client
from bot.handlers.choosing import about, tapped_client, whom
from bot.handlers.commands import Language, Mute, Start, Stop, Tap, Unmute
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.i18n import LANGUAGES

router = Router()


@router.command(Stop)
def stop(ctx: Context, command: Stop) -> Replies:
    """`stop`: no more alerts; commands still work."""
    around, who = ctx.env.around, ctx.curator.id
    left = leave(ctx.conn, who, lambda: directory.stop(ctx.conn, who, ctx.now), now=ctx.now, env=around)
    return [Reply("people/stopped", left.facts())]


@router.command(Start)
def start(ctx: Context, command: Start) -> Replies:
    """`start`: alerts again."""
    directory.start(ctx.conn, ctx.curator.id)
    alerts.catch_up(ctx.conn, ctx.curator.id, now=ctx.now, env=ctx.env.around)
    return [Reply("people/started", {"name": ctx.curator.name})]


@router.tap("consent")
def answered_before(ctx: Context, tap: Tap) -> Replies:
    """The invitation's buttons, tapped after the answer was given: no still ends it."""
    return stop(ctx, Stop()) if tap.id == "no" else start(ctx, Start())


@router.command(Mute)
def mute(ctx: Context, command: Mute) -> Replies:
    """`mute CLIENT`."""
    client = whom(ctx, command.client, lambda one: payload_of("mute", one))
    return [client if isinstance(client, Reply) else _muted(ctx, client)]


@router.tap("mute")
def tapped_mute(ctx: Context, tap: Tap) -> Replies:
    """The button under a client, or a line of a list."""
    client = tapped_client(ctx, tap.id)
    return [client if isinstance(client, Reply) else _muted(ctx, client)]


@router.command(Unmute)
def unmute(ctx: Context, command: Unmute) -> Replies:
    """`unmute CLIENT`."""
    client = whom(ctx, command.client, lambda one: payload_of("unmute", one))
    return [client if isinstance(client, Reply) else _unmuted(ctx, client)]


@router.tap("unmute")
def tapped_unmute(ctx: Context, tap: Tap) -> Replies:
    """A line of a list."""
    client = tapped_client(ctx, tap.id)
    return [client if isinstance(client, Reply) else _unmuted(ctx, client)]


@router.command(Language)
def language(ctx: Context, command: Language) -> Replies:
    """`language ru`, `english`: answers in that language from now on."""
    if command.code not in LANGUAGES:
        return [Reply("replies/unknown", {"near": "language"})]
    directory.set_language(ctx.conn, ctx.curator.id, command.code)
    return [Reply("people/language_set", language=command.code)]


def _muted(ctx: Context, client: Client) -> Reply:
    around, who = ctx.env.around, ctx.curator.id
    muting = partial(directory.mute, ctx.conn, who, client.id, ctx.now)
    left = leave(ctx.conn, who, muting, now=ctx.now, env=around, client_id=client.id)
    return Reply("people/muted", {**about(client), **left.facts()}, client_id=client.id)


def _unmuted(ctx: Context, client: Client) -> Reply:
    directory.unmute(ctx.conn, ctx.curator.id, client.id)
    alerts.catch_up(ctx.conn, ctx.curator.id, now=ctx.now, env=ctx.env.around, client_id=client.id)
    return Reply("people/unmuted", about(client), client_id=client.id)
