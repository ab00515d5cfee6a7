"""Column types on SQLite; the engine suites use them on both databases."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from bot.storage.types import EnumText, IsoDate, JsonText, UtcDateTime


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


META = sa.MetaData()
THING = sa.Table(
    "thing",
    META,
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("at", UtcDateTime),
    sa.Column("day", IsoDate),
    sa.Column("facts", JsonText),
    sa.Column("colour", EnumText(Colour)),
)


@pytest.fixture
def conn() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        META.create_all(connection)
        yield connection
    engine.dispose()


def test_values_come_back_as_they_went_in(conn: sa.Connection) -> None:
    at = datetime(2026, 11, 26, 9, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    facts = {"b": [1, None, "я"], "a": {"x": True}}
    conn.execute(THING.insert().values(n=1, at=at, day=date(2026, 12, 3), facts=facts, colour=Colour.BLUE))
    row = conn.execute(sa.select(THING)).one()
    assert row.at == at
    assert row.at.tzinfo is UTC
    assert (row.day, row.facts, row.colour) == (date(2026, 12, 3), facts, Colour.BLUE)
    assert isinstance(row.colour, Colour)


def test_nothing_is_null_everywhere(conn: sa.Connection) -> None:
    conn.execute(THING.insert().values(n=1))
    assert conn.execute(sa.select(THING)).one() == (1, None, None, None, None)
    assert conn.execute(sa.text("select count(*) from thing where facts is null")).scalar_one() == 1


def test_stored_times_have_one_width_and_sort(conn: sa.Connection) -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=k * 999_999) for k in range(5)]
    conn.execute(THING.insert(), [{"n": n, "at": at} for n, at in enumerate(reversed(moments))])
    texts = conn.execute(sa.text("select at from thing order by at")).scalars().all()
    assert texts[0] == "2026-01-01T00:00:00.000000Z"
    assert {len(text) for text in texts} == {27}
    assert conn.execute(sa.select(THING.c.at).order_by(THING.c.at)).scalars().all() == moments
    assert conn.execute(sa.select(sa.func.count()).where(THING.c.at <= moments[2])).scalar_one() == 3
    assert conn.execute(sa.select(sa.func.max(THING.c.at))).scalar_one() == moments[-1]


@pytest.mark.parametrize(
    "values",
    [
        {"at": datetime(2026, 11, 26)},  # noqa: DTZ001
        {"day": datetime(2026, 11, 26, tzinfo=UTC)},
        {"colour": "green"},
    ],
)
def test_wrong_values_are_refused(conn: sa.Connection, values: dict[str, Any]) -> None:
    with pytest.raises(StatementError):
        conn.execute(THING.insert().values(n=1, **values))


def test_ddl_of_both_dialects() -> None:
    ddl = sa.schema.CreateTable(THING)
    on_postgresql = str(ddl.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "TIMESTAMP WITH TIME ZONE" in on_postgresql
    assert "JSONB" in on_postgresql
    assert "at VARCHAR(27)" in str(ddl.compile(dialect=sqlite.dialect()))


def test_types_are_cached_by_what_they_hold() -> None:
    assert UtcDateTime().__class__.cache_ok
    assert EnumText(Colour)._static_cache_key == EnumText(Colour)._static_cache_key
