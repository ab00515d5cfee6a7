"""Snooze by words: before a day, or until it changes; never past the day before the end; only oneself."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection

from bot.directory import service as directory
from bot.storage.engine import Database
from tests.integration.alert_world import (
    NOW,
    add_client,
    add_curator,
    add_partner,
    messages,
    move_end,
    scan,
)
from tests.integration.chat_world import phone_of

DAY = timedelta(days=1)


def _told(conn: Connection, who: str) -> list[str]:
    """What a person was told, as days left."""
    return [row.body.splitlines()[0].split("*")[2].strip() for row in messages(conn) if row.curator_id == who
            and row.kind == "alert"]  # fmt: skip


async def test_nothing_before_a_day_and_then_what_is_the_matter(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        add_client(conn)
        scan(conn)
        said = phone_of(conn, anna).ask("snooze alfa until tuesday")
        assert said.text == "*Alfa Dental*: nothing about it to you before Tue 1 Dec 2026, unless it ends sooner."
        scan(conn, NOW + 4 * DAY)
        assert (_told(conn, anna), _told(conn, marta)) == (["ends in 7 days"], ["ends in 7 days", "ends in 3 days"])
        scan(conn, NOW + 5 * DAY)
        assert _told(conn, anna) == ["ends in 7 days", "ends in 2 days"]

    await db.write(story)


async def test_until_it_changes_at_the_latest_the_day_before_the_end(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_client(conn)
        scan(conn)
        assert "until something changes" in phone_of(conn, anna).ask("snooze alfa").text
        for day in range(1, 6):
            scan(conn, NOW + day * DAY)
        assert _told(conn, anna) == ["ends in 7 days"]
        scan(conn, NOW + 6 * DAY)
        assert _told(conn, anna)[1:] == ["ends in 1 day"]

    await db.write(story)


async def test_another_end_is_a_change(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        scan(conn)
        phone_of(conn, anna).ask("snooze alfa")
        move_end(conn, client, date(2026, 12, 5), now=NOW + DAY)
        scan(conn, NOW + 2 * DAY)
        assert _told(conn, anna)[1:] == ["ends in 7 days"]

    await db.write(story)


async def test_nothing_open_and_no_such_day_are_said(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = phone_of(conn, add_curator(conn, language="ru"))
        add_client(conn)
        assert anna.ask("отложи альфу").template == "care/nothing_open"
        assert anna.ask("отложи альфу до пятницы").text.startswith("*Alfa Dental*: до пт, 27 ноября")
        assert anna.ask("snooze alfa until 26 nov").template == "care/error_date_past"

    await db.write(story)


@pytest.mark.parametrize(
    ("words", "country", "line"),
    [
        ("hours country kz", "KZ", "Days off besides: the public holidays of Kazakhstan."),
        ("hours 9:30 mon-thu holidays none", "ZZ", "Public holidays are days like any other."),
        ("hours country phone", None, "Days off besides: the public holidays of Latvia."),
    ],
)
async def test_the_country_of_the_holidays(db: Database, words: str, country: str | None, line: str) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        assert line in phone_of(conn, anna).ask(words).text.splitlines()
        assert directory.get_curator(conn, anna).country == country
        assert phone_of(conn, anna).ask("hours country xx").template == "care/error_bad_country"

    await db.write(story)
