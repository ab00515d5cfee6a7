"""`curators`: who is told, in which language, and whether they agreed."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.leaving import Left, leave
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.reading import client_of
from bot.cli.session import Session, session
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.errors import UserError
from bot.handlers.invitation import invite
from bot.ids import CuratorId, PartnerId
from bot.phone import pretty_phone, whatsapp_address

curators = typer.Typer(help="Who is told, in which language, and whether they agreed.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(curators, name="curators")


@curators.command()
def add(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    phone: Annotated[str, typer.Argument(help="WhatsApp number with country code: +37120000101.")],
    language: Annotated[str | None, typer.Option(help="en or ru; the partner's by default.")] = None,
    role: Annotated[str, typer.Option(help="viewer, curator or owner.")] = "curator",
    time_zone: Annotated[str | None, typer.Option(help="Such as Europe/Riga; the partner's by default.")] = None,
    consent: Annotated[
        str | None,
        typer.Option(metavar="HOW", help="How the person agreed, by your word; else they are asked on WhatsApp."),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(
            help="A client's own curator, told of that client alone: account ID, its last digits, or company."
        ),
    ] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Add a curator. Without --consent an invitation goes out, and no data before a yes."""
    with session(config) as here:
        owner = here.partner(partner, create=True)

        def unit(conn: Connection) -> Curator:
            added = directory.add_curator(
                conn,
                owner.id,
                name=name,
                phone=phone,
                now=here.now,
                language=language,
                role=role,
                time_zone=time_zone,
                consent=consent,
                client_id=client_of(conn, owner, client).id if client else None,
            )
            if consent:
                alerts.catch_up(conn, added.id, now=here.now, env=here.env)
            else:
                invite(conn, added, now=here.now, env=here.env)
            return directory.get_curator(conn, added.id)

        added = here.db.write_now(unit)
    if json:
        print_json(document(added))
        return
    how = "may be told at once" if consent else "is asked on WhatsApp first; nothing is told before a yes"
    console.print(
        f"[bold]{escaped(added.name)}[/bold] {pretty_phone(added.address or '')} ({added.role}, {added.language}) "
        f"{how}."
    )


@curators.command("list")
def list_(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """All curators of a partner."""
    with session(config) as here:
        found = [] if here.is_empty() else here.db.read_now(directory.list_curators, here.partner(partner).id)
    if json:
        print_json([document(one) for one in found])
        return
    rows = [
        (one.name, pretty_phone(one.address or ""), _role(one), one.language, one.time_zone, _told(one))
        for one in found
    ]
    print_table("", ("name", "phone", "role", "language", "time zone", "is told"), rows, "No curators yet.")


@curators.command()
def remove(
    who: Annotated[str, typer.Argument(help="Phone number or id.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take a person off every list. What they did stays on record."""
    with session(config) as here:
        removed, left = here.db.write_now(_remove, here.partner(partner).id, who, here)
    if json:
        print_json(document(removed) | left_document(left))
    else:
        console.print(f"{escaped(removed.name)} is no longer told anything.")
        say_left(left)


def _remove(conn: Connection, partner_id: PartnerId, who: str, here: Session) -> tuple[Curator, Left]:
    found = person_of(conn, partner_id, who)
    left = leave(conn, found.id, lambda: directory.remove_curator(conn, found.id, here.now), now=here.now, env=here.env)
    return directory.get_curator(conn, found.id), left


def person_of(conn: Connection, partner_id: PartnerId, who: str) -> Curator:
    """Whom an id, a phone number or the whole name means. UserError curator_unknown."""
    known = directory.list_curators(conn, partner_id)
    named = [one for one in known if one.name.casefold() == who.strip().casefold()]
    by_id = [one for one in known if one.id == CuratorId(who)] or (named if len(named) == 1 else [])
    if by_id:
        return by_id[0]
    try:
        address = whatsapp_address(who)
    except UserError as error:
        raise UserError("curator_unknown", curator=who) from error
    by_phone = [one for one in known if address in one.addresses]
    if not by_phone:
        raise UserError("curator_unknown", curator=who)
    return by_phone[0]


def _role(one: Curator) -> str:
    return one.role if one.client_id is None else "client's own"


def _told(one: Curator) -> str:
    why_not = one.silence()
    return "yes" if why_not is None else f"no: {why_not.value.replace('_', ' ')}"


def document(one: Curator) -> dict[str, Any]:
    """A curator as a JSON answer has it."""
    return {
        "id": one.id,
        "name": one.name,
        "phone": (one.address or "").removeprefix("whatsapp:"),
        "addresses": one.addresses,
        "language": one.language,
        "role": one.role,
        "client_id": one.client_id,
        "time_zone": one.time_zone,
        "alert_hour": one.alert_hour.isoformat("minutes"),
        "working_days": one.working_days,
        "country": one.holiday_country,
        "any_hour": one.any_hour,
        "all_clear": one.all_clear,
        "only_tags": one.only_tags,
        "only_currencies": one.only_currencies,
        "stand_in": one.stand_in,
        "away_until": one.away_until,
        "finances": one.finances,
        "consent_at": one.consent_at,
        "consent_how": one.consent_how,
        "stopped_at": one.stopped_at,
        "removed_at": one.removed_at,
    }


def left_document(left: Left) -> dict[str, list[str]]:
    """What a JSON answer says: clients that nobody else was told of, and who is now."""
    return {"left": [one.account_id for one in left.clients], "heirs": [one.name for one in left.heirs]}


def say_left(left: Left) -> None:
    """Tell it on the screen."""
    if left.heirs:
        names = ", ".join(escaped(one.name) for one in left.heirs)
        console.print(f"Nobody else was told of {len(left.clients)} clients: from now on it is {names}.")
    elif left.clients:
        console.print(f"[red]Nobody is told of {len(left.clients)} clients now.[/red]")
