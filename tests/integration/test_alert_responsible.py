"""One person responsible: the others are spared, and called when that person is silent."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, update

from bot.alerts import assigning
from bot.alerts import service as alerts
from bot.alerts.claims import claim
from bot.alerts.escalation import escalate
from bot.alerts.leaving import leave
from bot.alerts.why import why
from bot.directory import arrangements
from bot.directory import service as directory
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ENV,
    NOW,
    POLICY,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    messages,
    move_end,
    renew,
    scan,
)

HOURS = replace(ENV, policy=replace(POLICY, respect_hours=True))
DAY = timedelta(days=1)
LATE = NOW + 4 * DAY
"""Stage 3 of the client is due."""


async def test_an_assigned_client_is_told_to_one_and_returns_to_all(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        arrangements.assign(conn, client, marta)
        report = scan(conn)
        assert (report.messages, report.suppressed) == (1, {"assigned": 1})
        arrangements.assign(conn, client, None)
        scan(conn, LATE)
        assert len(messages(conn, anna)) == 1

    await db.write(story)


async def test_what_waits_for_another_goes_to_the_one_who_is_responsible_now(db: Database) -> None:
    """Nothing left yet: the one who has nothing to do with it any more is not told, and `why` says why."""
    night = NOW - timedelta(hours=5)

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, now=night)
        alerts.scan(conn, now=night, env=HOURS)
        assert assigning.assign(conn, client, marta, who="Olga", now=night, env=HOURS) == 0
        found = {one.curator_id: one for one in why(conn, client, now=night, env=HOURS) if one.kind == "ending"}
        assert (found[anna].verdict, found[anna].reason) == ("not_sent", "assigned")
        assert (found[marta].verdict, found[marta].at) == ("waiting", NOW)
        assert assigning.assign(conn, client, anna, who="Olga", now=night, env=HOURS) == 1
        alerts.scan(conn, now=NOW, env=HOURS)
        told = [one.curator_id for one in messages(conn) if one.kind == "alert"]
        assert told == [anna]

    await db.write(story)


async def test_a_message_that_is_queued_still_is_taken_back_and_may_come_back(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        for responsible in (marta, anna, marta, anna):
            assigning.assign(conn, client, responsible, who="Olga", now=NOW, env=ENV)
            scan(conn)
            going = [one.curator_id for one in messages(conn) if one.kind == "alert" and one.state == "queued"]
            assert going == [responsible]
        assert {one.reason for one in messages(conn, marta) if one.state == "cancelled"} == {"assigned"}
        assigning.assign(conn, client, None, who="Olga", now=NOW, env=ENV)
        scan(conn)
        going = [one.curator_id for one in messages(conn) if one.kind == "alert" and one.state == "queued"]
        assert sorted(going) == sorted([anna, marta])

    await db.write(story)


@pytest.mark.parametrize("step", ["away", "mute", "remove"])
async def test_what_waits_for_somebody_who_goes_goes_to_the_right_one(db: Database, step: str) -> None:
    night = NOW - timedelta(hours=5)

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, now=night)
        arrangements.assign(conn, client, anna)
        alerts.scan(conn, now=night, env=HOURS)
        change = {
            "away": lambda: arrangements.set_away(conn, anna, night + 5 * DAY, marta),
            "mute": lambda: directory.mute(conn, anna, client, night),
            "remove": lambda: directory.remove_curator(conn, anna, night),
        }[step]
        leave(conn, anna, change, now=night, env=HOURS)
        found = {one.curator_id: one for one in why(conn, client, now=night, env=HOURS) if one.kind == "ending"}
        assert found[marta].verdict == "waiting"
        if step != "remove":
            wanted = {"away": "away", "mute": "muted"}[step]
            assert (found[anna].verdict, found[anna].reason) == ("not_sent", wanted)
        alerts.scan(conn, now=NOW, env=HOURS)
        assert [one.curator_id for one in messages(conn) if one.kind == "alert"] == [marta]

    await db.write(story)


async def test_who_was_called_because_nobody_reacted_is_told_all_the_same(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn, now=LATE)
        arrangements.assign(conn, client, marta)
        scan(conn, LATE)
        scan(conn, LATE + timedelta(hours=4))
        assigning.assign(conn, client, marta, who="Olga", now=LATE + timedelta(hours=4), env=ENV)
        assert [one.state for one in messages(conn, anna)] == ["queued"]

    await db.write(story)


async def test_the_others_hear_after_a_silence_from_stage_three_on(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        arrangements.assign(conn, client, marta)
        scan(conn)
        assert escalate(conn, now=NOW + 2 * DAY, env=ENV) == 0
        scan(conn, LATE)
        assert escalate(conn, now=LATE + timedelta(hours=3), env=ENV) == 0
        assert escalate(conn, now=LATE + timedelta(hours=4), env=ENV) == 1
        assert escalate(conn, now=LATE + timedelta(hours=4), env=ENV) == 0
        assert scan(conn, LATE + timedelta(hours=4)).messages == 1
        assert messages(conn, anna)[0].body.startswith("Finances: *Alfa Dental* ends in 3 days\n")

    await db.write(story)


@pytest.mark.parametrize(
    ("became", "others"),
    [
        ({"state": "failed"}, 1),
        ({"state": "undelivered"}, 1),
        ({"state": "expired", "attempts": 1}, 1),
        ({"state": "expired", "attempts": 0}, 0),
        ({"state": "sent", "unconfirmed": True}, 1),
        ({"state": "unknown", "unconfirmed": True}, 1),
        ({"state": "delivered", "contradicted": True}, 1),
        ({"state": "read", "contradicted": True}, 0),
        ({"state": "sent"}, 0),
        ({"state": "delivered"}, 0),
    ],
)
async def test_what_did_not_reach_the_one_goes_to_the_others(
    sqlite_db: Database, became: dict[str, object], others: int
) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        arrangements.assign(conn, add_client(conn), marta)
        scan(conn)
        conn.execute(update(delivery).values(became))
        later = NOW + timedelta(minutes=30)
        assert escalate(conn, now=later, env=ENV) == others
        assert escalate(conn, now=later, env=ENV) == 0
        scan(conn, later)
        assert len(messages(conn, anna)) == others

    await sqlite_db.write(story)


async def test_whoever_claims_or_settles_spares_the_others(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        marta = add_curator(conn, "Marta")
        client = add_client(conn)
        arrangements.assign(conn, client, marta)
        scan(conn, LATE)
        (found,) = alerts.open_alerts(conn, RIGA)
        claim(conn, found.id, marta, now=LATE, env=ENV)
        assert escalate(conn, now=LATE + timedelta(hours=5), env=ENV) == 0
        renew(conn, client, marta, now=LATE)
        assert escalate(conn, now=LATE + DAY, env=ENV) == 0

    await db.write(story)


async def test_a_settled_alert_is_not_told_to_those_who_were_called(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        arrangements.assign(conn, client, marta)
        scan(conn, LATE)
        escalate(conn, now=LATE + timedelta(hours=4), env=ENV)
        move_end(conn, client, date(2027, 12, 3), now=LATE + timedelta(hours=4))
        assert scan(conn, LATE + timedelta(hours=5)).messages == 0
        assert messages(conn, anna) == []

    await db.write(story)


async def test_absence_hands_over_and_ends_by_itself(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        arrangements.assign(conn, client, marta)
        arrangements.set_away(conn, marta, NOW + DAY, anna)
        assert scan(conn).suppressed == {"away": 1}
        assert [row.curator_id for row in messages(conn)] == [anna]
        scan(conn, LATE)
        assert messages(conn)[-1].curator_id == marta
        back = directory.get_curator(conn, marta)
        assert (back.away_until, back.stand_in) == (None, None), "nobody stands in for a person who is there"

    await db.write(story)
