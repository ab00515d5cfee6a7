"""Writes migration 0001 anew from the tables, until the first release: `python -m tests.migration.rewrite_first`."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import api
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from bot.storage import ddl
from bot.storage.engine import Database
from bot.storage.tables import metadata

TARGET = Path(__file__).parents[2] / "bot/storage/migrations/versions/0001_first.py"
HEADER = '''"""The first schema: tables, constraints, indexes, the view of ledger lines, the append-only triggers."""

import sqlalchemy as sa
from alembic import op

from bot.storage import types

revision = "0001"
down_revision = None

'''


def rewrite() -> None:
    """Render what an empty database lacks, and the statements beside the tables of both dialects."""
    with tempfile.TemporaryDirectory() as folder, Database.open(f"sqlite:///{folder}/empty.db", inline=True) as db:
        body = db.write_now(_rendered, slow=True)
    extras = "".join(f"{name.upper()} = {_listed(ddl.extras(name))}\n" for name in ("sqlite", "postgresql"))
    tail = '    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:\n'
    tail += "        op.execute(statement)\n"
    TARGET.write_text(f"{HEADER}{extras}\n\ndef upgrade() -> None:\n    {body}\n{tail}")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)


def _rendered(conn: Connection) -> str:
    context = MigrationContext.configure(conn, opts={"target_metadata": metadata})
    upgrade_ops = api.produce_migrations(context, metadata).upgrade_ops
    assert upgrade_ops is not None
    code = api.render_python_code(upgrade_ops, render_item=_render_type)
    return "\n".join(line for line in code.splitlines() if "# ###" not in line).strip()


def _render_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    if kind == "type" and type(item).__module__ == "bot.storage.types":
        return f"types.{type(item).__name__}()"
    return False


def _listed(statements: list[str]) -> str:
    return "[\n" + "".join(f'    """{statement.strip()}""",\n' for statement in statements) + "]"


if __name__ == "__main__":
    rewrite()
