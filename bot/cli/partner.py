"""`partner`: who the reseller is, what is on the partner account, and deposits by bank."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.alerts.service import apply
from bot.billing.accounts import AccountView, partner_accounts
from bot.billing.changed import Changed
from bot.billing.opening import deposit as post_deposit
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.reading import amount_of, currency_of
from bot.cli.session import session
from bot.cli.terms import terms_document, terms_lines
from bot.directory import service as directory
from bot.directory.people import Partner
from bot.errors import UserError
from bot.i18n import money_text
from bot.id_generator import new_id
from bot.ids import PartnerId
from bot.partnership.rules import partner_terms

partner = typer.Typer(help="The reseller: terms, account, deposits.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(partner, name="partner")


@partner.command()
def add(
    name: Annotated[str, typer.Argument(help="The partner's name.")],
    id_: Annotated[
        str | None, typer.Option("--id", "--partner", help="Short id; made from the name by default.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or ru.")] = "en",
    time_zone: Annotated[str, typer.Option(help="Such as Europe/Riga.")] = "UTC",
    program: Annotated[str, typer.Option(help="Program of the price book.")] = "seed",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Add a partner. Nothing of one is ever visible to another."""
    with session(config) as here:
        here.env.book.program(program)

        def unit(conn: Connection) -> Partner:
            return directory.create_partner(
                conn,
                name,
                now=here.now,
                partner_id=PartnerId(id_) if id_ else None,
                language=language,
                time_zone=time_zone,
                program=program,
            )

        added = here.db.write_now(unit)
    if json:
        print_json(_document(added, []))
    else:
        console.print(f"[bold]{escaped(added.name)}[/bold] added; say --partner {added.id} where there are several.")


@partner.command()
def show(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Terms and account."""
    with session(config) as here:
        who = here.partner(partner)
        accounts = here.db.read_now(partner_accounts, who.id)
        terms = here.db.read_now(partner_terms, here.env.book, who, here.now)
    if json:
        print_json(_document(who, accounts) | {"rate": str(terms.rate), "terms": terms_document(terms)})
        return
    for line in terms_lines(who, terms):
        console.print(line)
    rows = [
        (money_text(one.balance, "en"), money_text(one.held, "en"), money_text(one.available, "en")) for one in accounts
    ]
    print_table("", (">balance", ">held", ">available"), rows, "Nothing on the partner account yet.")


@partner.command(context_settings={"ignore_unknown_options": True})
def deposit(
    amount: Annotated[str, typer.Argument(help="What came in: 936 or 936.00.")],
    currency: Annotated[str, typer.Argument(metavar="CUR", help="EUR, USD, KZT or RUB.")],
    reason: Annotated[str, typer.Option(help="Where it comes from, for the books.")],
    key: Annotated[str | None, typer.Option(help="The bank's own id: the same one is never credited twice.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Credit money that came in by bank. For the operator of the installation."""
    if not reason.strip():
        raise UserError("reason_needed")
    money = amount_of(amount, currency_of(currency))
    with session(config) as here:
        who = here.partner(partner, create=True)
        env = here.env

        def unit(conn: Connection) -> tuple[list[Changed], list[AccountView]]:
            changes = post_deposit(
                conn, who.id, money, reason=reason, by="operator", key=f"bank:{key or new_id()}", now=here.now
            )
            apply(conn, changes, now=here.now, env=env)
            return changes, partner_accounts(conn, who.id)

        changes, accounts = here.db.write_now(unit)
    if json:
        print_json(_document(who, accounts) | {"deposited": money, "news": bool(changes)})
        return
    after = next(one for one in accounts if one.currency == money.currency)
    told = "credited" if changes else "was credited before; nothing changed"
    console.print(f"{money_text(money, 'en')} {told}. Partner account: {money_text(after.balance, 'en')}.")


def _document(who: Partner, accounts: list[AccountView]) -> dict[str, Any]:
    return {
        "id": who.id,
        "name": who.name,
        "kind": who.kind,
        "program": who.program,
        "account_id": who.account_id,
        "joined_on": None if who.kind == "applicant" else who.joined_on,
        "left_on": who.left_on,
        "language": who.language,
        "time_zone": who.time_zone,
        "accounts": [
            {"currency": one.currency, "balance": one.balance, "held": one.held, "available": one.available}
            for one in accounts
        ],
    }
