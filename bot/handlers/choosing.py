"""From words or a button to one client, or to the reply that asks which one is meant."""

from collections.abc import Callable, Sequence
from typing import Any

from bot.alerts import repository as alerts
from bot.directory import service as directory
from bot.directory.matching import Candidate, Exact, Match, Nothing, Several, find, named_exactly
from bot.directory.people import Client
from bot.errors import UserError
from bot.handlers.context import Context
from bot.handlers.reply import Menu, Reply
from bot.handlers.settled import settled
from bot.ids import AlertId, ClientId

PayloadFor = Callable[[ClientId], str]
"""What picking a client from the list does."""


def whom(ctx: Context, words: str | None, then: PayloadFor) -> Client | Reply:
    """The client that is meant; without words the one on the screen, or the only one this person may ask about.

    A reply that asks when that is not one client.
    """
    if words is None:
        unnamed = ctx.curator.client_id or ctx.bound_client
        bound = None if unnamed is None else owned(ctx, unnamed)
        return bound or Reply("replies/whose")
    return one_of(ctx, words, match_of(ctx, words), then)


def match_of(ctx: Context, words: str) -> Match:
    """Whom these words mean among the clients that this person may see."""
    return find(words, candidates(ctx))


def is_named(ctx: Context, words: str | None) -> bool:
    """Whether a client is called exactly that; decides between two readings of a command."""
    return words is not None and named_exactly(words, candidates(ctx)) is not None


def one_of(ctx: Context, words: str, match: Match, then: PayloadFor) -> Client | Reply:
    """The client of a match, or the list to choose from."""
    match match:
        case Exact(client=found):
            return directory.get_client(ctx.conn, found.id)
        case Several(clients=clients, total=total):
            facts = {"words": words, "clients": _lines(clients), "more": total - len(clients)}
            return Reply("replies/several", facts, menu=_menu(clients, then))
        case Nothing(nearest=nearest, too_short=too_short):
            facts = {"words": words, "clients": _lines(nearest), "too_short": too_short}
            return Reply("replies/nothing_found", facts, menu=_menu(nearest, then))


def tapped_client(ctx: Context, id_: str | None) -> Client | Reply:
    """The client of a button that carries an alert's or a client's id; without an id the one on the screen.

    An alert that is settled moves no more: somebody has paid, and a second payment is asked for by name.
    """
    if id_ is None:
        return whom(ctx, None, lambda _: "")
    alert = alerts.alerts_by_id(ctx.conn, [AlertId(id_)]).get(AlertId(id_))
    found = owned(ctx, alert.client_id if alert else ClientId(id_))
    if found is None:
        return Reply("replies/button_old")
    if alert is not None and not alert.open:
        return settled(ctx, alert, found)
    return found


def owned(ctx: Context, client_id: ClientId) -> Client | None:
    """A client by our id, if it is one of this partner's that this person may see; ids in buttons are not trusted."""
    try:
        found = directory.get_client(ctx.conn, client_id)
    except UserError:
        return None
    return found if found.partner_id == ctx.partner.id and ctx.curator.follows(found.id) else None


def about(client: Client) -> dict[str, Any]:
    """The facts every text about a client has."""
    return {"company": client.company, "account_id": client.account_id}


def candidates(ctx: Context) -> list[Candidate]:
    """The clients of this partner that this person may see."""
    return [one for one in directory.candidates(ctx.conn, ctx.partner.id) if ctx.curator.follows(one.id)]


def _lines(clients: Sequence[Candidate]) -> list[dict[str, str]]:
    return [{"company": one.company, "account_id": one.account_id} for one in clients]


def _menu(clients: Sequence[Candidate], then: PayloadFor) -> Menu | None:
    return Menu(tuple(then(one.id) for one in clients)) if clients else None
