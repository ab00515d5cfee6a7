"""`picture`: who runs out when, as a picture; the same list as text where nobody outside could fetch one."""

from bot.alerts.due import due_list
from bot.alerts.due_picture import page_of
from bot.handlers import alerts
from bot.handlers.commands import Due, Picture, Tap
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Menu, Replies, Reply
from bot.handlers.router import Router
from bot.handlers.seen import seen
from bot.pictures import repository
from bot.pictures.due_list import ROWS_MAX

router = Router()


@router.command(Picture)
def picture(ctx: Context, command: Picture) -> Replies:
    """`picture [PAGE]`. What it shows is kept in this unit; it is drawn when it is fetched."""
    if ctx.env.media_url is None:
        return [Reply("replies/no_picture", keeps_menu=True), *alerts.due(ctx, Due())]
    within = alerts.WITHIN_DAYS
    found = due_list(ctx.conn, ctx.partner.id, now=ctx.now, env=ctx.env.around, within_days=within)
    page = page_of(
        [one for one in found if ctx.curator.follows(one.client_id)],
        command.page,
        ROWS_MAX,
        partner=ctx.partner.name,
        language=ctx.curator.language,
        zone=ctx.curator.time_zone,
        within=within,
        now=ctx.now,
    )
    if not page.shown:
        return [Reply("replies/nothing_due", {"days": within})]
    token = repository.keep(ctx.conn, ctx.partner.id, page.facts, ctx.now)
    said = {name: page.facts[name] for name in ("total", "more", "page", "within")}
    menu = Menu(tuple(payload_of("balance", one.client_id) for one in page.shown))
    instead = "replies/picture_as_text", {**said, **seen(ctx, page.shown), "clients": page.facts["rows"]}
    url = f"{ctx.env.media_url}/{token}.png"
    return [Reply("replies/picture", said, menu=menu, media=url, instead=instead)]


@router.tap("picture")
def tapped(ctx: Context, tap: Tap) -> Replies:
    """The button under a list."""
    return picture(ctx, Picture())
