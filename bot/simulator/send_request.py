"""A request to send a message: what it says, and what Twilio refuses at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.simulator.content import parse_variables
from bot.simulator.refusals import Refusal
from bot.simulator.settings import SENT_CHARACTERS_MAX

_ADDRESS = re.compile(r"^whatsapp:(?:\+[1-9]\d{6,14}|[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128})$")
_CONTENT_SID = re.compile(r"^HX[0-9a-fA-F]{32}$")
_SERVICE_SID = re.compile(r"^MG[0-9a-fA-F]{32}$")
_VALIDITY_SECONDS_MAX = 36_000
_URL_MAX = 4_000


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What the product asked to send, checked."""

    to: str
    body: str
    content_sid: str
    variables: dict[str, str]
    service_sid: str
    status_callback: str
    media: str = ""


def good_address(text: str) -> bool:
    """Whether this is a WhatsApp address in Twilio's form."""
    return bool(_ADDRESS.match(text))


def parse_send(form: Mapping[str, str], sender: str) -> SendRequest:
    """Read the form of POST Messages.json. Refusal with Twilio's code when it is not acceptable."""
    service = form.get("MessagingServiceSid", "")
    to = _recipient(form, sender, service)
    content_sid = form.get("ContentSid", "")
    body = form.get("Body", "")
    if content_sid and not _CONTENT_SID.match(content_sid):
        raise Refusal(21655)
    media = "" if content_sid else form.get("MediaUrl", "")
    if not content_sid and not body and not media:
        raise Refusal(21619)
    if not content_sid and twilio_length(body) > SENT_CHARACTERS_MAX:
        raise Refusal(21617)
    _check_validity(form.get("ValidityPeriod", ""))
    callback = form.get("StatusCallback", "")
    _check_callback(callback)
    _check_media(media)
    variables = parse_variables(form.get("ContentVariables", ""))
    return SendRequest(to, "" if content_sid else body, content_sid, variables, service, callback, media)


def twilio_length(body: str) -> int:
    """Length as Twilio counts it: in UTF-16 units, so that most emoji count twice."""
    return len(body.encode("utf-16-le")) // 2


def _recipient(form: Mapping[str, str], sender: str, service: str) -> str:
    to, source = form.get("To", "").strip(), form.get("From", "").strip()
    if not to:
        raise Refusal(21604)
    if not source and not service:
        raise Refusal(21603)
    if service and not _SERVICE_SID.match(service):
        raise Refusal(20001, "MessagingServiceSid is not valid")
    if source and to.startswith("whatsapp:") != source.startswith("whatsapp:"):
        raise Refusal(21910)
    if not good_address(to):
        raise Refusal(21211, f"The 'To' number {to} is not a valid phone number.")
    if source and source != sender:
        raise Refusal(63007)
    if to == sender:
        raise Refusal(63031)
    return to


def _check_validity(text: str) -> None:
    if text and not (text.isdigit() and 1 <= int(text) <= _VALIDITY_SECONDS_MAX):
        raise Refusal(20001, f"ValidityPeriod must be a number of seconds from 1 to {_VALIDITY_SECONDS_MAX}")


def _check_callback(url: str) -> None:
    if not url:
        return
    parts = urlsplit(url)
    if len(url) > _URL_MAX or parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname:
        raise Refusal(21609)


def _check_media(url: str) -> None:
    parts = urlsplit(url)
    if url and (len(url) > _URL_MAX or parts.scheme not in ("http", "https") or not parts.hostname):
        raise Refusal(21620)
