"""The migrations make the same schema as the tables do, on both databases, and are run once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.storage import migrate
from bot.storage.ddl import create_schema
from bot.storage.engine import Database
from bot.storage.tables import account, attempt, delivery, ledger_transaction, partner, posting, status_event
from tests.migration.schema import describe

AT = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
    else:
        with request.getfixturevalue("postgres_server").database(empty=True) as url:
            yield url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    with Database.open(empty_url, durable=False) as db:
        yield db


class _Undo(Exception):
    pass


def test_migrated_and_created_schemas_are_equal(empty: Database) -> None:
    created: dict[str, str] = {}

    def create_look_and_undo(conn: Connection) -> None:
        create_schema(conn)
        created.update(describe(conn))
        raise _Undo

    with pytest.raises(_Undo):
        empty.write_now(create_look_and_undo, slow=True)
    assert empty.read_now(describe) == {}
    migrate.upgrade(empty)
    hint = "write a migration that brings an older database up to the tables"
    assert empty.read_now(describe) == created, hint
    assert len(created) > 50


def execute(conn: Connection, statement: str) -> None:
    conn.execute(sa.text(statement))


def test_the_comparison_sees_what_alembic_does_not(sqlite_db: Database) -> None:
    before = sqlite_db.read_now(describe)
    assert "CONSTRAINT ck_posting_amount CHECK (amount > 0)" in before["table posting"].splitlines()
    for statement in ("DROP TRIGGER posting_no_update", "DROP INDEX ix_posting_from_id", "DROP VIEW line"):
        sqlite_db.write_now(execute, statement)
    assert len(sqlite_db.read_now(describe)) == len(before) - 3


def test_upgrading_is_done_once_and_seen(empty: Database) -> None:
    assert (migrate.current(empty), migrate.check(empty)) == (None, False)
    assert migrate.upgrade(empty) == migrate.head()
    assert (migrate.current(empty), migrate.check(empty)) == (migrate.head(), True)
    assert migrate.upgrade(empty) == migrate.head()


def test_a_migration_that_fails_leaves_nothing(empty: Database) -> None:
    empty.write_now(execute, "CREATE TABLE posting (n INTEGER)")
    with pytest.raises(DBAPIError):
        migrate.upgrade(empty)
    assert migrate.current(empty) is None
    tables = empty.read_now(lambda conn: sa.inspect(conn).get_table_names())
    assert [table for table in tables if table != "alembic_version"] == ["posting"]


def test_a_newer_database_is_refused(empty: Database) -> None:
    migrate.upgrade(empty)
    empty.write_now(execute, "UPDATE alembic_version SET version_num = '9999'")
    assert not migrate.check(empty)
    with pytest.raises(migrate.UnknownRevision, match="9999"):
        migrate.upgrade(empty)


def test_processes_that_start_together_migrate_once(empty_url: str) -> None:
    together = threading.Barrier(3)

    def start() -> str:
        together.wait(10)
        with Database.open(empty_url, durable=False) as db:
            return migrate.upgrade(db)

    with ThreadPoolExecutor(3) as pool:
        results = [pool.submit(start) for _ in range(3)]
        assert [result.result(30) for result in results] == [migrate.head()] * 3


def post(conn: Connection) -> None:
    conn.execute(partner.insert().values(id="p", name="P", joined_on="2026-01-01", created_at=AT))
    for name in ("a", "b"):
        conn.execute(account.insert().values(id=name, partner_id="p", kind="partner", owner_id=name, currency="EUR"))
    conn.execute(ledger_transaction.insert().values(id="t", partner_id="p", key="k", kind="deposit", at=AT))
    conn.execute(posting.insert().values(transaction_id="t", n=1, from_id="a", to_id="b", currency="EUR", amount=93600))


def test_the_migrated_ledger_is_append_only_and_balanced(empty: Database) -> None:
    migrate.upgrade(empty)
    empty.write_now(post)
    for statement in (
        "UPDATE posting SET amount = 1",
        "DELETE FROM posting",
        "UPDATE ledger_transaction SET note = 'x'",
        "DELETE FROM ledger_transaction",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            empty.write_now(execute, statement)
    lines = empty.read_now(lambda conn: conn.execute(sa.text("SELECT account_id, amount FROM line ORDER BY 1")).all())
    assert [tuple(line) for line in lines] == [("a", -93600), ("b", 93600)]


def a_refused_message_of_the_first_schema(conn: Connection) -> None:
    config = migrate._config()
    config.attributes["connection"] = conn
    command.upgrade(config, "0001")
    at = "2026-11-26T07:00:00.000000Z"
    said = {"id": "d", "key": "k", "kind": "alert", "priority": 1, "to_address": "a", "sender": "s", "template": "t"}
    said |= {"language": "en", "variables": "{}", "body": "b", "buttons": "[]", "state": "failed", "not_before": at}
    tried = {"delivery_id": "d", "n": 1, "mode": "session", "started_at": at, "error_code": 63016}
    report = {"provider_id": "p", "status": "failed", "received_at": at, "applied": "applied", "raw": "{}"}
    rows = (("delivery", said | {"created_at": at, "error_code": 63016}), ("attempt", tried), ("status_event", report))
    for table, row in rows:
        conn.execute(sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES (:{', :'.join(row)})"), row)


def test_error_codes_of_an_older_database_stay_numbers(empty: Database) -> None:
    empty.write_now(a_refused_message_of_the_first_schema, slow=True)
    migrate.upgrade(empty)

    def codes(conn: Connection) -> list[int | str | None]:
        tables = (delivery, attempt, status_event)
        return [conn.execute(sa.select(table.c.error_code)).scalar_one() for table in tables]

    assert empty.read_now(codes) == [63016, 63016, None]
    empty.write_now(execute, "UPDATE delivery SET error_code = 'BAD_CONTACT'")
    assert empty.read_now(codes) == ["BAD_CONTACT", 63016, None]
