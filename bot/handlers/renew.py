"""Renewing or buying a subscription: from words to a quote, and to one for another period."""

from bot.billing import service as billing
from bot.billing import transfers
from bot.billing.local_day import local_date
from bot.billing.quote import Quote
from bot.directory.people import Client
from bot.errors import UserError
from bot.handlers.choosing import about, is_named, owned, tapped_client, whom
from bot.handlers.commands import Renew, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.quotes import ask
from bot.handlers.reply import Menu, Replies, Reply
from bot.handlers.router import Router
from bot.ids import ClientId, SubscriptionId
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
    client = whom(ctx, command.client, lambda one: _payload(one, command.plan, command.months))
    if isinstance(client, Reply):
        return [client]
    return [_quoted(ctx, client, command.plan, command.months)]


@router.tap("renew")
def tapped(ctx: Context, tap: Tap) -> Replies:
    """The button under an alert or a client, or a line of a list; `arg` is plan and period when they were named."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    if isinstance(client, Reply):
        return [client]
    plan, months = _plan_and_months(tap.arg)
    return [_quoted(ctx, client, plan, months)]


@router.tap("subscribe")
def subscribe(ctx: Context, tap: Tap) -> Replies:
    """The button under the alert of a client on daily payments."""
    return tapped(ctx, tap)


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


def _periods(ctx: Context, client: Client, quote: Quote) -> Reply:
    book = ctx.env.around.book
    offers = []
    for months in book.periods(local_date(ctx.now, client.time_zone)):
        try:
            other = billing.quote_renewal(
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
        except UserError:
            continue
        ends = other.ends_after.isoformat() if other.ends_after else None
        offers.append({"months": months, "price": other.price and as_json(other.price), "ends_after": ends})
    choices = tuple(payload_of("period", quote.token, str(one["months"])) for one in offers)
    return Reply("replies/periods", {**about(client), "offers": offers}, menu=Menu(choices), client_id=client.id)


def _payload(client_id: ClientId, plan: str | None, months: int | None) -> str:
    return payload_of("renew", client_id, f"{plan or _AS_BEFORE}.{months or _AS_BEFORE}")


def _plan_and_months(arg: str | None) -> tuple[str | None, int | None]:
    plan, _, months = (arg or "").partition(".")
    return (None if plan in ("", _AS_BEFORE) else plan), (int(months) if months.isdigit() else None)
