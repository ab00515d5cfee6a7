"""Twilio's forms: resources as JSON, callbacks and inbound messages as form fields. Pure."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from bot.simulator.content import content_type
from bot.simulator.message import TEMPLATE, Approval, Content, Message
from bot.simulator.refusals import wording
from bot.simulator.settings import Person

API_VERSION = "2010-04-01"
_CHANNEL = "whatsapp:"
_EVENT_TYPES = {"delivered": "DELIVERED", "read": "READ", "failed": "FAILED", "undelivered": "UNDELIVERED"}


def message_uri(account_sid: str, sid: str) -> str:
    """The path of a message resource."""
    return f"/{API_VERSION}/Accounts/{account_sid}/Messages/{sid}.json"


def message_json(message: Message, account_sid: str) -> dict[str, Any]:
    """The message resource (OpenAPI: api.v2010.account.message)."""
    uri = message_uri(account_sid, message.sid)
    source, to = ends(message)
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": _rfc_2822(message.created_at),
        "date_sent": message.sent_at and _rfc_2822(message.sent_at),
        "date_updated": _rfc_2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": wording(message.error_code) if message.error_code else None,
        "from": source,
        "messaging_service_sid": message.service_sid or None,
        "num_media": "1" if message.media else "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": uri.removesuffix(".json") + "/Media.json"},
        "to": to,
        "uri": uri,
    }


def ends(message: Message) -> tuple[str, str]:
    """From and To of a message."""
    if message.inbound:
        return message.address, message.sender
    return message.sender, message.address


def status_form(message: Message, account_sid: str) -> dict[str, str]:
    """The fields of a status callback for the state the message is in."""
    source, to = ends(message)
    form = {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "ChannelPrefix": "whatsapp",
        "From": source,
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": to,
    }
    if message.status in _EVENT_TYPES:
        form["EventType"] = _EVENT_TYPES[message.status]
    if message.service_sid:
        form["MessagingServiceSid"] = message.service_sid
    if message.error_code:
        text = wording(message.error_code)
        form |= {"ErrorCode": str(message.error_code), "ErrorMessage": text, "ChannelStatusMessage": text}
    return form


def inbound_form(message: Message, person: Person, account_sid: str, replied: Message | None) -> dict[str, str]:
    """The fields of the webhook for a message that somebody wrote or tapped."""
    source, to = ends(message)
    sids = dict.fromkeys(("MessageSid", "SmsMessageSid", "SmsSid"), message.sid)
    form = sids | {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "Body": message.body,
        "From": source,
        "MessageType": "text",
        "NumMedia": "0",
        "NumSegments": "1",
        "ProfileName": person.name,
        "ReferralNumMedia": "0",
        "SmsStatus": "received",
        "To": to,
        "WaId": source.removeprefix(_CHANNEL).removeprefix("+"),
    }
    form |= _reply_fields(message, replied)
    if person.external_user_id or "." in source:
        form["ExternalUserId"] = person.external_user_id or source
    context = {name: form[name] for name in ("ButtonText", "ButtonPayload", "ProfileName", "WaId") if name in form}
    form["ChannelMetadata"] = json.dumps({"type": "whatsapp", "data": {"context": context}}, ensure_ascii=False)
    return form


def _reply_fields(message: Message, replied: Message | None) -> dict[str, str]:
    fields: dict[str, str] = {}
    if replied is not None:
        fields |= {"OriginalRepliedMessageSid": replied.sid, "OriginalRepliedMessageSender": ends(replied)[0]}
    if not message.button_text:
        return fields
    if replied is not None and replied.list_label:
        return fields | {"MessageType": "interactive", "ListId": message.payload, "ListTitle": message.button_text}
    kind = "button" if replied is not None and replied.kind == TEMPLATE else "interactive"
    return fields | {"MessageType": kind, "ButtonText": message.button_text, "ButtonPayload": message.payload}


def content_json(content: Content, account_sid: str, base_url: str) -> dict[str, Any]:
    """The content resource (OpenAPI: content.v1.content)."""
    url = f"{base_url}/v1/Content/{content.sid}"
    return {
        "account_sid": account_sid,
        "date_created": _iso(content.created_at),
        "date_updated": _iso(content.created_at),
        "friendly_name": content.friendly_name,
        "language": content.language,
        "links": {
            "approval_create": f"{url}/ApprovalRequests/whatsapp",
            "approval_fetch": f"{url}/ApprovalRequests",
        },
        "sid": content.sid,
        "types": content.types,
        "url": url,
        "variables": content.variables,
    }


def approval_json(content: Content, approval: Approval | None) -> dict[str, Any]:
    """What WhatsApp thinks of a content; `unsubmitted` when it was never asked."""
    return {
        "allow_category_change": approval.allow_category_change if approval else True,
        "category": approval.category if approval else "",
        "content_type": content_type(content.types),
        "name": approval.name if approval else "",
        "rejection_reason": approval.rejection_reason if approval else "",
        "status": approval.status if approval else "unsubmitted",
    }


def _rfc_2822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
