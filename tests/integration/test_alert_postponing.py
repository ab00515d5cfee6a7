"""Snoozes hold one person, promises everybody, never past the day before the end; notes are seen by all."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.alerts.holds import HoldKind
from bot.alerts.postponing import history, note, promised, snooze
from bot.errors import UserError
from bot.storage.engine import Database
from tests.integration.alert_world import (
    ENV,
    NOW,
    add_client,
    add_curator,
    add_partner,
    charge,
    messages,
    outcomes,
    scan,
)

DAY = timedelta(days=1)


async def test_a_promise_holds_further_stages_till_its_day_for_everybody(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_curator(conn, "Marta")
        client = add_client(conn)
        scan(conn)
        promised(conn, client, anna, day=date(2026, 12, 1), now=NOW, env=ENV, note="pays on Tuesday")
        assert scan(conn, NOW + 4 * DAY).messages == 0
        assert [outcome for outcome, _ in outcomes(conn)].count("waiting") == 2
        assert scan(conn, NOW + 5 * DAY).messages == 2
        assert messages(conn)[-1].body.startswith("Finances: *Alfa Dental* ends in 2 days\n")

    await db.write(story)


async def test_no_promise_holds_past_the_day_before_the_end(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        promised(conn, client, anna, day=date(2026, 12, 20), now=NOW, env=ENV)
        assert scan(conn, NOW + 5 * DAY).messages == 0
        assert scan(conn, NOW + 6 * DAY).messages == 1
        assert scan(conn, NOW + 7 * DAY).messages == 1
        charge(conn, NOW + 8 * DAY)
        assert scan(conn, NOW + 8 * DAY).messages == 1

    await db.write(story)


async def test_a_snooze_holds_one_person_only_and_a_later_one_replaces_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        client = add_client(conn)
        snooze(conn, client, anna, until=NOW + 20 * DAY, now=NOW)
        snooze(conn, client, anna, until=NOW + timedelta(hours=5), now=NOW)
        scan(conn)
        assert [row.curator_id for row in messages(conn)] == [marta]
        scan(conn, NOW + timedelta(hours=5))
        assert [row.curator_id for row in messages(conn)] == [marta, anna]

    await db.write(story)


async def test_notes_and_promises_are_seen_with_who_and_when(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        note(conn, client, anna, "  asks for   an invoice\nfirst ", now=NOW)
        promised(conn, client, anna, day=date(2026, 12, 1), now=NOW + timedelta(minutes=1), env=ENV)
        newest, oldest = history(conn, client)
        assert (newest.kind, newest.until) == (HoldKind.PROMISE, datetime(2026, 12, 1, 7, tzinfo=UTC))
        assert (oldest.kind, oldest.note, oldest.curator_id) == (HoldKind.NOTE, "asks for an invoice first", anna)

    await db.write(story)


async def test_what_cannot_be_is_refused(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client = add_client(conn)
        with pytest.raises(UserError, match="date_past"):
            promised(conn, client, anna, day=date(2026, 11, 25), now=NOW, env=ENV)
        with pytest.raises(UserError, match="date_past"):
            snooze(conn, client, anna, until=NOW, now=NOW)
        with pytest.raises(UserError, match="note_empty"):
            note(conn, client, anna, " \n ", now=NOW)

    await db.write(story)
