"""`scan`, `due` and `why`: raise what is due now; who runs out when; who was told of what."""

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from bot.alerts import brake
from bot.alerts import service as alerts
from bot.alerts.alert import Kind
from bot.alerts.due import DueClient, due_list
from bot.alerts.due_picture import Page, page_of
from bot.alerts.ladders import CHUNK
from bot.alerts.report import ScanReport
from bot.alerts.restaging import refuse_ambiguous, restage
from bot.alerts.stages import EARLY, Stage
from bot.alerts.surroundings import Surroundings
from bot.alerts.why import Outcome
from bot.alerts.why import why as outcomes_of
from bot.app.clock_offset import move_forward
from bot.app.settling import settle_first
from bot.app.simulation import is_simulated
from bot.billing.charging import charge_due, is_waiting
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, plain, print_json, print_table
from bot.cli.reading import client_of, moment_of, span_of
from bot.cli.session import Session, partner_of, session
from bot.errors import UserError
from bot.i18n import date_text, money_text, supported
from bot.ids import PartnerId
from bot.pictures.drawing import png_of
from bot.pictures.due_list import ROWS_MAX, due_svg
from bot.storage.switches import Switch, paused


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(scan)
    app.command()(due)
    app.command()(why)


def scan(
    at: Annotated[
        str | None, typer.Option(metavar="ISO", help="As if it were then; the clock moves there for good, never back.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    answer: Annotated[
        bool | None,
        typer.Option("--yes/--no", help="In an owner's place: tell all that wait for a yes, or nobody of them."),
    ] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """One scan now: who is due is raised, and one message per curator is queued. Run twice, nothing is said twice."""
    with session(config) as here:
        wanted = moment_of(at) if at else here.now
        now = max(
            wanted, here.now
        )  # what was due then has been raised or is history: only the clock's own time is true
        only = here.partner(partner).id if partner else None
        if answer is not None:
            _answer(here, partner, answer)
        here.db.read_now(refuse_ambiguous, here.env.policy)
        report = _rehearse(here, now, only) if dry_run else _scan(here, now, only)
    if json:
        print_json({"at": now} | plain(report))
        return
    if now > wanted:
        passed = f"The clock has passed {wanted.astimezone(UTC):%d %b %Y %H:%M} UTC and never goes back:"
        console.print(f"{passed} scanned as of {now.astimezone(UTC):%d %b %Y %H:%M} UTC.", soft_wrap=True)
    console.print(
        f"Clients with something due: {report.clients}. "
        f"Alerts raised: {report.alerts}. Messages queued: {report.messages}."
    )
    if report.held:
        console.print(
            f"{report.held} more than usual wait for an owner's answer: scan --yes tells them all, --no nobody."
        )
    for why, count in sorted(report.suppressed.items()):
        console.print(f"  not told ({why.replace('_', ' ')}): {count}")


def due(
    within: Annotated[str, typer.Option(metavar="SPAN", help="How far ahead: 14d, 2w.")] = "14d",
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the list as a PNG, as the chat sends it.")
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="Which page of a long list to draw.")] = 1,
    language: Annotated[str | None, typer.Option(help="Language of the picture; otherwise the partner's.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Who runs out when: subscriptions that end, money that goes, channels that stand still."""
    days = span_of(within).days
    with session(config) as here:
        who, env, now = here.partner(partner), here.env, here.now
        found = here.db.read_now(lambda conn: due_list(conn, who.id, now=now, env=env, within_days=days))
    if picture is not None:
        _draw(
            picture,
            page_of(
                found,
                page,
                ROWS_MAX,
                partner=who.name,
                language=supported(language or who.language),
                zone=who.time_zone,
                within=days,
                now=now,
            ),
        )
    if json:
        print_json([_document(one) for one in found])
        return
    if picture is not None:
        console.print(f"Drawn to {picture}.")
        return
    rows = [
        (
            date_text(one.day, "en", weekday=True),
            one.company,
            one.account_id,
            one.reason.replace("_", " "),
            money_text(one.balance, "en"),
        )
        for one in found
    ]
    print_table("", ("when", "client", "ID", "why", ">balance"), rows, f"Nobody runs out within {days} days.")


def _draw(file: Path, page: Page) -> None:
    try:
        file.write_bytes(png_of(due_svg(page.facts, page.facts["language"])))
    except OSError as error:
        raise UserError("file_not_written", file=str(file), why=error.strerror or str(error)) from error


def why(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """For each curator and rule: what was sent, what was not and why, and what comes next."""
    with session(config) as here:
        found = here.db.read_now(lambda conn: _outcomes(conn, here, partner, client))
    if json:
        print_json(found)
        return
    rows = [
        (
            one.curator,
            one.kind.replace("_", " "),
            _came_to(one),
            f"{one.at:%d %b %H:%M}" if one.at else "–",
            f"{one.next_at:%d %b %H:%M}" if one.next_at else "–",
            _heard(one),
        )
        for one in found
    ]
    columns = ("curator", "rule", "outcome", "at (UTC)", "next (UTC)", "heard, in their time")
    print_table("", columns, rows, "Nobody has to do with this client.")
    for line in dict.fromkeys(_passed(one.kind, stage) for one in found for stage in one.passed):
        console.print(line, soft_wrap=True)


def _came_to(one: Outcome) -> str:
    """What a rule came to, with the provider's code and what it means where the message did not arrive."""
    words = [one.verdict.replace("_", " "), one.delivery_state or "", (one.reason or "").replace("_", " ")]
    failed = ", ".join(str(part) for part in (one.error_code, one.failure) if part is not None)
    return " ".join(word for word in (*words, f"({failed})" if failed else "") if word)


def _heard(one: Outcome) -> str:
    """When this person hears of the next stage, or why not."""
    if one.next_told_at is None:
        return (one.next_reason or "–").replace("_", " ")
    return f"{one.next_told_at.astimezone(ZoneInfo(one.time_zone)):%a %d %b %H:%M}"


def _passed(kind: Kind, one: Stage) -> str:
    said = "was told ahead of time" if one.reason == EARLY else "was due by then"
    unit = "" if kind is Kind.LOW_BALANCE else " days"
    name = kind.replace("_", " ")
    return f"{name}: stage {one.stage}{unit}: passed over, because {one.instead}{unit} {said}"


def _outcomes(conn: Connection, here: Session, partner: str | None, client: str) -> list[Outcome]:
    return outcomes_of(conn, client_of(conn, partner_of(conn, partner), client).id, now=here.now, env=here.env)


def _answer(here: Session, partner: str | None, yes: bool) -> None:
    who, partner_id = getpass.getuser(), here.partner(partner).id
    if not here.db.write_now(lambda conn: brake.answer_for(conn, partner_id, who, yes=yes, now=here.now)):
        raise UserError("nothing_held")


def _scan(here: Session, now: datetime, only: PartnerId | None) -> ScanReport:
    """Move the clock there when it is ahead, take the charges of the days between, then raise."""
    if now > here.now:
        _go_to(here, now)
    env = here.env
    settle_first(here.db, now, env)
    while not here.db.read_now(paused, Switch.MONEY) and here.db.write_now(_charge, env, now):
        pass
    return here.db.write_now(lambda conn: alerts.scan(conn, now=now, env=env, partner_id=only))


def _rehearse(here: Session, now: datetime, only: PartnerId | None) -> ScanReport:
    """What a scan would do, on a unit that is thrown away."""
    env = here.env

    def unit(conn: Connection) -> None:
        while not paused(conn, Switch.MONEY) and _charge(conn, env, now):
            pass
        while restage(conn, CHUNK, now=now, env=env):
            pass
        raise _Rehearsed(alerts.scan(conn, now=now, env=env, partner_id=only, dry_run=True))

    try:
        here.db.write_now(unit)
    except _Rehearsed as seen:
        return seen.report
    raise AssertionError("a rehearsal always ends by being thrown away")


class _Rehearsed(Exception):
    def __init__(self, report: ScanReport) -> None:
        super().__init__()
        self.report = report


def _go_to(here: Session, now: datetime) -> None:
    if not is_simulated(here.settings):
        raise UserError("clock_is_real")
    here.clock.move_to_offset(here.db.write_now(move_forward, now - here.now + timedelta(seconds=1)))


def _charge(conn: Connection, env: Surroundings, now: datetime) -> bool:
    changes = charge_due(conn, env.book, now)
    alerts.apply(conn, changes, now=now, env=env)
    return is_waiting(conn, now)


def _document(one: DueClient) -> dict[str, object]:
    return {
        "client": one.account_id,
        "company": one.company,
        "ends_at": one.ends_at,
        "runs_out_at": one.runs_out_at,
        "reason": one.reason,
        "balance": one.balance,
        "as_of": one.as_of,
    }
