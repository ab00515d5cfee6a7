"""Yes and no to a quote: by button, by word, by code. Only the asker, from the same address; never a viewer."""

from datetime import timedelta
from typing import Any

from bot.alerts import service as alerts
from bot.billing import confirming
from bot.billing.confirming import Confirmed
from bot.billing.gateways.wazzup import tasks
from bot.billing.quote import Quote
from bot.directory import service as directory
from bot.errors import UserError
from bot.handlers import conversation, spending, task_texts
from bot.handlers.choosing import about
from bot.handlers.commands import No, Tap, Yes
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.quote_lines import lines, ordered
from bot.handlers.quotes import ask_again
from bot.handlers.reply import Menu, Replies, Reply
from bot.handlers.router import Router
from bot.id_generator import CODE_DIGITS
from bot.ids import TransferId
from bot.messaging.templates import Button
from bot.storage.switches import Switch, paused

router = Router()
CODE_LENGTH = CODE_DIGITS


@router.command(Yes)
def yes(ctx: Context, command: Yes) -> Replies:
    """A bare yes confirms only the question asked last, and only while nothing else is open; a code means its quote."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    if ctx.conversation.locked(ctx.now):
        return [_locked(ctx)]
    if command.code is not None:
        return _by_code(ctx, command.code)
    quotes = open_quotes(ctx)
    if not quotes:
        return [Reply("replies/nothing_open")]
    if len(quotes) > 1:
        return [_which(ctx, quotes)]
    if quotes[0].token not in ctx.shown.question:
        return [ask_again(ctx, quotes[0])]
    return _confirmed(ctx, transfer_id=quotes[0].id)


@router.tap("confirm")
def tapped_confirm(ctx: Context, tap: Tap) -> Replies:
    """The button under a quote."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    if tap.id is None:
        return yes(ctx, Yes())
    if ctx.conversation.locked(ctx.now):
        return [_locked(ctx)]
    return _confirmed(ctx, token=tap.id)


@router.command(No)
def no(ctx: Context, command: No) -> Replies:
    """Takes back the quote of that code, or everything that is open."""
    quotes = open_quotes(ctx)
    meant = [one for one in quotes if command.code in (None, one.code)]
    if not quotes:
        return [Reply("replies/nothing_open")]
    if not meant:
        return [_which(ctx, quotes, command.code)]
    for quote in meant:
        _cancel(ctx, transfer_id=quote.id)
    return [_cancelled(ctx, meant)]


@router.tap("cancel")
def tapped_cancel(ctx: Context, tap: Tap) -> Replies:
    """The button under a quote; of a guard's two ways it takes back both."""
    if tap.id is None:
        return no(ctx, No())
    quote = _cancel(ctx, token=tap.id)
    if quote.other_id is not None:
        _cancel(ctx, transfer_id=quote.other_id)
    return [_cancelled(ctx, [quote])]


@router.tap("undo")
def undo(ctx: Context, tap: Tap) -> Replies:
    """Takes back a confirmed operation that still waits."""
    if tap.id is None:
        return [Reply("replies/nothing_to_undo")]
    return [_cancelled(ctx, [_cancel(ctx, token=tap.id)])]


@router.tap("both")
def typed_both(ctx: Context, tap: Tap) -> Replies:
    """A label typed long after its message is gone."""
    return [Reply("replies/button_old")]


@router.tap("only")
def typed_only(ctx: Context, tap: Tap) -> Replies:
    """A label typed long after its message is gone."""
    return [Reply("replies/button_old")]


def open_quotes(ctx: Context) -> list[Quote]:
    """What this person may confirm now, the oldest first."""
    return confirming.open_quotes(ctx.conn, ctx.curator.id, ctx.address, ctx.now)


def _cancelled(ctx: Context, quotes: list[Quote]) -> Reply:
    """What was taken back; of a guard's two ways only what was asked for."""
    ids = {one.id for one in quotes}
    asked = [one for one in quotes if one.kind == "topup" or one.other_id not in ids]
    return Reply("replies/cancelled", {"quotes": lines(ctx, asked)})


def _cancel(ctx: Context, *, transfer_id: TransferId | None = None, token: str | None = None) -> Quote:
    """Take back one, and return it."""
    moved = confirming.cancel(
        ctx.conn,
        transfer_id=transfer_id,
        token=token,
        curator_id=ctx.curator.id,
        address=ctx.address,
        now=ctx.now,
    )
    return moved.quote


def _confirmed(ctx: Context, *, transfer_id: TransferId | None = None, token: str | None = None) -> Replies:
    if paused(ctx.conn, Switch.MONEY):
        return [Reply("replies/money_paused")]
    spending.refuse_confirming(ctx, transfer_id=transfer_id, token=token)
    done = confirming.confirm(
        ctx.conn,
        transfer_id=transfer_id,
        token=token,
        curator_id=ctx.curator.id,
        address=ctx.address,
        now=ctx.now,
        undo_seconds=ctx.env.around.undo_seconds,
    )
    if ctx.conversation.wrong_codes:
        conversation.set_wrong_codes(ctx.conn, ctx.address, 0, None)
    if (task := tasks.of_transfer(ctx.conn, done.transfer.id)) is not None:
        return [task_texts.steps(ctx, task)]
    if done.again:
        return [_already(ctx, done)]
    if done.state == "pending":
        post_at = done.transfer.post_at or ctx.now
        ctx.env.around.jobs.enqueue(ctx.conn, confirming.SETTLE_JOB, done.transfer.id, post_at)
        return [_waiting(ctx, done)]
    alerts.apply(ctx.conn, done.changes, now=ctx.now, env=ctx.env.around, in_reply_to=ctx.message.id)
    return []


def _already(ctx: Context, done: Confirmed) -> Reply:
    """A second tap: what is held is not asked about again, and its Undo stays where it is."""
    facts: dict[str, Any] = {"receipt": done.receipt}
    if done.state == "posted":
        return Reply("replies/done_already", facts, client_id=done.transfer.client_id)
    post_at = done.transfer.post_at or ctx.now
    facts |= {"post_at": post_at.isoformat(), "zone": ctx.curator.time_zone}
    return Reply("replies/confirmed_already", facts, client_id=done.transfer.client_id)


def _waiting(ctx: Context, done: Confirmed) -> Reply:
    quote = done.transfer.quote
    client = directory.get_client(ctx.conn, quote.client_id)
    post_at = done.transfer.post_at or ctx.now
    facts = {**quote.facts(), **about(client), "post_at": post_at.isoformat(), "zone": ctx.curator.time_zone}
    undo_button = Button("undo", payload_of("undo", quote.token))
    family = "subscriptions" if quote.kind == "change" else "replies"
    return Reply(f"{family}/pending_{quote.kind}", facts, (undo_button,), client_id=client.id)


def _by_code(ctx: Context, code: str) -> Replies:
    try:
        transfer_id = confirming.check_code(ctx.conn, ctx.curator.id, ctx.address, code, ctx.now)
    except UserError as error:
        if error.key != "wrong_code":
            raise
        return [_wrong_code(ctx)]
    return _confirmed(ctx, transfer_id=transfer_id)


def _wrong_code(ctx: Context) -> Reply:
    """Count it; after too many, confirming is locked for a while."""
    limits = ctx.env.limits
    count = ctx.conversation.wrong_codes + 1
    if count < limits.wrong_codes_max:
        conversation.set_wrong_codes(ctx.conn, ctx.address, count, None)
        return Reply("replies/wrong_code", {"left": limits.wrong_codes_max - count})
    conversation.set_wrong_codes(ctx.conn, ctx.address, 0, ctx.now + timedelta(minutes=limits.lock_minutes))
    return Reply("replies/locked", {"minutes": limits.lock_minutes})


def _locked(ctx: Context) -> Reply:
    return Reply("replies/locked", {"minutes": ctx.conversation.minutes_locked(ctx.now)})


def _which(ctx: Context, quotes: list[Quote], wrong_code: str | None = None) -> Reply:
    """What is open. A number picks one of several; one alone is never confirmed by a number."""
    listed = ordered(quotes)
    menu = Menu(tuple(payload_of("confirm", one.token) for one in listed)) if len(listed) > 1 else None
    return Reply("replies/which_quote", {"quotes": lines(ctx, listed), "wrong_code": wrong_code or ""}, menu=menu)
