"""What each message cost: by the price table once it was taken, by the provider's own word when that comes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, select, text, update

from bot.ids import DeliveryId, PartnerId
from bot.messaging.figures import is_somebodys
from bot.messaging.message import Price
from bot.messaging.prices import Category, PriceTable
from bot.messaging.status import LOST, State
from bot.messaging.window import Mode
from bot.money import Money, minor_digits, round_half_up
from bot.phone import country_of
from bot.storage import queries
from bot.storage.tables import attempt, delivery, free_replies

BY_TABLE, BY_PROVIDER, UNPRICED = "table", "provider", "none"
"""Where a cost comes from. None: the table has no price, since it went another way than WhatsApp's, or too long ago."""
CHUNK = 500
_WAITED_MAX = timedelta(days=2)
"""Messages wait no longer than this, as a rule; so the query can use the index of when they were made."""
_UNCOSTED = text("delivery.sent_at IS NOT NULL AND delivery.cost_source IS NULL")
"""The condition of the partial index: a query must say it in these words to use it."""
_TAKEN = [state.value for state in (State.SENT, State.DELIVERED, State.READ, *sorted(LOST))]
_PUT = (
    update(delivery)
    .where(delivery.c.id == bindparam("b_id"), delivery.c.cost_source.is_(None))
    .values({name: bindparam(f"b_{name}") for name in ("category", "cost_micros", "cost_currency", "cost_source")})
)


@dataclass(frozen=True, slots=True)
class MessageCosts:
    """What messages cost in one currency: how many, together in millionths, and how many of them are our estimate."""

    currency: str
    messages: int
    micros: int
    estimated: int

    @property
    def money(self) -> Money:
        """The sum, rounded to the currency's smallest unit."""
        scaled = Decimal(self.micros).scaleb(minor_digits(self.currency) - 6)
        return Money(round_half_up(scaled), self.currency)


def message_costs(conn: Connection, partner_id: PartnerId, since: datetime, until: datetime) -> list[MessageCosts]:
    """What the messages that a partner sent in that time cost, by currency. Those of no price are not counted."""
    query = (
        select(
            delivery.c.cost_currency,
            func.count(),
            func.sum(delivery.c.cost_micros),
            func.count().filter(delivery.c.cost_source == BY_TABLE),
        )
        .where(delivery.c.partner_id == partner_id, delivery.c.cost_micros.is_not(None))
        .where(delivery.c.created_at >= since - _WAITED_MAX, delivery.c.created_at < until)
        .where(delivery.c.sent_at >= since, delivery.c.sent_at < until)
        .group_by(delivery.c.cost_currency)
        .order_by(delivery.c.cost_currency)
    )
    return [MessageCosts(currency, n, int(total), estimated) for currency, n, total, estimated in conn.execute(query)]


def cost_some(conn: Connection, prices: PriceTable, limit: int = CHUNK) -> int:
    """Price some messages that were taken and have no cost yet; how many. 0: none is left."""
    rows = conn.execute(_uncosted(limit)).all()
    free = _FreeReplies(conn, prices)
    if rows:
        conn.execute(_PUT, [_cost(row, prices, free) for row in rows])
    free.save()
    return len(rows)


def note_price(conn: Connection, delivery_id: DeliveryId, price: Price) -> None:
    """The provider says what a message cost."""
    values = {"cost_micros": price.micros, "cost_currency": price.currency, "cost_source": BY_PROVIDER}
    conn.execute(update(delivery).where(delivery.c.id == delivery_id).values(values))


class _FreeReplies:
    """How many replies of each sender and month went on the free number, while some messages are priced."""

    def __init__(self, conn: Connection, prices: PriceTable) -> None:
        self._conn = conn
        self._prices = prices
        self._used: Counter[tuple[str, str]] = Counter()
        self._read: set[tuple[str, str]] = set()
        self._changed: set[tuple[str, str]] = set()

    def take(self, sender: str, at: datetime) -> bool:
        """Whether one more reply is free; then it counts."""
        limit = self._prices.free_replies(at.date())
        if not limit:
            return False
        key = (sender, f"{at:%Y-%m}")
        if key not in self._read:
            mine = and_(free_replies.c.sender == key[0], free_replies.c.month == key[1])
            self._used[key] = self._conn.execute(select(free_replies.c.used).where(mine)).scalar() or 0
            self._read.add(key)
        if self._used[key] >= limit:
            return False
        self._used[key] += 1
        self._changed.add(key)
        return True

    def save(self) -> None:
        """Remember what was taken."""
        rows = [{"sender": key[0], "month": key[1], "used": self._used[key]} for key in sorted(self._changed)]
        queries.upsert(self._conn, free_replies, rows, on=("sender", "month"), update=("used",))


def _uncosted(limit: int) -> Select[Any]:
    names = ("id", "sender", "to_address", "checksum", "state", "sent_at")
    last = and_(attempt.c.delivery_id == delivery.c.id, attempt.c.n == delivery.c.attempts)
    query: Select[Any] = select(*(delivery.c[name] for name in names), attempt.c.mode)
    query = query.select_from(delivery.outerjoin(attempt, last)).where(_UNCOSTED, delivery.c.state.in_(_TAKEN))
    return query.order_by(delivery.c.sent_at).limit(limit).with_for_update(of=delivery, skip_locked=True)


def _cost(row: Row[Any], prices: PriceTable, free: _FreeReplies) -> dict[str, Any]:
    category = Category.SERVICE if row.checksum is None else Category.UTILITY
    amount = _micros(row, category, prices, free) if row.sender.startswith("whatsapp:") else None
    return {
        "b_id": row.id,
        "b_category": category.value,
        "b_cost_micros": amount,
        "b_cost_currency": prices.currency if amount is not None else None,
        "b_cost_source": BY_TABLE if amount is not None else UNPRICED,
    }


def _micros(row: Row[Any], category: Category, prices: PriceTable, free: _FreeReplies) -> int | None:
    at = row.sent_at.astimezone(UTC)
    if row.state in LOST:
        return prices.failed(at.date())
    is_free = category is Category.SERVICE and free.take(row.sender, at)
    in_window = row.mode != Mode.TEMPLATE.value
    return prices.cost(category, country_of(row.to_address), at.date(), in_window=in_window, is_free=is_free)


def costs_by_kind(conn: Connection, since: datetime) -> Sequence[tuple[str, str, int]]:
    """Kind, currency and micros of the messages that were sent since a moment, of all partners: for the metrics."""
    query = (
        select(delivery.c.kind, delivery.c.cost_currency, func.sum(delivery.c.cost_micros))
        .where(delivery.c.created_at >= since - _WAITED_MAX, delivery.c.sent_at >= since)
        .where(delivery.c.cost_micros.is_not(None), is_somebodys())
        .group_by(delivery.c.kind, delivery.c.cost_currency)
    )
    return [(kind, currency, int(total)) for kind, currency, total in conn.execute(query)]
