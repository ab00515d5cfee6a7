"""`autorenew CLIENT on|off`: an owner agrees once, and the client's subscriptions renew by themselves."""

from bot.alerts import service as alerts
from bot.billing import auto_renewal
from bot.billing.standings import standing
from bot.directory.people import Client, Role
from bot.handlers.choosing import about, owned, whom
from bot.handlers.commands import AutoRenew, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.ids import ClientId
from bot.money import as_json

router = Router()


@router.command(AutoRenew)
def auto_renew(ctx: Context, command: AutoRenew) -> Replies:
    """Switch it on (an owner's word) or off (anybody who may move money), or say how it is."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    arg = {True: "on", False: "off", None: None}[command.on]
    client = whom(ctx, command.client, lambda one: payload_of("autorenew", one, arg))
    return [client if isinstance(client, Reply) else _switched(ctx, client, command.on)]


@router.tap("autorenew")
def tapped(ctx: Context, tap: Tap) -> Replies:
    """A line of a list."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = owned(ctx, ClientId(tap.id)) if tap.id else None
    if client is None:
        return [Reply("replies/button_old")]
    return [_switched(ctx, client, {"on": True, "off": False}.get(tap.arg or ""))]


def _switched(ctx: Context, client: Client, on: bool | None) -> Reply:
    if on is None:
        return _state(ctx, client)
    who = ctx.curator.name
    if on:
        if ctx.curator.role is not Role.OWNER:
            return Reply("subscriptions/auto_owner_only", about(client), client_id=client.id)
        stands = standing(ctx.conn, client.id, ctx.now, ctx.env.around.book)
        changes = auto_renewal.switch_on(ctx.conn, ctx.env.around.book, stands, limit=None, by=who, now=ctx.now)
    else:
        changes = auto_renewal.switch_off(ctx.conn, ctx.partner.id, client.id, by=who, now=ctx.now)
    alerts.apply(ctx.conn, changes, now=ctx.now, env=ctx.env.around)
    return _state(ctx, client)


def _state(ctx: Context, client: Client) -> Reply:
    stands = standing(ctx.conn, client.id, ctx.now, ctx.env.around.book)
    if stands.auto is None:
        return Reply("subscriptions/auto_off", about(client), client_id=client.id)
    facts = {
        **about(client),
        "limit": as_json(stands.auto.limit),
        "at": stands.renews_at.isoformat() if stands.renews_at else None,
        "zone": stands.time_zone,
        "who": stands.auto.agreed_by,
        "why": stands.auto.failed_why,
    }
    return Reply("subscriptions/auto_on", facts, client_id=client.id)
