"""Describes the schema of a database so that two of them can be compared, on either dialect."""

import re

from sqlalchemy import Connection, text

_POSTGRESQL = {
    "column": """
        SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
               || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
               || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND a.attnum > 0
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped""",
    "constraint": """
        SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "index": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "view": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
    "trigger": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "function": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}


def describe(conn: Connection) -> dict[str, str]:
    """Everything that the schema consists of: what it is called → what it says, without the migrations' own table."""
    found = _sqlite(conn) if conn.dialect.name == "sqlite" else _postgresql(conn)
    return {name: definition for name, definition in found.items() if "alembic_version" not in name}


def _postgresql(conn: Connection) -> dict[str, str]:
    return {
        f"{kind} {name}": definition
        for kind, query in _POSTGRESQL.items()
        for name, definition in conn.execute(text(query))
    }


def _sqlite(conn: Connection) -> dict[str, str]:
    rows = conn.execute(text("SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    return {name: _without_order(sql) if name.startswith("table ") else _on_one_line(sql) for name, sql in rows}


def _without_order(sql: str) -> str:
    """The clauses of CREATE TABLE, columns as they come and constraints sorted."""
    body = _on_one_line(sql).partition("(")[2].rpartition(")")[0]
    clauses = [clause.strip() for clause in _split(body)]
    constraints = sorted(clause for clause in clauses if clause.startswith("CONSTRAINT"))
    return "\n".join([clause for clause in clauses if not clause.startswith("CONSTRAINT")] + constraints)


def _split(body: str) -> list[str]:
    parts, depth = [""], 0
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _on_one_line(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()
