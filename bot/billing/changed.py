"""What billing tells its callers: something about this partner or client is different now. Pure."""

from dataclasses import dataclass
from typing import Literal

from bot.ids import ClientId, PartnerId, TransferId

What = Literal[
    "opened",
    "imported",
    "topped_up",
    "renewed",
    "subscribed",
    "charged",
    "stopped",
    "resumed",
    "ended",
    "deposited",
    "unpaid",
    "lapsed",
    "changed",
    "auto_renewal",
    "taken_back",
    "restored",
    "paid_out",
    "not_done",
]


@dataclass(frozen=True, slots=True)
class Changed:
    """One fact that changed. `client_id` is None for the partner's own account.

    `transfer_id` is set on the one change that a receipt belongs to: topped_up, renewed, subscribed or changed.
    `not_done`: a confirmed operation was taken back when its time came, since the facts had changed; `transfer_id`
    says which. `unpaid`: a subscription was created that still has to be paid; `lapsed`: it was not, in time.
    """

    partner_id: PartnerId
    client_id: ClientId | None
    what: What
    transfer_id: TransferId | None = None
