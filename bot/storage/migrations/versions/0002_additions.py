"""Columns and tables that an installation of the first schema lacks."""

import sqlalchemy as sa
from alembic import op

from bot.storage import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _error_codes_are_text()
    _spending_limits()
    _usage_has_days()
    _account_poll()
    _what_messages_cost()
    _what_was_asked_and_answered()
    _hidden_partners()
    _pictures()
    _stages_that_change()
    _numbers_that_became_channels()


def _error_codes_are_text() -> None:
    """Wazzup's codes are words. A column of another type, not a rebuilt table: on SQLite others refer to `delivery`."""
    for table in ("delivery", "attempt", "status_event"):
        op.add_column(table, sa.Column("code", types.CodeText(), nullable=True))
        op.execute(f"UPDATE {table} SET code = CAST(error_code AS VARCHAR(64)) WHERE error_code IS NOT NULL")
        op.drop_column(table, "error_code")
        op.execute(f"ALTER TABLE {table} RENAME COLUMN code TO error_code")


def _spending_limits() -> None:
    op.create_table(
        "spending_limit",
        sa.Column("curator_id", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("per", sa.String(length=16), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=True),
        sa.Column("set_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_spending_limit_curator_id")),
        sa.PrimaryKeyConstraint("curator_id", "currency", "per", name=op.f("pk_spending_limit")),
    )


def _account_poll() -> None:
    op.create_table(
        "account_poll",
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("round_at", types.UtcDateTime(), nullable=True),
        sa.Column("last_account", sa.String(length=64), nullable=True),
        sa.Column("not_before", types.UtcDateTime(), nullable=True),
        sa.Column("read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problems", types.JsonText(), nullable=True),
        sa.Column("read_at", types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_at", types.UtcDateTime(), nullable=True),
        sa.Column("refused_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_account_poll_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_account_poll")),
    )


def _usage_has_days() -> None:
    op.create_table(
        "usage_charge",
        sa.Column("transaction_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_usage_charge_client_id")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_usage_charge_transaction_id")
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_usage_charge")),
    )
    op.create_index("ix_usage_charge_client_id_day", "usage_charge", ["client_id", "day"], unique=False)


def _what_messages_cost() -> None:
    op.add_column("delivery", sa.Column("category", sa.String(length=16), nullable=True))
    op.add_column("delivery", sa.Column("cost_micros", sa.BigInteger(), nullable=True))
    op.add_column("delivery", sa.Column("cost_currency", sa.String(length=3), nullable=True))
    op.add_column("delivery", sa.Column("cost_source", sa.String(length=16), nullable=True))
    uncosted = sa.text("sent_at IS NOT NULL AND cost_source IS NULL")
    op.create_index("ix_delivery_uncosted", "delivery", ["sent_at"], sqlite_where=uncosted, postgresql_where=uncosted)
    op.create_table(
        "free_replies",
        sa.Column("sender", sa.String(length=160), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "month", name=op.f("pk_free_replies")),
    )


def _what_was_asked_and_answered() -> None:
    op.add_column("attempt", sa.Column("request", types.JsonText(), nullable=True))
    op.add_column("attempt", sa.Column("response", types.JsonText(), nullable=True))


def _hidden_partners() -> None:
    op.add_column("partner", sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def _pictures() -> None:
    op.add_column("delivery", sa.Column("media", sa.String(length=300), nullable=True))
    op.create_table(
        "picture",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("facts", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_picture_partner_id")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_picture")),
    )
    op.create_index("ix_picture_expires_at", "picture", ["expires_at"], unique=False)


def _stages_that_change() -> None:
    op.create_table(
        "ladder_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("anew_after", sa.String(length=32), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_ladder_policy_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_policy")),
    )


def _numbers_that_became_channels() -> None:
    op.add_column("curator_address", sa.Column("channel_since", types.UtcDateTime(), nullable=True))
