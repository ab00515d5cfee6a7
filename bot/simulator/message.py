"""What a message, a content and an approval are inside the simulator."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

INBOUND = "inbound"
OUTBOUND = "outbound-api"

TEMPLATE = "template"
SESSION = "session"

UNSEEN = ("delivered",)
FINAL = ("read", "failed", "undelivered", "canceled")
ON_THE_WAY = ("queued", "sending", "sent")

POSTING = "posting"
ARRIVED = "arrived"
NOT_ARRIVED = "not_arrived"


@dataclass(frozen=True, slots=True)
class Button:
    """One thing to tap: a `reply`, a `url`, a `phone`, a `code` to copy, or an `item` of a list."""

    title: str
    payload: str = ""
    kind: str = "reply"
    target: str = ""
    """Where a url, phone or code button leads."""
    description: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Message:
    """One message in either direction. `seq` orders them; `address` is the person's side."""

    seq: int
    sid: str
    direction: str
    address: str
    sender: str
    body: str
    status: str
    """The state as Twilio's API spells it."""
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None = None
    buttons: tuple[Button, ...] = ()
    list_label: str = ""
    """What the button that opens a list picker says."""
    kind: str = SESSION
    content_sid: str = ""
    template: str = ""
    service_sid: str = ""
    status_callback: str = ""
    fails_with: int | None = None
    """Decided when it was accepted, reported later: the code it will fail with."""
    error_code: int | None = None
    payload: str = ""
    """Inbound: the payload of the button that was tapped."""
    button_text: str = ""
    replied_sid: str = ""
    arrival: str = ""
    """Inbound: whether the product's webhook took it."""
    arrival_note: str = ""
    media: str = ""
    """Address of the picture that goes with it; fetched before it is sent."""

    @property
    def inbound(self) -> bool:
        return self.direction == INBOUND


@dataclass(frozen=True, slots=True)
class Content:
    """A content resource: texts and buttons that messages name by its HX sid."""

    sid: str
    friendly_name: str
    language: str
    variables: dict[str, str]
    types: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """What WhatsApp thinks of a content as a template."""

    content_sid: str
    name: str
    category: str
    content_type: str
    status: str
    rejection_reason: str = ""
    allow_category_change: bool = True


def new_sid(prefix: str) -> str:
    """A Twilio sid: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)
