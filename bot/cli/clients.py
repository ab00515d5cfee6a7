"""`clients`: bring the Clients table in, list clients, show one."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.billing.standing import Standing
from bot.billing.standings import standing, standings
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.reading import client_of, moment_of
from bot.cli.session import Session, partner_of, session
from bot.directory.partners import require_granted
from bot.directory.people import Client
from bot.directory.service import ensure_default_partner, list_clients
from bot.errors import UserError
from bot.i18n import date_text, money_text
from bot.imports.apply import How, import_in_units, import_table
from bot.imports.reader import read_table
from bot.imports.reasons import error_text
from bot.imports.report import ImportReport
from bot.imports.table import Table
from bot.phone import pretty_phone

clients = typer.Typer(help="The partner's clients.", no_args_is_help=True)
_READ_MAX = 21 * 1024 * 1024


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(clients, name="clients")


@clients.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="CSV, TSV or XLSX; - reads rows pasted on standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    adjust: Annotated[bool, typer.Option("--adjust", help="Set balances to the table's; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why balances are adjusted.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Go on though more than a fifth would move.")] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="ISO", help="When the table was downloaded; default: now.")
    ] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take a Clients table for true. Good rows go in, bad ones are named; absent clients are flagged, never deleted."""
    data, name = _read(file)
    try:
        table = read_table(data, name)
        with session(config) as here:
            how = How("command line", dry_run, adjust, reason, yes, name, _downloaded(as_of, here.now))
            report = _rehearse(here, partner, table, how) if dry_run else _import(here, partner, table, how)
    except UserError as error:
        if error.key.startswith("import_"):
            raise UserError("told", text=error_text(error)) from error
        raise
    if json:
        print_json(report.as_json())
    else:
        _tell(report)


@clients.command("list")
def list_(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """All clients, by company."""
    with session(config) as here:
        pairs = [] if here.is_empty() else _all(here, partner)
    if json:
        print_json([_document(one, state) for one, state in pairs])
        return
    rows = [
        (one.account_id, one.company, money_text(state.balance, "en"), _until(state), _channels(state))
        for one, state in pairs
    ]
    print_table("", ("ID", "company", ">balance", "subscription till", "channels"), rows, "No clients yet.")


@clients.command()
def show(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """One client: balance, subscriptions, channels."""
    with session(config) as here:
        book, now = here.env.book, here.now

        def unit(conn: Connection) -> tuple[Client, Standing]:
            one = client_of(conn, here.partner(partner), client)
            return one, standing(conn, one.id, now, book)

        one, state = here.db.read_now(unit)
    if json:
        print_json(_document(one, state))
        return
    console.print(f"[bold]{escaped(one.company)}[/bold], ID {one.account_id}")
    until = _until(state)
    subscription = f"subscription till {until}" if state.next_end else f"subscription: {until}"
    console.print(f"Balance {money_text(state.balance, 'en')}, {subscription}, {_channels(state)}")
    if state.runs_out_on:
        console.print(f"The money lasts through {date_text(state.runs_out_on, 'en', weekday=True)}.")
    elif state.by_use:
        ends = [date_text(day, "en") if day else "over a year" for day in (state.by_use.earliest, state.by_use.latest)]
        console.print(f"By the use so far the money lasts through some day from {ends[0]} to {ends[1]}.")
    if one.contact_name or one.contact_phone:
        console.print(f"Contact: {escaped(one.contact_name or '–')}, {pretty_phone(one.contact_phone or '–')}")
    if one.as_of:
        console.print(f"As of {one.as_of:%d %b %Y %H:%M} UTC")


def _all(here: Session, wanted: str | None) -> list[tuple[Client, Standing]]:
    who, book, now = here.partner(wanted), here.env.book, here.now
    require_granted(who)

    def unit(conn: Connection) -> list[tuple[Client, Standing]]:
        known = list_clients(conn, who.id)
        found = standings(conn, [one.id for one in known], now, book)
        return [(one, found[one.id]) for one in known]

    return here.db.read_now(unit)


def _downloaded(as_of: str | None, now: datetime) -> datetime | None:
    moment = None if as_of is None else moment_of(as_of)
    if moment is not None and moment > now:
        raise UserError("told", text="--as-of lies in the future.")
    return moment


def _read(file: str) -> tuple[bytes, str | None]:
    if file == "-":
        return sys.stdin.buffer.read(_READ_MAX), None
    path = Path(file)
    try:
        return path.read_bytes(), path.name
    except OSError as error:
        raise UserError("told", text=f"{file}: {error.strerror}") from error


def _import(here: Session, partner: str | None, table: Table, how: How) -> ImportReport:
    owner = here.partner(partner, create=True)
    return import_in_units(here.db.write_now, owner.id, table, env=here.env, now=here.now, how=how)


def _rehearse(here: Session, partner: str | None, table: Table, how: How) -> ImportReport:
    """What an import would do, on a unit that is thrown away: not even the first partner stays."""
    env, now = here.env, here.now

    def unit(conn: Connection) -> None:
        owner = partner_of(conn, partner) if partner else ensure_default_partner(conn, now)
        report = import_table(conn, owner.id, table, env=env, now=now, by=how.by, dry_run=True, as_of=how.as_of)
        raise _Rehearsed(report)

    try:
        here.db.write_now(unit)
    except _Rehearsed as seen:
        return seen.report
    raise AssertionError("a rehearsal always ends by being thrown away")


class _Rehearsed(Exception):
    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


def _tell(report: ImportReport) -> None:
    title = "Nothing was changed; this is what an import would do:" if report.dry_run else "Imported."
    console.print(
        f"{title} {report.read} rows: [green]{len(report.added)} added[/green], {len(report.changes)} changed, "
        f"{report.unchanged} unchanged, {len(report.missing)} missing, {len(report.rejected)} rejected."
    )
    facts = report.as_json()
    for row in facts["rejected"]:
        console.print(f"  [red]line {row['line']}[/red], {row['column'] or 'row'}: {escaped(row['reason'])}")
    for row in facts["warnings"]:
        column = row["column"] or "row"
        console.print(f"  [yellow]taken, but line {row['line']}[/yellow], {column}: {escaped(row['reason'])}")
    for one in report.missing:
        console.print(f"  [yellow]missing[/yellow]: {escaped(one.company)} ({one.account_id}), flagged, not deleted")
    for other in report.differences:
        console.print(
            f"  [yellow]left as it is[/yellow]: {escaped(other.company)} ({other.account_id}), "
            f"{other.field.replace('_', ' ')}: here {escaped(other.ours or '–')}, "
            f"in the table {escaped(other.table or '–')}"
        )
    if report.ignored:
        console.print(f"  columns not used: {escaped(', '.join(report.ignored))}")
    if report.dry_run and report.doubt.asks:
        console.print("  This moves more than a fifth of what is known: the import will want --yes.")


def _until(state: Standing) -> str:
    if state.next_end:
        return date_text(state.next_end, "en")
    return f"ended {date_text(state.ended_on, 'en')}" if state.ended_on else "none"


def _channels(state: Standing) -> str:
    stopped = f", {state.stopped} stopped" if state.stopped else ""
    count = len(state.channels)
    return f"{count} channel{'' if count == 1 else 's'}{stopped}"


def _document(one: Client, state: Standing) -> dict[str, Any]:
    return {
        "id": one.account_id,
        "company": one.company,
        "kind": one.kind,
        "currency": one.currency,
        "balance": state.balance,
        "available": state.available,
        "subscription_end_date": state.next_end or state.ended_on,
        "plan": state.plan,
        "runs_out_at": state.runs_out_at,
        "daily": state.daily_total,
        "channels": [
            {
                "id": channel.id,
                "transport": channel.transport,
                "name": channel.name,
                "state": channel.state,
                "free": channel.free,
            }
            for channel in state.channels
        ],
        "subscriptions": list(state.subscriptions),
        "language": one.language,
        "time_zone": one.time_zone,
        "email": one.email,
        "contact": {"name": one.contact_name, "phone": one.contact_phone},
        "tags": one.tags,
        "missing_since": one.missing_since,
        "as_of": one.as_of,
    }
