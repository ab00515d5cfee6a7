"""Tables of payments from outside: checkouts, the events told of them, what clients paid."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from bot.storage.schema.base import metadata, one_of
from bot.storage.types import JsonText, UtcDateTime

checkout = Table(
    "checkout",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("language", String(8), nullable=False),
    Column("asked_by", ForeignKey("curator.id")),
    Column("asked_from", String(160)),
    Column("in_reply_to", String(32)),
    Column("session_id", String(160), unique=True),
    Column("payment_id", String(160)),
    Column("url", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("reason", Text),
    CheckConstraint("amount > 0", name="amount"),
    one_of("state", "asked", "open", "processing", "paid", "failed", "expired", "held"),
    Index("ix_checkout_payment_id", "payment_id"),
    Index("ix_checkout_partner_id_created_at", "partner_id", "created_at"),
    Index(
        "ix_checkout_waiting",
        "checked_at",
        sqlite_where=text("state IN ('asked', 'open', 'processing')"),
        postgresql_where=text("state IN ('asked', 'open', 'processing')"),
    ),
)
"""A replenishment of the partner account by a payment page. `checked_at`: when the provider was last asked about it."""

payment_event = Table(
    "payment_event",
    metadata,
    Column("provider", String(16), nullable=False),
    Column("id", String(160), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("checkout_id", ForeignKey("checkout.id")),
    Column("payment_id", String(160)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("facts", JsonText, nullable=False),
    PrimaryKeyConstraint("provider", "id"),
    one_of("outcome", "applied", "waiting", "foreign"),
    Index("ix_payment_event_checkout_id", "checkout_id"),
    Index(
        "ix_payment_event_waiting",
        "payment_id",
        sqlite_where=text("outcome = 'waiting'"),
        postgresql_where=text("outcome = 'waiting'"),
    ),
)
"""What a payment provider reported, once each. `waiting`: it came before the payment that it is about."""

payment_cursor = Table(
    "payment_cursor",
    metadata,
    Column("provider", String(16), primary_key=True),
    Column("through", UtcDateTime, nullable=False),
)
"""Up to when a provider has been asked for events that were never delivered."""

client_payment = Table(
    "client_payment",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("how", Text),
    Column("transfer_id", ForeignKey("transfer.id")),
    Column("recorded_by", ForeignKey("curator.id")),
    Column("at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    CheckConstraint("amount > 0", name="amount"),
    Index("ix_client_payment_client_id", "client_id"),
    Index("ix_client_payment_partner_id_at", "partner_id", "at"),
)
"""What a client paid the partner, outside of the ledger: it says who owes whom. `transfer_id`: the top-up it funds."""
