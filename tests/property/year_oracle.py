"""Which stages of a year are due, worked out from the rules as people read them; calls nothing of the product's policy.

Input are facts only: end dates as they were told, the ledger's postings, and the moments of looking at clients.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from bot.ids import ClientId
from bot.storage.tables import account, ledger_transaction, posting
from tests.property.year_play import RATE, Life, Year

ENDING, RUNNING_OUT = (14, 7, 3, 1, 0), (7, 3, 1)
DAY = timedelta(days=1)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that was due: what it is called, and the first look at clients that found it so."""

    client_id: ClientId
    kind: str
    stage: int
    cycle: str
    look: datetime
    ends: datetime


def due_stages(conn: Connection, year: Year) -> list[Stage]:
    """Every stage that was due and not over again by the time somebody looked."""
    found: list[Stage] = []
    for life in year.lives:
        if life.subscribed:
            found += _subscription(life, year)
        elif not life.hovers:
            found += _money(conn, life, year)
    return found


def _subscription(life: Life, year: Year) -> Iterator[Stage]:
    """Days before the end of a subscription at nine in the client's morning; a new date is a new countdown."""
    for n, (told_at, end) in enumerate(life.ends):
        until = life.ends[n + 1][0] if n + 1 < len(life.ends) else NEVER
        midnight = at_local(end + DAY, time(), life.zone)
        over = max(first(year.steps, midnight), told_at)
        for stage in ENDING:
            look = first(year.looks, max(at_local(end - stage * DAY, time(9), life.zone), told_at))
            if look < min(until, over):
                yield Stage(life.client_id, "ending", stage, end.isoformat(), look, midnight)
        look = first(year.looks, max(at_local(end + DAY, time(9), life.zone), told_at))
        if look < until:
            yield Stage(life.client_id, "ended", 0, end.isoformat(), look, midnight)


def _money(conn: Connection, life: Life, year: Year) -> Iterator[Stage]:
    """Days before the last one that a balance pays for, from each payment on; and the day on which channels go off."""
    paid = _payments(conn, life.client_id)
    for n, (at, cycle, balance) in enumerate(paid):
        until = paid[n + 1][0] if n + 1 < len(paid) else NEVER
        today = at.astimezone(ZoneInfo(life.zone)).date()
        last = today + balance // RATE * DAY
        midnight = at_local(last + DAY, time(), life.zone)
        over = first(year.steps, midnight)
        for stage in RUNNING_OUT:
            look = first(year.looks, max(at_local(last - stage * DAY, time(9), life.zone), at))
            if look < min(until, over):
                yield Stage(life.client_id, "running_out", stage, cycle, look, midnight)
        look = first(year.looks, over)
        if look < until:
            yield Stage(life.client_id, "stopped", 0, cycle, look, midnight)


def _payments(conn: Connection, client_id: ClientId) -> list[tuple[datetime, str, int]]:
    """Each increase of a balance: when, its transaction, and what there was once that moment was over."""
    query = (
        select(ledger_transaction.c.at, ledger_transaction.c.id, posting.c.amount, account.c.id, posting.c.to_id)
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .join(account, (account.c.id == posting.c.to_id) | (account.c.id == posting.c.from_id))
        .where(account.c.kind == "client", account.c.owner_id == client_id)
        .order_by(ledger_transaction.c.at, ledger_transaction.c.id, posting.c.n)
    )
    balance, found = 0, {}
    for at, transaction, amount, mine, to in conn.execute(query):
        balance += amount if to == mine else -amount
        if to == mine:
            found[at] = (at, transaction, balance)
        elif at in found:
            found[at] = (at, found[at][1], balance)
    return list(found.values())


def at_local(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def first(moments: Sequence[datetime], at: datetime) -> datetime:
    """The first of these moments from `at` on."""
    place = bisect_left(moments, at)
    return moments[place] if place < len(moments) else NEVER
