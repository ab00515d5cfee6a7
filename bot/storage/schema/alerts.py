"""Tables of alerts: the ladder, alerts, who was told or why not, holds, digests."""

from sqlalchemy import (
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

alert_due = Table(
    "alert_due",
    metadata,
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("cycle", String(64), nullable=False),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("client_id", "kind", "stage", "cycle"),
    Index("ix_alert_due_due_at", "due_at"),
)

alert = Table(
    "alert",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id")),
    Column("key", String(200), nullable=False, unique=True),
    Column("kind", String(24), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("cycle", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime),
    Column("resolution", Text),
    one_of("state", "open", "resolved"),
    Index("ix_alert_client_id_state", "client_id", "state"),
    Index(
        "ix_alert_open",
        "partner_id",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    Index("ix_alert_partner_id_raised_at", "partner_id", "raised_at"),
)

notification = Table(
    "notification",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), nullable=False),
    Column("curator_id", ForeignKey("curator.id"), nullable=False),
    Column("delivery_id", String(32)),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(32)),
    Column("at", UtcDateTime, nullable=False),
    Column("send_at", UtcDateTime),
    PrimaryKeyConstraint("alert_id", "curator_id"),
    one_of("outcome", "waiting", "sent", "suppressed", "settled"),
    Index("ix_notification_delivery_id", "delivery_id"),
    Index(
        "ix_notification_waiting",
        "send_at",
        sqlite_where=text("outcome = 'waiting'"),
        postgresql_where=text("outcome = 'waiting'"),
    ),
    Index(
        "ix_notification_spared",
        "reason",
        sqlite_where=text("outcome = 'suppressed'"),
        postgresql_where=text("outcome = 'suppressed'"),
    ),
)
"""`waiting` until `send_at`, then `sent` with its delivery, `suppressed` for a reason, or `settled` in the meantime."""

hold = Table(
    "hold",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("curator_id", ForeignKey("curator.id"), nullable=False),
    Column("alert_id", ForeignKey("alert.id")),
    Column("kind", String(16), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("note", Text),
    one_of("kind", "claim", "snooze", "promise", "note"),
    Index("ix_hold_client_id_since", "client_id", "since"),
    Index(
        "uq_hold_claim",
        "client_id",
        unique=True,
        sqlite_where=text("kind = 'claim' AND ended_at IS NULL"),
        postgresql_where=text("kind = 'claim' AND ended_at IS NULL"),
    ),
    Index(
        "ix_hold_running",
        "until",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)
"""What people do about a client: a claim (one at a time), a snooze (one person's), a promise of the client, a note."""

digest = Table(
    "digest",
    metadata,
    Column("curator_id", ForeignKey("curator.id"), nullable=False),
    Column("day", String(10), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("delivery_id", String(32)),
    PrimaryKeyConstraint("curator_id", "day"),
)
"""The one regular message a person gets on a day of its own calendar."""

ladder_policy = Table(
    "ladder_policy",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("anew_after", String(32)),
    CheckConstraint("id = 1", name="one_row"),
)
"""The stages that the ladders were made with. `anew_after`: while they are made anew, the last client that has its own;
NULL once all do."""
