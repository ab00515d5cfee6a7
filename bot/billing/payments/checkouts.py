"""The checkout table: replenishments by payment page, from the asking to the end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from bot.billing.payments.news import Checkout, CheckoutState
from bot.ids import CheckoutId, CuratorId, PartnerId
from bot.money import Money
from bot.storage.tables import checkout

WAITING: tuple[CheckoutState, ...] = ("asked", "open", "processing")
"""States in which the provider may know more than we do."""


def add(conn: Connection, asked: Checkout) -> None:
    """Store a new one."""
    row = {
        "id": asked.id,
        "partner_id": asked.partner_id,
        "provider": asked.provider,
        "state": asked.state,
        "currency": asked.amount.currency,
        "amount": asked.amount.minor,
        "language": asked.language,
        "asked_by": asked.asked_by,
        "asked_from": asked.asked_from,
        "in_reply_to": asked.in_reply_to,
        "created_at": asked.created_at,
        "expires_at": asked.expires_at,
        "checked_at": asked.checked_at,
    }
    conn.execute(insert(checkout), row)


def read(conn: Connection, checkout_id: CheckoutId) -> Checkout | None:
    """The one of that id, unlocked, or None."""
    row = conn.execute(select(checkout).where(checkout.c.id == checkout_id)).first()
    return None if row is None else _checkout(row)


def lock(conn: Connection, *, checkout_id: CheckoutId | None = None, session_id: str | None = None) -> Checkout | None:
    """The one of our id, or of the provider's, kept from others until the unit ends."""
    which = checkout.c.id == checkout_id if checkout_id is not None else checkout.c.session_id == session_id
    row = conn.execute(select(checkout).where(which).with_for_update()).first()
    return None if row is None else _checkout(row)


def lock_payment(conn: Connection, provider: str, payment_id: str) -> Checkout | None:
    """The one that a payment belongs to, kept from others until the unit ends."""
    query = select(checkout).where(checkout.c.payment_id == payment_id, checkout.c.provider == provider)
    row = conn.execute(query.with_for_update()).first()
    return None if row is None else _checkout(row)


def change(conn: Connection, checkout_id: CheckoutId, **values: Any) -> Checkout:
    """Set columns, and give it as it is then."""
    changed = update(checkout).where(checkout.c.id == checkout_id).values(**values).returning(checkout)
    return _checkout(conn.execute(changed).one())


def note_checked(conn: Connection, checkout_ids: Sequence[CheckoutId], now: datetime) -> None:
    """Remember when the provider was asked last."""
    conn.execute(update(checkout).where(checkout.c.id.in_(checkout_ids)).values(checked_at=now))


def waiting(conn: Connection, provider: str, checked_before: datetime, limit: int) -> list[Checkout]:
    """Those the provider should be asked about, the longest unasked first."""
    query = (
        select(checkout)
        .where(checkout.c.state.in_(WAITING), checkout.c.provider == provider, checkout.c.checked_at <= checked_before)
        .order_by(checkout.c.checked_at, checkout.c.id)
        .limit(limit)
    )
    return [_checkout(row) for row in conn.execute(query)]


def count_open(conn: Connection, partner_id: PartnerId) -> int:
    """How many of a partner's wait to be paid."""
    query = select(func.count()).where(checkout.c.partner_id == partner_id, checkout.c.state.in_(("asked", "open")))
    return conn.execute(query).scalar_one()


def same_open(
    conn: Connection, partner_id: PartnerId, amount: Money, asked_by: CuratorId | None, good_until: datetime
) -> Checkout | None:
    """A page that is open already for the same person and amount, and stays so until then."""
    query = select(checkout).where(
        checkout.c.partner_id == partner_id,
        checkout.c.state.in_(("asked", "open")),
        checkout.c.amount == amount.minor,
        checkout.c.currency == amount.currency,
        checkout.c.asked_by == asked_by,
        checkout.c.expires_at >= good_until,
    )
    row = conn.execute(query.order_by(checkout.c.created_at.desc(), checkout.c.id.desc())).first()
    return None if row is None else _checkout(row)


def latest(conn: Connection, partner_id: PartnerId, limit: int = 20) -> list[Checkout]:
    """A partner's replenishments, the newest first."""
    query = select(checkout).where(checkout.c.partner_id == partner_id)
    query = query.order_by(checkout.c.created_at.desc(), checkout.c.id.desc()).limit(limit)
    return [_checkout(row) for row in conn.execute(query)]


def _checkout(row: Row[Any]) -> Checkout:
    return Checkout(
        id=CheckoutId(row.id),
        partner_id=PartnerId(row.partner_id),
        provider=row.provider,
        state=row.state,
        amount=Money(row.amount, row.currency),
        language=row.language,
        asked_by=row.asked_by,
        asked_from=row.asked_from,
        in_reply_to=row.in_reply_to,
        session_id=row.session_id,
        payment_id=row.payment_id,
        url=row.url,
        created_at=row.created_at,
        expires_at=row.expires_at,
        checked_at=row.checked_at,
        settled_at=row.settled_at,
        reason=row.reason,
    )
