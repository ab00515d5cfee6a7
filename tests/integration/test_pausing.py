"""Sending and money stopped by the operator: what waits, what is said, who did it, and that it goes on again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.app.pausing import MONEY_JOBS, pausing
from bot.clock import ManualClock
from bot.ids import JobId
from bot.jobs.port import Job
from bot.messaging import outbox
from bot.scheduler.entries import entries
from bot.storage import audit, switches
from bot.storage.engine import Database
from bot.storage.switches import Switch
from tests.integration.alert_world import RIGA, scan
from tests.integration.chat_world import Phone
from tests.integration.messaging_support import NOW, SENDER, RecordingJobs, alert, put, take
from tests.integration.test_chat_money import account, open_quote, world
from tests.integration.web_door import open_door


def stop(conn: Connection, which: Switch, reason: str = "numbers look wrong") -> bool:
    return switches.pause(conn, which, who="olga", reason=reason, now=NOW)


async def test_paused_sending_keeps_the_queue(db: Database) -> None:
    def story(conn: Connection) -> None:
        jobs = RecordingJobs()
        put(conn, alert())
        assert stop(conn, Switch.SENDING)
        assert not stop(conn, Switch.SENDING, "again")
        assert take(conn) == []
        outbox.sweep(conn, NOW, jobs)
        assert jobs.asked == []
        assert outbox.queue_length(conn) == (1, NOW)
        ended = switches.resume(conn, Switch.SENDING, who="anna", reason="fixed", now=NOW + timedelta(hours=1))
        assert ended is not None
        assert (ended.who, ended.reason, ended.since) == ("olga", "numbers look wrong", NOW)
        assert switches.resume(conn, Switch.SENDING, who="anna", reason="", now=NOW) is None
        outbox.ask_all(conn, jobs, NOW)
        assert [(name, key) for name, key, _ in jobs.asked] == [(outbox.RELAY_JOB, SENDER)]
        assert len(take(conn)) == 1
        resumed, paused = audit.records(conn, None)
        assert (paused.action, paused.who, paused.at) == ("sending.paused", "olga", NOW)
        assert paused.facts == {"reason": "numbers look wrong"}
        assert (resumed.action, resumed.who) == ("sending.resumed", "anna")
        assert resumed.facts == {"reason": "fixed", "paused_by": "olga", "paused_at": NOW.isoformat()}

    await db.write(story)


@pytest.mark.parametrize(("language", "words"), [("en", "Money is paused"), ("ru", "Операции с деньгами")])
async def test_paused_money_is_told_and_nothing_moves(db: Database, language: str, words: str) -> None:
    def story(conn: Connection) -> None:
        anna: Phone = world(conn, language=language)
        scan(conn, anna.now)
        stop(conn, Switch.MONEY)
        shown = anna.ask("alfa 100")
        assert shown.template.startswith("replies/quote_")
        confirm = f"yes {open_quote(conn, anna).code}"
        refused = anna.ask(confirm)
        assert refused.template == "replies/money_paused"
        assert refused.text.startswith(words)
        assert account(conn) == "1200.00 EUR"
        switches.resume(conn, Switch.MONEY, who="olga", reason="", now=NOW)
        assert anna.ask(confirm).template == "receipts/topped_up"
        assert account(conn) == "1135.00 EUR"
        assert audit.records(conn, RIGA) == []

    await db.write(story)


async def test_jobs_that_move_money_wait(db: Database) -> None:
    ran: list[str] = []

    async def handler(job: Job) -> None:
        ran.append(job.name)

    async def run(name: str) -> None:
        await pausing(db, name, handler)(Job(JobId("j"), name, name, 1))

    await db.write(stop, Switch.MONEY)
    for name in ("charge", "settle", "scan"):
        await run(name)
    assert ran == ["scan"]
    await db.write(lambda conn: switches.resume(conn, Switch.MONEY, who="o", reason="", now=NOW))
    await run("charge")
    assert ran == ["scan", "charge"]
    assert {"charge", "settle"} <= MONEY_JOBS & {entry.job for entry in entries()}


async def test_doors_say_what_is_paused(db: Database, clock: ManualClock) -> None:
    await db.write(stop, Switch.SENDING, "<b>tests</b>")
    async with open_door(db, clock) as client:
        ready: dict[str, Any] = await (await client.get("/readyz")).json()
        assert ready["paused"] == ["sending"]
        page = await (await client.get("/")).text()
        assert "Sending is paused" in page
        assert "by olga: &lt;b&gt;tests&lt;/b&gt;" in page
        assert "Отправка приостановлена" in await (await client.get("/?lang=ru")).text()
