"""Statements that SQLite and PostgreSQL spell differently, or that are easy to get wrong, written once."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Row, Select, Table, literal, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from bot.storage.reading import Reading
from bot.storage.writing import Writing

PAGE_MAX = 500
"""Rows on a page at most, whatever is asked for."""


def insert_if_absent(
    conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *columns: ColumnElement[Any]
) -> list[Row[Any]]:
    """Insert the rows that violate no unique constraint and skip the others, equal ones among `rows` too.

    Returns `columns` (the primary key when none are named) of those inserted, in no particular order.
    """
    if not rows:
        return []
    if conn.dialect.name == "sqlite":
        writing = _writing(table, columns, tuple(sorted(rows[0])))
        with suppress(sqlite3.Error):  # which is said in the layer's own words below
            return [found for row in rows for found in writing.rows(conn, **row)]
    return list(conn.execute(_insert_if_absent(conn.dialect.name, table, columns), list(rows)).all())


def add_absent(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """`insert_if_absent` for whoever need not know which were inserted. All rows must give the same columns."""
    if not rows:
        return
    if conn.dialect.name == "sqlite":
        with suppress(sqlite3.Error):  # which is said in the layer's own words below
            _adding(table, tuple(sorted(rows[0]))).each(conn, rows)
            return
    conn.execute(_add_absent(conn.dialect.name, table), list(rows))


def upsert(
    conn: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    on: Sequence[str] | None = None,
    update: Sequence[str] | None = None,
) -> None:
    """Insert the rows; where the unique columns `on` (the primary key) meet, set the columns `update` (those given).

    All rows must give the same columns.
    """
    if not rows:
        return
    keys = tuple(on or (column.name for column in table.primary_key.columns))
    names = tuple(update) if update is not None else tuple(name for name in rows[0] if name not in keys)
    if conn.dialect.name == "sqlite":
        with suppress(sqlite3.Error):  # which is said in the layer's own words below
            _upserting(table, keys, names, tuple(sorted(rows[0]))).each(conn, rows)
            return
    conn.execute(_upsert(conn.dialect.name, table, keys, names), list(rows))


def claim(
    conn: Connection,
    table: Table,
    where: ColumnElement[bool],
    order_by: Sequence[ColumnElement[Any]],
    most: int,
    values: Mapping[str, Any],
) -> list[Row[Any]]:
    """Take up to `most` rows in order, set `values` in them and return them whole, as they are then, in that order.

    On PostgreSQL rows that somebody else is just taking are skipped, so that claimers never wait for each other.
    """
    key = tuple_(*table.primary_key.columns)
    wanted = select(*table.primary_key.columns).where(where).order_by(*order_by).limit(most)
    keys = [tuple(row) for row in conn.execute(wanted.with_for_update(skip_locked=True, of=table))]
    if not keys:
        return []
    taken = conn.execute(update(table).where(key.in_(keys)).values(**values).returning(table))
    place = {key: n for n, key in enumerate(keys)}
    names = [column.name for column in table.primary_key.columns]
    return sorted(taken, key=lambda row: place[tuple(getattr(row, name) for name in names)])


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a longer list. `after` is what to ask for next, None on the last page."""

    rows: list[Row[Any]]
    after: tuple[Any, ...] | None


def page(
    conn: Connection,
    query: Select[Any],
    by: Sequence[ColumnElement[Any]],
    *,
    after: Sequence[Any] | None = None,
    size: int = 50,
    descending: bool = False,
) -> Page:
    """The next `size` rows of `query` in the order of `by`: columns that are selected, never null, together unique.

    It costs the same however far one has paged, and rows added meanwhile shift nothing. A size outside 1..PAGE_MAX
    is brought inside.
    """
    size = min(max(size, 1), PAGE_MAX)
    if after is not None:
        if len(after) != len(by):
            raise ValueError(f"a place in this list has {len(by)} values, got {len(after)}")
        key = tuple_(*by)
        place = tuple_(*(literal(value, column.type) for value, column in zip(after, by, strict=True)))
        query = query.where(key < place if descending else key > place)
    query = query.order_by(*(column.desc() if descending else column.asc() for column in by)).limit(size + 1)
    rows = list(conn.execute(query).all())
    if len(rows) <= size:
        return Page(rows, None)
    last = rows[size - 1]._mapping
    return Page(rows[:size], tuple(last[column] for column in by))


def insert(conn: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """INSERT of the dialect at hand, which knows ON CONFLICT. Building one is slow: keep it where that matters."""
    return insert_on(conn.dialect.name, table)


def insert_on(dialect: str, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """`insert` for the dialect of that name."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _insert_if_absent(dialect: str, table: Table, columns: tuple[ColumnElement[Any], ...]) -> ReturningInsert[Any]:
    """Built once: building a statement costs more than running it."""
    return insert_on(dialect, table).on_conflict_do_nothing().returning(*(columns or table.primary_key.columns))


@cache
def _writing(table: Table, columns: tuple[ColumnElement[Any], ...], names: tuple[str, ...]) -> Reading:
    """The same for rows that give these columns, one by one and straight to the driver."""
    return Reading(_insert_if_absent("sqlite", table, columns), names)


@cache
def _add_absent(dialect: str, table: Table) -> Insert:
    return insert_on(dialect, table).on_conflict_do_nothing()


@cache
def _adding(table: Table, names: tuple[str, ...]) -> Writing:
    return Writing(_add_absent("sqlite", table), names)


@cache
def _upserting(table: Table, keys: tuple[str, ...], update: tuple[str, ...], names: tuple[str, ...]) -> Writing:
    return Writing(_upsert("sqlite", table, keys, update), names)


@cache
def _upsert(dialect: str, table: Table, keys: tuple[str, ...], names: tuple[str, ...]) -> Insert:
    statement = insert_on(dialect, table)
    if not names:
        return statement.on_conflict_do_nothing(index_elements=keys)
    excluded = {name: statement.excluded[name] for name in names}
    return statement.on_conflict_do_update(index_elements=keys, set_=excluded)
