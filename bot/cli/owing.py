"""`paid`, `owes`: what clients paid the partner, and who owes whom."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from bot.billing import client_payments
from bot.billing.client_payments import Debt, Recorded
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, escaped, print_json, print_table
from bot.cli.reading import amount_of, client_of
from bot.cli.session import session
from bot.directory.people import Client
from bot.directory.service import clients_by_id
from bot.i18n import moment_text, money_text
from bot.ids import ClientId


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(context_settings={"ignore_unknown_options": True})(paid)
    app.command()(owes)


def paid(
    client: Annotated[str, typer.Argument(help="Account ID, its last digits, or the company.")],
    amount: Annotated[str, typer.Argument(help="What the client paid: 1440 or 1440.50.")],
    how: Annotated[str | None, typer.Argument(help="By what method: cash, invoice 17.")] = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Note that a client paid the partner, and link it to the top-up it funds. No money moves."""
    with session(config) as here:

        def unit(conn: Connection) -> tuple[Client, Recorded]:
            who = client_of(conn, here.partner(partner), client)
            money = amount_of(amount, who.currency)
            return who, client_payments.record(
                conn, who.partner_id, who.id, money, how=how, recorded_by=None, now=here.now
            )

        found, done = here.db.write_now(unit)
    if json:
        print_json(
            {
                "id": done.id,
                "client": found.account_id,
                "amount": done.amount,
                "how": done.how,
                "funds": done.funds.receipt if done.funds else None,
                "owes": done.owes,
                "ahead": done.ahead,
            }
        )
        return
    funds = f"It pays for the top-up {done.funds.receipt}." if done.funds else "It waits for the next top-up."
    left = f" Still to be paid: {money_text(done.owes, 'en')}." if done.owes else ""
    ahead = f" Paid ahead: {money_text(done.ahead, 'en')}." if done.ahead else ""
    console.print(f"{escaped(found.company)} paid {money_text(done.amount, 'en')}. {funds}{left}{ahead}")


def owes(partner: PartnerOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Credited but unpaid, and paid but uncredited."""
    with session(config) as here:
        who = here.partner(partner)

        def unit(conn: Connection) -> tuple[list[Debt], dict[ClientId, Client]]:
            found = client_payments.owes(conn, who.id)
            return found, clients_by_id(conn, [one.client_id for one in found])

        found, known = here.db.read_now(unit)
    if json:
        print_json([_debt_document(one, known[one.client_id]) for one in found])
        return
    rows = [
        (
            known[one.client_id].company,
            money_text(one.owes, "en") if one.owes else "",
            money_text(one.ahead, "en") if one.ahead else "",
            moment_text(one.since, who.time_zone, "en"),
            ", ".join(one.receipts),
        )
        for one in found
    ]
    columns = ("client", ">credited, not paid", ">paid, not credited", "since", "receipts")
    print_table("", columns, rows, "Nobody owes anything.")


def _debt_document(one: Debt, who: Client) -> dict[str, Any]:
    return {
        "client": who.account_id,
        "company": who.company,
        "owes": one.owes,
        "ahead": one.ahead,
        "since": one.since,
        "receipts": list(one.receipts),
    }
