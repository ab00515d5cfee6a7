"""Columns and tables that an installation of the first schema lacks."""

import sqlalchemy as sa
from alembic import op

from bot.storage import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _error_codes_are_text()


def _error_codes_are_text() -> None:
    """Wazzup's codes are words. A column of another type, not a rebuilt table: on SQLite others refer to `delivery`."""
    for table in ("delivery", "attempt", "status_event"):
        op.add_column(table, sa.Column("code", types.CodeText(), nullable=True))
        op.execute(f"UPDATE {table} SET code = CAST(error_code AS VARCHAR(64)) WHERE error_code IS NOT NULL")
        op.drop_column(table, "error_code")
        op.execute(f"ALTER TABLE {table} RENAME COLUMN code TO error_code")
