"""`demo`, `serve`, `simulator`, `migrate`: what runs, and what it runs on."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.app.house import Role
from bot.app.opening import open_database
from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import REFUSED, WRONG_USE, console, errors, fail, print_json
from bot.cli.serving import run_service, run_simulator, simulator_options
from bot.cli.session import settings_of
from bot.settings import Settings
from bot.simulator.settings import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_STRIPE_KEY,
    DEFAULT_STRIPE_WEBHOOK_SECRET,
)
from bot.storage import migrate as schema


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)
    app.command()(serve)
    app.command()(simulator)
    app.command()(migrate)


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65534, help="Port of the product; the phone page is one above.")
    ] = 8080,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the data here; a throw-away folder by default.")] = None,
    script: Annotated[bool, typer.Option("--script", help="Play the story once, print it, and end.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The whole product on this machine, with a WhatsApp simulator to tap on."""
    from bot.cli.demo import play, show

    settings = settings_of(config, quiet=True)
    if not script:
        asyncio.run(show(settings, port, data_dir))
        return
    result = asyncio.run(play(settings, data_dir, narrate=not json))
    if json:
        print_json(result.document())
    if not result.ok:
        errors.print(f"[red]The story broke off:[/red] {result.problem}")
        raise typer.Exit(REFUSED)


def serve(
    role: Annotated[str, typer.Option(help="all, web, worker or scheduler.")] = "all",
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    console_host: Annotated[
        str | None, typer.Option(help="The host by which console and API may be asked for.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Run the service."""
    settings = _with_web(settings_of(config), host, port, console_host)
    if role not in ("all", "web", "worker", "scheduler"):
        fail(f"{role} is no role; use one of all, web, worker, scheduler.", as_json=False, status=WRONG_USE)
    on_simulator = settings.twilio.account_sid is None
    if on_simulator and settings.simulator.enabled and not settings.database.url.startswith("sqlite"):
        fail("the simulator works with SQLite only, and the database is another.", as_json=False, status=WRONG_USE)
    if on_simulator and not settings.simulator.enabled:
        fail(
            "there is no Twilio account. Either set CURATORBOT_TWILIO__ACCOUNT_SID and CURATORBOT_TWILIO__AUTH_TOKEN, "
            "or, to try things out on SQLite, CURATORBOT_SIMULATOR__ENABLED=true.",
            as_json=False,
            status=WRONG_USE,
        )
    asyncio.run(run_service(settings, _role(role), on_simulator=on_simulator))


def simulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of API and phone page.")] = 8081,
    account_sid: Annotated[str | None, typer.Option(help="AC and 32 hexadecimal digits.")] = None,
    auth_token: Annotated[str | None, typer.Option(help="Signs the webhooks.")] = None,
    webhook: Annotated[str, typer.Option(metavar="URL", help="Where inbound messages are posted.")] = (
        "http://127.0.0.1:8080/webhooks/twilio/inbound"
    ),
    stripe_webhook: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where payments are reported; /webhooks/stripe beside --webhook by default."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """The WhatsApp simulator alone: Twilio's wire on this machine, with the phone page."""
    settings = settings_of(config)
    account, token = account_sid or DEFAULT_ACCOUNT_SID, auth_token or DEFAULT_AUTH_TOKEN
    if account_sid is None or auth_token is None:
        console.print(f"Account [bold]{account}[/bold], token [bold]{token}[/bold].")
    console.print(
        f"Stripe: key [bold]{DEFAULT_STRIPE_KEY}[/bold], webhook secret [bold]{DEFAULT_STRIPE_WEBHOOK_SECRET}[/bold]."
    )
    asyncio.run(run_simulator(simulator_options(settings, account, token, webhook, stripe_webhook), port))


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the schema is up to date.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Bring the schema up to date."""
    with open_database(settings_of(config), prepare=False) as db:
        if not check:
            schema.upgrade(db)
        current, head = schema.current(db), schema.head()
    if json:
        print_json({"current": current, "head": head})
    else:
        console.print(f"Schema at {current or 'nothing yet'}, {'up to date' if current == head else f'needs {head}'}.")
    if current != head:
        raise typer.Exit(REFUSED)


def _with_web(settings: Settings, host: str | None, port: int | None, console_host: str | None) -> Settings:
    given = {"host": host, "port": port, "console_host": console_host}
    changed = settings.web.model_dump() | {name: value for name, value in given.items() if value is not None}
    return Settings.model_validate(settings.model_dump() | {"web": changed})


def _role(name: str) -> Role:
    return name  # type: ignore[return-value]
