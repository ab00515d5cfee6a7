"""How much who asks may spend: told with the quote, looked at again with the yes. Owners have no limit."""

from collections.abc import Iterator
from contextlib import contextmanager

from bot.billing import limits
from bot.billing.quote import Quote
from bot.directory import service as directory
from bot.directory.people import Role
from bot.errors import UserError
from bot.handlers.context import Context
from bot.ids import TransferId


def beyond(ctx: Context, quote: Quote) -> UserError | None:
    """Why a quote could not be confirmed, as `refuse_quote` says it; None when it could."""
    try:
        refuse_quote(ctx, quote)
    except UserError as error:
        return error
    return None


def refuse_quote(ctx: Context, quote: Quote) -> None:
    """Raise UserError operation_limit or day_limit, which names the owners, for a quote that could not be confirmed."""
    if ctx.curator.role is Role.OWNER:
        return
    with _naming_owners(ctx):
        may = limits.allowance(
            ctx.conn,
            ctx.env.around.spending,
            curator_id=ctx.curator.id,
            currency=quote.partner_pays.currency,
            time_zone=ctx.partner.time_zone,
            now=ctx.now,
        )
        limits.refuse_amount(may, quote.partner_pays)


def refuse_confirming(ctx: Context, *, transfer_id: TransferId | None, token: str | None) -> None:
    """The same for a quote that is being confirmed; confirmations of one person wait for each other."""
    if ctx.curator.role is Role.OWNER:
        return
    with _naming_owners(ctx):
        limits.refuse_beyond(
            ctx.conn,
            ctx.env.around.spending,
            curator_id=ctx.curator.id,
            time_zone=ctx.partner.time_zone,
            now=ctx.now,
            transfer_id=transfer_id,
            token=token,
        )


@contextmanager
def _naming_owners(ctx: Context) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        people = directory.list_curators(ctx.conn, ctx.partner.id)
        owners = sorted(one.name for one in people if one.role is Role.OWNER)
        raise UserError(error.key, **error.facts, owners=owners) from error
