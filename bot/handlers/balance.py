"""How one client stands: money, subscription, channels."""

from typing import Any

from bot.alerts.facts import band_facts
from bot.billing.standing import Standing
from bot.billing.standings import standing
from bot.directory.matching import Nothing
from bot.directory.people import Client
from bot.handlers import confirm
from bot.handlers.choosing import about, match_of, one_of, tapped_client, whom
from bot.handlers.commands import Balance, Digits, Mention, Tap, Yes
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.handlers.seen import seen
from bot.ids import ClientId
from bot.messaging.templates import Button
from bot.money import as_json

router = Router()


@router.command(Balance)
def balance(ctx: Context, command: Balance) -> Replies:
    """`balance CLIENT`."""
    client = whom(ctx, command.client, _payload)
    return [client if isinstance(client, Reply) else card(ctx, client)]


@router.tap("balance")
def tapped(ctx: Context, tap: Tap) -> Replies:
    """A line of a list."""
    client = tapped_client(ctx, tap.id)
    return [client if isinstance(client, Reply) else card(ctx, client)]


@router.command(Mention)
def mention(ctx: Context, command: Mention) -> Replies:
    """Only words: a client's name, or nothing that is understood."""
    match = match_of(ctx, command.client)
    if isinstance(match, Nothing) and not match.nearest:
        return [Reply("replies/unknown", {"near": None})]
    client = one_of(ctx, command.client, match, _payload)
    return [client if isinstance(client, Reply) else card(ctx, client)]


@router.command(Digits)
def digits(ctx: Context, command: Digits) -> Replies:
    """A bare number: the code of an open quote, else a client's ID or its ending, else a wrong code."""
    quotes = confirm.open_quotes(ctx)
    if any(one.code == command.text for one in quotes):
        return confirm.yes(ctx, Yes(command.text))
    match = match_of(ctx, command.text)
    if isinstance(match, Nothing) and quotes and len(command.text) == confirm.CODE_LENGTH:
        return confirm.yes(ctx, Yes(command.text))
    client = one_of(ctx, command.text, match, _payload)
    return [client if isinstance(client, Reply) else card(ctx, client)]


def card(ctx: Context, client: Client) -> Reply:
    """Everything about a client on one screen, with buttons for those who may use them."""
    found = standing(ctx.conn, client.id, ctx.now, ctx.env.around.book)
    facts = {**about(client), **_facts(ctx, client, found)}
    if not ctx.curator.may_move_money:
        return Reply("replies/client_view", facts, client_id=client.id)
    renew = "renew" if found.subscriptions else "subscribe"
    buttons = [Button(renew, payload_of(renew, client.id)), Button("topup", payload_of("topup", client.id))]
    template = "replies/client" if found.subscriptions else "replies/client_daily"
    return Reply(template, facts, (*buttons, Button("mute", payload_of("mute", client.id))), client_id=client.id)


def _facts(ctx: Context, client: Client, found: Standing) -> dict[str, Any]:
    known = ctx.env.around.book.plans.get(found.plan or "")
    return {
        "balance": as_json(found.balance),
        "daily": as_json(found.daily_total) if found.daily_total else None,
        "channels": len(found.channels),
        "stopped": found.stopped,
        "plan": known.title if known else found.plan,
        "ends_on": found.next_end.isoformat() if found.next_end else None,
        "ended_on": found.ended_on.isoformat() if found.ended_on else None,
        "others": max(sum(one.channels > 0 and one.state != "closed" for one in found.subscriptions) - 1, 0),
        "runs_out_on": found.runs_out_on.isoformat() if found.runs_out_on else None,
        "by_use": band_facts(found.by_use),
        "months": found.renewal_months,
        "renewal": as_json(found.renewal) if found.renewal else None,
        "contact_name": client.contact_name,
        "contact_phone": client.contact_phone,
        **seen(ctx, [found]),
    }


def _payload(client_id: ClientId) -> str:
    return payload_of("balance", client_id)
