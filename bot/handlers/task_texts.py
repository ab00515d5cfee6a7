"""Dashboard tasks as messages: the question before, the steps, what came of it."""

from typing import Any

from bot.billing.gateways.wazzup.tasks import Task
from bot.billing.quote import Quote
from bot.directory.people import Client
from bot.handlers.context import Context
from bot.handlers.payload import payload_of
from bot.handlers.reply import Menu, Reply
from bot.messaging.templates import Button
from bot.money import as_json

LIST_MAX = 10


def question(quote: Quote, facts: dict[str, Any], client: Client) -> Reply:
    """The question before a task is made: what it costs, and that a person has to do it."""
    facts = {**facts, "price": as_json(quote.price or quote.client_gets)}
    confirm = Button("confirm", payload_of("confirm", quote.token))
    period = Button("period", payload_of("period", quote.token))
    cancel = Button("cancel", payload_of("cancel", quote.token))
    if quote.guard is not None:
        both = Button("both", payload_of("confirm", quote.guard.token))
        only = Button("only", payload_of("confirm", quote.token))
        return Reply(
            "tasks/quote_guard", {**facts, "guard": quote.guard.facts()}, (both, only, cancel), client_id=client.id
        )
    if quote.kind == "topup":
        return Reply("tasks/quote_topup", facts, (confirm, cancel), client_id=client.id)
    template = "tasks/quote_subscribe" if quote.kind == "subscribe" else "tasks/quote_renew"
    return Reply(template, facts, (confirm, period, cancel), client_id=client.id)


def steps(ctx: Context, task: Task) -> Reply:
    """What is to be done, with the address of the client's dashboard. A task that is over says so."""
    if not task.waits:
        return over(task)
    facts = {
        **task.facts,
        "number": task.name,
        "link": ctx.env.dashboard_url.format(account_id=task.facts["account_id"]),
    }
    return Reply(_steps_text(task), facts, buttons(task), client_id=task.client_id)


def over(task: Task) -> Reply:
    """It is over already."""
    template = "tasks/over_confirmed" if task.state == "confirmed" else "tasks/over_closed"
    return Reply(template, {"number": task.name}, client_id=task.client_id)


def buttons(task: Task) -> tuple[Button, Button, Button]:
    """Done, did not work, cancel."""
    return (
        Button("done", payload_of("done", task.id)),
        Button("failed", payload_of("failed", task.id)),
        Button("cancel", payload_of("drop", task.id)),
    )


def listed(ctx: Context, waiting: list[Task]) -> Reply:
    """Tasks that wait, to be picked by number."""
    if not waiting:
        return Reply("tasks/none")
    shown = waiting[:LIST_MAX]
    lines = [
        {
            "number": one.name,
            "company": one.facts["company"],
            "state": one.state,
            "amount": one.facts["price"] or one.facts["client_gets"],
            "since": ((one.state == "done" and one.progress.done_at) or one.created_at).isoformat(),
        }
        for one in shown
    ]
    facts = {
        "tasks": lines,
        "total": len(waiting),
        "more": len(waiting) - len(shown),
        "zone": ctx.curator.time_zone,
    }
    return Reply("tasks/list", facts, menu=Menu(tuple(payload_of("task", one.id) for one in shown)))


def _steps_text(task: Task) -> str:
    if task.facts["kind"] == "topup":
        return "tasks/todo_topup"
    if not task.facts["client_gets"]["minor"]:
        return "tasks/todo_covered"
    return "tasks/todo_subscribe" if task.facts["kind"] == "subscribe" else "tasks/todo_renew"
