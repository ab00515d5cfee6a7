"""What Twilio's webhooks say: an inbound message or a report on one of ours. Pure.

Twilio adds parameters without notice: unknown ones are kept and ignored.
"""

import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from bot.errors import UserError
from bot.ids import Address, DeliveryId
from bot.messaging.message import Inbound, Price, StatusUpdate
from bot.messaging.prices import micros
from bot.messaging.transports.twilio_errors import APPROVAL_OF, classify
from bot.messaging.transports.twilio_form import fields
from bot.phone import whatsapp_address

NAME = "twilio"
_PLAIN_ADDRESS = re.compile(r"^whatsapp:\+(?!521\d{10}$)[1-9]\d{6,14}$")
"""Normal already: most addresses, so that the full parser is rarely needed. Old Mexican numbers are not."""
_ID_MAX = 64
_VALUE_MAX = 2_000
"""What is kept of each raw field."""
_CURRENCY = re.compile(r"^[A-Z]{3}$")
_STATUSES = re.compile(r"^[a-z_]{1,24}$")


def parse(path_qs: str, body: bytes, now: datetime, account_sid: str | None = None) -> list[Inbound | StatusUpdate]:
    """Read a verified webhook. ValueError when it is malformed or another account's."""
    form = _form(body)
    if account_sid and form.get("AccountSid", account_sid) != account_sid:
        raise ValueError("the webhook is another account's")
    if "MessageStatus" in form:
        return [_status(path_qs, form, now)]
    return [_inbound(form, now)]


def _form(body: bytes) -> dict[str, str]:
    """Without NUL, which PostgreSQL does not store."""
    pairs = fields(body)
    if not any("\0" in name or "\0" in value for name, value in pairs):
        return dict(pairs)
    return {name.replace("\0", ""): value.replace("\0", "") for name, value in pairs}


def _status(path_qs: str, form: dict[str, str], now: datetime) -> StatusUpdate:
    code = form.get("ErrorCode", "")
    status = form["MessageStatus"].lower()
    if not _STATUSES.match(status):
        raise ValueError("MessageStatus is no status")
    named = parse_qs(urlsplit(path_qs).query).get("d", [""])[0]
    error_code = int(code) if code.isascii() and code.isdigit() and len(code) < 10 and int(code) else None
    return StatusUpdate(
        provider_id=_message_id(form),
        status=status,
        received_at=now,
        delivery_id=DeliveryId(named) if 0 < len(named) <= 32 else None,
        error_code=error_code,
        error_class=classify(error_code) if error_code else None,
        approval=APPROVAL_OF.get(error_code) if error_code else None,
        raw=_raw(form),
        price=price_of(form.get("Price"), form.get("PriceUnit")),
    )


def price_of(amount: str | None, unit: str | None) -> Price | None:
    """What Twilio says a message cost: a negative amount, such as -0.00500, and its currency; None if it is silent."""
    if not amount or not unit or not _CURRENCY.match(unit):
        return None
    try:
        return Price(micros(amount.removeprefix("-")), unit)
    except ValueError:
        return None


def _inbound(form: dict[str, str], now: datetime) -> Inbound:
    from_address = _address(form, "From")
    other = form.get("ExternalUserId", "")
    media = form.get("NumMedia", "")
    return Inbound(
        transport=NAME,
        provider_id=_message_id(form),
        from_address=from_address,
        to_address=_address(form, "To"),
        body=form.get("Body", ""),
        received_at=now,
        payload=form.get("ButtonPayload") or form.get("ListId") or None,
        other_address=Address(other) if other.startswith("whatsapp:") and other != from_address else None,
        profile_name=form.get("ProfileName") or None,
        replied_to=form.get("OriginalRepliedMessageSid") or None,
        media=int(media) if media.isascii() and media.isdigit() and len(media) < 4 else 0,
        raw=_raw(form),
    )


def _message_id(form: dict[str, str]) -> str:
    found = form.get("MessageSid") or form.get("SmsSid") or ""
    if not 0 < len(found) <= _ID_MAX or not found.isalnum():
        raise ValueError("MessageSid is missing or malformed")
    return found


def _address(form: dict[str, str], name: str) -> Address:
    text = form.get(name, "")
    if _PLAIN_ADDRESS.match(text):
        return Address(text)
    try:
        return whatsapp_address(text)
    except UserError as error:
        raise ValueError(f"{name} is no WhatsApp address") from error


def _raw(form: dict[str, str]) -> dict[str, str]:
    """Everything but the text, which has its own column."""
    return {name[:_ID_MAX]: value[:_VALUE_MAX] for name, value in form.items() if name != "Body"}
