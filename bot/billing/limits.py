"""How much one curator may move: by operation and by day. Owners have no limit; the door knows who is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, select

from bot.billing import transfers
from bot.billing.local_day import first_instant, local_date
from bot.errors import UserError
from bot.ids import CuratorId, TransferId
from bot.money import Money, as_json, of, zero
from bot.storage.tables import transfer

_DEFAULT = {"EUR": (500, 2000), "USD": (500, 2000), "RUB": (50_000, 200_000), "KZT": (250_000, 1_000_000)}
"""Whole units: one operation, one day."""


def _default() -> dict[str, tuple[Money, Money]]:
    return {currency: (of(one, currency), of(day, currency)) for currency, (one, day) in _DEFAULT.items()}


@dataclass(frozen=True, slots=True)
class SpendingLimits:
    """By currency: the most one operation may take from the partner account, and all of a curator's day together.

    A currency without limits has none.
    """

    by_currency: Mapping[str, tuple[Money, Money]] = field(default_factory=_default)


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
    """Raise UserError operation_limit or day_limit if confirming this quote passes what the curator may move.

    Counted is what the partner pays, confirmed since the curator's own midnight; what was undone does not count, and a
    quote confirmed already passes. A quote that does not exist passes: confirming it says so.
    """
    moved = transfers.load(conn, transfer_id=transfer_id, token=token)
    if moved is None or moved.state != "quote" or moved.currency not in limits.by_currency:
        return
    most, most_a_day = limits.by_currency[moved.currency]
    amount = Money(moved.quote_facts["partner_pays"]["minor"], moved.currency)
    if amount > most:
        raise UserError("operation_limit", limit=as_json(most), amount=as_json(amount))
    spent = spent_today(conn, curator_id, moved.currency, time_zone, now)
    if spent + amount > most_a_day:
        left = Money(max(most_a_day.minor - spent.minor, 0), moved.currency)
        raise UserError("day_limit", limit=as_json(most_a_day), amount=as_json(amount), left=as_json(left))


def spent_today(conn: Connection, curator_id: CuratorId, currency: str, time_zone: str, now: datetime) -> Money:
    """What a curator's confirmations of his own day have taken from the partner account, or hold there."""
    midnight = first_instant(local_date(now, time_zone), time_zone)
    query = select(transfer.c.quote).where(
        transfer.c.asked_by == curator_id,
        transfer.c.state.in_(["pending", "posted"]),
        transfer.c.currency == currency,
        transfer.c.confirmed_at >= midnight,
    )
    paid = (Money(quote["partner_pays"]["minor"], currency) for quote in conn.execute(query).scalars())
    return sum(paid, zero(currency))
