"""Tables of people: partners, clients, curators with their addresses, mutes, referrals."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.storage.schema.base import metadata, one_of
from bot.storage.types import JsonText, UtcDateTime

partner = Table(
    "partner",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("language", String(8), nullable=False, server_default="en"),
    Column("time_zone", String(64), nullable=False, server_default="UTC"),
    Column("kind", String(16), nullable=False, server_default="official"),
    Column("program", String(32), nullable=False, server_default="seed"),
    Column("joined_on", String(10), nullable=False),
    Column("gateway", String(16), nullable=False, server_default="book"),
    Column("sender", String(160)),
    Column("account_id", String(8)),
    Column("applied_at", UtcDateTime),
    Column("granted_at", UtcDateTime),
    Column("left_on", String(10)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("hidden", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("account_id IS NULL OR length(account_id) = 8", name="account_id"),
    one_of("kind", "applicant", "referral", "official"),
    one_of("gateway", "book", "wazzup"),
)
"""`sender`: what the partner's messages come from, NULL for the installation's own.
`account_id`: the partner's own account, told with the application. `joined_on`: until the grant, when he applied.
`hidden`: not a partner but the installation's own proof of life; no list and no count shows it."""

client = Table(
    "client",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("account_id", String(8), nullable=False),
    Column("company", Text, nullable=False),
    Column("search_key", Text, nullable=False),
    Column("email", Text),
    Column("language", String(8), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("contact_name", Text),
    Column("contact_phone", Text),
    Column("tags", JsonText, nullable=False),
    Column("source", String(16), nullable=False, server_default="import"),
    Column("kind", String(16), nullable=False, server_default="client"),
    Column("as_of", UtcDateTime),
    Column("missing_since", UtcDateTime),
    Column("assigned_to", String(32)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("partner_id", "account_id"),
    CheckConstraint("length(account_id) = 8", name="account_id"),
    one_of("source", "import", "book", "poll"),
    one_of("kind", "client", "referral", "main", "demo"),
)
"""`kind`: `main` and `demo` are the partner's own two accounts; a `referral` came by his link."""

curator = Table(
    "curator",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id")),
    Column("name", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("role", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("finances", Boolean, nullable=False, server_default=text("true")),
    Column("invited_at", UtcDateTime),
    Column("consent_at", UtcDateTime),
    Column("consent_how", Text),
    Column("stopped_at", UtcDateTime),
    Column("removed_at", UtcDateTime),
    Column("alert_hour", String(5), nullable=False, server_default="09:00"),
    Column("working_days", String(7), nullable=False, server_default="12345"),
    Column("country", String(2)),
    Column("any_hour", Boolean, nullable=False, server_default=text("false")),
    Column("all_clear", String(8), nullable=False, server_default="mondays"),
    Column("only_tags", JsonText),
    Column("only_currencies", JsonText),
    Column("stand_in", String(32)),
    Column("away_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    one_of("role", "viewer", "curator", "owner"),
    one_of("all_clear", "daily", "mondays", "never"),
    Index("ix_curator_partner_id", "partner_id"),
)
"""`working_days`: ISO weekdays, Monday is 1. `any_hour`: alerts come whenever they are raised. `only_…`: routing, NULL
for everything. `stand_in`: the curator who is told instead until `away_until`."""

curator_address = Table(
    "curator_address",
    metadata,
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("address", String(160), nullable=False),
    Column("curator_id", ForeignKey("curator.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("channel_since", UtcDateTime),
    PrimaryKeyConstraint("partner_id", "address"),
    Index("ix_curator_address_address", "address"),
    Index("ix_curator_address_curator_id", "curator_id"),
)
"""`channel_since`: the number is a watched channel, so nothing is told there."""

spending_limit = Table(
    "spending_limit",
    metadata,
    Column("curator_id", ForeignKey("curator.id"), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("per", String(16), nullable=False),
    Column("minor", BigInteger),
    Column("set_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("curator_id", "currency", "per"),
)
"""What one curator may spend instead of the configured limits, `per` operation or day; no `minor`: any amount."""

mute = Table(
    "mute",
    metadata,
    Column("curator_id", ForeignKey("curator.id"), nullable=False),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime),
    PrimaryKeyConstraint("curator_id", "client_id"),
    Index("ix_mute_client_id", "client_id"),
)

referral_link = Table(
    "referral_link",
    metadata,
    Column("code", String(16), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
)

referral = Table(
    "referral",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("email", Text, nullable=False),
    Column("company", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("client_id", ForeignKey("client.id"), unique=True),
    Column("settled_at", UtcDateTime),
    Column("settled_by", Text),
    Column("reason", Text),
    Column("credited_month", String(7)),
    Column("credited_until", UtcDateTime),
    one_of("state", "registered", "confirmed", "declined"),
    Index(
        "uq_referral_email",
        "email",
        unique=True,
        sqlite_where=text("state <> 'declined'"),
        postgresql_where=text("state <> 'declined'"),
    ),
    Index("ix_referral_partner_id_registered_at", "partner_id", "registered_at"),
)
"""A user who registered by a partner's link. Bills up to `credited_until`, the end of `credited_month` in the zone that
the partner had then, have been shared; the next month begins there."""
