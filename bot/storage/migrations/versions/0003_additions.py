"""Columns, tables and indexes that an installation of the second schema lacks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _who_was_spared()


def _who_was_spared() -> None:
    """Every scan asks who was spared; without an index it reads everything that was ever told."""
    suppressed = sa.text("outcome = 'suppressed'")
    op.create_index(
        "ix_notification_spared",
        "notification",
        ["reason"],
        unique=False,
        sqlite_where=suppressed,
        postgresql_where=suppressed,
    )
