"""Open quotes as lines of a list, in the order and the words of the buttons that they were offered with."""

from collections.abc import Sequence
from typing import Any

from bot.billing.quote import Quote
from bot.directory import service as directory
from bot.handlers.context import Context
from bot.money import as_json


def ordered(quotes: Sequence[Quote]) -> list[Quote]:
    """The oldest first; of a guard's two ways the subscription first, as its buttons have it."""
    place = {one.id: at for at, one in enumerate(quotes)}

    def key(one: Quote) -> tuple[int, int]:
        own = place[one.id]
        return min(own, place.get(one.other_id, own) if one.other_id else own), one.kind == "topup"

    return sorted(quotes, key=key)


def lines(ctx: Context, quotes: Sequence[Quote]) -> list[dict[str, Any]]:
    """What each is, what the partner pays for it, and its code."""
    clients = directory.clients_by_id(ctx.conn, [one.client_id for one in quotes])
    ids = {one.id for one in quotes}
    return [
        {
            "kind": one.kind,
            "way": _way(one) if one.other_id in ids else None,
            "company": clients[one.client_id].company,
            "amount": as_json(one.client_gets if one.kind == "topup" else one.price or one.client_gets),
            "pays": as_json(one.partner_pays),
            "code": one.code,
        }
        for one in quotes
    ]


def _way(quote: Quote) -> str:
    """Which of a guard's two buttons it is."""
    return "only" if quote.kind == "topup" else "both"
