"""How much one curator may spend from the partner account, in one operation and in a day.

Owners have no limit; the door knows who is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import Connection, delete, select

from bot.billing import transfers
from bot.billing.local_day import first_instant, local_date
from bot.billing.plan import QUOTE_LASTS_MAX
from bot.errors import UserError
from bot.ids import CuratorId, PartnerId, TransferId
from bot.money import Money, as_json, of, zero
from bot.storage import audit
from bot.storage.queries import upsert
from bot.storage.tables import curator, spending_limit, transfer

Per = Literal["operation", "day"]
_OTHER_OPERATION, _OTHER_DAY = Decimal(500), Decimal(2000)
"""Whole units, for a currency that the settings do not name."""


@dataclass(frozen=True, slots=True)
class SpendingLimits:
    """The configured limits in whole units by currency; 0: none. A currency that is not named has 500 and 2,000."""

    operation: Mapping[str, Decimal] = field(default_factory=dict)
    day: Mapping[str, Decimal] = field(default_factory=dict)

    def of(self, per: Per, currency: str) -> Money | None:
        """The most in that currency, None for any amount."""
        named, otherwise = (self.operation, _OTHER_OPERATION) if per == "operation" else (self.day, _OTHER_DAY)
        value = named.get(currency, otherwise)
        return of(value, currency) if value else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one curator may spend of a currency: the most in one operation and in a day, None for any amount.

    `spent`: what is confirmed since the partner's midnight, held or posted.
    """

    operation: Money | None
    day: Money | None
    spent: Money

    @property
    def left(self) -> Money | None:
        """What is left for today, None without a limit."""
        return None if self.day is None else Money(max(self.day.minor - self.spent.minor, 0), self.day.currency)


def allowance(
    conn: Connection,
    limits: SpendingLimits,
    *,
    curator_id: CuratorId,
    currency: str,
    time_zone: str,
    now: datetime,
) -> Allowance:
    """What a curator may spend: the own limits where there are any, else the configured ones."""
    own = own_limits(conn, curator_id, currency)
    return Allowance(
        operation=own["operation"] if "operation" in own else limits.of("operation", currency),
        day=own["day"] if "day" in own else limits.of("day", currency),
        spent=spent_today(conn, curator_id, currency, time_zone, now),
    )


def refuse_amount(may: Allowance, amount: Money) -> None:
    """Raise UserError operation_limit or day_limit if spending `amount` passes what is allowed."""
    if not amount:
        return
    left = as_json(may.left) if may.left is not None else None
    if may.operation is not None and amount > may.operation:
        raise UserError("operation_limit", limit=as_json(may.operation), amount=as_json(amount), left=left)
    if may.day is not None and may.spent + amount > may.day:
        raise UserError("day_limit", limit=as_json(may.day), amount=as_json(amount), left=left)


def refuse_beyond(
    conn: Connection,
    limits: SpendingLimits,
    *,
    curator_id: CuratorId,
    time_zone: str,
    now: datetime,
    transfer_id: TransferId | None = None,
    token: str | None = None,
) -> None:
    """Raise UserError operation_limit or day_limit if confirming this quote passes what the curator may spend.

    Counted is what the partner pays, confirmed since midnight in `time_zone`; what was undone does not count, and a
    quote confirmed already passes. A quote that does not exist passes: confirming it says so. Two confirmations of one
    curator wait for each other.
    """
    moved = transfers.load(conn, transfer_id=transfer_id, token=token)
    if moved is None or moved.state != "quote":
        return
    conn.execute(select(curator.c.id).where(curator.c.id == curator_id).with_for_update())
    may = allowance(conn, limits, curator_id=curator_id, currency=moved.currency, time_zone=time_zone, now=now)
    refuse_amount(may, moved.quote.partner_pays)


def spent_today(conn: Connection, curator_id: CuratorId, currency: str, time_zone: str, now: datetime) -> Money:
    """What a curator's confirmations of the day in that zone have taken from the partner account, or hold there."""
    midnight = first_instant(local_date(now, time_zone), time_zone)
    query = select(transfer.c.quote).where(
        transfer.c.asked_by == curator_id,
        transfer.c.state.in_(["pending", "posted"]),
        transfer.c.currency == currency,
        transfer.c.created_at >= midnight - QUOTE_LASTS_MAX,
        transfer.c.confirmed_at >= midnight,
    )
    paid = (Money(quote["partner_pays"]["minor"], currency) for quote in conn.execute(query).scalars())
    return sum(paid, zero(currency))


def own_limits(conn: Connection, curator_id: CuratorId, currency: str) -> dict[str, Money | None]:
    """The limits that a curator has instead of the configured ones, by `operation` and `day`; None: any amount."""
    query = select(spending_limit.c.per, spending_limit.c.minor).where(
        spending_limit.c.curator_id == curator_id, spending_limit.c.currency == currency
    )
    return {row.per: None if row.minor is None else Money(row.minor, currency) for row in conn.execute(query)}


def set_own_limit(
    conn: Connection,
    partner_id: PartnerId,
    curator_id: CuratorId,
    per: Per,
    currency: str,
    amount: Money | None,
    *,
    by: str,
    now: datetime,
) -> None:
    """Give a curator a limit of his own; `amount` None: any amount. It goes to the audit trail."""
    row = {
        "curator_id": curator_id,
        "currency": currency,
        "per": per,
        "minor": None if amount is None else amount.minor,
        "set_at": now,
    }
    upsert(conn, spending_limit, [row])
    _note(conn, partner_id, curator_id, per, currency, "any" if amount is None else str(amount), by, now)


def drop_own_limit(
    conn: Connection, partner_id: PartnerId, curator_id: CuratorId, per: Per, currency: str, *, by: str, now: datetime
) -> None:
    """Back to the configured limit."""
    own = spending_limit.c
    conn.execute(delete(spending_limit).where(own.curator_id == curator_id, own.currency == currency, own.per == per))
    _note(conn, partner_id, curator_id, per, currency, "as configured", by, now)


def _note(
    conn: Connection,
    partner_id: PartnerId,
    curator_id: CuratorId,
    per: Per,
    currency: str,
    limit: str,
    by: str,
    now: datetime,
) -> None:
    facts = {"curator": curator_id, "per": per, "currency": currency, "limit": limit}
    audit.record(conn, partner_id, "curator.limit", facts, who=by, now=now)
