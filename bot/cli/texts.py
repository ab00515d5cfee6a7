"""`templates`: the texts that WhatsApp must approve: are they right, are they at the provider, what does it say."""

import asyncio
from pathlib import Path

import typer

from bot.app.house import build
from bot.app.opening import open_database
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import REFUSED, console, escaped, print_json, print_table
from bot.cli.session import session, settings_of
from bot.clock import SystemClock
from bot.errors import UserError
from bot.messaging.content_sync import SyncReport
from bot.messaging.contents import all_stored
from bot.messaging.contents import status as status_of
from bot.messaging.template_rules import check as check_texts
from bot.messaging.templates import registry

templates = typer.Typer(help="The texts that WhatsApp must approve.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(templates, name="templates")


@templates.command()
def check(json: JsonOption = False) -> None:
    """Every text in every language against WhatsApp's rules for lengths, variables and buttons."""
    problems = [str(one) for one in check_texts(registry())]
    if json:
        print_json({"ok": not problems, "texts": len(registry().names()), "problems": problems})
    else:
        for one in problems:
            console.print(f"[red]wrong[/red]: {escaped(one)}")
        if not problems:
            console.print(f"[green]ok[/green]: {len(registry().names())} texts keep the rules in every language.")
    if problems:
        raise typer.Exit(REFUSED)


@templates.command()
def push(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Create at the provider what is missing, and ask WhatsApp's approval."""
    report = asyncio.run(_push(config))
    if json:
        print_json(report)
    else:
        console.print(
            f"{report.created} created, {report.submitted} submitted for approval, {report.checked} looked up again."
        )
        for one in report.problems:
            console.print(f"[red]trouble[/red]: {escaped(one)}")
    if report.problems:
        raise typer.Exit(REFUSED)


@templates.command()
def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """What is known of each text at the provider."""
    with session(config) as here:
        found = status_of(here.db.read_now(all_stored), registry().contents())
    if json:
        print_json(found)
        return
    rows = [(one.template, one.language, one.approval or "not there", one.content_id or "–") for one in found]
    print_table("", ("text", "language", "state", "id at the provider"), rows, "No texts.")


async def _push(config: Path | None) -> SyncReport:
    settings = settings_of(config)
    if settings.twilio.account_sid is None:
        raise UserError("no_account_here")
    async with open_database(settings) as db:
        house = build(settings, db, clock=SystemClock(), role="worker")
        try:
            return await house.register_texts()
        finally:
            await house.transport.close()
