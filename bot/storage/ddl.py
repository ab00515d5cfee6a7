"""The schema's other half: the `line` view of the ledger and the triggers that make the ledger append-only."""

from sqlalchemy import Connection, text

from bot.storage.tables import metadata

LINE_VIEW = """
CREATE VIEW line AS
SELECT transaction_id, n, from_id AS account_id, currency, -amount AS amount FROM posting
UNION ALL
SELECT transaction_id, n, to_id AS account_id, currency, amount FROM posting
"""
APPEND_ONLY = ("posting", "ledger_transaction", "ledger_seal")


def create_schema(conn: Connection) -> None:
    """Everything an empty database needs, without migrations: what the tests and a fresh demo start from."""
    metadata.create_all(conn)
    for statement in extras(conn.dialect.name):
        conn.execute(text(statement))


def extras(dialect: str) -> list[str]:
    """The statements beside the tables, for `sqlite` or `postgresql`."""
    return [LINE_VIEW, *(_sqlite_triggers() if dialect == "sqlite" else _postgresql_triggers())]


def _sqlite_triggers() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    ]


def _postgresql_triggers() -> list[str]:
    function = (
        "CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
    )
    triggers = [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION ledger_append_only()"
        for table in APPEND_ONLY
    ]
    return [function, *triggers]
