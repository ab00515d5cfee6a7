"""Renewing or buying a subscription: from words to a quote, and to one for another period."""

from typing import Any

from bot.alerts import repository as alerts
from bot.billing import repository, subscribing, transfers
from bot.billing import service as billing
from bot.billing.holdings import Holdings, Subscription
from bot.billing.local_day import local_date
from bot.billing.quote import Quote
from bot.billing.subscribing import Asked, ChannelName
from bot.directory.people import Client
from bot.errors import UserError
from bot.handlers.choosing import about, is_named, owned, tapped_client, whom
from bot.handlers.commands import Renew, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.quotes import ask
from bot.handlers.reply import CHOICES_MAX, Menu, Replies, Reply
from bot.handlers.router import Router
from bot.handlers.trailing import blamed
from bot.ids import AlertId, ClientId, SubscriptionId
from bot.money import as_json

router = Router()
_AS_BEFORE = "-"
"""Stands for "no plan named" and "no period named" in a payload."""


@router.command(Renew)
def renew(ctx: Context, command: Renew) -> Replies:
    """`renew CLIENT [PLAN] [PERIOD]`: a quote."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    command = _right_reading(ctx, command)
    if (wrong := blamed(ctx, command.client)) is not None:
        return [wrong]
    client = whom(ctx, command.client, lambda one: _payload(one, command.plan, command.months))
    if isinstance(client, Reply):
        return [client]
    return [quoted(ctx, client, command.plan, command.months)]


@router.tap("renew")
def tapped(ctx: Context, tap: Tap) -> Replies:
    """The button under an alert or a client, or a line of a list; `arg` is plan and period when they were named."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    if isinstance(client, Reply):
        return [client]
    plan, months, subscription_id = _chosen(tap.arg)
    return [quoted(ctx, client, plan, months, subscription_id or _of_alert(ctx, client, tap.id))]


@router.tap("period")
def other_period(ctx: Context, tap: Tap) -> Replies:
    """The periods to choose from with their prices, or the quote for the chosen one."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    found = transfers.load(ctx.conn, token=tap.id) if tap.id else None
    if found is None or found.asked_by != ctx.curator.id or found.client_id is None:
        return [Reply("replies/button_old")]
    client = owned(ctx, found.client_id)
    if client is None:
        return [Reply("replies/button_old")]
    if tap.arg and tap.arg.isdigit():
        quote = found.quote
        if quote.kind == "subscribe" and quote.subscription_id is None:
            return [_other_subscription(ctx, client, quote, int(tap.arg))]
        return [_quoted(ctx, client, quote.plan, int(tap.arg), quote.subscription_id)]
    return [_periods(ctx, client, found.quote)]


def _right_reading(ctx: Context, command: Renew) -> Renew:
    """Of several readings the one whose name is a client's whole name, else the first."""
    reading = command.other
    while reading is not None:
        if is_named(ctx, reading.client):
            return reading
        reading = reading.other
    return command


def quoted(
    ctx: Context, client: Client, plan: str | None, months: int | None, subscription_id: SubscriptionId | None = None
) -> Reply:
    """The quote of a renewal; of several subscriptions that may be meant, the list to choose from."""
    held = repository.holdings_of(ctx.conn, client.id, ctx.partner.id)
    several = held.renewable(local_date(ctx.now, held.time_zone))
    if subscription_id is not None or len(several) < 2:
        return _quoted(ctx, client, plan, months, subscription_id)
    shown = several[:CHOICES_MAX]
    choices = tuple(_payload(client.id, plan, months, one.id) for one in shown)
    facts = {**about(client), "subscriptions": [line(ctx, held, one) for one in shown]}
    return Reply("subscriptions/which", facts, menu=Menu(choices), client_id=client.id)


def line(ctx: Context, held: Holdings, one: Subscription) -> dict[str, Any]:
    """A subscription in a list."""
    known = ctx.env.around.book.plans.get(one.plan or "")
    return {
        "plan": known.title if known else one.plan,
        "channels": len(held.in_subscription(one.id)),
        "ends": one.end_date.isoformat(),
        "ended": not one.active_on(local_date(ctx.now, held.time_zone)),
    }


def _of_alert(ctx: Context, client: Client, alert_id: str | None) -> SubscriptionId | None:
    """The subscription that an alert speaks of, by its end."""
    told = alerts.alerts_by_id(ctx.conn, [AlertId(alert_id)]) if alert_id else {}
    ends = {one.cycle for one in told.values()}
    held = repository.holdings_of(ctx.conn, client.id, ctx.partner.id)
    meant = [one.id for one in held.subscriptions if one.end_date.isoformat() in ends and one.state != "closed"]
    return meant[0] if len(meant) == 1 else None


def _quoted(
    ctx: Context, client: Client, plan: str | None, months: int | None, subscription_id: SubscriptionId | None = None
) -> Reply:
    return ask(
        ctx,
        client,
        lambda: billing.quote_renewal(
            ctx.conn,
            ctx.env.around.book,
            partner_id=ctx.partner.id,
            client_id=client.id,
            plan=plan,
            months=months,
            asked_by=ctx.curator.id,
            asked_from=ctx.address,
            now=ctx.now,
            subscription_id=subscription_id,
        ),
    )


def _other_subscription(ctx: Context, client: Client, quote: Quote, months: int) -> Reply:
    """The quote of a new subscription for another period, for the same channels."""
    return ask(
        ctx,
        client,
        lambda: subscribing.quote_subscription(
            ctx.conn,
            ctx.env.around.book,
            Asked(ctx.partner.id, client.id, ctx.now, ctx.curator.id, ctx.address),
            plan=quote.plan,
            months=months,
            channels=_channels(quote),
        ),
    )


def _channels(quote: Quote) -> list[ChannelName]:
    return [ChannelName(*name.split(":", 1)) for name in quote.names]


def _dry(ctx: Context, client: Client, quote: Quote, months: int) -> Quote:
    """The same for another period, nothing written."""
    book = ctx.env.around.book
    if quote.kind == "subscribe" and quote.subscription_id is None:
        asked = Asked(ctx.partner.id, client.id, ctx.now, save=False)
        names = _channels(quote)
        return subscribing.quote_subscription(ctx.conn, book, asked, plan=quote.plan, months=months, channels=names)
    return billing.quote_renewal(
        ctx.conn,
        book,
        partner_id=ctx.partner.id,
        client_id=client.id,
        plan=quote.plan,
        months=months,
        asked_by=None,
        asked_from=None,
        now=ctx.now,
        save=False,
        subscription_id=quote.subscription_id,
    )


def _periods(ctx: Context, client: Client, quote: Quote) -> Reply:
    book = ctx.env.around.book
    offers = []
    for months in book.periods(local_date(ctx.now, client.time_zone)):
        try:
            other = _dry(ctx, client, quote, months)
        except UserError:
            continue
        ends = other.ends_after.isoformat() if other.ends_after else None
        offers.append({"months": months, "price": other.price and as_json(other.price), "ends_after": ends})
    choices = tuple(payload_of("period", quote.token, str(one["months"])) for one in offers)
    return Reply("replies/periods", {**about(client), "offers": offers}, menu=Menu(choices), client_id=client.id)


def _payload(client_id: ClientId, plan: str | None, months: int | None, which: SubscriptionId | None = None) -> str:
    chosen = f".{which}" if which else ""
    return payload_of("renew", client_id, f"{plan or _AS_BEFORE}.{months or _AS_BEFORE}{chosen}")


def _chosen(arg: str | None) -> tuple[str | None, int | None, SubscriptionId | None]:
    plan, months, which = [*(arg or "").split("."), "", "", ""][:3]
    named = None if plan in ("", _AS_BEFORE) else plan
    return named, (int(months) if months.isdigit() else None), (SubscriptionId(which) if which else None)
