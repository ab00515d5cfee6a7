"""Stripe's objects, as JSON, in the product's own words. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.billing.payments.port import PaymentEvent, Reversal, SessionState, SessionView
from bot.ids import CheckoutId
from bot.money import Money

Object = Mapping[str, Any]
SESSION_KINDS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
    }
)
REFUND_KINDS = frozenset({"refund.created", "refund.updated", "refund.failed"})
DISPUTE_KINDS = frozenset(
    {
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }
)
CHARGE_REFUNDED = "charge.refunded"
KINDS = frozenset({*SESSION_KINDS, *REFUND_KINDS, *DISPUTE_KINDS, CHARGE_REFUNDED})
"""Every kind of event that says something here: what to enable at the webhook endpoint."""
_GONE = ("failed", "canceled")
_WITHDRAWN = ("needs_response", "under_review", "won", "lost")
"""States of a dispute that took the money; in a mere inquiry (warning_…) it stays."""
_ON_ITS_WAY = ("processing", "requires_action", "requires_capture", "requires_confirmation", "succeeded")


def session_of(found: Object, kind: str = "") -> SessionView:
    """A checkout session; `kind` is that of the event that brought it. ValueError when it is none we can read."""
    payment = found.get("payment_intent")
    payment_id = payment.get("id") if isinstance(payment, Mapping) else payment
    reference = (found.get("metadata") or {}).get("checkout")
    same = reference is not None and reference == found.get("client_reference_id")
    return SessionView(
        id=_text(found, "id"),
        checkout_id=CheckoutId(str(reference)) if same else None,
        state=_state(found, kind),
        amount=_money(found.get("amount_total"), found.get("currency")),
        payment_id=payment_id,
        url=found.get("url"),
    )


def event_of(found: Object) -> PaymentEvent | None:
    """An event; None for a kind that says nothing here. ValueError when it cannot be read."""
    kind = _text(found, "type")
    if kind not in KINDS:
        return None
    data = found.get("data")
    about = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(about, Mapping):
        raise ValueError("an event without an object")
    event = PaymentEvent(_text(found, "id"), kind, datetime.fromtimestamp(_number(found, "created"), UTC))
    if kind in SESSION_KINDS:
        return _with(event, session=session_of(about, kind))
    if kind in REFUND_KINDS:
        reversal = refund_of(about)
        return _with(event, reversal=reversal) if reversal else None
    if kind in DISPUTE_KINDS:
        dispute = _dispute_of(about, kind)
        return _with(event, reversal=dispute) if dispute else None
    payment_id = about.get("payment_intent")
    return _with(event, ask_refunds_of=str(payment_id)) if payment_id else None


def refund_of(found: Object) -> Reversal | None:
    """A refund; None for one of something that is no payment of ours."""
    payment_id = found.get("payment_intent")
    if not payment_id:
        return None
    amount = _money(found.get("amount"), found.get("currency"))
    return Reversal(_text(found, "id"), str(payment_id), amount, "refund", found.get("status") in _GONE)


def _dispute_of(found: Object, kind: str) -> Reversal | None:
    """A dispute that took money; None for an inquiry, or for one of something else."""
    payment_id, status = found.get("payment_intent"), found.get("status")
    back = kind == "charge.dispute.funds_reinstated" or status == "won"
    if not payment_id or not (back or status in _WITHDRAWN or kind == "charge.dispute.funds_withdrawn"):
        return None
    amount = _money(found.get("amount"), found.get("currency"))
    return Reversal(_text(found, "id"), str(payment_id), amount, "dispute", back)


def _state(found: Object, kind: str) -> SessionState:
    status = found.get("status")
    if status in ("open", "expired"):
        return "open" if status == "open" else "expired"
    if found.get("payment_status") == "paid":
        return "paid"
    payment = found.get("payment_intent")
    known = payment.get("status") if isinstance(payment, Mapping) else "processing"
    if kind == "checkout.session.async_payment_failed" or known not in _ON_ITS_WAY:
        return "failed"
    return "processing"


def _with(event: PaymentEvent, **more: Any) -> PaymentEvent:
    return PaymentEvent(event.id, event.kind, event.created_at, **more)


def _money(minor: Any, currency: Any) -> Money:
    if isinstance(minor, bool) or not isinstance(minor, int) or not isinstance(currency, str):
        raise ValueError("an amount that is no number of a currency")
    return Money(minor, currency.upper())


def _text(found: Object, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing")
    return value


def _number(found: Object, name: str) -> int:
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is missing")
    return value
