"""The first schema: tables, constraints, indexes, the view of ledger lines, the append-only triggers."""

import sqlalchemy as sa
from alembic import op

from bot.storage import types

revision = "0001"
down_revision = None

SQLITE = [
    """CREATE VIEW line AS
SELECT transaction_id, n, from_id AS account_id, currency, -amount AS amount FROM posting
UNION ALL
SELECT transaction_id, n, to_id AS account_id, currency, amount FROM posting""",
    """CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_transaction_no_update BEFORE UPDATE ON ledger_transaction BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_transaction_no_delete BEFORE DELETE ON ledger_transaction BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_seal_no_update BEFORE UPDATE ON ledger_seal BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_seal_no_delete BEFORE DELETE ON ledger_seal BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
]
POSTGRESQL = [
    """CREATE VIEW line AS
SELECT transaction_id, n, from_id AS account_id, currency, -amount AS amount FROM posting
UNION ALL
SELECT transaction_id, n, to_id AS account_id, currency, amount FROM posting""",
    """CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
    """CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER ledger_transaction_append_only BEFORE UPDATE OR DELETE ON ledger_transaction FOR EACH ROW EXECUTE FUNCTION ledger_append_only()""",
    """CREATE TRIGGER ledger_seal_append_only BEFORE UPDATE OR DELETE ON ledger_seal FOR EACH ROW EXECUTE FUNCTION ledger_append_only()""",
]


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("facts", types.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_partner_id_at", "audit", ["partner_id", "at"], unique=False)
    op.create_table(
        "clock_offset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.BigInteger(), nullable=False),
        sa.Column("real", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_clock_offset_one_row")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_clock_offset_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_offset")),
    )
    op.create_table(
        "contact_window",
        sa.Column("sender", sa.String(length=160), nullable=False),
        sa.Column("address", sa.String(length=160), nullable=False),
        sa.Column("last_inbound_at", types.UtcDateTime(), nullable=True),
        sa.Column("closed_at", types.UtcDateTime(), nullable=True),
        sa.Column("stopped_reason", sa.String(length=32), nullable=True),
        sa.Column("stopped_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("sender", "address", name=op.f("pk_contact_window")),
    )
    op.create_table(
        "content",
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("content_sid", sa.String(length=64), nullable=False),
        sa.Column("approval", sa.String(length=16), nullable=False),
        sa.Column("checked_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("template", "language", "checksum", name=op.f("pk_content")),
    )
    op.create_table(
        "conversation",
        sa.Column("address", sa.String(length=160), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=True),
        sa.Column("menu", types.JsonText(), nullable=True),
        sa.Column("menu_until", types.UtcDateTime(), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", types.UtcDateTime(), nullable=True),
        sa.Column("refused_at", types.UtcDateTime(), nullable=True),
        sa.Column("recent", types.JsonText(), nullable=True),
        sa.Column("handled_at", types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_conversation")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("worker", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("phone_page", sa.Text(), nullable=True),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("transport", sa.String(length=16), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("from_address", sa.String(length=160), nullable=False),
        sa.Column("to_address", sa.String(length=160), nullable=False),
        sa.Column("other_address", sa.String(length=160), nullable=True),
        sa.Column("profile_name", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("replied_to", sa.String(length=64), nullable=True),
        sa.Column("media", sa.Integer(), server_default="0", nullable=False),
        sa.Column("raw", types.JsonText(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", types.UtcDateTime(), nullable=False),
        sa.Column("handled_at", types.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("partner_id", sa.String(length=64), nullable=True),
        sa.Column("curator_id", sa.String(length=32), nullable=True),
        sa.Column("forgotten_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('received', 'handled', 'dead')", name=op.f("ck_inbox_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("transport", "provider_id", name=op.f("uq_inbox_transport_provider_id")),
    )
    op.create_index("ix_inbox_from_address_received_at", "inbox", ["from_address", "received_at"], unique=False)
    op.create_index(
        "ix_inbox_kept",
        "inbox",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("forgotten_at IS NULL"),
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.create_index(
        "ix_inbox_replied_to",
        "inbox",
        ["replied_to"],
        unique=False,
        sqlite_where=sa.text("replied_to IS NOT NULL"),
        postgresql_where=sa.text("replied_to IS NOT NULL"),
    )
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["from_address", "received_at"],
        unique=False,
        sqlite_where=sa.text("state = 'received'"),
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("payload", types.JsonText(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("run_after", types.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("worker", sa.String(length=64), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'dead')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_state_run_after", "job", ["state", "run_after"], unique=False)
    op.create_index(
        "uq_job_queued",
        "job",
        ["name", "key"],
        unique=True,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), server_default="en", nullable=False),
        sa.Column("time_zone", sa.String(length=64), server_default="UTC", nullable=False),
        sa.Column("kind", sa.String(length=16), server_default="official", nullable=False),
        sa.Column("program", sa.String(length=32), server_default="seed", nullable=False),
        sa.Column("joined_on", sa.String(length=10), nullable=False),
        sa.Column("gateway", sa.String(length=16), server_default="book", nullable=False),
        sa.Column("sender", sa.String(length=160), nullable=True),
        sa.Column("account_id", sa.String(length=8), nullable=True),
        sa.Column("applied_at", types.UtcDateTime(), nullable=True),
        sa.Column("granted_at", types.UtcDateTime(), nullable=True),
        sa.Column("left_on", sa.String(length=10), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("gateway IN ('book', 'wazzup')", name=op.f("ck_partner_gateway")),
        sa.CheckConstraint("kind IN ('applicant', 'referral', 'official')", name=op.f("ck_partner_kind")),
        sa.CheckConstraint("account_id IS NULL OR length(account_id) = 8", name=op.f("ck_partner_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner")),
    )
    op.create_table(
        "payment_cursor",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("through", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_payment_cursor")),
    )
    op.create_table(
        "status_event",
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("error_class", sa.String(length=16), nullable=True),
        sa.Column("received_at", types.UtcDateTime(), nullable=False),
        sa.Column("applied", sa.String(length=16), nullable=False),
        sa.Column("raw", types.JsonText(), nullable=False),
        sa.CheckConstraint(
            "applied IN ('applied', 'older', 'contradicts', 'orphan')", name=op.f("ck_status_event_applied")
        ),
        sa.PrimaryKeyConstraint("provider_id", "status", name=op.f("pk_status_event")),
    )
    op.create_index("ix_status_event_delivery_id", "status_event", ["delivery_id"], unique=False)
    op.create_table(
        "switch",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("name IN ('sending', 'money')", name=op.f("ck_switch_name")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switch")),
    )
    op.create_table(
        "tick",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "at", name=op.f("pk_tick")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("posted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('partner', 'client', 'outside', 'discount', 'bonus', 'revenue', 'opening')",
            name=op.f("ck_account_kind"),
        ),
        sa.CheckConstraint("floor IS NULL OR posted - held >= floor", name=op.f("ck_account_floor")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_account_held")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_account_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_account_id_currency")),
        sa.UniqueConstraint(
            "partner_id", "kind", "owner_id", "currency", name=op.f("uq_account_partner_id_kind_owner_id_currency")
        ),
    )
    op.create_index("ix_account_owner_id", "account", ["owner_id"], unique=False)
    op.create_table(
        "client",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=8), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=True),
        sa.Column("contact_phone", sa.Text(), nullable=True),
        sa.Column("tags", types.JsonText(), nullable=False),
        sa.Column("source", sa.String(length=16), server_default="import", nullable=False),
        sa.Column("kind", sa.String(length=16), server_default="client", nullable=False),
        sa.Column("as_of", types.UtcDateTime(), nullable=True),
        sa.Column("missing_since", types.UtcDateTime(), nullable=True),
        sa.Column("assigned_to", sa.String(length=32), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('client', 'referral', 'main', 'demo')", name=op.f("ck_client_kind")),
        sa.CheckConstraint("source IN ('import', 'book', 'poll')", name=op.f("ck_client_source")),
        sa.CheckConstraint("length(account_id) = 8", name=op.f("ck_client_account_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_client_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("partner_id", "account_id", name=op.f("uq_client_partner_id_account_id")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("checksum", sa.String(length=64), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.Column("report", types.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_import_run_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index("ix_import_run_partner_id_at", "import_run", ["partner_id", "at"], unique=False)
    op.create_table(
        "referral_link",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_referral_link_partner_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_referral_link")),
        sa.UniqueConstraint("partner_id", name=op.f("uq_referral_link_partner_id")),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("facts", types.JsonText(), nullable=False),
        sa.Column("raised_at", types.UtcDateTime(), nullable=False),
        sa.Column("resolved_at", types.UtcDateTime(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_alert_state")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_alert_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_alert_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("key", name=op.f("uq_alert_key")),
    )
    op.create_index("ix_alert_client_id_state", "alert", ["client_id", "state"], unique=False)
    op.create_index(
        "ix_alert_open",
        "alert",
        ["partner_id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_alert_partner_id_raised_at", "alert", ["partner_id", "raised_at"], unique=False)
    op.create_table(
        "alert_due",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.String(length=64), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("due_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_alert_due_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_alert_due_partner_id")),
        sa.PrimaryKeyConstraint("client_id", "kind", "stage", "cycle", name=op.f("pk_alert_due")),
    )
    op.create_index("ix_alert_due_due_at", "alert_due", ["due_at"], unique=False)
    op.create_table(
        "auto_renewal",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=False),
        sa.Column("agreed_at", types.UtcDateTime(), nullable=False),
        sa.Column("look_at", types.UtcDateTime(), nullable=False),
        sa.Column("failed_for", sa.String(length=10), nullable=True),
        sa.Column("failed_why", sa.String(length=32), nullable=True),
        sa.CheckConstraint("limit_minor > 0", name=op.f("ck_auto_renewal_limit_minor")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_auto_renewal_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_auto_renewal_partner_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_auto_renewal")),
    )
    op.create_index("ix_auto_renewal_look_at", "auto_renewal", ["look_at"], unique=False)
    op.create_table(
        "client_day",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("next_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_day_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_client_day_partner_id")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_day")),
    )
    op.create_index("ix_client_day_next_at", "client_day", ["next_at"], unique=False)
    op.create_table(
        "curator",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("finances", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("invited_at", types.UtcDateTime(), nullable=True),
        sa.Column("consent_at", types.UtcDateTime(), nullable=True),
        sa.Column("consent_how", sa.Text(), nullable=True),
        sa.Column("stopped_at", types.UtcDateTime(), nullable=True),
        sa.Column("removed_at", types.UtcDateTime(), nullable=True),
        sa.Column("alert_hour", sa.String(length=5), server_default="09:00", nullable=False),
        sa.Column("working_days", sa.String(length=7), server_default="12345", nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("any_hour", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("all_clear", sa.String(length=8), server_default="mondays", nullable=False),
        sa.Column("only_tags", types.JsonText(), nullable=True),
        sa.Column("only_currencies", types.JsonText(), nullable=True),
        sa.Column("stand_in", sa.String(length=32), nullable=True),
        sa.Column("away_until", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("all_clear IN ('daily', 'mondays', 'never')", name=op.f("ck_curator_all_clear")),
        sa.CheckConstraint("role IN ('viewer', 'curator', 'owner')", name=op.f("ck_curator_role")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_curator_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_curator_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_curator")),
    )
    op.create_index("ix_curator_partner_id", "curator", ["partner_id"], unique=False)
    op.create_table(
        "referral",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("registered_at", types.UtcDateTime(), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=True),
        sa.Column("settled_at", types.UtcDateTime(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("credited_month", sa.String(length=7), nullable=True),
        sa.Column("credited_until", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('registered', 'confirmed', 'declined')", name=op.f("ck_referral_state")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_referral_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_referral_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("client_id", name=op.f("uq_referral_client_id")),
    )
    op.create_index("ix_referral_partner_id_registered_at", "referral", ["partner_id", "registered_at"], unique=False)
    op.create_index(
        "uq_referral_email",
        "referral",
        ["email"],
        unique=True,
        sqlite_where=sa.text("state <> 'declined'"),
        postgresql_where=sa.text("state <> 'declined'"),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("plan", sa.String(length=16), nullable=True),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("start_date", sa.String(length=10), nullable=True),
        sa.Column("end_date", sa.String(length=10), nullable=False),
        sa.Column("anchor_day", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="active", nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("as_of", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint("state <> 'unpaid' OR due_minor IS NOT NULL", name=op.f("ck_subscription_due_minor")),
        sa.CheckConstraint("state IN ('unpaid', 'active', 'ended', 'closed')", name=op.f("ck_subscription_state")),
        sa.CheckConstraint("anchor_day BETWEEN 1 AND 31", name=op.f("ck_subscription_anchor_day")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_subscription_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_subscription_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_client_id", "subscription", ["client_id"], unique=False)
    op.create_index("ix_subscription_state_end_date", "subscription", ["state", "end_date"], unique=False)
    op.create_table(
        "wazzup_channel",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("transport", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_wazzup_channel_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_wazzup_channel_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wazzup_channel")),
    )
    op.create_index("ix_wazzup_channel_client_id", "wazzup_channel", ["client_id"], unique=False)
    op.create_table(
        "channel",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("subscription_id", sa.String(length=32), nullable=True),
        sa.Column("transport", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("free", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("free_until", sa.String(length=10), nullable=True),
        sa.Column("daily_minor", sa.BigInteger(), nullable=True),
        sa.Column("charged_through", sa.String(length=10), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.CheckConstraint("daily_minor IS NULL OR daily_minor >= 0", name=op.f("ck_channel_daily_minor")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_channel_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_channel_partner_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_channel_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("client_id", "transport", "name", name=op.f("uq_channel_client_id_transport_name")),
    )
    op.create_index(
        "ix_channel_free_until",
        "channel",
        ["free_until"],
        unique=False,
        sqlite_where=sa.text("free_until IS NOT NULL"),
        postgresql_where=sa.text("free_until IS NOT NULL"),
    )
    op.create_index("ix_channel_subscription_id", "channel", ["subscription_id"], unique=False)
    op.create_table(
        "checkout",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("asked_from", sa.String(length=160), nullable=True),
        sa.Column("in_reply_to", sa.String(length=32), nullable=True),
        sa.Column("session_id", sa.String(length=160), nullable=True),
        sa.Column("payment_id", sa.String(length=160), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("checked_at", types.UtcDateTime(), nullable=False),
        sa.Column("settled_at", types.UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'open', 'processing', 'paid', 'failed', 'expired', 'held')",
            name=op.f("ck_checkout_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_checkout_amount")),
        sa.ForeignKeyConstraint(["asked_by"], ["curator.id"], name=op.f("fk_checkout_asked_by")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_checkout_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkout")),
        sa.UniqueConstraint("session_id", name=op.f("uq_checkout_session_id")),
    )
    op.create_index("ix_checkout_partner_id_created_at", "checkout", ["partner_id", "created_at"], unique=False)
    op.create_index("ix_checkout_payment_id", "checkout", ["payment_id"], unique=False)
    op.create_index(
        "ix_checkout_waiting",
        "checkout",
        ["checked_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('asked', 'open', 'processing')"),
        postgresql_where=sa.text("state IN ('asked', 'open', 'processing')"),
    )
    op.create_table(
        "curator_address",
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=160), nullable=False),
        sa.Column("curator_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_curator_address_curator_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_curator_address_partner_id")),
        sa.PrimaryKeyConstraint("partner_id", "address", name=op.f("pk_curator_address")),
    )
    op.create_index("ix_curator_address_address", "curator_address", ["address"], unique=False)
    op.create_index("ix_curator_address_curator_id", "curator_address", ["curator_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=True),
        sa.Column("curator_id", sa.String(length=32), nullable=True),
        sa.Column("client_id", sa.String(length=32), nullable=True),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("to_address", sa.String(length=160), nullable=False),
        sa.Column("sender", sa.String(length=160), nullable=False),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("variables", types.JsonText(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("buttons", types.JsonText(), nullable=False),
        sa.Column("checksum", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("contradicted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unconfirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("claimed_until", types.UtcDateTime(), nullable=True),
        sa.Column("not_before", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("delivered_at", types.UtcDateTime(), nullable=True),
        sa.Column("read_at", types.UtcDateTime(), nullable=True),
        sa.Column("failed_at", types.UtcDateTime(), nullable=True),
        sa.Column("in_reply_to", sa.String(length=32), nullable=True),
        sa.Column("forgotten_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('alert', 'reply', 'receipt', 'invitation', 'refusal', 'notice')", name=op.f("ck_delivery_kind")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'undelivered', 'unknown', 'expired', 'cancelled')",
            name=op.f("ck_delivery_state"),
        ),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_delivery_client_id")),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_delivery_curator_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_delivery_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("key", name=op.f("uq_delivery_key")),
    )
    op.create_index(
        "ix_delivery_claimed_until",
        "delivery",
        ["claimed_until"],
        unique=False,
        sqlite_where=sa.text("claimed_until IS NOT NULL"),
        postgresql_where=sa.text("claimed_until IS NOT NULL"),
    )
    op.create_index("ix_delivery_created_at", "delivery", ["created_at"], unique=False)
    op.create_index("ix_delivery_curator_id_created_at", "delivery", ["curator_id", "created_at"], unique=False)
    op.create_index(
        "ix_delivery_kept",
        "delivery",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("forgotten_at IS NULL"),
        postgresql_where=sa.text("forgotten_at IS NULL"),
    )
    op.create_index("ix_delivery_provider_id", "delivery", ["provider_id"], unique=False)
    op.create_index("ix_delivery_to_address_created_at", "delivery", ["to_address", "created_at"], unique=False)
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["sender", "priority", "not_before", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        "ix_delivery_waiting_for",
        "delivery",
        ["to_address", "sender"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        "ix_delivery_waiting_of",
        "delivery",
        ["sender", "priority", "partner_id", "not_before", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_table(
        "digest",
        sa.Column("curator_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_digest_curator_id")),
        sa.PrimaryKeyConstraint("curator_id", "day", name=op.f("pk_digest")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("curator_id", sa.String(length=32), nullable=False),
        sa.Column("alert_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.Column("until", types.UtcDateTime(), nullable=True),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('claim', 'snooze', 'promise', 'note')", name=op.f("ck_hold_kind")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_hold_alert_id")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_hold_client_id")),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_hold_curator_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_hold_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index("ix_hold_client_id_since", "hold", ["client_id", "since"], unique=False)
    op.create_index(
        "ix_hold_running",
        "hold",
        ["until"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_hold_claim",
        "hold",
        ["client_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'claim' AND ended_at IS NULL"),
        postgresql_where=sa.text("kind = 'claim' AND ended_at IS NULL"),
    )
    op.create_table(
        "mute",
        sa.Column("curator_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.Column("until", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_mute_client_id")),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_mute_curator_id")),
        sa.PrimaryKeyConstraint("curator_id", "client_id", name=op.f("pk_mute")),
    )
    op.create_index("ix_mute_client_id", "mute", ["client_id"], unique=False)
    op.create_table(
        "notification",
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("curator_id", sa.String(length=32), nullable=False),
        sa.Column("delivery_id", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("send_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('waiting', 'sent', 'suppressed', 'settled')", name=op.f("ck_notification_outcome")
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_notification_alert_id")),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_notification_curator_id")),
        sa.PrimaryKeyConstraint("alert_id", "curator_id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_delivery_id", "notification", ["delivery_id"], unique=False)
    op.create_index(
        "ix_notification_waiting",
        "notification",
        ["send_at"],
        unique=False,
        sqlite_where=sa.text("outcome = 'waiting'"),
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=True),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("asked_from", sa.String(length=160), nullable=True),
        sa.Column("quote", types.JsonText(), nullable=False),
        sa.Column("entries", types.JsonText(), nullable=False),
        sa.Column("effect", types.JsonText(), nullable=False),
        sa.Column("receipt", sa.String(length=8), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", types.UtcDateTime(), nullable=True),
        sa.Column("post_at", types.UtcDateTime(), nullable=True),
        sa.Column("settled_at", types.UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('topup', 'renew', 'subscribe', 'change', 'deposit', 'payout', 'adjust')",
            name=op.f("ck_transfer_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('quote', 'pending', 'posted', 'voided', 'expired')", name=op.f("ck_transfer_state")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["curator.id"], name=op.f("fk_transfer_asked_by")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_transfer_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_transfer_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("partner_id", "receipt", name=op.f("uq_transfer_partner_id_receipt")),
        sa.UniqueConstraint("token", name=op.f("uq_transfer_token")),
    )
    op.create_index("ix_transfer_asked_by_state", "transfer", ["asked_by", "state"], unique=False)
    op.create_index("ix_transfer_client_id_created_at", "transfer", ["client_id", "created_at"], unique=False)
    op.create_index("ix_transfer_state_post_at", "transfer", ["state", "post_at"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("started_at", types.UtcDateTime(), nullable=False),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint("mode IN ('session', 'template')", name=op.f("ck_attempt_mode")),
        sa.CheckConstraint("outcome IN ('accepted', 'rejected', 'unknown')", name=op.f("ck_attempt_outcome")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "n", name=op.f("pk_attempt")),
    )
    op.create_table(
        "client_payment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=True),
        sa.Column("transfer_id", sa.String(length=32), nullable=True),
        sa.Column("recorded_by", sa.String(length=32), nullable=True),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_client_payment_amount")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_payment_client_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_client_payment_partner_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["curator.id"], name=op.f("fk_client_payment_recorded_by")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_client_payment_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_payment")),
    )
    op.create_index("ix_client_payment_client_id", "client_payment", ["client_id"], unique=False)
    op.create_index("ix_client_payment_partner_id_at", "client_payment", ["partner_id", "at"], unique=False)
    op.create_table(
        "dashboard_task",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("transfer_id", sa.String(length=32), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=True),
        sa.Column("done_by", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("facts", types.JsonText(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("done_at", types.UtcDateTime(), nullable=True),
        sa.Column("seen_at", types.UtcDateTime(), nullable=True),
        sa.Column("shown", sa.Boolean(), nullable=True),
        sa.Column("closed_at", types.UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'confirmed', 'failed', 'cancelled')", name=op.f("ck_dashboard_task_state")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["curator.id"], name=op.f("fk_dashboard_task_asked_by")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_dashboard_task_client_id")),
        sa.ForeignKeyConstraint(["done_by"], ["curator.id"], name=op.f("fk_dashboard_task_done_by")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_dashboard_task_partner_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_dashboard_task_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dashboard_task")),
        sa.UniqueConstraint("partner_id", "number", name=op.f("uq_dashboard_task_partner_id_number")),
        sa.UniqueConstraint("transfer_id", name=op.f("uq_dashboard_task_transfer_id")),
    )
    op.create_index("ix_dashboard_task_client_id", "dashboard_task", ["client_id"], unique=False)
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("client_id", sa.String(length=32), nullable=True),
        sa.Column("transfer_id", sa.String(length=32), nullable=True),
        sa.Column("curator_id", sa.String(length=32), nullable=True),
        sa.Column("receipt", sa.String(length=8), nullable=True),
        sa.Column("rate", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reverses", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_ledger_transaction_client_id")),
        sa.ForeignKeyConstraint(["curator_id"], ["curator.id"], name=op.f("fk_ledger_transaction_curator_id")),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_ledger_transaction_partner_id")),
        sa.ForeignKeyConstraint(["reverses"], ["ledger_transaction.id"], name=op.f("fk_ledger_transaction_reverses")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfer.id"], name=op.f("fk_ledger_transaction_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("partner_id", "key", name=op.f("uq_ledger_transaction_partner_id_key")),
    )
    op.create_index("ix_ledger_transaction_client_id_at", "ledger_transaction", ["client_id", "at"], unique=False)
    op.create_table(
        "payment_event",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("checkout_id", sa.String(length=32), nullable=True),
        sa.Column("payment_id", sa.String(length=160), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("received_at", types.UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("facts", types.JsonText(), nullable=False),
        sa.CheckConstraint("outcome IN ('applied', 'waiting', 'foreign')", name=op.f("ck_payment_event_outcome")),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkout.id"], name=op.f("fk_payment_event_checkout_id")),
        sa.PrimaryKeyConstraint("provider", "id", name=op.f("pk_payment_event")),
    )
    op.create_index("ix_payment_event_checkout_id", "payment_event", ["checkout_id"], unique=False)
    op.create_index(
        "ix_payment_event_waiting",
        "payment_event",
        ["payment_id"],
        unique=False,
        sqlite_where=sa.text("outcome = 'waiting'"),
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
    op.create_table(
        "ledger_seal",
        sa.Column("partner_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.String(length=32), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partner.id"], name=op.f("fk_ledger_seal_partner_id")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_ledger_seal_transaction_id")
        ),
        sa.PrimaryKeyConstraint("partner_id", "n", name=op.f("pk_ledger_seal")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_ledger_seal_transaction_id")),
    )
    op.create_table(
        "posting",
        sa.Column("transaction_id", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.String(length=32), nullable=False),
        sa.Column("to_id", sa.String(length=32), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_posting_amount")),
        sa.CheckConstraint("from_id <> to_id", name=op.f("ck_posting_two_accounts")),
        sa.ForeignKeyConstraint(
            ["from_id", "currency"], ["account.id", "account.currency"], name=op.f("fk_posting_from_id_currency")
        ),
        sa.ForeignKeyConstraint(
            ["to_id", "currency"], ["account.id", "account.currency"], name=op.f("fk_posting_to_id_currency")
        ),
        sa.ForeignKeyConstraint(["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_posting_transaction_id")),
        sa.PrimaryKeyConstraint("transaction_id", "n", name=op.f("pk_posting")),
    )
    op.create_index("ix_posting_from_id", "posting", ["from_id"], unique=False)
    op.create_index("ix_posting_to_id", "posting", ["to_id", "transaction_id"], unique=False)
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
