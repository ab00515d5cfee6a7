"""`wazzup`: whose clients live there, whose messages go by it, and what has to be done in its dashboard."""

from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from bot.billing.gateways.wazzup import tasks as dashboard
from bot.billing.gateways.wazzup.tasks import Task
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, print_json, print_table
from bot.cli.session import partner_of, session
from bot.directory.partners import set_roads
from bot.errors import UserError
from bot.i18n import money_text
from bot.messaging.transports.wazzup_request import SENDER_PREFIX
from bot.money import Money
from bot.storage.audit import OPERATOR, record

wazzup = typer.Typer(help="Wazzup: clients' accounts, messages, tasks.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(wazzup, name="wazzup")
    app.command(name="tasks")(tasks)


@wazzup.command()
def use(
    accounts: Annotated[
        Literal["book", "wazzup"] | None, typer.Option(help="Where clients' money and subscriptions live.")
    ] = None,
    messages: Annotated[
        Literal["twilio", "wazzup"] | None, typer.Option(help="What the partner's messages go by.")
    ] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Choose for a partner where clients' accounts live and what messages go by."""
    if accounts is None and messages is None:
        raise typer.BadParameter("say --accounts or --messages")
    with session(config) as here:
        sender = _sender(messages, here.settings.wazzup.channel_id)

        def unit(conn: Connection) -> str:
            chosen = partner_of(conn, partner)
            change_sender = {} if messages is None else {"sender": sender}
            change_gateway = {} if accounts is None else {"gateway": accounts}
            set_roads(conn, chosen.id, **change_gateway, **change_sender)
            facts = {"accounts": accounts, "messages": messages}
            record(conn, chosen.id, "partner.roads", facts, who=OPERATOR, now=here.now)
            return chosen.id

        chosen_id = here.db.write_now(unit)
    if json:
        print_json({"partner": chosen_id, "accounts": accounts, "messages": messages})
        return
    for what, where in (("accounts", accounts), ("messages", messages)):
        if where is not None:
            console.print(f"{chosen_id}: {what} by {where} from now on.")


def tasks(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """What somebody has to do in the Wazzup dashboard, or has done without a proof yet."""
    with session(config) as here:
        found = here.db.read_now(lambda conn: dashboard.waiting(conn, partner_of(conn, partner).id))
        address = here.settings.wazzup.dashboard_url
    if json:
        print_json([_document(one, address) for one in found])
        return
    rows = [
        (one.name, str(one.facts["company"]), str(one.facts["kind"]), _amount(one), one.state, _link(one, address))
        for one in found
    ]
    columns = ("task", "client", "what", ">amount", "state", "dashboard")
    print_table("", columns, rows, "Nothing has to be done in Wazzup.")


def _sender(messages: str | None, channel_id: str | None) -> str | None:
    if messages != "wazzup":
        return None
    if channel_id is None:
        raise UserError("told", text="Set wazzup.channel_id and wazzup.api_key first.")
    return SENDER_PREFIX + channel_id


def _document(task: Task, address: str) -> dict[str, Any]:
    return {
        "id": task.id,
        "number": task.name,
        "client": task.facts["account_id"],
        "company": task.facts["company"],
        "kind": task.facts["kind"],
        "amount": task.facts["client_gets"],
        "state": task.state,
        "created_at": task.created_at.isoformat(),
        "done_at": task.progress.done_at.isoformat() if task.progress.done_at else None,
        "dashboard": _link(task, address),
    }


def _amount(task: Task) -> str:
    value = task.facts["client_gets"]
    return money_text(Money(value["minor"], value["currency"]), "en")


def _link(task: Task, address: str) -> str:
    return address.format(account_id=task.facts["account_id"])
