"""Tables of money: accounts, transfers, the ledger and its seals, subscriptions, channels, a client's days."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.storage.schema.base import metadata, one_of
from bot.storage.types import JsonText, UtcDateTime

account = Table(
    "account",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("owner_id", String(64), nullable=False, server_default=""),
    Column("currency", String(3), nullable=False),
    Column("posted", BigInteger, nullable=False, server_default="0"),
    Column("held", BigInteger, nullable=False, server_default="0"),
    Column("floor", BigInteger),
    CheckConstraint("held >= 0", name="held"),
    CheckConstraint("floor IS NULL OR posted - held >= floor", name="floor"),
    one_of("kind", "partner", "client", "outside", "discount", "bonus", "revenue", "opening"),
    UniqueConstraint("id", "currency"),
    UniqueConstraint("partner_id", "kind", "owner_id", "currency"),
    Index("ix_account_owner_id", "owner_id"),
)

transfer = Table(
    "transfer",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id")),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("token", String(32), nullable=False, unique=True),
    Column("code", String(8)),
    Column("asked_by", ForeignKey("curator.id")),
    Column("asked_from", String(160)),
    Column("quote", JsonText, nullable=False),
    Column("entries", JsonText, nullable=False),
    Column("effect", JsonText, nullable=False),
    Column("receipt", String(8)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("post_at", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Column("reason", Text),
    one_of("kind", "topup", "renew", "subscribe", "change", "deposit", "payout", "adjust"),
    one_of("state", "quote", "pending", "posted", "voided", "expired"),
    UniqueConstraint("partner_id", "receipt"),
    Index("ix_transfer_state_post_at", "state", "post_at"),
    Index("ix_transfer_asked_by_state", "asked_by", "state"),
    Index("ix_transfer_client_id_created_at", "client_id", "created_at"),
)

ledger_transaction = Table(
    "ledger_transaction",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("key", String(160), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("client_id", ForeignKey("client.id")),
    Column("transfer_id", ForeignKey("transfer.id")),
    Column("curator_id", ForeignKey("curator.id")),
    Column("receipt", String(8)),
    Column("rate", String(16)),
    Column("note", Text),
    Column("reverses", ForeignKey("ledger_transaction.id")),
    UniqueConstraint("partner_id", "key"),
    Index("ix_ledger_transaction_client_id_at", "client_id", "at"),
)

posting = Table(
    "posting",
    metadata,
    Column("transaction_id", ForeignKey("ledger_transaction.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("from_id", String(32), nullable=False),
    Column("to_id", String(32), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("transaction_id", "n"),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("from_id <> to_id", name="two_accounts"),
    ForeignKeyConstraint(["from_id", "currency"], ["account.id", "account.currency"]),
    ForeignKeyConstraint(["to_id", "currency"], ["account.id", "account.currency"]),
    Index("ix_posting_from_id", "from_id"),
    Index("ix_posting_to_id", "to_id", "transaction_id"),
)

ledger_seal = Table(
    "ledger_seal",
    metadata,
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("transaction_id", ForeignKey("ledger_transaction.id"), nullable=False, unique=True),
    Column("hash", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("partner_id", "n"),
)
"""The hash chain of each partner: `hash` is over the one before and the transaction with its postings."""

usage_charge = Table(
    "usage_charge",
    metadata,
    Column("transaction_id", ForeignKey("ledger_transaction.id"), primary_key=True),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("day", String(10), nullable=False),
    Index("ix_usage_charge_client_id_day", "client_id", "day"),
)
"""Which day of the client's own a charge for use belongs to: it is known, and posted, later."""

subscription = Table(
    "subscription",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("plan", String(16)),
    Column("months", Integer),
    Column("start_date", String(10)),
    Column("end_date", String(10), nullable=False),
    Column("anchor_day", Integer, nullable=False),
    Column("state", String(16), nullable=False, server_default="active"),
    Column("due_minor", BigInteger),
    Column("created_at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime),
    one_of("state", "unpaid", "active", "ended", "closed"),
    CheckConstraint("anchor_day BETWEEN 1 AND 31", name="anchor_day"),
    CheckConstraint("state <> 'unpaid' OR due_minor IS NOT NULL", name="due_minor"),
    Index("ix_subscription_client_id", "client_id"),
    Index("ix_subscription_state_end_date", "state", "end_date"),
)
"""`due_minor`: what an unpaid one costs; its `end_date` is the last day of the time it has to be paid. A closed one
that still has it was never paid."""

auto_renewal = Table(
    "auto_renewal",
    metadata,
    Column("client_id", ForeignKey("client.id"), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("limit_minor", BigInteger, nullable=False),
    Column("agreed_by", Text, nullable=False),
    Column("agreed_at", UtcDateTime, nullable=False),
    Column("look_at", UtcDateTime, nullable=False),
    Column("failed_for", String(10)),
    Column("failed_why", String(32)),
    CheckConstraint("limit_minor > 0", name="limit_minor"),
    Index("ix_auto_renewal_look_at", "look_at"),
)
"""Clients whose subscriptions renew by themselves, and for how much at most each time. `look_at`: when that is due to
be looked at. `failed_for`: the end date of a subscription that cannot be renewed, `failed_why` the key of the
reason."""

channel = Table(
    "channel",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("subscription_id", ForeignKey("subscription.id")),
    Column("transport", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(24), nullable=False),
    Column("free", Boolean, nullable=False, server_default=text("false")),
    Column("free_until", String(10)),
    Column("daily_minor", BigInteger),
    Column("charged_through", String(10)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("client_id", "transport", "name"),
    CheckConstraint("daily_minor IS NULL OR daily_minor >= 0", name="daily_minor"),
    Index("ix_channel_subscription_id", "subscription_id"),
    Index(
        "ix_channel_free_until",
        "free_until",
        sqlite_where=text("free_until IS NOT NULL"),
        postgresql_where=text("free_until IS NOT NULL"),
    ),
)
"""`free_until`: the last day of a free channel's present term; it is never charged while it is `free`."""

client_day = Table(
    "client_day",
    metadata,
    Column("client_id", ForeignKey("client.id"), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Index("ix_client_day_next_at", "next_at"),
)
