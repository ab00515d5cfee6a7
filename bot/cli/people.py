"""`curators`: who is told, in which language, and whether they agreed."""

from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, print_json, print_table
from bot.cli.session import session
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
            )
            if consent:
                alerts.catch_up(conn, added.id, now=here.now, env=here.env)
            else:
                invite(conn, added, now=here.now, env=here.env)
            return directory.get_curator(conn, added.id)

        added = here.db.write_now(unit)
    if json:
        print_json(_document(added))
        return
    how = "may be told at once" if consent else "is asked on WhatsApp first; nothing is told before a yes"
    console.print(
        f"[bold]{added.name}[/bold] {pretty_phone(added.address or '')} ({added.role}, {added.language}) {how}."
    )


@curators.command("list")
def list_(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """All curators of a partner."""
    with session(config) as here:
        found = [] if here.is_empty() else here.db.read_now(directory.list_curators, here.partner(partner).id)
    if json:
        print_json([_document(one) for one in found])
        return
    rows = [
        (one.name, pretty_phone(one.address or ""), one.role, one.language, one.time_zone, _told(one)) for one in found
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
        removed = here.db.write_now(_remove, here.partner(partner).id, who, here.now)
    if json:
        print_json(_document(removed))
    else:
        console.print(f"{removed.name} is no longer told anything.")


def _remove(conn: Connection, partner_id: PartnerId, who: str, now: datetime) -> Curator:
    found = _find(conn, partner_id, who)
    directory.remove_curator(conn, found.id, now)
    return directory.get_curator(conn, found.id)


def _find(conn: Connection, partner_id: PartnerId, who: str) -> Curator:
    known = directory.list_curators(conn, partner_id)
    by_id = [one for one in known if one.id == CuratorId(who)]
    if by_id:
        return by_id[0]
    address = whatsapp_address(who)
    by_phone = [one for one in known if address in one.addresses]
    if not by_phone:
        raise UserError("curator_unknown", curator=who)
    return by_phone[0]


def _told(one: Curator) -> str:
    why_not = one.silence()
    return "yes" if why_not is None else f"no: {why_not.value.replace('_', ' ')}"


def _document(one: Curator) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "phone": (one.address or "").removeprefix("whatsapp:"),
        "addresses": one.addresses,
        "language": one.language,
        "role": one.role,
        "time_zone": one.time_zone,
        "finances": one.finances,
        "consent_at": one.consent_at,
        "consent_how": one.consent_how,
        "stopped_at": one.stopped_at,
        "removed_at": one.removed_at,
    }
