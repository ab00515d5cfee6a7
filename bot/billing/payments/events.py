"""The event table: what a payment provider reported, each report once, whatever the order and however often."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select, update

from bot.billing.payments.port import PaymentEvent, reversal_facts
from bot.ids import CheckoutId
from bot.storage.queries import insert_if_absent, upsert
from bot.storage.tables import payment_cursor, payment_event

EventOutcome = Literal["applied", "waiting", "foreign"]
"""`waiting`: it is about a payment that we have not heard of yet. `foreign`: about none of ours."""


def take(conn: Connection, provider: str, event: PaymentEvent, now: datetime) -> bool:
    """Store a report; False when it is known."""
    row = {
        "provider": provider,
        "id": event.id,
        "kind": event.kind,
        "payment_id": event.payment_id,
        "created_at": event.created_at,
        "received_at": now,
        "outcome": "foreign",
        "facts": _facts(event),
    }
    return bool(insert_if_absent(conn, payment_event, [row]))


def conclude(
    conn: Connection, provider: str, event_id: str, outcome: EventOutcome, checkout_id: CheckoutId | None = None
) -> None:
    """Note what a report came to."""
    which = (payment_event.c.provider == provider) & (payment_event.c.id == event_id)
    conn.execute(update(payment_event).where(which).values(outcome=outcome, checkout_id=checkout_id))


def waiting_for(conn: Connection, provider: str, payment_id: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Reports that came before their payment: ids and facts, in the order in which they came."""
    query = select(payment_event.c.id, payment_event.c.facts).where(
        payment_event.c.provider == provider,
        payment_event.c.payment_id == payment_id,
        payment_event.c.outcome == "waiting",
    )
    return [(row.id, row.facts) for row in conn.execute(query.order_by(payment_event.c.created_at, payment_event.c.id))]


def cursor(conn: Connection, provider: str) -> datetime | None:
    """Up to when the provider was asked for reports that may never have arrived."""
    return conn.execute(select(payment_cursor.c.through).where(payment_cursor.c.provider == provider)).scalar()


def move_cursor(conn: Connection, provider: str, through: datetime) -> None:
    """Remember up to when that is."""
    upsert(conn, payment_cursor, [{"provider": provider, "through": through}])


def _facts(event: PaymentEvent) -> dict[str, Any]:
    """What is needed to act on it later; no payer's name or address is kept."""
    facts: dict[str, Any] = {}
    if event.session is not None:
        facts["session"] = {"id": event.session.id, "state": event.session.state}
    if event.reversal is not None:
        facts["reversal"] = reversal_facts(event.reversal)
    if event.ask_refunds_of is not None:
        facts["ask_refunds_of"] = event.ask_refunds_of
    return facts
