"""The partner's account: what is on it, and every movement with its receipt."""

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.billing.service import movements, partner_accounts
from bot.web.console.movement_line import MovementLine, movement_lines
from bot.web.page import MoneyView, Page, Parameter, Reading


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A partner account in one currency."""

    currency: str
    balance: MoneyView
    held: MoneyView
    available: MoneyView


@dataclass(frozen=True, slots=True)
class Ledger:
    """All accounts, and the latest movements of the one in `currency`, the newest first."""

    accounts: tuple[AccountLine, ...]
    currency: str | None
    movements: tuple[MovementLine, ...]


def read_ledger(conn: Connection, reading: Reading) -> Ledger:
    """The accounts, and the rows of the one that `?currency=` names, else of the first."""
    accounts = account_lines(conn, reading)
    currency = reading.ask.choice("currency", {one.currency for one in accounts})
    shown = currency or (accounts[0].currency if accounts else None)
    moved = movements(conn, reading.partner.id, shown, reading.ask.limit()) if shown else []
    return Ledger(accounts, shown, movement_lines(conn, moved))


def account_lines(conn: Connection, reading: Reading) -> tuple[AccountLine, ...]:
    """The partner's accounts."""
    return tuple(
        AccountLine(one.currency, one.balance, one.held, one.available)
        for one in partner_accounts(conn, reading.partner.id)
    )


PAGE = Page(
    name="ledger",
    path="/ledger",
    api_path="/api/ledger",
    summary="The partner's accounts and their latest movements",
    view=Ledger,
    read=read_ledger,
    parameters=(
        Parameter("currency", "whose movements: an ISO 4217 code that the partner has an account in"),
        Parameter("limit", "movements on the page, 1 to 200, 50 unless told"),
    ),
)
