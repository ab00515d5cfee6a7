"""`quote` and `ledger`: what a move of money would do, and whether the books are right."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.billing import checking
from bot.billing.quote import Quote
from bot.billing.quoting import quote_renewal, quote_top_up
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import REFUSED, console, escaped, print_json, print_table
from bot.cli.reading import amount_of, client_of, moment_of, months_of
from bot.cli.session import Session, session
from bot.directory.people import Client
from bot.directory.service import list_clients
from bot.i18n import date_text, money_text
from bot.ids import SubscriptionId
from bot.messaging.template_filters import percent
from bot.money import Money

quote = typer.Typer(help="A dry run: what would move, and both balances after.", no_args_is_help=True)
ledger = typer.Typer(help="The partner's books.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(quote, name="quote")
    app.add_typer(ledger, name="ledger")


@quote.command(context_settings={"ignore_unknown_options": True})
def topup(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    amount: Annotated[str, typer.Argument(help="What the client is to get: 1440 or 1440.50.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What topping up a client would do. Nothing is written."""
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Client, Quote]:
            who = client_of(conn, here.partner(partner), client)
            made = quote_top_up(
                conn,
                here.env.book,
                partner_id=who.partner_id,
                client_id=who.id,
                amount=amount_of(amount, who.currency),
                asked_by=None,
                asked_from=None,
                now=here.now,
                save=False,
            )
            return who, made

        show_quote(*_read(here, unit), json=json)


@quote.command()
def renew(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    plan: Annotated[str | None, typer.Argument(help="Start, Inbox, Pro or Max; the last one by default.")] = None,
    period: Annotated[str | None, typer.Argument(help="1m, 6m, 12m or 1y; the last one by default.")] = None,
    subscription: Annotated[
        str | None, typer.Option(help="Its id, where the client has several; the one that ends first by default.")
    ] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """What renewing a client would do. Nothing is written."""
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Client, Quote]:
            who = client_of(conn, here.partner(partner), client)
            made = quote_renewal(
                conn,
                here.env.book,
                partner_id=who.partner_id,
                client_id=who.id,
                plan=plan.lower() if plan else None,
                months=months_of(period) if period else None,
                asked_by=None,
                asked_from=None,
                now=here.now,
                save=False,
                subscription_id=SubscriptionId(subscription) if subscription else None,
            )
            return who, made

        show_quote(*_read(here, unit), json=json)


@ledger.command()
def check(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Recompute every sum and say what is wrong. Status 1 when something is."""
    with session(config) as here:
        only = here.partner(partner).id if partner else None
        report = here.db.read_now(checking.check, only)
    if json:
        print_json(report)
    elif report.ok:
        tail = f" {report.unsealed} of them are not in the chain yet." if report.unsealed else ""
        console.print(f"[green]ok[/green]: {report.transactions} transactions, every sum is right.{tail}")
    else:
        for problem in report.problems:
            console.print(f"[red]wrong[/red]: {escaped(problem)}", soft_wrap=True)
    if not report.ok:
        raise typer.Exit(REFUSED)


@ledger.command()
def balances(
    at: Annotated[str | None, typer.Option(metavar="ISO", help="As of a past moment.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Every account with its balance."""
    with session(config) as here:
        moment = moment_of(at) if at else None
        owner = here.partner(partner)
        found = here.db.read_now(checking.balances, owner.id, moment)
        names = {str(one.id): one for one in here.db.read_now(list_clients, owner.id)}
    if json:
        print_json(found)
        return
    rows = [(one.kind, _owner(one.owner_id, names), money_text(one.balance, "en")) for one in found]
    print_table("", ("account", "of", ">balance"), rows, "No accounts yet.")


def _owner(owner_id: str, clients: Mapping[str, Client]) -> str:
    known = clients.get(owner_id)
    return f"{known.company} {known.account_id}" if known else owner_id


def _read(here: Session, unit: Any) -> tuple[Client, Quote]:
    return here.db.read_now(unit)  # type: ignore[no-any-return]


def show_quote(who: Client, made: Quote, *, json: bool) -> None:
    """Print a quote."""
    if json:
        print_json({"client": who.account_id, "company": who.company} | made.facts())
        return
    rows = [(name, _text(value)) for name, value in _lines(made)]
    print_table(f"{who.company}, ID {who.account_id}", ("", ">"), rows, "")
    if made.sample_prices:
        console.print("These prices are samples: put yours into config/plans.toml.")
    if made.guard:
        console.print("Careful: without a subscription this money goes on daily payments. Renew instead:")
        show_quote(who, made.guard, json=False)


def _lines(made: Quote) -> list[tuple[str, Money | datetime | str | None]]:
    if made.change == "remove":
        return _removal(made)
    lines: list[tuple[str, Money | datetime | str | None]] = [
        ("client gets", made.client_gets),
        (f"you pay (-{percent(made.rate, language='en')})", made.partner_pays),
        ("you keep", made.partner_keeps),
        ("your account after", made.partner_after),
        ("client's balance after", made.client_after),
    ]
    if made.change == "add":
        lines.insert(0, ("comes", ", ".join(made.names)))
    if made.price is not None:
        lines.append(("price", made.price))
    if made.still_missing:
        lines.append(("missing for the unpaid subscription", made.still_missing))
    if made.ends_after:
        lines.append(("subscription till", date_text(made.ends_after, "en")))
    return lines


def _removal(made: Quote) -> list[tuple[str, Money | datetime | str | None]]:
    """What fewer channels change: no money moves today."""
    return [
        ("leaves", ", ".join(made.names)),
        ("paid back", "nothing"),
        ("by the day, from tomorrow", made.daily),
        ("channels left", str(made.channels)),
        ("subscription till, as before", date_text(made.ends_after, "en") if made.ends_after else None),
    ]


def _text(value: Money | datetime | str | None) -> str:
    match value:
        case Money():
            return money_text(value, "en")
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return value or "–"
