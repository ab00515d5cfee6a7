"""Every table of the product, room by room in `schema`; what the DDL of Core cannot say is in `ddl`.

Conventions: ids are text (ULID); money is a BIGINT of minor units beside its currency; times are UTC (`UtcDateTime`);
calendar days are ISO text in the client's own zone; every row belongs to a partner.
"""

from bot.storage.schema.alerts import (
    alert,
    alert_due,
    digest,
    hold,
    ladder_policy,
    notification,
)
from bot.storage.schema.base import metadata
from bot.storage.schema.clockwork import (
    audit,
    clock_offset,
    heartbeat,
    import_run,
    job,
    switch,
    tick,
)
from bot.storage.schema.elsewhere import (
    account_poll,
    dashboard_task,
    wazzup_channel,
)
from bot.storage.schema.messages import (
    attempt,
    contact_window,
    content,
    conversation,
    delivery,
    free_replies,
    inbox,
    picture,
    status_event,
)
from bot.storage.schema.money import (
    account,
    auto_renewal,
    channel,
    client_day,
    ledger_seal,
    ledger_transaction,
    posting,
    subscription,
    transfer,
    usage_charge,
)
from bot.storage.schema.payments import (
    checkout,
    client_payment,
    payment_cursor,
    payment_event,
)
from bot.storage.schema.people import (
    client,
    curator,
    curator_address,
    mute,
    partner,
    referral,
    referral_link,
    spending_limit,
)

__all__ = [
    "account",
    "account_poll",
    "alert",
    "alert_due",
    "attempt",
    "audit",
    "auto_renewal",
    "channel",
    "checkout",
    "client",
    "client_day",
    "client_payment",
    "clock_offset",
    "contact_window",
    "content",
    "conversation",
    "curator",
    "curator_address",
    "dashboard_task",
    "delivery",
    "digest",
    "free_replies",
    "heartbeat",
    "hold",
    "import_run",
    "inbox",
    "job",
    "ladder_policy",
    "ledger_seal",
    "ledger_transaction",
    "metadata",
    "mute",
    "notification",
    "partner",
    "payment_cursor",
    "payment_event",
    "picture",
    "posting",
    "referral",
    "referral_link",
    "spending_limit",
    "status_event",
    "subscription",
    "switch",
    "tick",
    "transfer",
    "usage_charge",
    "wazzup_channel",
]
