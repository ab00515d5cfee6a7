"""Operations confirmed on the command line: held for a while, as in the chat, and `undo` meanwhile."""

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.app.heartbeats import anybody_works
from bot.billing import confirming, undoing
from bot.billing.confirming import Confirmed
from bot.billing.gateways.wazzup import tasks
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, print_json
from bot.cli.session import Session, session
from bot.i18n import money_text
from bot.ids import TransferId

NowOption = Annotated[bool, typer.Option("--now", help="At once: nothing is held first, and no undo.")]


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(undo)


def undo(
    receipt: Annotated[str, typer.Argument(help="The receipt's number, as 7KQ2M.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take back what was confirmed on the command line and is not posted yet; the money is free again."""
    with session(config) as here:
        moved = here.db.write_now(undoing.undo, here.partner(partner).id, receipt, here.now)
    if json:
        print_json({"receipt": moved.receipt, "state": moved.state, "free": moved.quote.partner_pays})
    else:
        free = money_text(moved.quote.partner_pays, "en")
        console.print(f"Taken back, receipt {moved.receipt}: nothing moved, {free} of the partner account are free.")


def carry_out(here: Session, conn: Connection, which: TransferId, *, at_once: bool) -> Confirmed:
    """Confirm the operator's own quote: held until the time for an undo is over, or `at_once`."""
    seconds = 0 if at_once else here.settings.money.undo_seconds
    done = confirming.confirm(
        conn, transfer_id=which, curator_id=None, address=None, now=here.now, undo_seconds=seconds
    )
    if (post_at := _post_at(done)) is not None:
        here.env.jobs.enqueue(conn, confirming.SETTLE_JOB, done.transfer.id, post_at)
    alerts.apply(conn, done.changes, now=here.now, env=here.env)
    return done


def outcome(here: Session, done: Confirmed) -> dict[str, Any]:
    """What became of it, for JSON: `posted_by` says who posts what is held at `post_at`."""
    by = ("service" if _works(here) else "next command") if _post_at(done) else None
    task = here.db.read_now(tasks.of_transfer, done.transfer.id)
    return {
        "receipt": done.receipt,
        "state": done.state,
        "post_at": _post_at(done),
        "posted_by": by,
        "task": task and task.name,
    }


def sentence(here: Session, done: Confirmed, time_zone: str, till: str) -> str:
    """What became of it, for people. `till`: till when, as `, till 26 Dec 2026`."""
    if done.state == "posted":
        return f"Done{till}, receipt {done.receipt}."
    if (task := here.db.read_now(tasks.of_transfer, done.transfer.id)) is not None:
        return f"Only a person can do this in Wazzup: it is {task.name} now. curatorbot tasks lists what waits there."
    post_at = _post_at(done) or here.now
    moment = f"{post_at.astimezone(ZoneInfo(time_zone)):%H:%M:%S}"
    who = "the service posts it" if _works(here) else "the first command posts it, for no service runs here"
    return (
        f"Held{till}. Nothing moved yet: curatorbot undo {done.receipt} takes it back until {moment} ({time_zone}). "
        f"Then {who}."
    )


def _post_at(done: Confirmed) -> datetime | None:
    return done.transfer.post_at if done.state == "pending" else None


def _works(here: Session) -> bool:
    return here.db.read_now(anybody_works, datetime.now(UTC))
