"""Which curator of the partner is meant by a name, in any case ending and either script."""

from bot.directory import service as directory
from bot.directory.matching import Candidate, Exact, find
from bot.directory.people import Curator
from bot.handlers.context import Context
from bot.handlers.reply import Reply
from bot.ids import ClientId, CuratorId


def colleague(ctx: Context, words: str) -> Curator | Reply:
    """The partner's own curator of that name; a reply with the names there are when it is not exactly one."""
    people = [one for one in directory.list_curators(ctx.conn, ctx.partner.id) if one.client_id is None]
    match = find(words, [Candidate(ClientId(one.id), "", one.name) for one in people])
    if isinstance(match, Exact):
        return directory.get_curator(ctx.conn, CuratorId(match.client.id))
    return Reply("care/which_curator", {"words": words, "names": [one.name for one in people]})
