"""Who begins to hear late, by consent, start, unmute or being added, is told of what is open already; nobody twice."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from bot.alerts import service as alerts
from bot.directory import service as directory
from bot.ids import ClientId, CuratorId
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    GAMMA,
    NOW,
    add_client,
    add_curator,
    add_partner,
    messages,
    scan,
)
from tests.integration.chat_world import phone_of

LATER = NOW + timedelta(minutes=5)


def world(conn: Connection) -> list[ClientId]:
    add_partner(conn)
    return [add_client(conn, wanted) for wanted in (ALFA, BETA, GAMMA)]


def told(conn: Connection, curator_id: CuratorId) -> list[str]:
    return [row.template for row in messages(conn, curator_id) if row.kind == "alert"]


async def test_alerts_that_nobody_heard_are_told_to_who_is_added_later(db: Database) -> None:
    def story(conn: Connection) -> None:
        world(conn)
        assert scan(conn).suppressed["nobody"] == 3
        anna = add_curator(conn)
        scan(conn, LATER)
        assert told(conn, anna) == []
        assert alerts.catch_up(conn, anna, now=LATER, env=ENV) == 3
        assert alerts.catch_up(conn, anna, now=LATER, env=ENV) == 0
        assert scan(conn, LATER).messages == 1
        assert scan(conn, LATER).messages == 0
        assert told(conn, anna) == ["alerts/several"]

    await db.write(story)


@pytest.mark.parametrize("word", ["yes", "start"])
async def test_consent_brings_what_is_open(db: Database, word: str) -> None:
    def story(conn: Connection) -> None:
        world(conn)
        anna = add_curator(conn, consent=None)
        scan(conn)
        assert told(conn, anna) == []
        assert phone_of(conn, anna).ask(word).template == "people/agreed"
        scan(conn, LATER)
        scan(conn, LATER)
        assert told(conn, anna) == ["alerts/several"]

    await db.write(story)


async def test_start_and_unmute_bring_what_was_missed_and_nothing_that_was_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, olga = add_curator(conn), add_curator(conn, "Olga")
        phone = phone_of(conn, anna)
        alfa = add_client(conn, ALFA)
        scan(conn)
        assert told(conn, anna) == ["alerts/ending"]
        conn.execute(update(delivery).values(state="delivered"))
        phone.ask("stop")
        beta = add_client(conn, BETA)
        scan(conn)
        directory.mute(conn, anna, alfa, NOW)
        directory.mute(conn, anna, beta, NOW)
        phone.ask("start")
        scan(conn, LATER)
        assert told(conn, anna) == ["alerts/ending"]
        phone.ask("unmute beta")
        phone.ask("unmute alfa")
        phone.ask("start")
        scan(conn, LATER)
        assert told(conn, anna) == ["alerts/ending", "alerts/running_out"]
        assert len(told(conn, olga)) == 2

    await db.write(story)


async def test_what_is_settled_or_somebody_elses_work_is_not_told_late(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, olga = add_curator(conn), add_curator(conn, "Olga", consent=None)
        add_client(conn, ALFA)
        scan(conn)
        phone = phone_of(conn, anna)
        [row] = messages(conn, anna)
        phone.say("I'm on it", dict(row.buttons)["I'm on it"])
        phone_of(conn, olga).ask("yes")
        scan(conn, LATER)
        assert told(conn, olga) == []

    await db.write(story)
