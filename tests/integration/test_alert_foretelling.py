"""What `why` says of the next stage comes true: the day of the client, the hour of each person, and reasons against."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from bot.alerts import postponing
from bot.alerts import service as alerts
from bot.alerts.alert import Kind
from bot.alerts.why import Outcome, why
from bot.directory import arrangements
from bot.directory import service as directory
from bot.ids import ClientId, CuratorId
from bot.storage.engine import Database
from bot.storage.tables import alert, notification
from tests.integration.alert_world import ALFA, ENV, GAMMA, POLICY, add_client, add_curator, add_partner
from tests.integration.chat_world import phone_of

HOURS = replace(ENV, policy=replace(POLICY, respect_hours=True))
RIGA = ZoneInfo("Europe/Riga")
STEP = timedelta(minutes=30)
PEOPLE = {"Anna": "Europe/Riga", "Marta": "Asia/Almaty", "João": "America/Sao_Paulo"}


def at(text: str) -> datetime:
    """A moment by the clock of Riga."""
    return datetime.fromisoformat(text).replace(tzinfo=RIGA).astimezone(UTC)


def world(conn: Connection, asked: datetime, ends: date, zone: str = "Europe/Riga") -> ClientId:
    """Three people on three continents and a client; a scan has said what was due already."""
    add_partner(conn)
    for name, where in PEOPLE.items():
        add_curator(conn, name, time_zone=where)
    client = add_client(conn, replace(ALFA, ends=ends, zone=zone), now=asked)
    alerts.scan(conn, now=asked, env=HOURS)
    return client


def foretold(conn: Connection, client: ClientId, now: datetime) -> dict[CuratorId, Outcome]:
    found = why(conn, client, now=now, env=HOURS)
    return {one.curator_id: one for one in found if one.kind is Kind.ENDING}


def told(conn: Connection, client: ClientId, stage: int | None) -> dict[CuratorId, datetime]:
    """When each person was told of a stage."""
    query = (
        select(notification.c.curator_id, notification.c.at)
        .join(alert, alert.c.id == notification.c.alert_id)
        .where(alert.c.client_id == client, alert.c.kind == "ending", alert.c.stage == stage)
        .where(notification.c.outcome == "sent")
    )
    return {CuratorId(row.curator_id): row.at for row in conn.execute(query)}


def nobody_does_anything(conn: Connection, client: ClientId, now: datetime) -> None:
    """Time passes."""


def promised(conn: Connection, client: ClientId, now: datetime) -> None:
    anna = directory.list_curators(conn, directory.get_client(conn, client).partner_id)[0].id
    postponing.promised(conn, client, anna, day=(now + timedelta(days=6)).date(), now=now, env=HOURS)


def anna_snoozes(conn: Connection, client: ClientId, now: datetime) -> None:
    anna = directory.list_curators(conn, directory.get_client(conn, client).partner_id)[0].id
    postponing.snooze(conn, client, anna, until=now + timedelta(days=5), now=now)


@pytest.mark.parametrize(
    ("asked", "ends", "zone", "done"),
    [
        pytest.param("2026-11-26T09:30", date(2026, 12, 3), "Europe/Riga", nobody_does_anything, id="an ordinary day"),
        pytest.param("2026-11-26T09:30", date(2026, 12, 3), "Pacific/Auckland", nobody_does_anything, id="far away"),
        pytest.param("2026-11-25T09:30", date(2026, 11, 29), "Europe/Riga", nobody_does_anything, id="a weekend"),
        pytest.param("2027-03-23T09:30", date(2027, 3, 28), "Europe/Riga", nobody_does_anything, id="easter"),
        pytest.param("2026-11-26T09:30", date(2026, 12, 3), "Europe/Riga", promised, id="a promise"),
        pytest.param("2026-11-26T09:30", date(2026, 12, 3), "Europe/Riga", anna_snoozes, id="a snooze"),
    ],
)
async def test_everybody_hears_when_it_was_foretold(
    db: Database, asked: str, ends: date, zone: str, done: Callable[[Connection, ClientId, datetime], None]
) -> None:
    def story(conn: Connection) -> None:
        now = at(asked)
        client = world(conn, now, ends, zone)
        done(conn, client, now)
        found = foretold(conn, client, now)
        stage = {one.next_stage for one in found.values()}.pop()
        wanted = {who: one.next_told_at for who, one in found.items()}
        assert None not in wanted.values()
        end = max(moment for moment in wanted.values() if moment)
        while now <= end:
            now += STEP
            alerts.scan(conn, now=now, env=HOURS)
        assert told(conn, client, stage) == wanted

    await db.write(story)


async def test_once_the_message_of_the_day_is_gone_the_next_days_is_foretold(db: Database) -> None:
    """Told at 09:00 of one client, Anna hears of another, whose stage comes at 14:00, with the next day's message."""

    def story(conn: Connection) -> None:
        client = world(conn, at("2026-11-26T09:30"), date(2026, 12, 7), "America/Sao_Paulo")
        monday = at("2026-11-30T09:00")
        add_client(conn, replace(GAMMA, ends=date(2026, 12, 3)), now=monday)
        before = foretold(conn, client, monday)
        anna = next(who for who, one in before.items() if one.curator == "Anna")
        assert before[anna].next_told_at == at("2026-11-30T14:00")
        alerts.scan(conn, now=monday, env=HOURS)
        assert foretold(conn, client, monday)[anna].next_told_at == at("2026-12-01T09:00")
        for hour in range(26):
            alerts.scan(conn, now=monday + timedelta(hours=hour), env=HOURS)
        assert told(conn, client, 7)[anna] == at("2026-12-01T09:00")

    await db.write(story)


async def test_a_person_who_will_not_hear_of_it_is_told_why(db: Database) -> None:
    def story(conn: Connection) -> None:
        now = at("2026-11-26T09:30")
        client = world(conn, now, date(2026, 12, 3))
        who = {one.curator: one.curator_id for one in foretold(conn, client, now).values()}
        arrangements.set_away(conn, who["Anna"], now + timedelta(days=2), None)
        arrangements.set_away(conn, who["Marta"], now + timedelta(days=9), None)
        directory.mute(conn, who["João"], client, now)
        found = foretold(conn, client, now)
        assert [found[who[name]].next_reason for name in PEOPLE] == [None, "away", "muted"]
        assert found[who["Anna"]].next_told_at == at("2026-11-30T09:00")

    await db.write(story)


async def test_the_chat_gives_the_clients_day_and_each_persons_hour(db: Database) -> None:
    def story(conn: Connection) -> None:
        now = at("2026-11-26T09:30")
        client = world(conn, now, date(2026, 12, 3))
        anna = next(who for who, one in foretold(conn, client, now).items() if one.curator == "Anna")
        phone = phone_of(conn, anna)
        phone.env, phone.now = replace(phone.env, around=HOURS), now
        text = phone.ask("why alfa").text
        joao = text.split("*João*")[1].split("*Marta*")[0]
        assert "; next Mon 30 Nov 09:00\n" in text.split("*Anna*")[1].split("*")[0]
        assert "; next due Mon 30 Nov 09:00 (client's time), told Mon 30 Nov 09:00 (their time)" in joao
        assert "told Mon 30 Nov 12:00 (their time)" in text.split("*Marta*")[1]

    await db.write(story)
