"""The objects that Stripe answers with: sessions, payments, charges, refunds, disputes, events. Pure.

Field names and types follow the example objects that Stripe publishes with its API description.
"""

import copy
import secrets
import string
from typing import Any

API_VERSION = "2026-10-28.endive"
_ALPHABET = string.ascii_letters + string.digits
Object = dict[str, Any]


def new_object_id(prefix: str) -> str:
    """An id as Stripe makes them: `cs_test_…`, `pi_…`, `evt_…`."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(24))}"


_SESSION: Object = {
    "object": "checkout.session",
    "adaptive_pricing": {"enabled": False},
    "after_expiration": None,
    "allow_promotion_codes": None,
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "billing_address_collection": None,
    "client_secret": None,
    "collected_information": None,
    "consent": None,
    "consent_collection": None,
    "currency_conversion": None,
    "custom_fields": [],
    "custom_text": {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    },
    "customer": None,
    "customer_account": None,
    "customer_creation": "if_required",
    "customer_details": None,
    "customer_email": None,
    "discounts": [],
    "integration_identifier": None,
    "invoice": None,
    "invoice_creation": {
        "enabled": False,
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": None,
            "metadata": {},
            "rendering_options": None,
        },
    },
    "livemode": False,
    "managed_payments": {"enabled": False},
    "mode": "payment",
    "origin_context": None,
    "payment_intent": None,
    "payment_link": None,
    "payment_method_collection": "if_required",
    "payment_method_configuration_details": None,
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "payment_method_types": ["card", "sepa_debit"],
    "payment_status": "unpaid",
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "recovered_from": None,
    "saved_payment_method_options": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "status": "open",
    "submit_type": None,
    "subscription": None,
    "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    "ui_mode": "hosted",
    "wallet_options": None,
}
_PAYMENT: Object = {
    "object": "payment_intent",
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "application": None,
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "capture_method": "automatic_async",
    "confirmation_method": "automatic",
    "customer": None,
    "customer_account": None,
    "description": None,
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "latest_charge": None,
    "livemode": False,
    "managed_payments": {"enabled": False},
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "payment_method_options": {},
    "payment_method_types": ["card", "sepa_debit"],
    "processing": None,
    "receipt_email": None,
    "review": None,
    "setup_future_usage": None,
    "shipping": None,
    "source": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_data": None,
    "transfer_group": None,
}
_CHARGE: Object = {
    "object": "charge",
    "amount_refunded": 0,
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "billing_details": {
        "address": {
            "city": None,
            "country": "LV",
            "line1": None,
            "line2": None,
            "postal_code": None,
            "state": None,
        },
        "email": "payer@example.com",
        "name": "Test Payer",
        "phone": None,
        "tax_id": None,
    },
    "calculated_statement_descriptor": "CURATORBOT",
    "captured": True,
    "customer": None,
    "description": None,
    "disputed": False,
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "fraud_details": {},
    "livemode": False,
    "on_behalf_of": None,
    "outcome": {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "seller_message": "Payment complete.",
        "type": "authorized",
    },
    "paid": True,
    "payment_method_details": {"card": {"brand": "visa", "country": "US", "last4": "4242"}, "type": "card"},
    "receipt_email": None,
    "receipt_number": None,
    "receipt_url": None,
    "refunded": False,
    "review": None,
    "shipping": None,
    "source": None,
    "source_transfer": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "succeeded",
    "transfer_data": None,
    "transfer_group": None,
}


def session_object(session_id: str, asked: Object, *, total: int, created: int, expires_at: int, url: str) -> Object:
    """A new session of what was asked for."""
    whole = copy.deepcopy(_SESSION) | {
        "id": session_id,
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": asked.get("cancel_url"),
        "client_reference_id": asked.get("client_reference_id"),
        "created": created,
        "currency": asked["line_items"][0]["price_data"]["currency"],
        "expires_at": expires_at,
        "locale": asked.get("locale"),
        "metadata": asked.get("metadata", {}),
        "success_url": asked["success_url"],
        "url": url,
    }
    return dict(sorted(whole.items()))


def payment_object(session: Object, metadata: Object, created: int, method: str) -> Object:
    """The payment that a session makes; `method` is a payment method's id."""
    payment_id = new_object_id("pi")
    whole = copy.deepcopy(_PAYMENT) | {
        "id": payment_id,
        "amount": session["amount_total"],
        "amount_received": 0,
        "client_secret": f"{payment_id}_secret_{new_object_id('s')[2:]}",
        "created": created,
        "currency": session["currency"],
        "metadata": metadata,
        "payment_method": method,
        "status": "processing",
    }
    return dict(sorted(whole.items()))


def charge_object(payment: Object, created: int) -> Object:
    """The money that a payment took."""
    whole = copy.deepcopy(_CHARGE) | {
        "id": new_object_id("ch"),
        "amount": payment["amount"],
        "amount_captured": payment["amount"],
        "balance_transaction": new_object_id("txn"),
        "created": created,
        "currency": payment["currency"],
        "metadata": dict(payment["metadata"]),
        "payment_intent": payment["id"],
        "payment_method": payment["payment_method"],
    }
    return dict(sorted(whole.items()))


def refund_object(charge: Object, amount: int, created: int) -> Object:
    """Money given back of a charge."""
    return {
        "id": new_object_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_object_id("txn"),
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def dispute_object(charge: Object, created: int) -> Object:
    """A payer's bank takes a charge back until it is decided who is right."""
    return {
        "id": new_object_id("dp"),
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": created + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network": "visa", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": "fraudulent",
        "status": "needs_response",
    }


def event_object(kind: str, about: Object, created: int, key: str | None = None) -> Object:
    """What is posted when an object changes; it holds the object as it was then."""
    return {
        "id": new_object_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": {"object": copy.deepcopy(about)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": key},
        "type": kind,
    }


def list_object(rows: list[Object], *, url: str, more: bool) -> Object:
    """A page of a list."""
    return {"object": "list", "data": rows, "has_more": more, "url": url}
