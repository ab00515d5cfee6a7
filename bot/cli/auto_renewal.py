"""`clients set`: which client renews by itself, and for how much at most."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.billing import auto_renewal
from bot.billing.standings import standing
from bot.cli.clients import clients
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json
from bot.cli.reading import amount_of, client_of
from bot.cli.session import session
from bot.cli.subscriptions import ClientArgument
from bot.i18n import money_text

_BY = "command line"


def register(app: typer.Typer) -> None:
    """Add this command to `clients`, which is in the app already."""
    clients.command("set")(set_)


def set_(
    client: ClientArgument,
    auto_renew: Annotated[
        bool, typer.Option("--auto-renew/--no-auto-renew", help="Renew two hours before the end without asking.")
    ],
    limit: Annotated[str | None, typer.Option(help="At most so much each time; what renewing costs today.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Agree that a client renews by itself, each time within the limit, or end that."""
    with session(config) as here:

        def unit(conn: Connection) -> Any:
            who = client_of(conn, here.partner(partner), client)
            if auto_renew:
                stands = standing(conn, who.id, here.now, here.env.book)
                most = amount_of(limit, who.currency) if limit else None
                changes = auto_renewal.switch_on(conn, here.env.book, stands, limit=most, by=_BY, now=here.now)
            else:
                changes = auto_renewal.switch_off(conn, who.partner_id, who.id, by=_BY, now=here.now)
            alerts.apply(conn, changes, now=here.now, env=here.env)
            return who, standing(conn, who.id, here.now, here.env.book)

        who, stands = here.db.write_now(unit)
    if json:
        print_json({"client": who.account_id, "auto_renew": stands.auto is not None, "renews_at": stands.renews_at})
    elif stands.auto is None:
        console.print(f"{escaped(who.company)} does not renew by itself.")
    else:
        at = f", next {stands.renews_at:%d %b %Y %H:%M} UTC" if stands.renews_at else ""
        limit_text = money_text(stands.auto.limit, "en")
        console.print(f"{escaped(who.company)} renews by itself, each time for {limit_text} at most{at}.")
