"""The jobs that look after the books: the chain grows by itself, and an error tells people what does not add up."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, text
from structlog.testing import capture_logs

from bot.app.books import Books
from bot.app.operations import Operations
from bot.billing import service as billing
from bot.clock import ManualClock
from bot.ids import JobId
from bot.jobs.port import Job
from bot.settings import CanarySettings, OperationsSettings
from bot.storage.engine import Database
from tests.integration.billing_world import add_partner, euro, give


@pytest.fixture
def job() -> Job:
    return Job(JobId("1"), "books", "books", 1)


def some_deposits(conn: Connection) -> None:
    add_partner(conn)
    for n in range(250):
        give(conn, euro("1"), key=f"bank-{n}")


async def test_the_chain_follows_the_ledger(db: Database, clock: ManualClock, job: Job) -> None:
    await db.write(some_deposits)
    await Books(db, clock).seal(job)
    report = await db.read(billing.check)
    assert (report.ok, report.unsealed, report.heads[0].n) == (True, 0, 250)


@pytest.mark.parametrize(("minute", "whole"), [(0, True), (15, False)])
async def test_what_does_not_add_up_is_an_error_in_the_log(
    sqlite_db: Database, clock: ManualClock, job: Job, minute: int, whole: bool
) -> None:
    """A wrong balance every quarter of an hour; a break of the chain once an hour."""

    def break_both(conn: Connection) -> None:
        conn.execute(text("UPDATE account SET posted = posted + 1 WHERE kind = 'partner'"))
        conn.execute(text("DROP TRIGGER ledger_transaction_no_update"))
        conn.execute(text("UPDATE ledger_transaction SET note = 'else' WHERE key = 'deposit:bank-7'"))

    await sqlite_db.write(some_deposits)
    books = Books(sqlite_db, clock)
    await books.seal(job)
    clock.move_to(clock.now().replace(minute=minute) + timedelta(hours=1))
    with capture_logs() as quiet:
        await books.audit(job)
    assert [entry for entry in quiet if entry["event"] == "ledger.wrong"] == []
    await sqlite_db.write(break_both)
    with capture_logs() as loud:
        await books.audit(job)
    told = [entry for entry in loud if entry["event"] == "ledger.wrong"]
    assert {entry["log_level"] for entry in told} == {"error"}
    assert ["chain of nord" in entry["problem"] for entry in told] == ([False, True] if whole else [False])
    assert "balance 25001, its lines make 25000" in told[0]["problem"]


async def test_books_that_do_not_add_up_alarm_operations_until_they_do(
    sqlite_db: Database, clock: ManualClock, job: Job
) -> None:
    await sqlite_db.write(some_deposits)
    books, registry = Books(sqlite_db, clock), CollectorRegistry()
    quiet = CanarySettings(enabled=False)
    watch = Operations(sqlite_db, clock, OperationsSettings(), registry, canary=quiet, speaks=True)

    def add(conn: Connection, cents: int) -> None:
        conn.execute(text("UPDATE account SET posted = posted + :cents WHERE kind = 'partner'"), {"cents": cents})

    async def alarmed() -> list[str]:
        await books.audit(job)
        with capture_logs() as logged:
            await watch.look()
        return [entry["title"] for entry in logged if entry.get("alarm") == "books_wrong"]

    assert await alarmed() == []
    await sqlite_db.write(add, 1)
    [title] = await alarmed()
    assert "balance 25001, its lines make 25000" in title
    assert registry.get_sample_value("curatorbot_ledger_problems") == 1
    await sqlite_db.write(add, -1)
    clock.move_to(clock.now() + timedelta(hours=1))
    assert await alarmed() == []
    assert registry.get_sample_value("curatorbot_ledger_problems") == 0
