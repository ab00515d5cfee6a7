"""Tables of an account kept elsewhere: dashboard tasks and the partner's own channels there."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.storage.schema.base import metadata, one_of
from bot.storage.types import JsonText, UtcDateTime

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
    one_of("state", "open", "done", "confirmed", "failed", "cancelled"),
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

account_poll = Table(
    "account_poll",
    metadata,
    Column("partner_id", ForeignKey("partner.id"), primary_key=True),
    Column("round_at", UtcDateTime),
    Column("last_account", String(64)),
    Column("not_before", UtcDateTime),
    Column("read", Integer, nullable=False, server_default="0"),
    Column("not_read", Integer, nullable=False, server_default="0"),
    Column("problems", JsonText),
    Column("read_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("error", Text),
    Column("error_at", UtcDateTime),
    Column("refused_at", UtcDateTime),
)
"""How far the look at a partner's accounts is. `last_account`: where this round goes on, null between rounds.
`read_at`: when an account was read last; `refused_at`: since when the login is refused."""
