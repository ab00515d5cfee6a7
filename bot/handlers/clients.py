"""The list of clients, a page at a time, each line to be picked by its number."""

from typing import Any

from bot.billing import service as billing
from bot.directory import service as directory
from bot.directory.matching import Candidate, Exact, Several
from bot.directory.people import Client
from bot.handlers.balance import card
from bot.handlers.choosing import about, candidates, match_of
from bot.handlers.commands import Clients, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import CHOICES_MAX, Menu, Replies, Reply
from bot.handlers.router import Router
from bot.handlers.seen import seen
from bot.money import as_json

router = Router()


@router.command(Clients)
def clients(ctx: Context, command: Clients) -> Replies:
    """`clients [NAME] [PAGE]`."""
    found = _found(ctx, command.search)
    if len(found) == 1 and command.search:
        return [card(ctx, directory.get_client(ctx.conn, found[0].id))]
    if not found:
        return [Reply("replies/no_clients", {"words": command.search})]
    pages = -(-len(found) // CHOICES_MAX)
    page = min(command.page, pages)
    shown = found[(page - 1) * CHOICES_MAX : page * CHOICES_MAX]
    known = directory.clients_by_id(ctx.conn, [one.id for one in shown])
    standings = billing.standings(ctx.conn, known, ctx.now, ctx.env.around.book)
    facts = {
        "clients": [_line(known[one.id], standings[one.id]) for one in shown],
        **seen(ctx, standings.values()),
        "total": len(found),
        "page": page,
        "pages": pages,
        "words": command.search,
    }
    return [Reply("replies/clients", facts, menu=Menu(tuple(payload_of("balance", one.id) for one in shown)))]


@router.tap("more")
def typed_more(ctx: Context, tap: Tap) -> Replies:
    """ "More" typed by hand: which page it was is not remembered."""
    return [Reply("replies/more")]


def _found(ctx: Context, search: str | None) -> list[Candidate]:
    if search is None:
        return candidates(ctx)
    match match_of(ctx, search):
        case Exact(client=found):
            return [found]
        case Several(clients=several):
            return list(several)
        case _:
            return []


def _line(client: Client, found: billing.Standing) -> dict[str, Any]:
    """A client in one line: the money, and the day that comes first."""
    return {**about(client), "balance": as_json(found.balance), **when(found)}


def when(found: billing.Standing) -> dict[str, Any]:
    """What happens next to a client: `ends`, `lasts` or `lasts_about` till a day, or already `ended` or `stopped`."""
    if found.stopped:
        return {"state": "stopped", "day": found.ended_on and found.ended_on.isoformat()}
    if found.ended_on and not found.next_end:
        return {"state": "ended", "day": found.ended_on.isoformat()}
    lasts = "lasts_about" if found.by_use else "lasts"
    days = [(day, state) for day, state in ((found.next_end, "ends"), (found.money_until, lasts)) if day]
    if not days:
        return {"state": "none", "day": None}
    day, state = min(days)
    return {"state": state, "day": day.isoformat()}
