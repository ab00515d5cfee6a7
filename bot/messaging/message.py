"""What is said and heard: a message to be sent, one that came in, a report on one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.ids import Address, ClientId, CuratorId, DeliveryId, InboxId, PartnerId
from bot.messaging.button import Button

ErrorCode = int | str
"""A provider's error code: Twilio's are numbers, Wazzup's words."""
TEXT_MAX = 1_600
"""Longest free text of one message in UTF-16 units, as Twilio counts it (error 21617)."""


class Kind(StrEnum):
    """Why a message is sent; decides how urgent it is and whether it may be sent again."""

    REPLY = "reply"
    REFUSAL = "refusal"
    INVITATION = "invitation"
    RECEIPT = "receipt"
    NOTICE = "notice"
    ALERT = "alert"


REPLY = 0
RECEIPT = 10
ALERT = 50
PRIORITIES: Mapping[Kind, int] = {
    Kind.REPLY: REPLY,
    Kind.REFUSAL: REPLY,
    Kind.INVITATION: RECEIPT,
    Kind.RECEIPT: RECEIPT,
    Kind.NOTICE: 20,
    Kind.ALERT: ALERT,
}
"""The lower, the sooner: a fan-out of alerts never delays a reply."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a room asks for it. `key` is its stable business key: the same key is never sent twice."""

    key: str
    to: Address
    kind: Kind
    template: str
    language: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    buttons: Sequence[Button] = ()
    partner_id: PartnerId | None = None
    curator_id: CuratorId | None = None
    client_id: ClientId | None = None
    priority: int | None = None
    """None: that of its kind."""
    not_before: datetime | None = None
    expires_at: datetime | None = None
    """A message still unsent then is not sent any more."""
    in_reply_to: InboxId | None = None
    media: str | None = None
    """Address of a picture that the provider fetches and shows with a free text."""
    instead: tuple[str, Mapping[str, Any]] | None = None
    """Of a picture: the text, with its facts, that tells the same when nobody could fetch it."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that came in. `provider_id` is unique per transport; everything else is what its sender claims."""

    transport: str
    provider_id: str
    from_address: Address
    to_address: Address
    body: str
    received_at: datetime
    payload: str | None = None
    """What the tapped button sends back; None for typed text."""
    other_address: Address | None = None
    """The same person's second address, when the provider tells both."""
    profile_name: str | None = None
    replied_to: str | None = None
    """Provider's id of the message that is answered or quoted."""
    media: int = 0
    raw: Mapping[str, str] = field(default_factory=dict)
    opens_window: bool = True
    """False for a message that did not come by WhatsApp, such as one from the command line."""


class ErrorClass(StrEnum):
    """What kind of trouble an error code means; what follows from it is in `verdict`."""

    RETRY = "retry"
    THROTTLE = "throttle"
    WINDOW = "window"
    RECIPIENT = "recipient"
    TEMPLATE = "template"
    CONFIGURATION = "configuration"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Price:
    """What the provider says a message cost, in millionths of a currency (ISO 4217)."""

    micros: int
    currency: str


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """A provider's report on a message that we sent. `delivery_id` is ours, carried in the callback's address."""

    provider_id: str
    status: str
    received_at: datetime
    delivery_id: DeliveryId | None = None
    error_code: ErrorCode | None = None
    error_class: ErrorClass | None = None
    approval: str | None = None
    """What the error says of the text itself: WhatsApp has it rejected, paused or disabled."""
    raw: Mapping[str, str] = field(default_factory=dict)
    price: Price | None = None


def text_length(text: str) -> int:
    """Length as Twilio counts it: UTF-16 units, so that most emoji count twice."""
    return len(text.encode("utf-16-le")) // 2


def parts(text: str, limit: int = TEXT_MAX) -> list[str]:
    """A text cut into pieces that fit, at line ends where possible, else between words, else anywhere."""
    pieces: list[str] = []
    while text_length(text) > limit:
        head = _fitting(text, limit)
        cut = max(head.rfind("\n"), 0) or max(head.rfind(" "), 0) or len(head)
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces


def _fitting(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` UTF-16 units."""
    return text.encode("utf-16-le")[: 2 * limit].decode("utf-16-le", errors="ignore")
