"""`ledger export`, `ledger statement`, `ledger reverse`: the books for accountants, and a mistake taken back."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlalchemy import Connection

from bot.alerts.service import apply
from bot.billing import exporting, reversing
from bot.billing.changed import Changed
from bot.billing.statement import Statement
from bot.cli.money import ledger
from bot.cli.options import ConfigOption, JsonOption, PartnerOption
from bot.cli.output import console, errors, print_json, print_table
from bot.cli.reading import currency_of
from bot.cli.session import session
from bot.errors import UserError
from bot.i18n import date_text, money_text
from bot.ids import TransactionId

OutOption = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write here, not to the screen.")]


def register(app: typer.Typer) -> None:
    """Add these commands to `ledger`, which is in the app already."""
    ledger.command()(export)
    ledger.command()(statement)
    ledger.command()(reverse)


def export(
    format_: Annotated[Literal["csv", "beancount"], typer.Option("--format", help="One row a posting, or Beancount.")],
    out: OutOption = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The whole ledger: as rows for a spreadsheet, or as a file that bean-check verifies."""
    with session(config) as here:
        write = exporting.beancount if format_ == "beancount" else exporting.journal_csv
        content = here.db.read_now(write, here.partner(partner).id)
    if json:
        print_json({"format": format_, "content": content})
    else:
        _give(content.encode(), out)


def statement(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="Which month of the partner account.")],
    currency: Annotated[str, typer.Argument(metavar="CUR", help="EUR, USD, KZT or RUB.")],
    format_: Annotated[Literal["table", "csv", "xlsx"], typer.Option("--format", help="How to give it.")] = "table",
    out: OutOption = None,
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """A month of the partner account: opening balance, every movement, closing balance."""
    if format_ == "xlsx" and out is None:
        raise UserError("out_needed")
    with session(config) as here:
        who = here.partner(partner).id
        shown = here.db.read_now(exporting.statement, who, currency_of(currency), _month(month))
    if format_ == "csv":
        _give(exporting.statement_csv(shown).encode(), out)
    elif format_ == "xlsx":
        _give(exporting.statement_xlsx(shown), out)
    elif json:
        print_json({"title": shown.title, "opening": shown.opening, "rows": shown.rows, "closing": shown.closing})
    else:
        _print(shown)


def reverse(
    transaction: Annotated[str, typer.Argument(help="The id of the transaction, as `ledger export` shows it.")],
    reason: Annotated[str, typer.Option(help="Why, for the books.")],
    partner: PartnerOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Post the opposite of a transaction; the first one stays. For the operator of the installation."""
    if not reason.strip():
        raise UserError("reason_needed")
    with session(config) as here:
        who, env = here.partner(partner).id, here.env

        def unit(conn: Connection) -> list[Changed]:
            which = TransactionId(transaction)
            changes = reversing.reverse(conn, who, which, reason=reason, by="operator", now=here.now)
            apply(conn, changes, now=here.now, env=env)
            return changes

        changes = here.db.write_now(unit)
    if json:
        print_json({"transaction": transaction, "news": bool(changes)})
    else:
        console.print("Taken back." if changes else "It was taken back before; nothing changed.")


def _print(shown: Statement) -> None:
    rows = [("", "Opening balance", "", money_text(shown.opening, "en"), "", "")]
    for one in shown.rows:
        day = date_text(one.at.date(), "en")
        rows.append(
            (day, one.kind, money_text(one.amount, "en"), money_text(one.balance, "en"), one.client, one.receipt)
        )
    rows.append(("", "Closing balance", "", money_text(shown.closing, "en"), "", ""))
    print_table(shown.title, ("day", "kind", ">amount", ">balance", "client", "receipt"), rows, "")


def _give(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise UserError("cannot_write", file=str(out), why=error.strerror or "") from error
    errors.print(f"{len(content)} bytes written to {out}.")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text.strip()}-01")
    except ValueError as error:
        raise UserError("bad_month", text=text) from error
