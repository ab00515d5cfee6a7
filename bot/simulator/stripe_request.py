"""What may be asked when a session is opened: every field checked as Stripe checks it. Pure."""

import re
from typing import Any

from bot.simulator.stripe_error import StripeError

AMOUNT_MAX = 99_999_999
"""Eight digits of minor units."""
AMOUNT_MIN = 50
"""Half a euro or dollar."""
LIFE_MIN, LIFE_MAX = 30 * 60, 24 * 3600
_CLOCKS_APART = 60
_KNOWN = frozenset(
    {"mode", "line_items", "client_reference_id", "metadata", "payment_intent_data", "success_url", "cancel_url",
     "locale", "expires_at", "adaptive_pricing", "customer_email", "submit_type", "payment_method_types", "expand"}
)  # fmt: skip
_CURRENCY = re.compile(r"^[a-z]{3}$")


def check_opening(asked: dict[str, Any], now: int) -> int:
    """The total in minor units. StripeError naming the field that is wrong."""
    unknown = sorted(set(asked) - _KNOWN)
    if unknown:
        raise _wrong(f"Received unknown parameter: {unknown[0]}", unknown[0], "parameter_unknown")
    if asked.get("mode") != "payment":
        raise _wrong("This simulator knows sessions with mode=payment only.", "mode")
    _check_address(asked.get("success_url"), "success_url")
    if "cancel_url" in asked:
        _check_address(asked["cancel_url"], "cancel_url")
    if len(asked.get("client_reference_id", "")) > 200:
        raise _wrong("client_reference_id is longer than 200 characters.", "client_reference_id")
    _check_life(asked.get("expires_at"), now)
    return _total(asked)


def _check_address(url: Any, name: str) -> None:
    if not url:
        raise _wrong(f"Missing required param: {name}.", name, "parameter_missing")
    if not str(url).startswith(("http://", "https://")):
        raise _wrong("Not a valid URL", name, "url_invalid")


def _check_life(expires_at: Any, now: int) -> None:
    if expires_at is None:
        return
    life = int(expires_at) - now if str(expires_at).isdigit() else -1
    if not LIFE_MIN - _CLOCKS_APART <= life <= LIFE_MAX + _CLOCKS_APART:
        message = "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from creation."
        raise _wrong(message, "expires_at")


def _total(asked: dict[str, Any]) -> int:
    lines = asked.get("line_items")
    if not isinstance(lines, list) or len(lines) != 1 or not isinstance(lines[0], dict):
        raise _wrong("This simulator knows sessions with one line item only.", "line_items", "parameter_missing")
    price = lines[0].get("price_data")
    if not isinstance(price, dict) or not isinstance(price.get("product_data"), dict):
        raise _wrong("You must specify `price_data` with `product_data`.", "line_items[0][price_data]")
    if not price["product_data"].get("name"):
        raise _wrong("Missing required param.", "line_items[0][price_data][product_data][name]", "parameter_missing")
    if not _CURRENCY.match(str(price.get("currency", ""))):
        raise _wrong("Invalid currency.", "line_items[0][price_data][currency]")
    amount, quantity = str(price.get("unit_amount", "")), str(lines[0].get("quantity", "1"))
    if not amount.isdigit() or not quantity.isdigit():
        raise _wrong("Invalid integer", "line_items[0][price_data][unit_amount]", "parameter_invalid_integer")
    total = int(amount) * int(quantity)
    if total > AMOUNT_MAX:
        raise _wrong("Amount must be no more than 999,999.99", "line_items", "amount_too_large")
    if total < AMOUNT_MIN:
        raise _wrong("The Checkout Session's total amount must convert to at least 50 cents.", "line_items",
                     "amount_too_small")  # fmt: skip
    return total


def _wrong(message: str, param: str, code: str = "") -> StripeError:
    return StripeError(400, message, code=code, param=param)
