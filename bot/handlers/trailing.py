"""When no client has the name that was read: whether its last word was meant as a period or a plan there is not."""

from bot.billing.local_day import local_date
from bot.directory.matching import Nothing
from bot.handlers.choosing import match_of
from bot.handlers.context import Context
from bot.handlers.reply import Reply

_DIGITS_MAX = 3
"""A longer number belongs to an ID."""


def blamed(ctx: Context, words: str | None) -> Reply | None:
    """What is wrong with the last word, when a client is called what stands before it; None when that is not so."""
    name, _, last = (words or "").rpartition(" ")
    if not name or not isinstance(match_of(ctx, words or ""), Nothing) or isinstance(match_of(ctx, name), Nothing):
        return None
    book = ctx.env.around.book
    if last.isdigit():
        if len(last) > _DIGITS_MAX:
            return None
        periods = sorted(book.periods(local_date(ctx.now, ctx.curator.time_zone)))
        return Reply("replies/error_unknown_period", {"months": int(last), "known": periods})
    return Reply("replies/error_unknown_plan", {"plan": last, "known": list(book.plans)})
