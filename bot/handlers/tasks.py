"""Dashboard tasks in the chat: the list, the steps, done, did not work, not wanted any more."""

from typing import Literal

from bot.billing.gateways.wazzup import tasks
from bot.billing.gateways.wazzup.tasks import Task
from bot.billing.standings import standing
from bot.handlers import task_texts
from bot.handlers.commands import Tap
from bot.handlers.context import Context
from bot.handlers.reply import Replies, Reply
from bot.handlers.router import Router
from bot.ids import TaskId

router = Router()


@router.tap("tasks")
def listed(ctx: Context, tap: Tap) -> Replies:
    """`tasks`: what has to be done in Wazzup, or waits for its proof."""
    return [task_texts.listed(ctx, _waiting(ctx))]


@router.tap("task")
def steps(ctx: Context, tap: Tap) -> Replies:
    """One task of the list with its steps."""
    found = _found(ctx, tap)
    return [found if isinstance(found, Reply) else task_texts.steps(ctx, found)]


@router.tap("done")
def done(ctx: Context, tap: Tap) -> Replies:
    """It is carried out, as the person says; a table or poll will show it."""
    found = _found(ctx, tap)
    if isinstance(found, Reply):
        return [found]
    if not found.waits:
        return [task_texts.over(found)]
    said = tasks.say_done(ctx.conn, found, ctx.curator.id, ctx.now)
    at = said.progress.done_at or ctx.now
    source = standing(ctx.conn, found.client_id, ctx.now, ctx.env.around.book).source
    facts = {"at": at.isoformat(), "zone": ctx.curator.time_zone, "source": source}
    return [Reply("tasks/noted", facts, client_id=found.client_id)]


@router.tap("failed")
def failed(ctx: Context, tap: Tap) -> Replies:
    """It did not work in the dashboard."""
    return _closed(ctx, tap, "failed")


@router.tap("drop")
def dropped(ctx: Context, tap: Tap) -> Replies:
    """It is not wanted any more."""
    return _closed(ctx, tap, "cancelled")


def _closed(ctx: Context, tap: Tap, state: Literal["failed", "cancelled"]) -> Replies:
    found = _found(ctx, tap)
    if isinstance(found, Reply):
        return [found]
    if not found.waits:
        return [task_texts.over(found)]
    tasks.close(ctx.conn, found, state, ctx.now)
    return [Reply(f"tasks/{state}", {"number": found.name}, client_id=found.client_id)]


def _found(ctx: Context, tap: Tap) -> Task | Reply:
    """The task of a button; of a typed label the only one that waits, else the list, if there is one."""
    if not ctx.curator.may_move_money:
        return Reply("replies/viewer")
    if tap.id is None:
        waiting = _waiting(ctx)
        if not waiting:
            return Reply("replies/button_old")
        return waiting[0] if len(waiting) == 1 else task_texts.listed(ctx, waiting)
    found = tasks.load(ctx.conn, TaskId(tap.id), ctx.partner.id)
    if found is None or not ctx.curator.follows(found.client_id):
        return Reply("replies/button_old")
    return found


def _waiting(ctx: Context) -> list[Task]:
    return [one for one in tasks.waiting(ctx.conn, ctx.partner.id) if ctx.curator.follows(one.client_id)]
