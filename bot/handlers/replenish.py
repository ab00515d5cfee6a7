"""Replenishing the partner's own account: from words to a payment link, or to why there is none."""

from decimal import Decimal

from bot.alerts.payment_notes import facts_of
from bot.billing import service as billing
from bot.billing.payments import replenishing
from bot.billing.payments.news import News
from bot.directory import service as directory
from bot.handlers.amount import Amount, AmountProblem
from bot.handlers.commands import Replenish, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Menu, Replies, Reply
from bot.handlers.router import Router
from bot.money import Money, as_json, normal_currency, of

router = Router()


@router.command(Replenish)
def replenish(ctx: Context, command: Replenish) -> Replies:
    """`replenish AMOUNT [CURRENCY]`. The link comes by itself once the provider has given it."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    amount = command.amount
    if isinstance(amount, AmountProblem) and amount.reason != "missing":
        return [Reply("replies/amount_refused", {"reason": amount.reason, "text": amount.text})]
    if not isinstance(amount, Amount):
        return [Reply("payments/replenish_amount", {"currency": _currencies(ctx)[0]})]
    currencies = [amount.currency] if amount.currency else _currencies(ctx)
    values = [amount.value] if amount.other is None else [amount.value, amount.other]
    meant = [money for value in values for one in currencies if (money := _money(value, one)) is not None]
    if not meant:
        return [Reply("replies/amount_refused", {"reason": "too_fine", "text": f"{amount.value:f}"})]
    return [_which(meant)] if amount.ambiguous or len(meant) > 1 else _asked(ctx, meant[0])


@router.tap("replenish")
def picked(ctx: Context, tap: Tap) -> Replies:
    """A line of the list: `replenish:<currency>:<amount>`."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    currency, value = normal_currency(tap.id or ""), tap.arg or ""
    money = _money(Decimal(value), currency) if currency and value.replace(".", "", 1).isdigit() else None
    return [Reply("replies/button_old")] if money is None else _asked(ctx, money)


def _asked(ctx: Context, amount: Money) -> Replies:
    asked = replenishing.ask(
        ctx.conn,
        ctx.env.replenish,
        partner_id=ctx.partner.id,
        amount=amount,
        language=ctx.curator.language,
        asked_by=ctx.curator.id,
        asked_from=ctx.address,
        in_reply_to=ctx.message.id,
        now=ctx.now,
        jobs=ctx.env.around.jobs,
    )
    if asked.url is None:
        return []
    return [Reply("payments/link", facts_of(News("link", asked, asked.amount), ctx.curator.time_zone, None))]


def _currencies(ctx: Context) -> list[str]:
    """Of the currencies of the partner's accounts (without one, of his clients) those that can be paid by card; where
    none can, one of them, for the answer to say so.
    """
    terms = ctx.env.replenish
    known = [one.currency for one in billing.partner_accounts(ctx.conn, ctx.partner.id)]
    known = known or sorted({one.currency for one in directory.list_clients(ctx.conn, ctx.partner.id)})
    return [one for one in known if terms.serves(one)] or known[:1] or sorted(terms.currencies) or ["EUR"]


def _which(meant: list[Money]) -> Reply:
    choices = tuple(payload_of("replenish", one.currency, f"{one.decimal:f}") for one in meant)
    return Reply("payments/replenish_which", {"amounts": [as_json(one) for one in meant]}, menu=Menu(choices))


def _money(value: Decimal, currency: str) -> Money | None:
    """The amount in a currency; None when the currency has no such small unit."""
    try:
        return of(value, currency)
    except ValueError:
        return None
