"""`wazzup status|poll|subscribe|close`: how the look at clients' accounts goes, have it go now, the webhook, a task."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from bot.app.account_polls import POLL_ACCOUNTS
from bot.app.heartbeats import anybody_works
from bot.app.wazzup import Wazzup
from bot.billing.gateways.wazzup import polls, tasks
from bot.billing.gateways.wazzup.polls import Poll
from bot.billing.gateways.wazzup.tasks import Task
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import REFUSED, console, errors, escaped, print_json
from bot.cli.session import Session, session, settings_of
from bot.cli.wazzup import wazzup
from bot.directory.people import Partner
from bot.errors import UserError
from bot.i18n import moment_text
from bot.jobs.local import LocalJobs
from bot.messaging.outbox import sender_of
from bot.messaging.transports.wazzup_subscription import subscribe as tell_wazzup
from bot.storage.audit import OPERATOR, record

_WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.2


def register(app: typer.Typer) -> None:
    """Add these commands to `wazzup`, which is in the app already."""
    for command in (status, poll, subscribe, close):
        wazzup.command()(command)


def status(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Which roads a partner uses, what is set up, when accounts were read last, and what went wrong."""
    with session(config) as here:
        who = here.partner(partner)
        found = _status(here, who)
    if json:
        print_json(found)
    else:
        _print_status(found)


def poll(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Look at the partner's accounts now, also after a refused login. Exit status 1 when none could be read."""
    with session(config) as here:
        who = here.partner(partner)
        if who.gateway != "wazzup":
            raise UserError("told", text="First: curatorbot wazzup use --accounts wazzup")
        if here.settings.wazzup.login is None:
            raise UserError("told", text="Set wazzup.login and wazzup.password first (docs/wazzup.md).")
        asked_at = here.now
        asyncio.run(_poll_now(here, who))
        after = here.db.read_now(polls.load, who.id)
        found = _status(here, who)
    if json:
        print_json(found)
    else:
        _print_status(found)
    if _failed(after, asked_at):
        raise typer.Exit(REFUSED)


def subscribe(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Have Wazzup post messages, statuses and channel states to this installation; `serve` must be running."""
    settings = settings_of(config, quiet=True)
    address = tell_wazzup(settings.wazzup, settings.public_url)
    if json:
        print_json({"address": address})
    else:
        console.print(f"Wazzup posts to {escaped(address)} from now on (the secret is not shown).")


def close(
    number: Annotated[str, typer.Argument(help="Such as W-318.")],
    how: Annotated[Literal["failed", "cancelled"], typer.Option("--as", help="Did not work, or not wanted any more.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Close a dashboard task that nobody will carry out; its transfer is voided. Only a table or poll confirms one."""
    with session(config) as here:
        who = here.partner(partner)

        def unit(conn: Connection) -> Task:
            wanted = number.strip().upper()
            known = next((one for one in tasks.waiting(conn, who.id) if one.name == wanted), None)
            task = None if known is None else tasks.load(conn, known.id, who.id)
            if task is None:
                raise UserError("told", text=f"No task {wanted} waits.")
            record(conn, who.id, "task.closed", {"task": task.name, "as": how}, who=OPERATOR, now=here.now)
            return tasks.close(conn, task, how, here.now)

        closed = here.db.write_now(unit)
    if json:
        print_json({"number": closed.name, "state": closed.state})
    else:
        console.print(f"{closed.name} is closed as {closed.state}. Nothing moved in our books.")


def _failed(poll: Poll, asked_at: datetime) -> bool:
    """Whether nothing was read since then though somebody tried; what a worker is just at has not failed."""
    tried = poll.error_at is not None and poll.error_at >= asked_at
    return tried and (poll.read_at is None or poll.read_at < asked_at)


async def _poll_now(here: Session, who: Partner) -> None:
    """Leave the job; do it here where no worker lives, else wait for the worker, some time."""
    asked_at = here.now
    jobs = LocalJobs(here.db, here.clock, worker="command")

    def ask(conn: Connection) -> None:
        polls.forgive(conn, who.id)
        jobs.enqueue(conn, POLL_ACCOUNTS, who.id, here.now)

    await here.db.write(ask)
    if await here.db.read(anybody_works, datetime.now(UTC)):
        await _wait_for_worker(here, who, asked_at)
        return
    house = Wazzup(here.settings, here.db, here.clock, jobs, here.env)
    for name, handler in house.polls.handlers().items():
        jobs.handle(name, handler)
    try:
        await jobs.run_until_quiet()
    finally:
        await house.close()


async def _wait_for_worker(here: Session, who: Partner, asked_at: datetime) -> None:
    """Until the round is over, or went wrong; a large one goes on after this command."""
    for _ in range(int(_WAIT_SECONDS / _LOOK_SECONDS)):
        known = await here.db.read(polls.load, who.id)
        ends = (known.finished_at, known.error_at, known.refused_at)
        if any(moment is not None and moment >= asked_at for moment in ends):
            return
        await asyncio.sleep(_LOOK_SECONDS)
    errors.print("The worker is still at it; later: curatorbot wazzup status")


def _status(here: Session, who: Partner) -> dict[str, Any]:
    settings = here.settings.wazzup
    known = here.db.read_now(polls.load, who.id)
    sender = here.db.read_now(sender_of, who.id, here.env.sender)
    return {
        "partner": who.id,
        "accounts": who.gateway,
        "messages": "wazzup" if sender != here.env.sender else "twilio",
        "login_set": settings.login is not None,
        "channel_set": settings.api_key is not None,
        "webhook_set": settings.webhook_secret is not None,
        "read_at": known.read_at,
        "finished_at": known.finished_at,
        "read": known.read,
        "not_read": known.not_read,
        "problems": dict(known.problems),
        "error": known.error,
        "error_at": known.error_at,
        "refused_at": known.refused_at,
        "not_before": known.not_before,
    }


def _print_status(found: dict[str, Any]) -> None:
    roads = f"accounts by {found['accounts']}, messages by {found['messages']}"
    console.print(f"[bold]{escaped(found['partner'])}[/bold]: {roads}")
    for what, name in (("login", "login_set"), ("channel", "channel_set"), ("webhook secret", "webhook_set")):
        console.print(f"{what}: {'set' if found[name] else 'not set'}")
    console.print(f"accounts read last: {_moment(found['read_at'])}, last whole round: {_moment(found['finished_at'])}")
    console.print(f"this round: {found['read']} read, {found['not_read']} not read")
    for account_id, why in found["problems"].items():
        console.print(f"  {escaped(account_id)}: {escaped(why)}")
    if found["error"]:
        console.print(f"last trouble: {_moment(found['error_at'])}, {escaped(found['error'])}")
    if found["refused_at"]:
        recipe = "Set wazzup.login and wazzup.password anew, restart, then: curatorbot wazzup poll"
        errors.print(f"[red]The login is refused.[/red] {recipe}")


def _moment(value: datetime | None) -> str:
    return "never" if value is None else f"{moment_text(value, 'UTC', 'en')} UTC"
