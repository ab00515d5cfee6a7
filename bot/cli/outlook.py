"""`whatif`, `forecast`, `need`: what another plan would cost, when money runs out, what the partner must have ready."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.billing import outlook
from bot.billing.advice import WhatIf
from bot.billing.cash_need import CashNeed
from bot.billing.outlook import Forecast
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.reading import client_of, span_of
from bot.cli.session import partner_of, session
from bot.directory.people import Client
from bot.directory.service import clients_by_id
from bot.i18n import date_text, moment_text, money_text
from bot.ids import ClientId

ClientArgument = Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(whatif)
    app.command()(forecast)
    app.command()(need)


def whatif(
    client: ClientArgument, partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Every plan and period for a year, against paying by the day."""
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Client, WhatIf]:
            who = client_of(conn, partner_of(conn, partner), client)
            return who, outlook.compare(conn, here.env.book, who.partner_id, who.id, here.now)

        who, found = here.db.read_now(unit)
    if json:
        print_json({"client": who.account_id, "company": who.company, "comparison": found})
        return
    rows = [
        (
            one.title,
            f"{one.times} × {one.months} months",
            money_text(one.cost, "en"),
            money_text(one.partner_cost, "en"),
            "–" if one.saves is None else money_text(one.saves, "en"),
        )
        for one in found.options
    ]
    title = f"{who.company}, ID {who.account_id}: {found.channels} channels for {found.months} months"
    print_table(title, ("plan", "bought", ">client pays", ">you pay", ">saved by the client"), rows, "No prices known.")
    if found.daily_cost is not None:
        console.print(f"By the day, without a subscription: {money_text(found.daily_cost, 'en')}.")
    if found.best is not None:
        periods = " + ".join(str(one) for one in found.best.periods)
        console.print(
            f"Cheapest on the {found.plan.title()} plan: {periods} months, {money_text(found.best.cost, 'en')}."
        )


def forecast(
    client: ClientArgument, partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """When a client's money runs out: to the hour with fixed payments, as a range where usage is charged."""
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Client, Forecast]:
            who = client_of(conn, partner_of(conn, partner), client)
            return who, outlook.forecast(conn, here.env.book, who.id, here.now)

        who, found = here.db.read_now(unit)
    if json:
        print_json({"client": who.account_id, "company": who.company, "forecast": found})
    else:
        console.print(f"[bold]{escaped(who.company)}[/bold], ID {who.account_id}: {_in_words(found, who.time_zone)}")


def need(
    within: Annotated[str, typer.Option(help="How far ahead, such as 30d.")] = "30d",
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What the partner account must hold to renew everybody due, net of the discount."""
    with session(config) as here:
        who, days = here.partner(partner), span_of(within).days
        found = here.db.read_now(outlook.partner_need, here.env.book, who.id, here.now, days)
        known = here.db.read_now(clients_by_id, {due.client_id for one in found for due in one.due})
    if json:
        print_json({"days": days, "currencies": [_document(one, known) for one in found]})
        return
    if not found:
        console.print("Nobody is due, and there is no partner account yet.")
    for one in found:
        rows = [
            (
                known[due.client_id].company,
                date_text(due.ends_on, "en"),
                money_text(due.price, "en"),
                money_text(due.pays, "en"),
            )
            for due in one.due
        ]
        print_table(one.currency, ("client", "till", ">renewal", ">you pay"), rows, f"{one.currency}: nobody is due.")
        total, there, short = (money_text(money, "en") for money in (one.total, one.available, one.short))
        console.print(f"Needed {total}, there is {there}, short of {short}.")
        if one.unknown:
            console.print(f"{len(one.unknown)} more are due whose price is not known.")


def _document(one: CashNeed, known: Mapping[ClientId, Client]) -> dict[str, Any]:
    return {
        "currency": one.currency,
        "total": one.total,
        "available": one.available,
        "short": one.short,
        "unknown": len(one.unknown),
        "due": [
            {
                "client": known[due.client_id].account_id,
                "company": known[due.client_id].company,
                "ends_on": due.ends_on,
                "price": due.price,
                "missing": due.missing,
                "pays": due.pays,
            }
            for due in one.due
        ],
    }


def _in_words(found: Forecast, zone: str) -> str:
    match found.kind:
        case "exact" if found.runs_out_on is not None and found.runs_out_at is not None:
            last = date_text(found.runs_out_on, "en")
            return f"money till {last}, channels stop {moment_text(found.runs_out_at, zone, 'en')}."
        case "band" if found.band is not None:
            ends = [
                date_text(day, "en") if day else "in over a year" for day in (found.band.earliest, found.band.latest)
            ]
            return f"money till some day from {ends[0]} to {ends[1]}, in four cases of five."
        case "short_history":
            return f"not enough history to say: {found.history_days} days of spending are known."
        case _:
            return "nothing is charged by the day."
