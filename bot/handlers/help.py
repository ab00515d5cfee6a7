"""What one can ask, and what is answered to words that ask nothing."""

from bot.handlers.commands import Help, Tap, Thanks, Unknown
from bot.handlers.context import Context
from bot.handlers.own_client import help_for
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router

router = Router()
_TEMPLATES = {"unclear": "replies/unknown", "several": "replies/one_at_a_time"}


@router.command(Help)
def help_(ctx: Context, command: Help) -> Replies:
    """`help`, and any greeting."""
    if ctx.curator.client_id is not None:
        return [help_for(ctx, ctx.curator.client_id, greeting=command.greeting)]
    facts = {
        "name": ctx.curator.name,
        "partner": ctx.partner.name,
        "greeting": command.greeting,
        "may_move_money": ctx.curator.may_move_money,
    }
    return [Reply("replies/help", facts)]


@router.command(Thanks)
def thanks(ctx: Context, command: Thanks) -> Replies:
    """A courtesy for a courtesy."""
    return [Reply("replies/welcome", keeps_menu=True)]


@router.tap("no_such_choice")
def no_such_choice(ctx: Context, tap: Tap) -> Replies:
    """A number that picks nothing; the list that was shown stays in force."""
    menu = ctx.conversation.menu
    return [Reply("replies/no_such_choice", {"count": len(menu.choices) if menu else 0}, keeps_menu=True)]


def not_understood(unknown: Unknown) -> Reply:
    """Why a text is no command, with a hint at the nearest one."""
    template = _TEMPLATES.get(unknown.reason, f"replies/{unknown.reason}")
    return Reply(template, {"near": unknown.near}, keeps_menu=True)
