"""Stripe's objects in the product's own words, made from the simulator's objects and from odd ones."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.billing.payments.port import Reversal
from bot.billing.payments.stripe_reading import event_of, session_of
from bot.money import Money

SESSION: dict[str, Any] = {
    "id": "cs_1",
    "status": "complete",
    "payment_status": "paid",
    "amount_total": 50_000,
    "currency": "eur",
    "client_reference_id": "01J",
    "metadata": {"checkout": "01J"},
    "payment_intent": "pi_1",
    "url": None,
}
REFUND: dict[str, Any] = {
    "id": "re_1",
    "payment_intent": "pi_1",
    "amount": 500,
    "currency": "eur",
    "status": "succeeded",
}
DISPUTE: dict[str, Any] = REFUND | {"id": "dp_1", "status": "needs_response"}


def event(kind: str, about: Any, **more: Any) -> dict[str, Any]:
    return {"id": "evt_1", "type": kind, "created": 1_790_000_000, "data": {"object": about}} | more


def payment(status: str) -> dict[str, Any]:
    return {"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": status}}


@pytest.mark.parametrize(
    ("change", "kind", "state"),
    [
        ({}, "checkout.session.completed", "paid"),
        ({}, "checkout.session.async_payment_succeeded", "paid"),
        ({"payment_status": "unpaid"}, "checkout.session.completed", "processing"),
        ({"payment_status": "unpaid"}, "checkout.session.async_payment_failed", "failed"),
        ({"payment_status": "no_payment_required"}, "checkout.session.completed", "processing"),
        ({"status": "expired", "payment_status": "unpaid"}, "checkout.session.expired", "expired"),
        ({"status": "open", "payment_status": "unpaid"}, "", "open"),
        ({"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "processing"}}, "", "processing"),
        ({"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "canceled"}}, "", "failed"),
        (
            {"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "requires_payment_method"}},
            "",
            "failed",
        ),
    ],
)
def test_the_state_of_a_session(change: dict[str, Any], kind: str, state: str) -> None:
    view = session_of(SESSION | change, kind)
    assert (view.state, view.amount, view.checkout_id, view.payment_id) == (state, Money(50_000, "EUR"), "01J", "pi_1")


@pytest.mark.parametrize(
    "change", [{"metadata": {}}, {"metadata": None}, {"client_reference_id": "other"}, {"client_reference_id": None}]
)
def test_ours_is_only_what_says_so_twice(change: dict[str, Any]) -> None:
    assert session_of(SESSION | change).checkout_id is None


def test_where_to_pay_is_taken_from_the_page() -> None:
    assert session_of(SESSION | {"url": "https://pay.example"}).url == "https://pay.example"
    assert session_of(SESSION).url is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": ""}, "id is missing"),
        ({"amount_total": None}, "an amount that is no number of a currency"),
        ({"amount_total": True}, "an amount that is no number of a currency"),
        ({"currency": None}, "an amount that is no number of a currency"),
    ],
)
def test_a_session_that_cannot_be_read_is_an_error(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:
        session_of(SESSION | change)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("kind", "about", "found"),
    [
        ("refund.created", REFUND, ("refund", False)),
        ("refund.updated", REFUND | {"status": "pending"}, ("refund", False)),
        ("refund.failed", REFUND | {"status": "failed"}, ("refund", True)),
        ("refund.updated", REFUND | {"status": "canceled"}, ("refund", True)),
        ("refund.created", REFUND | {"payment_intent": None}, None),
        ("charge.dispute.created", DISPUTE, ("dispute", False)),
        ("charge.dispute.created", DISPUTE | {"status": "warning_needs_response"}, None),
        ("charge.dispute.closed", DISPUTE | {"status": "warning_closed"}, None),
        ("charge.dispute.funds_withdrawn", DISPUTE | {"status": "warning_under_review"}, ("dispute", False)),
        ("charge.dispute.closed", DISPUTE | {"status": "lost"}, ("dispute", False)),
        ("charge.dispute.closed", DISPUTE | {"status": "won"}, ("dispute", True)),
        ("charge.dispute.funds_reinstated", DISPUTE, ("dispute", True)),
        ("charge.dispute.updated", DISPUTE | {"payment_intent": None}, None),
    ],
)
def test_what_is_taken_back_and_what_returns(kind: str, about: Any, found: tuple[Any, bool] | None) -> None:
    read = event_of(event(kind, about))
    if found is None:
        assert read is None
        return
    assert read is not None
    assert read.reversal == Reversal(about["id"], "pi_1", Money(500, "EUR"), *found)
    assert read.payment_id == "pi_1"


def test_a_refunded_charge_asks_which_refunds() -> None:
    read = event_of(event("charge.refunded", {"id": "ch_1", "payment_intent": "pi_1"}))
    assert read is not None
    assert (read.ask_refunds_of, read.payment_id, read.session, read.reversal) == ("pi_1", "pi_1", None, None)
    assert event_of(event("charge.refunded", {"id": "ch_1", "payment_intent": None})) is None


@pytest.mark.parametrize("kind", ["customer.created", "payment_intent.succeeded", "charge.succeeded"])
def test_what_says_nothing_here_is_nothing(kind: str) -> None:
    assert event_of(event(kind, {})) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": None}, "id is missing"),
        ({"type": 7}, "type is missing"),
        ({"created": "now"}, "created is missing"),
        ({"data": None}, "an event without an object"),
        ({"data": {"object": []}}, "an event without an object"),
    ],
)
def test_an_event_that_cannot_be_read_is_an_error(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:
        event_of(event("checkout.session.completed", SESSION) | change)
    assert str(caught.value) == words


def test_a_report_of_a_debit_that_failed_says_so_though_its_payment_is_only_named() -> None:
    """The page alone looks as if its payment were on its way: the kind of the report is all that tells."""
    unpaid = SESSION | {"payment_status": "unpaid"}
    for kind, state in (("failed", "failed"), ("succeeded", "processing")):
        read = event_of(event(f"checkout.session.async_payment_{kind}", unpaid))
        assert read is not None
        assert read.session is not None
        assert (read.session.state, read.created_at) == (state, datetime.fromtimestamp(1_790_000_000, UTC))
    assert session_of(unpaid).state == "processing"
