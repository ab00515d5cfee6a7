"""`text CLIENT`: a message in the client's own language, ready to be forwarded; nothing of the partner's in it."""

from typing import Any

from bot.billing.standing import Standing
from bot.billing.standings import standing
from bot.directory.people import Client
from bot.handlers.choosing import about, tapped_client, whom
from bot.handlers.commands import Tap, Text
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.i18n import supported
from bot.money import as_json

router = Router()


@router.command(Text)
def text(ctx: Context, command: Text) -> Replies:
    """`text CLIENT`."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = whom(ctx, command.client, lambda one: payload_of("text", one))
    return [client] if isinstance(client, Reply) else _forwarded(ctx, client)


@router.tap("text")
def picked(ctx: Context, tap: Tap) -> Replies:
    """A line of a list."""
    if not ctx.curator.may_move_money:
        return [Reply("replies/viewer")]
    client = tapped_client(ctx, tap.id)
    return [client] if isinstance(client, Reply) else _forwarded(ctx, client)


def _forwarded(ctx: Context, client: Client) -> Replies:
    """To whom it goes, in the curator's language; then the message alone, in the client's."""
    found = standing(ctx.conn, client.id, ctx.now, ctx.env.around.book)
    to = {**about(client), "contact_name": client.contact_name, "contact_phone": client.contact_phone}
    message = Reply(
        "care/for_client", _facts(ctx, client, found), client_id=client.id, language=supported(client.language)
    )
    return [Reply("care/forward", to, client_id=client.id), message]


def _facts(ctx: Context, client: Client, found: Standing) -> dict[str, Any]:
    known = ctx.env.around.book.plans.get(found.plan or "")
    what = _what(found)
    end = found.unpaid_until if what == "unpaid" else found.next_end or found.ended_on
    price = found.unpaid if what == "unpaid" else found.renewal
    return {
        **about(client),
        "contact_name": client.contact_name,
        "what": what,
        "day": end.isoformat() if end else None,
        "money_until": found.money_until.isoformat() if found.money_until else None,
        "plan": known.title if known else found.plan,
        "channels": len(found.channels),
        "balance": as_json(found.balance),
        "daily": as_json(found.daily_total) if found.daily_total else None,
        "months": found.renewal_months if found.renewal else None,
        "price": as_json(price) if price else None,
        "by_itself": found.auto is not None and found.auto.failed_for != found.next_end,
        "as_of": found.as_of.isoformat() if found.as_of else None,
        "zone": client.time_zone,
    }


def _what(found: Standing) -> str:
    """What the client should know: stopped, unpaid, ended, ending, running_out, by_use (an estimate), or fine."""
    if found.stopped:
        return "stopped"
    if found.unpaid is not None:
        return "unpaid"
    if found.next_end is None and found.ended_on is not None:
        return "ended"
    if found.next_end is not None and (found.money_until is None or found.next_end <= found.money_until):
        return "ending"
    if found.by_use is not None:
        return "by_use" if found.money_until is not None else "fine"
    return "running_out" if found.runs_out_on is not None else "fine"
