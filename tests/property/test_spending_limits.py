"""Random histories of one curator's top-ups: no day's held and posted sum passes the limit, whatever is undone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from bot.billing import limits
from bot.billing import service as billing
from bot.billing.limits import SpendingLimits
from bot.billing.local_day import local_date
from bot.billing.quote import Quote
from bot.errors import UserError
from bot.ids import ClientId
from bot.money import Money
from bot.storage.engine import Database
from bot.storage.tables import transfer
from tests.conftest import fresh_sqlite
from tests.integration.billing_world import ALFA, ANNA, ANNAS, NOW, add_client, add_partner, ask_top_up, give, say_yes

OPERATION, DAY = 300_00, 700_00
LIMITS = SpendingLimits({"EUR": Decimal(300)}, {"EUR": Decimal(700)})
ZONE = "Asia/Tokyo"
"""Its midnight is in the middle of the history's day in UTC."""
steps = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "confirm", "confirm", "confirm", "confirm", "undo", "settle"]),
        st.sampled_from([150_00, 400_00, 461_54, 461_54, 461_55]),
        st.integers(0, 5),
        st.sampled_from([0, 0, 0, 1, 3, 9, 600]),
    ),
    min_size=12,
    max_size=30,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_no_day_passes_the_limit(history: list[tuple[str, int, int, int]]) -> None:
    with fresh_sqlite() as db:
        now = NOW

        def fill(conn: Connection) -> None:
            add_partner(conn)
            give(conn, Money(10_000_00, "EUR"))

        db.write_now(fill)
        client_id = db.write_now(add_client, ALFA)
        quotes: list[Quote] = []
        for what, minor, which, minutes in history:
            now += timedelta(minutes=minutes)
            if what == "ask":
                with refusable():
                    quotes.append(db.write_now(ask, client_id, minor, now))
            elif what == "settle":
                db.write_now(billing.settle_due, now)
            elif quotes:
                with refusable():
                    db.write_now(confirm if what == "confirm" else undo, quotes[which % len(quotes)], now)
            assert all(spent <= DAY for spent in days(db).values())


def ask(conn: Connection, client_id: ClientId, minor: int, now: datetime) -> Quote:
    return ask_top_up(conn, client_id, Money(minor, "EUR"), now=now)


def confirm(conn: Connection, quote: Quote, now: datetime) -> None:
    limits.refuse_beyond(conn, LIMITS, curator_id=ANNA, time_zone=ZONE, now=now, transfer_id=quote.id)
    say_yes(conn, quote, now=now, undo_seconds=60)
    assert quote.partner_pays.minor <= OPERATION


def undo(conn: Connection, quote: Quote, now: datetime) -> None:
    billing.cancel(conn, transfer_id=quote.id, curator_id=ANNA, address=ANNAS, now=now)


def days(db: Database) -> dict[date, int]:
    """What was confirmed on each of the partner's days and is held or posted, reckoned here anew."""
    found: dict[date, int] = {}

    def unit(conn: Connection) -> None:
        rows = conn.execute(select(transfer.c.confirmed_at, transfer.c.quote, transfer.c.state))
        for row in rows:
            if row.state in ("pending", "posted"):
                day = local_date(row.confirmed_at, ZONE)
                found[day] = found.get(day, 0) + row.quote["partner_pays"]["minor"]

    db.read_now(unit)
    return found


@contextmanager
def refusable() -> Iterator[None]:
    try:
        yield
    except UserError as error:
        expected = {"operation_limit", "day_limit", "quote_expired", "quote_cancelled", "too_late", "amount_too_small"}
        if error.key not in expected:
            raise
