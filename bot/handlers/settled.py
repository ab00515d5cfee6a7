"""What is answered to a button of an alert that is settled: who settled it, when, and till when that reaches."""

from typing import Any

from bot.alerts.alert import Alert
from bot.billing import transfers
from bot.directory import service as directory
from bot.directory.people import Client
from bot.handlers.context import Context
from bot.handlers.reply import Reply
from bot.ids import TransferId

_SAID = ("renewed", "subscribed", "topped_up")


def settled(ctx: Context, alert: Alert, client: Client) -> Reply:
    """The answer in the words of what was done, as far as it is known."""
    named = {"company": client.company, "account_id": client.account_id, "may_act": ctx.curator.may_move_money}
    return Reply("replies/settled", {**named, **_done(ctx, alert)}, client_id=client.id)


def _done(ctx: Context, alert: Alert) -> dict[str, Any]:
    """`what` is None unless it was an operation of ours."""
    what, _, transfer_id = (alert.resolution or "").partition(":")
    moved = transfers.read(ctx.conn, TransferId(transfer_id)) if what in _SAID and transfer_id else None
    if moved is None:
        return {"what": None}
    people = directory.curators_by_id(ctx.conn, [moved.asked_by] if moved.asked_by else [])
    till = moved.quote.ends_after
    return {
        "what": what,
        "who": next((one.name for one in people.values()), None),
        "at": (moved.settled_at or moved.created_at).isoformat(),
        "till": till.isoformat() if till else None,
        "zone": ctx.curator.time_zone,
    }
