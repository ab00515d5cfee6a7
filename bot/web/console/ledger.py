"""The partner's account: what is on it, and every movement with its receipt."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.billing.payments import checkouts
from bot.billing.service import movements, partner_accounts
from bot.directory import service as directory
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
class ReplenishmentLine:
    """A replenishment that is not settled: `url` while it can be paid; `held` waits for the operator."""

    id: str
    asked_at: datetime
    amount: MoneyView
    state: str
    url: str | None
    expires_at: datetime
    curator: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """All accounts, replenishments on their way, and the latest movements in `currency`; the newest first."""

    accounts: tuple[AccountLine, ...]
    replenishments: tuple[ReplenishmentLine, ...]
    currency: str | None
    movements: tuple[MovementLine, ...]


def read_ledger(conn: Connection, reading: Reading) -> Ledger:
    """The accounts, and the rows of the one that `?currency=` names, else of the first."""
    accounts = account_lines(conn, reading)
    currency = reading.ask.choice("currency", {one.currency for one in accounts})
    shown = currency or (accounts[0].currency if accounts else None)
    moved = movements(conn, reading.partner.id, shown, reading.ask.limit()) if shown else []
    return Ledger(accounts, _replenishments(conn, reading), shown, movement_lines(conn, moved))


def account_lines(conn: Connection, reading: Reading) -> tuple[AccountLine, ...]:
    """The partner's accounts."""
    return tuple(
        AccountLine(one.currency, one.balance, one.held, one.available)
        for one in partner_accounts(conn, reading.partner.id)
    )


def _replenishments(conn: Connection, reading: Reading) -> tuple[ReplenishmentLine, ...]:
    """Those among the latest that somebody may still have to do something about."""
    found = [one for one in checkouts.latest(conn, reading.partner.id) if one.state in (*checkouts.WAITING, "held")]
    people = directory.curators_by_id(conn, {one.asked_by for one in found if one.asked_by})
    return tuple(
        ReplenishmentLine(
            id=one.id,
            asked_at=one.created_at,
            amount=one.amount,
            state=one.state,
            url=one.url if one.state == "open" and one.expires_at > reading.now else None,
            expires_at=one.expires_at,
            curator=people[one.asked_by].name if one.asked_by in people else None,
            reason=one.reason,
        )
        for one in found
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
