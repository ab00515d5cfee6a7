"""A monthly statement of an account: opening balance, rows with a running balance, closing balance. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from bot.billing.local_day import first_instant
from bot.billing.subscription import add_months
from bot.money import Money


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One movement. `client` is the account ID and the company, `who` the curator, empty where there is none."""

    at: datetime
    kind: str
    amount: Money
    balance: Money
    client: str
    who: str
    receipt: str
    note: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of the partner account in one currency, by the calendar of the partner's zone."""

    title: str
    zone: str
    month: date
    opening: Money
    rows: tuple[StatementRow, ...]

    @property
    def closing(self) -> Money:
        """What was there when the month ended."""
        return self.rows[-1].balance if self.rows else self.opening

    def total(self, *, of_deposits: bool) -> Money:
        """What came in, or went out (below zero), in the month."""
        chosen: Iterable[Money] = (row.amount for row in self.rows if (row.amount.minor > 0) == of_deposits)
        return sum(chosen, Money(0, self.opening.currency))


def month_bounds(month: date, zone: str) -> tuple[datetime, datetime]:
    """The first instant of a month in a zone and that of the next one; `month` is any day of it."""
    first = month.replace(day=1)
    return first_instant(first, zone), first_instant(add_months(first, 1, 1), zone)
