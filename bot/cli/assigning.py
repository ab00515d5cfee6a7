"""`assign`: one person is responsible for a client, or everybody again."""

from typing import Annotated

import typer
from sqlalchemy import Connection

from bot.alerts import assigning
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json
from bot.cli.people import person_of
from bot.cli.reading import client_of
from bot.cli.session import partner_of, session
from bot.directory.people import Client, Curator
from bot.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(assign)


def assign(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    name: Annotated[str | None, typer.Argument(help="Who is responsible: name, phone number or id.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Everybody is told again.")] = False,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make one curator responsible: the others hear of the client only when nobody reacts. What waits follows."""
    if (name is None) is not nobody:
        raise UserError("told", text="Name one person, or say --nobody.")
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Client, Curator | None, int]:
            owner = partner_of(conn, partner)
            about = client_of(conn, owner, client)
            person = person_of(conn, owner.id, name) if name else None
            to = person.id if person else None
            return about, person, assigning.assign(conn, about.id, to, who=owner.name, now=here.now, env=here.env)

        about, person, waiting = here.db.write_now(unit)
    if json:
        print_json({"client": about.account_id, "responsible": person.name if person else None, "open": waiting})
        return
    whose = f"{escaped(person.name)} is responsible for" if person else "Everybody is told of"
    console.print(f"{whose} [bold]{escaped(about.company)}[/bold]; {waiting} open alerts are told with the next scan.")
