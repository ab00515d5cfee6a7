"""Writes that go straight to the driver: the same effect and values on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from bot.storage.engine import Database
from bot.storage.queries import add_absent, upsert
from bot.storage.tables import client_day, digest
from bot.storage.writing import Writing
from tests.integration.alert_world import NOW, RIGA, Wanted, add_client, add_curator, add_partner

_MOVE = Writing(
    update(digest)
    .where(digest.c.curator_id.in_(bindparam("people", expanding=True)), digest.c.day != "never")
    .values(at=bindparam("moment"))
)
_MOVE_ONE = Writing(update(digest).where(digest.c.curator_id == bindparam("person")).values(at=bindparam("moment")))
_DROP = Writing(delete(digest).where(digest.c.curator_id.in_(bindparam("people", expanding=True))))


def _world(conn: Connection) -> list[str]:
    add_partner(conn)
    people = [str(add_curator(conn, name)) for name in ("Anna", "Boris", "Marta")]
    add_absent(conn, digest, [{"curator_id": one, "day": "2026-11-26", "at": NOW} for one in people])
    return people


def _held(conn: Connection, people: list[str]) -> list[int]:
    """For each person by how many days its row was moved; -1: it has no row."""
    rows = {row.curator_id: row.at for row in conn.execute(select(digest))}
    return [(rows[one] - NOW).days if one in rows else -1 for one in people]


async def test_one_statement_for_a_list_of_any_length_says_how_many_rows_it_met(db: Database) -> None:
    def story(conn: Connection) -> None:
        people = _world(conn)
        assert _MOVE.run(conn, people=people, moment=NOW + timedelta(days=3)) == 3
        assert _MOVE.run(conn, people=[people[1]], moment=NOW + timedelta(days=1)) == 1
        assert _MOVE.run(conn, people=[], moment=NOW) == 0
        assert _held(conn, people) == [3, 1, 3]
        assert _DROP.run(conn, people=people[:2]) == 2
        assert _held(conn, people) == [-1, -1, 3]

    await db.write(story)


def test_a_write_before_anything_was_begun_can_be_taken_back(db: Database) -> None:
    people = db.write_now(_world)
    with db._store.engine.connect() as conn:
        _DROP.run(conn, people=people)
        conn.rollback()
    assert db.read_now(_held, people) == [0, 0, 0]


async def test_one_statement_for_each_of_many_sets_of_values(db: Database) -> None:
    def story(conn: Connection) -> None:
        people = _world(conn)
        _MOVE_ONE.each(conn, [{"person": one, "moment": NOW + timedelta(days=n)} for n, one in enumerate(people)])
        _MOVE_ONE.each(conn, [])
        assert _held(conn, people) == [0, 1, 2]

    await db.write(story)


async def test_what_is_there_is_not_added_again_and_is_set_anew_where_that_is_asked(db: Database) -> None:
    def story(conn: Connection) -> None:
        people = _world(conn)
        later = [{"curator_id": one, "day": "2026-11-26", "at": NOW + timedelta(days=5)} for one in people]
        add_absent(conn, digest, later)
        add_absent(conn, digest, [])
        assert _held(conn, people) == [0, 0, 0]
        upsert(conn, digest, later[:2])
        assert _held(conn, people) == [5, 5, 0]

    await db.write(story)


async def test_what_the_tables_refuse_is_refused_in_the_same_words(db: Database) -> None:
    def nobody(conn: Connection) -> None:
        add_absent(conn, digest, [{"curator_id": "nobody", "day": "2026-11-26", "at": NOW}])

    def no_moment(conn: Connection) -> None:
        client_id = add_client(conn, Wanted("48210017", "Alfa"))
        upsert(conn, client_day, [{"client_id": client_id, "partner_id": RIGA, "next_at": None}], on=["client_id"])

    await db.write(_world)
    for refused in (nobody, no_moment):
        with pytest.raises(IntegrityError):
            await db.write(refused)
