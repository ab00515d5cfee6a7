"""What became of a replenishment, for those who are to be told. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.billing.changed import Changed
from bot.ids import Address, CheckoutId, CuratorId, InboxId, PartnerId
from bot.money import Money

CheckoutState = Literal["asked", "open", "processing", "paid", "failed", "expired", "held"]
"""`asked`: no page yet. `held`: paid, but not what was asked for; operations decide. Only `paid` was credited."""
What = Literal[
    "link", "link_later", "no_link", "processing", "credited", "failed", "expired", "held", "taken_back", "restored"
]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A replenishment as stored: asked for, then a payment page, then paid or not."""

    id: CheckoutId
    partner_id: PartnerId
    provider: str
    state: CheckoutState
    amount: Money
    language: str
    asked_by: CuratorId | None
    asked_from: Address | None
    in_reply_to: InboxId | None
    session_id: str | None
    payment_id: str | None
    url: str | None
    created_at: datetime
    expires_at: datetime
    checked_at: datetime
    settled_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class News:
    """One thing to be told of a checkout. `key` tells two of a kind apart; `left` is what the account then has."""

    what: What
    checkout: Checkout
    amount: Money
    left: Money | None = None
    receipt: str | None = None
    key: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report led to: changes for alerts, news for people. Both empty when it was known already."""

    changes: Sequence[Changed] = field(default_factory=tuple)
    news: Sequence[News] = field(default_factory=tuple)
