"""The owner's word that a client may be renewed without asking, and how the last try went. Pure."""

from dataclasses import dataclass
from datetime import date, datetime

from bot.ids import ClientId, PartnerId
from bot.money import Money


@dataclass(frozen=True, slots=True)
class AutoRenewal:
    """A client that renews by itself. One renewal may cost `limit` at most, list price; `agreed_by` said so.

    `failed_for` is the end date of a subscription that cannot be renewed as things stand, `failed_why` the key of the
    reason (partner_short, over_limit, …).
    """

    client_id: ClientId
    partner_id: PartnerId
    limit: Money
    agreed_by: str
    agreed_at: datetime
    failed_for: date | None = None
    failed_why: str | None = None
