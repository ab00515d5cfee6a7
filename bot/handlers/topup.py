"""Sending money to a client: from words to a quote."""

from decimal import Decimal

from bot.billing import service as billing
from bot.directory.people import Client
from bot.handlers.amount import Amount, AmountProblem, parse_amount
from bot.handlers.choosing import about, is_named, tapped_client, whom
from bot.handlers.commands import Tap, TopUp
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.quotes import ask
from bot.handlers.reply import Menu, Replies, Reply
from bot.handlers.router import Router
from bot.ids import ClientId
from bot.money import Money, as_json, of

router = Router()


@router.command(TopUp)
def top_up(ctx: Context, command: TopUp) -> Replies:
    """`topup CLIENT AMOUNT`: a quote, or what is still missing for one."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    if command.other is not None and is_named(ctx, command.other.client):
        command = command.other
    amount = command.amount
    if isinstance(amount, AmountProblem) and amount.reason != "missing":
        return [Reply("replies/amount_refused", {"reason": amount.reason, "text": amount.text})]
    known = amount if isinstance(amount, Amount) else None
    client = whom(ctx, command.client, lambda one: _payload(one, known))
    if isinstance(client, Reply):
        return [client]
    return _answer(ctx, client, known)


@router.tap("topup")
def tapped(ctx: Context, tap: Tap) -> Replies:
    """The button under an alert or a client, or a line of a list; `arg` is the amount when it is known."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    if isinstance(client, Reply):
        return [client]
    return _answer(ctx, client, _amount(tap.arg))


def _answer(ctx: Context, client: Client, amount: Amount | None) -> Replies:
    if amount is None:
        menu = Menu(expects="amount", client_id=client.id)
        facts = {**about(client), "currency": client.currency}
        return [Reply("replies/amount_missing", facts, menu=menu, client_id=client.id)]
    if amount.currency is not None and amount.currency != client.currency:
        facts = {**about(client), "expected": client.currency, "given": amount.currency, "amount": f"{amount.value:f}"}
        return [Reply("replies/other_currency", facts, client_id=client.id)]
    readings = [money for value in (amount.value, amount.other) if (money := _money(value, client.currency))]
    if not readings:
        return [Reply("replies/amount_refused", {"reason": "too_fine", "text": f"{amount.value:f}"})]
    if len(readings) > 1:
        return [_which_amount(client, readings)]
    return [_quoted(ctx, client, readings[0])]


def _quoted(ctx: Context, client: Client, amount: Money) -> Reply:
    return ask(
        ctx,
        client,
        lambda: billing.quote_top_up(
            ctx.conn,
            ctx.env.around.book,
            partner_id=ctx.partner.id,
            client_id=client.id,
            amount=amount,
            asked_by=ctx.curator.id,
            asked_from=ctx.address,
            now=ctx.now,
        ),
    )


def _which_amount(client: Client, readings: list[Money]) -> Reply:
    choices = tuple(_payload(client.id, Amount(one.decimal, one.currency)) for one in readings)
    facts = {**about(client), "amounts": [as_json(one) for one in readings]}
    return Reply("replies/which_amount", facts, menu=Menu(choices), client_id=client.id)


def _money(value: Decimal | None, currency: str) -> Money | None:
    """The amount in a currency; None when there is none or the currency has no such small unit."""
    if value is None:
        return None
    try:
        return of(value, currency)
    except ValueError:
        return None


def _payload(client_id: ClientId, amount: Amount | None) -> str:
    """What picking a client from the list goes on with. An amount that was ambiguous is asked for again."""
    if amount is None or amount.ambiguous:
        return payload_of("topup", client_id)
    return payload_of("topup", client_id, f"{amount.value:f}" + (f"_{amount.currency}" if amount.currency else ""))


def _amount(arg: str | None) -> Amount | None:
    """The amount that `_payload` wrote: `1440.50`, `1440.50_EUR`."""
    value, _, currency = (arg or "").partition("_")
    found = parse_amount(f"{value} {currency}") if value else None
    return found if isinstance(found, Amount) else None
