"""A quote as a message: which text says it, with which buttons."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Any

from bot.billing import confirming
from bot.billing.gateways.wazzup import tasks
from bot.billing.local_day import local_date
from bot.billing.quote import Quote
from bot.directory import service as directory
from bot.directory.people import Client
from bot.errors import UserError
from bot.handlers import spending, task_texts
from bot.handlers.choosing import about
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.refusals import refusal
from bot.handlers.reply import Reply
from bot.ids import ClientId
from bot.messaging.templates import Button


def ask(ctx: Context, client: Client, make: Callable[[], Quote]) -> Reply:
    """Make a quote for a client and show it.

    What this person had open for the client is taken back first, and stays so when no new quote can be made: a "yes"
    after a refusal must not confirm the question before.
    """
    _drop_open(ctx, client.id)
    try:
        with ctx.conn.begin_nested():
            quote = make()
            spending.refuse_quote(ctx, quote)
            over = spending.beyond(ctx, quote.guard) if quote.guard is not None else None
    except UserError as error:
        waits = tasks.waiting(ctx.conn, ctx.partner.id, client.id) if error.key == "already_pending" else []
        return task_texts.steps(ctx, waits[0]) if waits else refusal(error, ctx.message)
    if over is not None and quote.guard is not None:
        return _only(ctx, client, quote, quote.guard, over)
    return _shown(ctx, client, quote, _code(ctx, quote))


def ask_again(ctx: Context, quote: Quote) -> Reply:
    """Show the only open quote once more: something was said after it, so that a "yes" might mean that.

    Of a guard only this one of the two ways is left.
    """
    return _shown(ctx, directory.get_client(ctx.conn, quote.client_id), replace(quote, guard=None), quote.code or "")


def _shown(ctx: Context, client: Client, quote: Quote, code: str) -> Reply:
    """The message that asks for a confirmation, or for a choice when there is a better way."""
    facts = _facts(ctx, client, quote, code)
    if ctx.partner.gateway == "wazzup":
        return task_texts.question(quote, facts, client)
    cancel = Button("cancel", payload_of("cancel", quote.token))
    if quote.guard is not None:
        template = "replies/quote_guard_again" if quote.repeat_of else "replies/quote_guard"
        both = Button("both", payload_of("confirm", quote.guard.token))
        only = Button("only", payload_of("confirm", quote.token))
        facts["guard"] = quote.guard.facts()
        return Reply(template, facts, (both, only, cancel), client_id=client.id)
    confirm = Button("confirm", payload_of("confirm", quote.token))
    if quote.kind == "change":
        return Reply(f"subscriptions/quote_{quote.change}", facts, (confirm, cancel), client_id=client.id)
    if quote.kind == "topup" and (quote.price or quote.still_missing):
        return Reply("subscriptions/quote_topup", facts, (confirm, cancel), client_id=client.id)
    if quote.kind == "topup":
        template = "replies/quote_topup_again" if quote.repeat_of else "replies/quote_topup"
        return Reply(template, facts, (confirm, cancel), client_id=client.id)
    period = Button("period", payload_of("period", quote.token))
    return Reply(_renewal_template(quote), facts, (confirm, period, cancel), client_id=client.id)


def _only(ctx: Context, client: Client, quote: Quote, better: Quote, over: UserError) -> Reply:
    """A guard whose better way passes the limit: it is still named, with who may take it, but has no button.

    The second time within minutes that the same is sent weighs more, and the advice was told the first time.
    """
    _cancel(ctx, better)
    alone = replace(quote, guard=None)
    if quote.repeat_of:
        return _shown(ctx, client, alone, _code(ctx, alone))
    facts = _facts(ctx, client, alone, _code(ctx, alone)) | {"guard": better.facts()}
    facts["over"] = {**over.facts, "of_day": over.key == "day_limit"}
    buttons = (Button("only", payload_of("confirm", quote.token)), Button("cancel", payload_of("cancel", quote.token)))
    family = "tasks" if ctx.partner.gateway == "wazzup" else "replies"
    return Reply(f"{family}/quote_guard_over", facts, buttons, client_id=client.id)


def _facts(ctx: Context, client: Client, quote: Quote, code: str) -> dict[str, Any]:
    """What every question for a confirmation says."""
    facts = {**quote.facts(), **about(client), "minutes": minutes_left(quote, ctx.now), "code": code}
    facts["today"] = local_date(ctx.now, client.time_zone).isoformat()
    facts["locked"] = ctx.conversation.minutes_locked(ctx.now)
    facts["source"] = quote.source
    facts["zone"] = ctx.curator.time_zone
    return facts


def _code(ctx: Context, quote: Quote) -> str:
    """The code to type, shown only while a bare "yes" would not do because something else is open too.

    A guard has two ways with a code each; its buttons say which is which.
    """
    if quote.guard is not None:
        return ""
    others = confirming.open_quotes(ctx.conn, ctx.curator.id, ctx.address, ctx.now)
    return quote.code or "" if len(others) > 1 else ""


def minutes_left(quote: Quote, now: datetime) -> int:
    """Whole minutes that a quote is good for, rounded up."""
    return max(ceil((quote.expires_at - now).total_seconds() / 60), 0)


def _drop_open(ctx: Context, client_id: ClientId) -> None:
    """Take back what this person has open for this client: the newer question replaces the older."""
    for quote in confirming.open_quotes(ctx.conn, ctx.curator.id, ctx.address, ctx.now):
        if quote.client_id == client_id:
            _cancel(ctx, quote)


def _cancel(ctx: Context, quote: Quote) -> None:
    confirming.cancel(ctx.conn, transfer_id=quote.id, curator_id=ctx.curator.id, address=ctx.address, now=ctx.now)


def _renewal_template(quote: Quote) -> str:
    if quote.kind == "subscribe":
        return "replies/quote_subscribe"
    return "replies/quote_renew" if quote.client_gets else "replies/quote_renew_covered"
