"""Tables of the clockwork: jobs, ticks, heartbeats, switches, imports, audit."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from bot.storage.schema.base import metadata, one_of
from bot.storage.types import JsonText, UtcDateTime

job = Table(
    "job",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("payload", JsonText),
    Column("priority", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("run_after", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("lease_until", UtcDateTime),
    Column("worker", String(64)),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    one_of("state", "queued", "running", "dead"),
    Index(
        "uq_job_queued",
        "name",
        "key",
        unique=True,
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index("ix_job_state_run_after", "state", "run_after"),
)

tick = Table(
    "tick",
    metadata,
    Column("name", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("name", "at"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("worker", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("phone_page", Text),
    Column("seen_at", UtcDateTime, nullable=False),
)
"""`seen_at` is the machine's own time, not the product's: it says whether a process lives. `phone_page` is where the
simulator inside that process listens."""

switch = Table(
    "switch",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    one_of("name", "sending", "money"),
)
"""A row says that this is stopped at present, for the whole installation."""

clock_offset = Table(
    "clock_offset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seconds", BigInteger, nullable=False),
    Column("real", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("seconds >= 0", name="forward"),
)

import_run = Table(
    "import_run",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("file_name", Text),
    Column("checksum", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("done_by", Text),
    Column("report", JsonText, nullable=False),
    Index("ix_import_run_partner_id_at", "partner_id", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", String(64)),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String(48), nullable=False),
    Column("facts", JsonText, nullable=False),
    Index("ix_audit_partner_id_at", "partner_id", "at"),
)
