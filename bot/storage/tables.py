"""Every table of the product in one place: columns, constraints, indexes. The DDL that Core cannot say is in `ddl`.

Conventions: ids are text (ULID); money is a BIGINT of minor units beside its currency; times are UTC (`UtcDateTime`);
calendar days are ISO text in the client's own zone; every row belongs to a partner.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.storage.types import JsonText, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, *values: str) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


# --- people -----------------------------------------------------------------------------------------------------

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
    CheckConstraint("account_id IS NULL OR length(account_id) = 8", name="account_id"),
    _one_of("kind", "applicant", "referral", "official"),
    _one_of("gateway", "book", "wazzup"),
)
"""`sender`: what the partner's messages come from, NULL for the installation's own.
`account_id`: the partner's own account, told with the application. `joined_on`: until the grant, when he applied."""

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
    _one_of("source", "import", "book", "poll"),
    _one_of("kind", "client", "referral", "main", "demo"),
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
    _one_of("role", "viewer", "curator", "owner"),
    _one_of("all_clear", "daily", "mondays", "never"),
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
    PrimaryKeyConstraint("partner_id", "address"),
    Index("ix_curator_address_address", "address"),
    Index("ix_curator_address_curator_id", "curator_id"),
)

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
    _one_of("state", "registered", "confirmed", "declined"),
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

# --- money ------------------------------------------------------------------------------------------------------

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
    _one_of("kind", "partner", "client", "outside", "discount", "bonus", "revenue", "opening"),
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
    _one_of("kind", "topup", "renew", "subscribe", "change", "deposit", "payout", "adjust"),
    _one_of("state", "quote", "pending", "posted", "voided", "expired"),
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
    _one_of("state", "unpaid", "active", "ended", "closed"),
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

# --- payments -----------------------------------------------------------------------------------------------------

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
    _one_of("state", "asked", "open", "processing", "paid", "failed", "expired", "held"),
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
    _one_of("outcome", "applied", "waiting", "foreign"),
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

# --- an account elsewhere ---------------------------------------------------------------------------------------

dashboard_task = Table(
    "dashboard_task",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("transfer_id", ForeignKey("transfer.id"), nullable=False, unique=True),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("asked_by", ForeignKey("curator.id")),
    Column("done_by", ForeignKey("curator.id")),
    Column("state", String(16), nullable=False),
    Column("facts", JsonText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("seen_at", UtcDateTime),
    Column("shown", Boolean),
    Column("closed_at", UtcDateTime),
    _one_of("state", "open", "done", "confirmed", "failed", "cancelled"),
    UniqueConstraint("partner_id", "number"),
    Index("ix_dashboard_task_client_id", "client_id"),
)
"""What a person has to do in a client's dashboard. `seen_at`: the newest table or poll that tells of it, `shown`:
whether it shows the thing done."""

wazzup_channel = Table(
    "wazzup_channel",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("partner_id", ForeignKey("partner.id"), nullable=False),
    Column("client_id", ForeignKey("client.id"), nullable=False),
    Column("transport", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_wazzup_channel_client_id", "client_id"),
)
"""Clients' channels by Wazzup's own id, as a poll or a webhook told last."""

# --- alerts -----------------------------------------------------------------------------------------------------

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
    _one_of("state", "open", "resolved"),
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
    _one_of("outcome", "waiting", "sent", "suppressed", "settled"),
    Index("ix_notification_delivery_id", "delivery_id"),
    Index(
        "ix_notification_waiting",
        "send_at",
        sqlite_where=text("outcome = 'waiting'"),
        postgresql_where=text("outcome = 'waiting'"),
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
    _one_of("kind", "claim", "snooze", "promise", "note"),
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

# --- messages ---------------------------------------------------------------------------------------------------

delivery = Table(
    "delivery",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("partner_id", ForeignKey("partner.id")),
    Column("curator_id", ForeignKey("curator.id")),
    Column("client_id", ForeignKey("client.id")),
    Column("key", String(200), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("to_address", String(160), nullable=False),
    Column("sender", String(160), nullable=False),
    Column("template", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("variables", JsonText, nullable=False),
    Column("body", Text, nullable=False),
    Column("buttons", JsonText, nullable=False),
    Column("checksum", String(64)),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("provider_id", String(64)),
    Column("error_code", Integer),
    Column("contradicted", Boolean, nullable=False, server_default=text("false")),
    Column("unconfirmed", Boolean, nullable=False, server_default=text("false")),
    Column("claimed_until", UtcDateTime),
    Column("not_before", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("read_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("in_reply_to", String(32)),
    Column("forgotten_at", UtcDateTime),
    _one_of("kind", "alert", "reply", "receipt", "invitation", "refusal", "notice"),
    _one_of(
        "state",
        "queued",
        "sending",
        "sent",
        "delivered",
        "read",
        "failed",
        "undelivered",
        "unknown",
        "expired",
        "cancelled",
    ),
    Index("ix_delivery_provider_id", "provider_id"),
    Index("ix_delivery_created_at", "created_at"),
    Index("ix_delivery_to_address_created_at", "to_address", "created_at"),
    Index("ix_delivery_curator_id_created_at", "curator_id", "created_at"),
    Index(
        "ix_delivery_waiting",
        "sender",
        "priority",
        "not_before",
        "id",
        sqlite_where=text("state IN ('queued', 'sending')"),
        postgresql_where=text("state IN ('queued', 'sending')"),
    ),
    Index(
        "ix_delivery_waiting_of",
        "sender",
        "priority",
        "partner_id",
        "not_before",
        "id",
        sqlite_where=text("state IN ('queued', 'sending')"),
        postgresql_where=text("state IN ('queued', 'sending')"),
    ),
    Index(
        "ix_delivery_waiting_for",
        "to_address",
        "sender",
        sqlite_where=text("state IN ('queued', 'sending')"),
        postgresql_where=text("state IN ('queued', 'sending')"),
    ),
    Index(
        "ix_delivery_kept",
        "created_at",
        sqlite_where=text("forgotten_at IS NULL"),
        postgresql_where=text("forgotten_at IS NULL"),
    ),
    Index(
        "ix_delivery_claimed_until",
        "claimed_until",
        sqlite_where=text("claimed_until IS NOT NULL"),
        postgresql_where=text("claimed_until IS NOT NULL"),
    ),
)

attempt = Table(
    "attempt",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("outcome", String(16)),
    Column("http_status", Integer),
    Column("error_code", Integer),
    Column("error_message", Text),
    Column("provider_id", String(64)),
    Column("duration_ms", Integer),
    PrimaryKeyConstraint("delivery_id", "n"),
    _one_of("mode", "session", "template"),
    _one_of("outcome", "accepted", "rejected", "unknown"),
)

status_event = Table(
    "status_event",
    metadata,
    Column("provider_id", String(64), nullable=False),
    Column("status", String(24), nullable=False),
    Column("delivery_id", String(32)),
    Column("error_code", Integer),
    Column("error_class", String(16)),
    Column("received_at", UtcDateTime, nullable=False),
    Column("applied", String(16), nullable=False),
    Column("raw", JsonText, nullable=False),
    PrimaryKeyConstraint("provider_id", "status"),
    _one_of("applied", "applied", "older", "contradicts", "orphan"),
    Index("ix_status_event_delivery_id", "delivery_id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("transport", String(16), nullable=False),
    Column("provider_id", String(64), nullable=False),
    Column("from_address", String(160), nullable=False),
    Column("to_address", String(160), nullable=False),
    Column("other_address", String(160)),
    Column("profile_name", Text),
    Column("body", Text, nullable=False),
    Column("payload", Text),
    Column("replied_to", String(64)),
    Column("media", Integer, nullable=False, server_default="0"),
    Column("raw", JsonText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("received_at", UtcDateTime, nullable=False),
    Column("handled_at", UtcDateTime),
    Column("outcome", String(32)),
    Column("partner_id", String(64)),
    Column("curator_id", String(32)),
    Column("forgotten_at", UtcDateTime),
    _one_of("state", "received", "handled", "dead"),
    UniqueConstraint("transport", "provider_id"),
    Index(
        "ix_inbox_waiting",
        "from_address",
        "received_at",
        sqlite_where=text("state = 'received'"),
        postgresql_where=text("state = 'received'"),
    ),
    Index("ix_inbox_from_address_received_at", "from_address", "received_at"),
    Index(
        "ix_inbox_kept",
        "received_at",
        sqlite_where=text("forgotten_at IS NULL"),
        postgresql_where=text("forgotten_at IS NULL"),
    ),
    Index(
        "ix_inbox_replied_to",
        "replied_to",
        sqlite_where=text("replied_to IS NOT NULL"),
        postgresql_where=text("replied_to IS NOT NULL"),
    ),
)

conversation = Table(
    "conversation",
    metadata,
    Column("address", String(160), primary_key=True),
    Column("partner_id", String(64)),
    Column("menu", JsonText),
    Column("menu_until", UtcDateTime),
    Column("wrong_codes", Integer, nullable=False, server_default="0"),
    Column("locked_until", UtcDateTime),
    Column("refused_at", UtcDateTime),
    Column("recent", JsonText),
    Column("handled_at", UtcDateTime),
)

contact_window = Table(
    "contact_window",
    metadata,
    Column("sender", String(160), nullable=False),
    Column("address", String(160), nullable=False),
    Column("last_inbound_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("stopped_reason", String(32)),
    Column("stopped_at", UtcDateTime),
    PrimaryKeyConstraint("sender", "address"),
)

content = Table(
    "content",
    metadata,
    Column("template", String(64), nullable=False),
    Column("language", String(8), nullable=False),
    Column("checksum", String(64), nullable=False),
    Column("content_sid", String(64), nullable=False),
    Column("approval", String(16), nullable=False),
    Column("checked_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("template", "language", "checksum"),
)

# --- clockwork --------------------------------------------------------------------------------------------------

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
    _one_of("state", "queued", "running", "dead"),
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
    _one_of("name", "sending", "money"),
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
