"""`picture` on both databases: a snapshot of the moment, fetched by its token alone; text where nobody can fetch."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.alerts.due import due_list
from bot.clock import ManualClock
from bot.handlers.env import Env
from bot.pictures import repository
from bot.pictures.due_list import ROWS_MAX
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    GAMMA,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    surroundings,
    top_up,
)
from tests.integration.chat_world import Phone, phone_of
from tests.integration.web_door import open_door

MEDIA = "https://bot.example.com/media"


def world(conn: Connection, media_url: str | None = MEDIA, **given: str) -> Phone:
    add_partner(conn)
    for wanted in (ALFA, BETA, GAMMA):
        add_client(conn, wanted)
    anna = phone_of(conn, add_curator(conn, **given))
    anna.env = Env(surroundings(), media_url=media_url)
    return anna


def many(conn: Connection, count: int) -> None:
    for n in range(count):
        add_client(conn, replace(ALFA, account_id=str(50_000_000 + n), company=f"Company {n:02}"))


def sent(conn: Connection) -> str:
    """The address of the picture that was sent last."""
    found = conn.execute(select(delivery.c.media).where(delivery.c.media.is_not(None)).order_by(delivery.c.id.desc()))
    return str(found.scalars().first())


async def test_the_picture_shows_the_facts_of_that_moment(db: Database) -> None:
    def story(conn: Connection) -> str:
        anna = world(conn)
        answer = anna.ask("picture")
        assert answer.text.splitlines() == ["*3 clients need you*", "Answer with a number to see that client."]
        url = sent(conn)
        asker = add_curator(conn, "Marta")
        due = due_list(conn, RIGA, now=NOW, env=ENV, within_days=14)
        beta = next(one.client_id for one in due if one.company == "Beta Kids")
        top_up(conn, beta, "100.00", asker)
        token = url.removeprefix(MEDIA + "/").removesuffix(".png")
        facts = repository.facts_of(conn, token, NOW)
        assert facts is not None
        rows = {one["company"]: one for one in facts["rows"]}
        assert rows["Beta Kids"]["balance"]["amount"] == "9.00"
        assert [one["company"] for one in facts["rows"]] == ["Gamma Travel", "Beta Kids", "Alfa Dental"]
        assert anna.ask("2").first_line.startswith("*Beta Kids*")
        assert repository.facts_of(conn, token, NOW + repository.LASTS) is None
        return token

    token = await db.write(story)
    clock = ManualClock(NOW)
    async with open_door(db, clock) as client:
        answer = await client.get(
            f"/media/{token}.png", headers={"Host": "bot.example.com", "X-Forwarded-For": "1.2.3.4"}
        )
        png = await answer.read()
        assert (answer.status, answer.content_type, png[:8]) == (200, "image/png", b"\x89PNG\r\n\x1a\n")
        for other in (token[:-1] + "x", "short", "a" * 64, "..%2f..%2fetc"):
            assert (await client.get(f"/media/{other}.png")).status == 404
        clock.advance(hours=13)
        assert (await client.get(f"/media/{token}.png")).status == 404


async def test_a_long_list_has_pages(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        many(conn, 29)
        assert "The whole list as a picture: *picture*" in anna.ask("due").text
        first = anna.ask("picture")
        assert first.text.splitlines()[1] == "And 12 more: *picture 2*"
        assert anna.ask(str(ROWS_MAX)).first_line.startswith("*Company")
        assert "more" not in anna.ask("picture 2").text
        assert anna.ask("12").first_line.startswith("*Company")

    await db.write(story)


@pytest.mark.parametrize(
    ("language", "asked", "first"),
    [
        ("en", "picture", "I cannot send pictures here: the bot has no public address. The list as text:"),
        ("ru", "картинкой", "Картинку отправить не могу: у бота нет внешнего адреса. Вот список текстом:"),
    ],
)
async def test_without_a_public_address_the_list_comes_as_text(
    db: Database, language: str, asked: str, first: str
) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn, None, language=language)
        [why, listed] = anna.say(asked)
        assert (why.text, listed.template) == (first, "replies/due")
        assert conn.execute(select(delivery.c.media).where(delivery.c.media.is_not(None))).all() == []

    await db.write(story)


async def test_old_pictures_are_thrown_away(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("picture")
        old = sent(conn).removeprefix(MEDIA + "/").removesuffix(".png")
        anna.now += timedelta(days=1)
        anna.ask("картинка")
        assert repository.facts_of(conn, old, NOW) is None

    await db.write(story)
