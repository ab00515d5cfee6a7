"""Who runs out, and when: the clients whose subscription or money ends soon, and those who have stopped."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from bot.billing.local_day import local_date
from bot.money import Money, zero
from bot.web.console.outlook import Outlook, partner_outlooks, within
from bot.web.page import MoneyView, Page, Parameter, Reading

DAYS_DEFAULT = 14
_DAYS_MAX = 3_660
_CHART_DAYS = 14


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many clients have their last paid day on that day."""

    day: date
    clients: int


@dataclass(frozen=True, slots=True)
class Renewals:
    """What renewing all the listed clients of a currency would cost at list price, and what they hold themselves."""

    clients: int
    price: MoneyView
    balances: MoneyView


@dataclass(frozen=True, slots=True)
class Due:
    """`clients` within the days that were asked for; `past` of them have ended or stopped already."""

    within: int
    past: int
    clients: tuple[Outlook, ...]
    renewals: tuple[Renewals, ...]
    days: tuple[DayCount, ...]


def read_due(conn: Connection, reading: Reading) -> Due:
    """The clients that end within `?within=` days, the most urgent first."""
    days = reading.ask.days("within", DAYS_DEFAULT, _DAYS_MAX)
    everybody = partner_outlooks(conn, reading)
    found = within(everybody, days)
    return Due(
        within=days,
        past=sum(one.days is None or one.days < 0 for one in found),
        clients=tuple(found),
        renewals=_renewals(found),
        days=day_counts(everybody, reading, _CHART_DAYS),
    )


def _renewals(found: list[Outlook]) -> tuple[Renewals, ...]:
    priced: dict[str, list[tuple[Money, Money]]] = {}
    for one in found:
        if one.renewal is not None:
            priced.setdefault(one.renewal.currency, []).append((one.renewal, one.balance))
    return tuple(
        Renewals(
            len(pairs),
            sum((price for price, _ in pairs), zero(currency)),
            sum((balance for _, balance in pairs), zero(currency)),
        )
        for currency, pairs in sorted(priced.items())
    )


def day_counts(found: list[Outlook], reading: Reading, days: int) -> tuple[DayCount, ...]:
    """How many clients end with each day from today through so many days ahead."""
    today = local_date(reading.now, reading.partner.time_zone)
    counted = [today + timedelta(days=n) for n in range(days + 1)]
    return tuple(DayCount(day, sum(one.last_day == day and (one.days or 0) >= 0 for one in found)) for day in counted)


PAGE = Page(
    name="due",
    path="/due",
    api_path="/api/due",
    summary="Who runs out, and when",
    view=Due,
    read=read_due,
    parameters=(Parameter("within", "so many days ahead, such as 14d; 14 unless told"),),
)
