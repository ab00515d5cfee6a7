"""Statements written once for both databases."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.storage import queries
from bot.storage.engine import Database
from bot.storage.tables import audit, clock_offset, contact_window, heartbeat, mute, tick
from tests.conftest import fresh_sqlite

START = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


def ticks(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "at": START} for name in names]


def beat(worker: str, role: str = "all", seconds: int = 0) -> dict[str, Any]:
    return {"worker": worker, "role": role, "seen_at": START + timedelta(seconds=seconds)}


def beats(conn: Connection) -> list[tuple[str, str]]:
    return [tuple(row) for row in conn.execute(sa.select(heartbeat.c.worker, heartbeat.c.role).order_by("worker"))]


def test_insert_if_absent_tells_what_went_in(db: Database) -> None:
    assert db.write_now(queries.insert_if_absent, tick, []) == []
    assert db.write_now(queries.insert_if_absent, tick, ticks("a", "b")) == [("a", START), ("b", START)]
    added = db.write_now(queries.insert_if_absent, tick, ticks("b", "c", "c", "a"), tick.c.name)
    assert [row.name for row in added] == ["c"]
    many = db.write_now(queries.insert_if_absent, tick, ticks(*(f"{n:04}" for n in range(3000)), "a"), tick.c.name)
    assert sorted(row.name for row in many) == [f"{n:04}" for n in range(3000)]


def test_insert_if_absent_still_refuses_what_is_wrong(db: Database) -> None:
    with pytest.raises(IntegrityError):
        db.write_now(queries.insert_if_absent, clock_offset, [{"id": 2, "seconds": 0}])
    with pytest.raises(IntegrityError):
        db.write_now(queries.insert_if_absent, mute, [{"curator_id": "x", "client_id": "y", "since": START}])


def test_upsert_sets_what_was_given(db: Database) -> None:
    db.write_now(queries.upsert, heartbeat, [])
    db.write_now(queries.upsert, heartbeat, [beat("a", "web"), beat("b", "web")])
    db.write_now(queries.upsert, heartbeat, [beat("b", "all"), beat("c", "all")])
    assert db.read_now(beats) == [("a", "web"), ("b", "all"), ("c", "all")]
    db.write_now(lambda conn: queries.upsert(conn, heartbeat, [beat("a", "x", 9)], update=["seen_at"]))
    assert db.read_now(beats)[0] == ("a", "web")
    db.write_now(lambda conn: queries.upsert(conn, tick, [*ticks("t"), *ticks("t")]))
    assert db.read_now(lambda conn: conn.execute(sa.select(tick.c.name)).scalars().all()) == ["t"]


def take(conn: Connection, most: int) -> list[str]:
    free = heartbeat.c.role == "free"
    rows = queries.claim(conn, heartbeat, free, [heartbeat.c.seen_at.desc()], most, {"role": "taken"})
    assert all(row.role == "taken" for row in rows)
    return [row.worker for row in rows]


def test_claim_takes_in_order_and_only_once(db: Database) -> None:
    rows = [beat(f"w{n}", "free", seconds=n) for n in range(5)]
    db.write_now(lambda conn: conn.execute(heartbeat.insert(), rows).close())
    assert db.write_now(take, 2) == ["w4", "w3"]
    assert db.write_now(take, 9) == ["w2", "w1", "w0"]
    assert db.write_now(take, 9) == []


def test_claim_with_a_key_of_two_columns(db: Database) -> None:
    rows = [{"sender": "s", "address": name} for name in "abc"]
    db.write_now(lambda conn: conn.execute(contact_window.insert(), rows).close())
    address = contact_window.c.address

    def stop(conn: Connection) -> list[str]:
        values = {"stopped_reason": "asked"}
        return [row.address for row in queries.claim(conn, contact_window, address != "b", [address.desc()], 5, values)]

    assert db.write_now(stop) == ["c", "a"]


async def test_claimers_do_not_wait_for_each_other(postgres_url: str) -> None:
    with Database.open(postgres_url, durable=False) as db:
        rows = [beat(f"w{n}", "free", seconds=n) for n in range(4)]
        await db.write(lambda conn: conn.execute(heartbeat.insert(), rows).close())
        first_has_claimed, leave = threading.Event(), threading.Event()

        def slow(conn: Connection) -> list[str]:
            taken = take(conn, 2)
            first_has_claimed.set()
            assert leave.wait(10)
            return taken

        thread_result: list[list[str]] = []
        thread = threading.Thread(target=lambda: thread_result.append(db.write_now(slow)))
        thread.start()
        assert first_has_claimed.wait(10)
        assert await db.write(take, 9) == ["w1", "w0"]
        leave.set()
        thread.join()
        assert thread_result == [["w3", "w2"]]


def fill(conn: Connection, number: int) -> None:
    rows = [
        {"id": f"{n:03}", "at": START + timedelta(microseconds=n // 3), "who": "w", "action": "a", "facts": {"n": n}}
        for n in range(number)
    ]
    conn.execute(audit.insert(), rows)


@pytest.mark.parametrize("descending", [False, True])
def test_pages_cover_everything_once_whatever_is_added_meanwhile(db: Database, descending: bool) -> None:
    db.write_now(fill, 25)
    query = sa.select(audit.c.at, audit.c.id, audit.c.facts)
    seen: list[str] = []
    after = None
    while True:
        place = after

        def turn(conn: Connection, place: Any = place) -> queries.Page:
            by = [audit.c.at, audit.c.id]
            return queries.page(conn, query, by, after=place, size=4, descending=descending)

        page = db.read_now(turn)
        seen += [row.id for row in page.rows]
        if (after := page.after) is None:
            break
        assert len(page.rows) == 4
    assert seen == sorted((f"{n:03}" for n in range(25)), reverse=descending)


def test_page_sizes_are_bounded_and_places_checked(db: Database) -> None:
    db.write_now(fill, 510)
    query = sa.select(audit.c.id)
    assert len(db.read_now(lambda conn: queries.page(conn, query, [audit.c.id], size=10_000)).rows) == 500
    assert len(db.read_now(lambda conn: queries.page(conn, query, [audit.c.id], size=-5)).rows) == 1
    with pytest.raises(ValueError, match="has 1 values"):
        db.read_now(lambda conn: queries.page(conn, query, [audit.c.id], after=("a", "b")))


@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=30))
def test_insert_if_absent_is_a_set(words: list[str]) -> None:
    with fresh_sqlite() as db:
        added = [row.name for word in words for row in db.write_now(queries.insert_if_absent, tick, ticks(word))]
        assert added == list(dict.fromkeys(words))
