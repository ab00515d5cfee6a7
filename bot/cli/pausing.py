"""`pause`, `resume`: stop sending or money for the whole installation, and let it go on."""

import getpass
from typing import Annotated

import typer
from sqlalchemy import Connection

from bot.cli.options import ConfigOption, JsonOption
from bot.cli.output import console, escaped, print_json
from bot.cli.session import Session, session
from bot.errors import UserError
from bot.messaging import outbox
from bot.storage import switches
from bot.storage.switches import Pause, Switch

_WhoOption = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who decides; the login name by default.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(pause)
    app.command()(resume)


def pause(
    which: Annotated[Switch | None, typer.Argument(help="What to stop; without it, say what is stopped.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    by: _WhoOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Stop sending or money until `resume`. Messages stay queued; nothing is confirmed, settled or charged."""
    with session(config, settled=False) as here:
        if which is not None:
            who, why = by or getpass.getuser(), _reason(reason)
            here.db.write_now(
                lambda conn: switches.pause(conn, which, who=who, reason=why, now=here.now),
            )
        _tell(here, json)


def resume(
    which: Annotated[Switch, typer.Argument(help="What may go on.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    by: _WhoOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Let sending or money go on; what waits is looked at at once."""
    with session(config) as here:

        def unit(conn: Connection) -> None:
            who = by or getpass.getuser()
            ended = switches.resume(conn, which, who=who, reason=reason.strip(), now=here.now)
            if ended is not None and which is Switch.SENDING:
                outbox.ask_all(conn, here.env.jobs, here.now)

        here.db.write_now(unit)
        _tell(here, json)


def _reason(text: str | None) -> str:
    if not text or not text.strip():
        raise UserError("reason_needed")
    return text.strip()


def _tell(here: Session, as_json: bool) -> None:
    found = here.db.read_now(switches.pauses)
    if as_json:
        print_json({"paused": [_document(one) for one in found]})
        return
    for one in found:
        console.print(
            f"[bold]{one.switch} is paused[/bold] since {one.since:%d %b %H:%M} UTC by {escaped(one.who)}: "
            f"{escaped(one.reason)}"
        )
    if not found:
        console.print("Nothing is paused.")


def _document(one: Pause) -> dict[str, object]:
    return {"switch": one.switch.value, "since": one.since, "by": one.who, "reason": one.reason}
