"""The first page: what needs somebody today, how messages fare, what is on the account."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.alerts import service as alerts
from bot.messaging import inbox, outbox
from bot.storage.tables import delivery
from bot.web.console.deliveries import DeliveryLine, latest
from bot.web.console.delivery_query import STATES, is_problem, of_partner
from bot.web.console.due import DAYS_DEFAULT, DayCount, day_counts
from bot.web.console.ledger import AccountLine, account_lines
from bot.web.console.outlook import Outlook, partner_outlooks, within
from bot.web.page import Page, Reading

_FIRST = 6
_PROBLEM_DAYS = timedelta(days=7)
_DELIVERY_HOURS = timedelta(hours=24)
_STUCK_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Work that waits: how much, and since when the oldest does. `late`: longer than it should."""

    count: int
    oldest: datetime | None
    late: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """`due` and `past` count clients; `first` are the most urgent of them; deliveries are those of the last 24 hours,
    problems those of the last 7 days."""

    due: int
    past: int
    days: tuple[DayCount, ...]
    first: tuple[Outlook, ...]
    open_alerts: int
    deliveries: dict[str, int]
    problems: int
    latest_problems: tuple[DeliveryLine, ...]
    accounts: tuple[AccountLine, ...]
    inbox: Waiting
    outbox: Waiting


def read_overview(conn: Connection, reading: Reading) -> Overview:
    """Everything on the first page."""
    everybody = partner_outlooks(conn, reading)
    found = within(everybody, DAYS_DEFAULT)
    past = sum(one.days is None or one.days < 0 for one in found)
    recent = delivery.c.created_at >= reading.now - _PROBLEM_DAYS
    problem = is_problem() & recent & of_partner(reading)
    return Overview(
        due=len(found) - past,
        past=past,
        days=day_counts(everybody, reading, DAYS_DEFAULT),
        first=tuple(found[:_FIRST]),
        open_alerts=len(alerts.open_alerts(conn, reading.partner.id)),
        deliveries=_by_state(conn, reading),
        problems=conn.execute(select(func.count()).select_from(delivery).where(problem)).scalar_one(),
        latest_problems=tuple(latest(conn, problem, _FIRST)),
        accounts=account_lines(conn, reading),
        inbox=_waiting(inbox.queue_length(conn), reading.now),
        outbox=_waiting(outbox.queue_length(conn), reading.now),
    )


def _by_state(conn: Connection, reading: Reading) -> dict[str, int]:
    recent = delivery.c.created_at >= reading.now - _DELIVERY_HOURS
    counted = select(delivery.c.state, func.count()).where(recent, of_partner(reading)).group_by(delivery.c.state)
    found = {state: number for state, number in conn.execute(counted)}
    return {state: found[state] for state in STATES if state in found}


def _waiting(queue: tuple[int, datetime | None], now: datetime) -> Waiting:
    count, oldest = queue
    return Waiting(count, oldest, oldest is not None and now - oldest > _STUCK_AFTER)


PAGE = Page(
    name="overview",
    path="/",
    api_path="/api/overview",
    summary="What needs somebody today, how messages fare, what is on the account",
    view=Overview,
    read=read_overview,
)
