"""What clients paid the partner: noted, taken back, and who owes whom. No money moves here."""

from bot.billing import client_payments
from bot.billing.client_payments import Debt, Recorded
from bot.directory import service as directory
from bot.directory.people import Client
from bot.handlers.amount import Amount, AmountProblem
from bot.handlers.choosing import about, is_named, tapped_client, whom
from bot.handlers.commands import Owes, Paid, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import CHOICES_MAX, Menu, Replies, Reply
from bot.handlers.router import Router
from bot.ids import ClientId, ClientPaymentId
from bot.messaging.templates import Button
from bot.money import Money, as_json, of

router = Router()
_LISTED = 20


@router.command(Paid)
def paid(ctx: Context, command: Paid) -> Replies:
    """`paid CLIENT AMOUNT [how]`: noted, and linked to the top-up it funds."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    if command.other is not None and is_named(ctx, command.other.client):
        command = command.other
    amount = command.amount
    if isinstance(amount, AmountProblem) and amount.reason != "missing":
        return [Reply("replies/amount_refused", {"reason": amount.reason, "text": amount.text})]
    known = amount if isinstance(amount, Amount) else None
    if known is not None and known.ambiguous:
        return [Reply("replies/amount_refused", {"reason": "unclear", "text": f"{known.value:f}"})]
    client = whom(ctx, command.client, lambda one: _payload(one, known))
    if isinstance(client, Reply):
        return [client]
    return _noted(ctx, client, known, command.how)


@router.tap("paid")
def picked(ctx: Context, tap: Tap) -> Replies:
    """A client picked from the list that was shown, with the amount that was said."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    if isinstance(client, Reply):
        return [client]
    value, _, currency = (tap.arg or "").partition("_")
    if not value.replace(".", "", 1).isdigit():
        return _noted(ctx, client, None, None)
    return _noted(ctx, client, Amount(of(value, currency or client.currency).decimal, currency or None), None)


@router.tap("unpaid")
def taken_back(ctx: Context, tap: Tap) -> Replies:
    """The note was a mistake."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    found = client_payments.withdraw(ctx.conn, ctx.partner.id, ClientPaymentId(tap.id or ""), ctx.now)
    if found is None:
        return [Reply("replies/button_old")]
    return [Reply("payments/unpaid", {"amount": as_json(found)})]


@router.command(Owes)
def owes(ctx: Context, command: Owes) -> Replies:
    """Credited but unpaid, paid but uncredited; the latter can be picked for a top-up."""
    if ctx.curator.client_id is not None:
        return [Reply("replies/viewer")]
    found = client_payments.owes(ctx.conn, ctx.partner.id)
    if not found:
        return [Reply("payments/owes_none")]
    known = directory.clients_by_id(ctx.conn, [one.client_id for one in found])
    ahead = [one for one in found if one.ahead]
    facts = {
        "unpaid": [_line(known[one.client_id], one, one.owes) for one in found if one.owes][:_LISTED],
        "ahead": [_line(known[one.client_id], one, one.ahead) for one in ahead][:CHOICES_MAX],
        "more": max(len(found) - len(ahead) - _LISTED, 0) + max(len(ahead) - CHOICES_MAX, 0),
        "zone": ctx.curator.time_zone,
    }
    choices = tuple(payload_of("topup", one.client_id, carried(one.ahead)) for one in ahead[:CHOICES_MAX])
    return [Reply("payments/owes", facts, menu=Menu(choices) if choices else None)]


def carried(money: Money) -> str:
    """An amount as payloads carry it: `1440.50_EUR`."""
    return f"{money.decimal:f}_{money.currency}"


def _noted(ctx: Context, client: Client, amount: Amount | None, how: str | None) -> Replies:
    if amount is None:
        return [Reply("payments/paid_amount", about(client), client_id=client.id)]
    if amount.currency not in (None, client.currency):
        facts = {**about(client), "expected": client.currency, "given": amount.currency}
        return [Reply("payments/paid_currency", facts, client_id=client.id)]
    try:
        money = of(amount.value, client.currency)
    except ValueError:
        return [Reply("replies/amount_refused", {"reason": "too_fine", "text": f"{amount.value:f}"})]
    done = client_payments.record(
        ctx.conn, ctx.partner.id, client.id, money, how=how, recorded_by=ctx.curator.id, now=ctx.now
    )
    undo = Button("unpaid", payload_of("unpaid", done.id))
    return [Reply("payments/paid", _facts(ctx, client, done), (undo,), client_id=client.id)]


def _facts(ctx: Context, client: Client, done: Recorded) -> dict[str, object]:
    return {
        **about(client),
        "amount": as_json(done.amount),
        "how": done.how,
        "receipt": done.funds.receipt if done.funds else None,
        "day": done.funds.at.isoformat() if done.funds else None,
        "zone": ctx.curator.time_zone,
        "owes": as_json(done.owes) if done.owes else None,
        "ahead": as_json(done.ahead) if done.ahead else None,
    }


def _line(client: Client, debt: Debt, amount: Money) -> dict[str, object]:
    receipts = ", ".join(debt.receipts[:3])
    return {**about(client), "amount": as_json(amount), "since": debt.since.isoformat(), "receipts": receipts}


def _payload(client_id: ClientId, amount: Amount | None) -> str:
    """What picking a client from the list goes on with."""
    if amount is None:
        return payload_of("paid", client_id)
    return payload_of("paid", client_id, f"{amount.value:f}" + (f"_{amount.currency}" if amount.currency else ""))
