"""The partner's own account: what is on it, what it can spend, its last rows; and for whom a person speaks."""

from typing import Any

from bot.billing import service as billing
from bot.directory import service as directory
from bot.handlers import conversation
from bot.handlers.commands import Partner, Tap
from bot.handlers.context import Context
from bot.handlers.own_client import refused
from bot.handlers.payload import payload_of
from bot.handlers.reply import Menu, Replies, Reply
from bot.handlers.router import Router
from bot.ids import PartnerId
from bot.money import as_json

router = Router()
MOVEMENTS_SHOWN = 5


@router.command(Partner)
def partner(ctx: Context, command: Partner) -> Replies:
    """`partner`. Who may not move money does not see the partner's either, but may still speak for another partner."""
    if not ctx.curator.may_move_money:
        return [_without_money(ctx)]
    accounts = billing.partner_accounts(ctx.conn, ctx.partner.id)
    facts = {
        "partner": ctx.partner.name,
        "accounts": [_account(ctx, one) for one in accounts],
        "zone": ctx.curator.time_zone,
        "others": [directory.get_partner(ctx.conn, one.partner_id).name for one in ctx.others],
    }
    choices = tuple(payload_of("partner", one.partner_id) for one in ctx.others)
    return [Reply("replies/partner", facts, menu=Menu(choices) if choices else None)]


@router.tap("partner")
def speak_for(ctx: Context, tap: Tap) -> Replies:
    """Picks the partner that this person speaks for from now on."""
    chosen = PartnerId(tap.id or "")
    if chosen not in {one.partner_id for one in (ctx.curator, *ctx.others)}:
        return [Reply("replies/button_old")]
    conversation.set_partner(ctx.conn, ctx.address, chosen)
    return [Reply("people/partner_chosen", {"partner": directory.get_partner(ctx.conn, chosen).name})]


def _without_money(ctx: Context) -> Reply:
    """For whom else this person may speak; a refusal when there is nobody else."""
    if ctx.others:
        known = [ctx.curator.partner_id, *(one.partner_id for one in ctx.others)]
        names = [directory.get_partner(ctx.conn, one).name for one in known]
        menu = Menu(tuple(payload_of("partner", one) for one in known))
        return Reply("people/which_partner", {"partners": names}, menu=menu)
    return Reply("replies/viewer") if ctx.curator.client_id is None else refused(ctx, ctx.curator.client_id)


def _account(ctx: Context, view: billing.AccountView) -> dict[str, Any]:
    rows = billing.movements(ctx.conn, ctx.partner.id, view.balance.currency, MOVEMENTS_SHOWN)
    known = directory.clients_by_id(ctx.conn, [one.client_id for one in rows if one.client_id])
    return {
        "balance": as_json(view.balance),
        "held": as_json(view.held) if view.held else None,
        "available": as_json(view.available),
        "movements": [
            {
                "at": one.at.isoformat(),
                "kind": one.kind,
                "amount": as_json(one.amount),
                "company": known[one.client_id].company if one.client_id in known else None,
                "receipt": one.receipt,
            }
            for one in rows
        ],
    }
