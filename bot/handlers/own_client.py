"""What a client's own curator may ask: how that client stands, and what is told. The rest is the partner's."""

from bot.directory import service as directory
from bot.directory.people import Curator
from bot.handlers.choosing import about
from bot.handlers.context import Context
from bot.handlers.reply import Reply
from bot.ids import ClientId

_COMMANDS = frozenset({"help", "thanks", "balance", "mention", "digits", "mute", "unmute", "stop", "start", "language",
                       "away", "back", "hours", "yes", "no", "partner"})  # fmt: skip
_TAPS = frozenset({"balance", "mute", "unmute", "consent", "partner", "show", "alert", "later", "no_such_choice",
                   "more", "done", "failed"})  # fmt: skip
ASKED = _COMMANDS | {f"tap:{verb}" for verb in _TAPS} | {"tap"}
"""Names of what is answered (`Router.name`); whatever is added later is the partner's until it is named here."""


def may_ask(curator: Curator, name: str) -> bool:
    """Whether this person may ask that: everybody of the partner may, a client's own curator only what is named."""
    return curator.client_id is None or name in ASKED


def refused(ctx: Context, client_id: ClientId) -> Reply:
    """A polite no that says what can be asked instead."""
    return Reply("replies/own_client", about(directory.get_client(ctx.conn, client_id)), client_id=client_id)


def help_for(ctx: Context, client_id: ClientId, *, greeting: bool) -> Reply:
    """What this person can ask."""
    facts = {"name": ctx.curator.name, "partner": ctx.partner.name, "greeting": greeting}
    return Reply("replies/help_own", {**facts, **about(directory.get_client(ctx.conn, client_id))})
