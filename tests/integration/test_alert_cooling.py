"""A cooldown keeps quiet, it loses nothing: told once it is over, and only where something was said before."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, select, update

from bot.alerts import service as alerts
from bot.alerts.policy import Levels
from bot.billing import service as billing
from bot.ids import ClientId
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    BETA,
    ENV,
    NOW,
    POLICY,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    outcomes,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LOW = replace(ENV, policy=replace(POLICY, of_client={BETA.account_id: Levels(balance={"EUR": (20, 5)})}))
RICH = replace(BETA, balance="400.00", daily=None)


def world(conn: Connection) -> ClientId:
    add_partner(conn)
    add_curator(conn)
    return add_client(conn, RICH)


def table_shows(conn: Connection, client: ClientId, balance: str, days: float, *, scan: bool = True) -> None:
    now = NOW + days * DAY
    changes = billing.adjust_balance(
        conn, RIGA, client, of(balance, "EUR"), reason="table", by="import", key=now.isoformat(), now=now
    )
    alerts.apply(conn, changes, now=now, env=LOW)
    if scan:
        look(conn, days)


def look(conn: Connection, days: float) -> None:
    """A scan, after which everything has left."""
    alerts.scan(conn, now=NOW + days * DAY, env=LOW)
    conn.execute(update(delivery).where(delivery.c.state == "queued").values(state="delivered"))


def told(conn: Connection) -> int:
    """How many messages said that the balance is low."""
    return len(conn.execute(select(delivery.c.id).where(delivery.c.template == "alerts/low_balance")).all())


async def test_what_came_back_within_the_cooldown_and_stays_is_told_when_it_is_over(db: Database) -> None:
    def play(conn: Connection) -> tuple[int, int, int, int]:
        client = world(conn)
        table_shows(conn, client, "19.00", 0)
        table_shows(conn, client, "400.00", 1)
        table_shows(conn, client, "18.00", 2)
        within = told(conn)
        look(conn, 6.9)
        still = told(conn)
        look(conn, 7.1)
        after = told(conn)
        look(conn, 30)
        return within, still, after, told(conn)

    assert await db.write(play) == (1, 1, 2, 2)


async def test_a_cooldown_that_is_over_tells_nothing_that_was_outdone(db: Database) -> None:
    def play(conn: Connection) -> int:
        client = world(conn)
        table_shows(conn, client, "19.00", 0)
        table_shows(conn, client, "400.00", 1)
        table_shows(conn, client, "18.00", 2)
        table_shows(conn, client, "4.00", 3)
        look(conn, 8)
        return told(conn)

    assert await db.write(play) == 2, "once at 20, once at 5"


async def test_what_was_settled_before_anybody_heard_of_it_begins_no_cooldown(db: Database) -> None:
    def play(conn: Connection) -> list[tuple[str, str | None]]:
        client = world(conn)
        table_shows(conn, client, "19.00", 0, scan=False)
        alerts.scan(conn, now=NOW, env=LOW)
        table_shows(conn, client, "400.00", 1, scan=False)
        table_shows(conn, client, "18.00", 2)
        return [one for one in outcomes(conn) if one[0] == "suppressed"]

    assert await db.write(play) == []
