"""`usage`: what a client's channels spent by use, such as WABA conversations, taken from the balance."""

from datetime import date
from typing import Annotated

import typer
from sqlalchemy import Connection

from bot.alerts.service import apply
from bot.billing.local_day import local_date
from bot.billing.standings import standing
from bot.billing.usage import record_usage
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json
from bot.cli.reading import amount_of, client_of, day_of
from bot.cli.session import session
from bot.directory.people import Client
from bot.i18n import date_text, money_text
from bot.money import Money


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(context_settings={"ignore_unknown_options": True})(usage)


def usage(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    amount: Annotated[str, typer.Argument(help="What was used: 12 or 12.50.")],
    day: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The client's own day it was used on; today by default.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The event's own id: the same one counts once. By default the whole day.")
    ] = None,
    note: Annotated[str, typer.Option(help="What for, for the books.")] = "usage",
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take what was used (WABA conversations and templates) from a client's balance. For the operator."""
    used_on = day_of(day) if day else None
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Client, Money, date, bool, Money]:
            who = client_of(conn, here.partner(partner), client)
            money, on = amount_of(amount, who.currency), used_on or local_date(here.now, who.time_zone)
            changes = record_usage(
                conn, who.partner_id, who.id, money, day=on, ref=key, note=note, by="operator", now=here.now
            )
            apply(conn, changes, now=here.now, env=here.env)
            left = standing(conn, who.id, here.now, here.env.book).balance
            return who, money, on, bool(changes), left

        who, money, on, news, left = here.db.write_now(unit)
    if json:
        print_json({"client": who.account_id, "amount": money, "day": on, "news": news, "balance": left})
        return
    if not news:
        console.print("It was recorded before; nothing changed.")
        return
    spent, there, when = money_text(money, "en"), money_text(left, "en"), date_text(on, "en")
    console.print(f"{escaped(who.company)} used {spent} on {when}. Balance: {there}.")
