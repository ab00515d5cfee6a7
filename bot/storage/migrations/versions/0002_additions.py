"""Columns and tables that an installation of the first schema lacks."""

import sqlalchemy as sa
from alembic import op

from bot.storage import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    pass
