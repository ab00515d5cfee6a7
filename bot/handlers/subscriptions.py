"""Subscriptions beside renewing: a new one, paid or not yet, a higher plan, channels that come or go."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from bot.alerts import service as alerts
from bot.billing import repository, subscribing
from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.local_day import local_date
from bot.billing.subscribing import Asked, ChannelName
from bot.directory.people import Client
from bot.errors import UserError
from bot.handlers import renew
from bot.handlers.choosing import about, is_named, owned, tapped_client, whom
from bot.handlers.commands import AddChannel, NotOffered, RemoveChannel, Subscribe, Tap, Upgrade
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.quotes import ask
from bot.handlers.reply import CHOICES_MAX, Menu, Replies, Reply
from bot.handlers.router import Router
from bot.ids import ClientId, SubscriptionId
from bot.messaging.templates import Button
from bot.money import as_json

router = Router()
_NOT_SAID = "-"
_UNPAID = "unpaid"


@router.command(Subscribe)
def subscribe(ctx: Context, command: Subscribe) -> Replies:
    """`subscribe CLIENT [PLAN] [PERIOD] [unpaid]`: a quote for the channels on daily payments, or for renewing."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    reading: Subscribe | None = command
    while reading is not None and not is_named(ctx, reading.client):
        reading = reading.other
    wanted = reading or command
    rest = (wanted.plan or _NOT_SAID, str(wanted.months or _NOT_SAID), *([_UNPAID] if wanted.unpaid else []))
    client = whom(ctx, wanted.client, lambda one: payload_of("subscribe", one, ".".join(rest)))
    return [client] if isinstance(client, Reply) else _subscribed(ctx, client, *_read(".".join(rest)))


@router.tap("subscribe")
def tapped_subscribe(ctx: Context, tap: Tap) -> Replies:
    """The button under a client or an alert, or a line of a list."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    return [client] if isinstance(client, Reply) else _subscribed(ctx, client, *_read(tap.arg))


@router.command(Upgrade)
def upgrade(ctx: Context, command: Upgrade) -> Replies:
    """`upgrade CLIENT PLAN`: a quote for the days left."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    wanted = command.other if command.other and is_named(ctx, command.other.client) else command
    client = whom(ctx, wanted.client, lambda one: payload_of("upgrade", one, wanted.plan or _NOT_SAID))
    return [client if isinstance(client, Reply) else _upgraded(ctx, client, wanted.plan, None)]


@router.tap("upgrade")
def tapped_upgrade(ctx: Context, tap: Tap) -> Replies:
    """A line of a list: the client, the plan and the subscription as far as they are chosen."""
    plan, _, subscription = (tap.arg or _NOT_SAID).partition(".")
    return _tapped(ctx, tap, lambda client: _upgraded(ctx, client, _said(plan), _said(subscription)))


@router.command(AddChannel)
def add_channel(ctx: Context, command: AddChannel) -> Replies:
    """`add channel CLIENT [TRANSPORT NAME]`: a quote, or the channels on daily payments to choose from."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = whom(ctx, command.client, lambda one: payload_of("addchannel", one))
    if isinstance(client, Reply):
        return [client]
    if command.transport is None or command.name is None:
        return [_which_to_add(ctx, client)]
    return [_added(ctx, client, ChannelName(command.transport, command.name), None)]


@router.tap("addchannel")
def tapped_add(ctx: Context, tap: Tap) -> Replies:
    """A line of a list: the channel, and the subscription it goes to when there are several."""
    channel, _, subscription = (tap.arg or _NOT_SAID).partition(".")
    if channel == _NOT_SAID:
        return _tapped(ctx, tap, lambda client: _which_to_add(ctx, client))
    return _tapped(ctx, tap, lambda client: _with_channel(ctx, client, channel, _said(subscription)))


@router.command(RemoveChannel)
def remove_channel(ctx: Context, command: RemoveChannel) -> Replies:
    """`remove channel CLIENT`: the channels in subscriptions to choose from."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = whom(ctx, command.client, lambda one: payload_of("removechannel", one))
    return [client if isinstance(client, Reply) else _which_to_remove(ctx, client)]


@router.tap("removechannel")
def tapped_remove(ctx: Context, tap: Tap) -> Replies:
    """A line of a list."""
    if tap.arg is None:
        return _tapped(ctx, tap, lambda client: _which_to_remove(ctx, client))
    return _tapped(ctx, tap, lambda client: _removed(ctx, client, tap.arg or ""))


@router.command(NotOffered)
def not_offered(ctx: Context, command: NotOffered) -> Replies:
    """Freezing and refunds do not exist."""
    return [Reply("subscriptions/not_offered")]


def _subscribed(ctx: Context, client: Client, plan: str | None, months: int | None, unpaid: bool) -> Replies:
    if unpaid:
        return _created(ctx, client, plan, months)
    held = _holdings(ctx, client)
    if held.unpaid() is not None or not held.loose(_today(ctx, held)):
        return [renew.quoted(ctx, client, plan, months)]
    asked = _asked(ctx, client)
    book = ctx.env.around.book
    loose = [ChannelName(one.transport, one.name) for one in held.loose(_today(ctx, held))]
    return [
        ask(
            ctx,
            client,
            lambda: subscribing.quote_subscription(ctx.conn, book, asked, plan=plan, months=months, channels=loose),
        )
    ]


def _created(ctx: Context, client: Client, plan: str | None, months: int | None) -> Replies:
    """Nothing moves, so nothing is asked: the subscription is there and waits for its money.

    Where the balance reaches money would move at once, so that is asked as any purchase is.
    """
    book, asked = ctx.env.around.book, _asked(ctx, client)
    try:
        made = subscribing.create_unpaid(ctx.conn, book, asked, plan=plan, months=months)
    except UserError as error:
        if error.key != "balance_reaches":
            raise
        return _subscribed(ctx, client, plan, months, unpaid=False)
    alerts.apply(ctx.conn, made.changes, now=ctx.now, env=ctx.env.around)
    facts = {
        **about(client),
        "plan_title": made.plan_title,
        "channels": made.channels,
        "months": made.months,
        "price": as_json(made.price),
        "missing": as_json(made.missing),
        "until": made.until,
        "ends_after": made.ends_after,
        "sample_prices": made.sample_prices,
    }
    topup = Button("topup", payload_of("topup", client.id, f"{made.missing.decimal:f}"))
    return [Reply("subscriptions/created", facts, (topup,), client_id=client.id)]


def _upgraded(ctx: Context, client: Client, plan: str | None, subscription: str | None) -> Reply:
    held, book = _holdings(ctx, client), ctx.env.around.book
    if plan is None:
        choices = tuple(payload_of("upgrade", client.id, name) for name in book.plans)
        facts = {**about(client), "plans": [one.title for one in book.plans.values()]}
        return Reply("subscriptions/which_plan", facts, menu=Menu(choices), client_id=client.id)
    running = _running(ctx, held)
    if subscription is None and len(running) > 1:
        return _which_subscription(ctx, client, held, running, lambda one: ("upgrade", f"{plan}.{one}"))
    which = SubscriptionId(subscription) if subscription else None
    return ask(ctx, client, lambda: subscribing.quote_upgrade(ctx.conn, book, _asked(ctx, client), plan, which))


def _with_channel(ctx: Context, client: Client, channel_id: str, subscription: str | None) -> Reply:
    held = _holdings(ctx, client)
    found = next((one for one in held.channels if one.id == channel_id), None)
    if found is None:
        return Reply("replies/button_old")
    running = _running(ctx, held)
    if subscription is None and len(running) > 1:
        return _which_subscription(ctx, client, held, running, lambda one: ("addchannel", f"{channel_id}.{one}"))
    return _added(ctx, client, ChannelName(found.transport, found.name), subscription)


def _added(ctx: Context, client: Client, channel: ChannelName, subscription: str | None) -> Reply:
    which = SubscriptionId(subscription) if subscription else None
    book = ctx.env.around.book
    return ask(
        ctx,
        client,
        lambda: subscribing.quote_added_channels(ctx.conn, book, _asked(ctx, client), [channel], which),
    )


def _removed(ctx: Context, client: Client, channel_id: str) -> Reply:
    held, book = _holdings(ctx, client), ctx.env.around.book
    found = next((one for one in held.channels if one.id == channel_id), None)
    if found is None:
        return Reply("replies/button_old")
    leaves = [ChannelName(found.transport, found.name)]
    return ask(
        ctx,
        client,
        lambda: subscribing.quote_removed_channels(ctx.conn, book, _asked(ctx, client), leaves, found.subscription_id),
    )


def _which_to_add(ctx: Context, client: Client) -> Reply:
    held = _holdings(ctx, client)
    loose = held.on_daily_payment(_today(ctx, held))
    return _which_channel(client, "subscriptions/which_to_add", "addchannel", loose)


def _which_to_remove(ctx: Context, client: Client) -> Reply:
    held = _holdings(ctx, client)
    running = {one.id for one in _running(ctx, held)}
    inside = [one for one in held.channels if one.subscription_id in running and not one.free]
    return _which_channel(client, "subscriptions/which_to_remove", "removechannel", inside)


def _which_channel(client: Client, template: str, verb: str, channels: Sequence[Channel]) -> Reply:
    shown = channels[:CHOICES_MAX]
    lines = [{"transport": one.transport, "name": one.name} for one in shown]
    choices = tuple(payload_of(verb, client.id, one.id) for one in shown)
    facts = {**about(client), "channels": lines, "more": len(channels) - len(shown)}
    return Reply(template, facts, menu=Menu(choices) if choices else None, client_id=client.id)


def _which_subscription(
    ctx: Context,
    client: Client,
    held: Holdings,
    several: Sequence[Subscription],
    then: Callable[[SubscriptionId], tuple[str, str]],
) -> Reply:
    choices = []
    for one in several[:CHOICES_MAX]:
        verb, arg = then(one.id)
        choices.append(payload_of(verb, client.id, arg))
    lines = [renew.line(ctx, held, one) for one in several[:CHOICES_MAX]]
    facts: dict[str, Any] = {**about(client), "subscriptions": lines}
    return Reply("subscriptions/which", facts, menu=Menu(tuple(choices)), client_id=client.id)


def _running(ctx: Context, held: Holdings) -> list[Subscription]:
    today = _today(ctx, held)
    return [one for one in held.subscriptions if one.paid_on(today)]


def _tapped(ctx: Context, tap: Tap, then: Callable[[Client], Reply]) -> Replies:
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = owned(ctx, ClientId(tap.id)) if tap.id else None
    return [then(client) if client is not None else Reply("replies/button_old")]


def _asked(ctx: Context, client: Client) -> Asked:
    return Asked(ctx.partner.id, client.id, ctx.now, ctx.curator.id, ctx.address)


def _holdings(ctx: Context, client: Client) -> Holdings:
    return repository.holdings_of(ctx.conn, client.id, ctx.partner.id)


def _today(ctx: Context, held: Holdings) -> date:
    return local_date(ctx.now, held.time_zone)


def _said(text: str) -> str | None:
    return None if text in ("", _NOT_SAID) else text


def _read(arg: str | None) -> tuple[str | None, int | None, bool]:
    """The plan, period and whether it is paid later, as `subscribe` wrote them."""
    plan, months, unpaid = [*(arg or "").split("."), "", "", ""][:3]
    return _said(plan), int(months) if months.isdigit() else None, unpaid == _UNPAID
