"""The brake: an owner is asked before far more than usual is told; yes, no, nobody to ask, the question lost."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, select, update

from bot.alerts import brake
from bot.alerts import service as alerts
from bot.alerts.policy import Brake
from bot.alerts.why import why
from bot.app.operations import Operations
from bot.app.surroundings import surroundings as shipped
from bot.clock import ManualClock
from bot.config import load_settings
from bot.directory import service as directory
from bot.ids import ClientId
from bot.settings import CanarySettings, OperationsSettings
from bot.storage.engine import Database
from bot.storage.tables import client, delivery
from tests.integration.alert_world import (
    ENV,
    NOW,
    POLICY,
    RIGA,
    Remembered,
    Wanted,
    add_client,
    add_curator,
    add_partner,
    messages,
    outcomes,
    raised,
)
from tests.integration.chat_world import phone_of

BRAKING = replace(ENV, policy=replace(POLICY, brake=Brake(over=3, times=3)))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def crowd(conn: Connection, count: int = 5, ends: date = date(2026, 12, 3)) -> None:
    known = len(conn.execute(select(client.c.id)).all())
    for n in range(known, known + count):
        add_client(conn, Wanted(f"482200{n:02d}", f"Firm {n}", ends=ends, plan="Inbox", channels=1))


def test_it_is_on_unless_somebody_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATORBOT_TWILIO__ACCOUNT_SID", "AC" + "0" * 32)
    assert shipped(load_settings(None), Remembered()).policy.brake == Brake(over=30, times=3)
    monkeypatch.setenv("CURATORBOT_ALERTS__BRAKE", "false")
    assert shipped(load_settings(None), Remembered()).policy.brake is None


async def test_after_a_no_nobody_is_told_and_what_comes_next_is(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        owner = add_curator(conn, "Olga", role="owner")
        crowd(conn)
        assert alerts.scan(conn, now=NOW, env=BRAKING).held == 5
        phone = phone_of(conn, owner)
        (asked,) = messages(conn, owner)
        assert phone.ask(*asked.buttons[1]).template == "watch/declined"
        report = alerts.scan(conn, now=NOW + MINUTE, env=BRAKING)
        assert (report.held, report.alerts, report.messages, dict(report.suppressed)) == (0, 5, 0, {"declined": 5})
        assert set(outcomes(conn)) == {("sent", None), ("suppressed", "declined")}
        some = ClientId(conn.execute(select(client.c.id)).scalars().first() or "")
        assert {(one.verdict, one.reason) for one in why(conn, some, now=NOW, env=ENV) if one.kind == "ending"} == {
            ("not_sent", "declined")
        }
        later = NOW + timedelta(days=4)
        assert alerts.scan(conn, now=later, env=replace(ENV, policy=POLICY)).messages == 1

    await db.write(story)


async def test_a_no_does_not_hold_for_what_comes_after_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        owner = add_curator(conn, "Olga", role="owner")
        crowd(conn)
        alerts.scan(conn, now=NOW, env=BRAKING)
        assert brake.answer_for(conn, RIGA, "root", yes=False, now=NOW + MINUTE)
        late = Wanted("48229999", "Late", ends=date(2026, 12, 10), plan="Inbox", channels=1, zone="America/New_York")
        add_client(conn, late)
        later = NOW + 7 * HOUR
        report = alerts.scan(conn, now=NOW + 2 * MINUTE, env=BRAKING)
        assert report.suppressed["declined"] == 5
        report = alerts.scan(conn, now=later, env=BRAKING)
        assert [one.template for one in messages(conn, owner)][-1] == "alerts/ending"

    await db.write(story)


@pytest.mark.parametrize(
    ("ends", "asked_at"),
    [(date(2026, 11, 29), "2026-11-28T07:00"), (date(2026, 12, 5), "2026-11-30T07:00")],
    ids=["too late on Monday", "early enough on Monday"],
)
async def test_an_owner_is_asked_at_the_weekend_only_where_monday_is_too_late(
    db: Database, ends: date, asked_at: str
) -> None:
    """A table that comes on Saturday before dawn."""
    saturday = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
    env = replace(BRAKING, policy=replace(BRAKING.policy, respect_hours=True))

    def story(conn: Connection) -> None:
        add_partner(conn)
        owner = add_curator(conn, "Olga", role="owner")
        crowd(conn, ends=ends)
        assert alerts.scan(conn, now=saturday, env=env).held == 5
        (asked,) = messages(conn, owner)
        assert asked.not_before == datetime.fromisoformat(asked_at).replace(tzinfo=UTC)

    await db.write(story)


async def test_only_an_owner_answers(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        owner, anna = add_curator(conn, "Olga", role="owner"), add_curator(conn)
        crowd(conn)
        alerts.scan(conn, now=NOW, env=BRAKING)
        (asked,) = messages(conn, owner)
        assert phone_of(conn, anna).ask(*asked.buttons[0]).template == "watch/owner_only"
        assert alerts.scan(conn, now=NOW + MINUTE, env=BRAKING).held == 5

    await db.write(story)


@pytest.mark.parametrize("owner", [None, {"consent": None}, {"finances": False}])
async def test_with_no_owner_to_ask_everybody_is_told_and_operations_hear_of_it(
    db: Database, owner: dict[str, str | bool | None] | None
) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn)
        if owner is not None:
            olga = add_curator(conn, "Olga", role="owner", **{k: v for k, v in owner.items() if k == "consent"})
            if "finances" in owner:
                directory.set_finances(conn, olga, False)
        crowd(conn)
        for minute in range(2):
            report = alerts.scan(conn, now=NOW + minute * MINUTE, env=BRAKING)
            assert (report.held, report.alerts) == (0, 5 if minute == 0 else 0)
        assert [one.template for one in messages(conn)] == ["alerts/several"]

    await db.write(story)
    registry, clock, off = CollectorRegistry(), ManualClock(NOW + MINUTE), CanarySettings(enabled=False)
    operations = Operations(db, clock, OperationsSettings(), registry, canary=off, speaks=True)
    await operations.look()
    assert registry.get_sample_value("curatorbot_alarms_total", {"alarm": "unasked"}) == 1


async def test_a_question_that_reached_nobody_holds_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        crowd(conn)
        assert alerts.scan(conn, now=NOW, env=BRAKING).held == 5
        conn.execute(update(delivery).values(state="undelivered"))
        assert alerts.scan(conn, now=NOW + MINUTE, env=BRAKING).alerts == 5
        assert ("brake", 0, "open") not in raised(conn)

    await db.write(story)


async def test_a_second_avalanche_of_a_day_is_asked_about_again(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        crowd(conn)
        alerts.scan(conn, now=NOW, env=BRAKING)
        brake.answer_for(conn, RIGA, "root", yes=True, now=NOW + MINUTE)
        assert alerts.scan(conn, now=NOW + 2 * MINUTE, env=BRAKING).alerts == 5
        assert not brake.answer_for(conn, RIGA, "root", yes=True, now=NOW + MINUTE)
        crowd(conn, 6)
        assert alerts.scan(conn, now=NOW + 2 * HOUR, env=BRAKING).held == 6
        assert [one.template for one in messages(conn)] == ["watch/brake", "alerts/several", "watch/brake"]

    await db.write(story)


async def test_the_answer_holds_until_the_last_chunk(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role="owner")
        crowd(conn, 8)
        alerts.scan(conn, now=NOW, env=BRAKING)
        brake.answer_for(conn, RIGA, "root", yes=False, now=NOW)
        while alerts.scan(conn, now=NOW + MINUTE, env=BRAKING, limit=3).more:
            pass
        assert [one for one in outcomes(conn) if one != ("suppressed", "declined")] == [("sent", None)]

    await db.write(story)
