"""What the phone page and transcripts see of a message and of a person. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.phone import pretty_phone
from bot.simulator.message import ARRIVED, NOT_ARRIVED, Button, Message
from bot.simulator.refusals import wording
from bot.simulator.settings import Person
from bot.simulator.window import closes_at

_FETCHED = ("sent", "delivered", "read")
_INBOUND_STATES = {ARRIVED: "delivered", NOT_ARRIVED: "failed", "seen": "read"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript. `who` is the person's name or the business; `state` is what the ticks show."""

    seq: int
    sid: str
    inbound: bool
    who: str
    address: str
    text: str
    buttons: tuple[Button, ...]
    kind: str
    template: str
    state: str
    error_code: int | None
    at: datetime
    replied_sid: str


def line_of(message: Message, person_name: str, business_name: str) -> Line:
    """A message as a line of the transcript."""
    who = person_name if message.inbound else business_name
    return Line(
        message.seq, message.sid, message.inbound, who, message.address, message.body, message.buttons, message.kind,
        message.template, state_of(message), message.error_code, message.created_at, message.replied_sid,
    )  # fmt: skip


def state_of(message: Message) -> str:
    """The state for the ticks: for a person's message, whether the product took it."""
    if message.inbound:
        return _INBOUND_STATES.get(message.arrival, "sent")
    return message.status


def message_view(message: Message) -> dict[str, Any]:
    """A message as the page draws it."""
    error = None
    if message.error_code:
        error = {"code": message.error_code, "text": wording(message.error_code)}
    elif message.inbound and message.arrival == NOT_ARRIVED:
        error = {"code": None, "text": message.arrival_note}
    return {
        "seq": message.seq,
        "sid": message.sid,
        "address": message.address,
        "inbound": message.inbound,
        "text": message.body,
        "buttons": [button.as_dict() for button in message.buttons],
        "list_label": message.list_label,
        "kind": message.kind,
        "template": message.template,
        "state": state_of(message),
        "error": error,
        "at": message.created_at.isoformat(),
        "replied_sid": message.replied_sid,
        "payload": message.payload,
        "tapped": bool(message.button_text),
        "media": f"/phone/api/media/{message.sid}" if message.media and message.status in _FETCHED else "",
    }


def person_view(
    person: Person, latest: Message | None, unread: int, last_inbound_at: datetime | None
) -> dict[str, Any]:
    """A person as the page lists them."""
    end = closes_at(last_inbound_at)
    return {
        "name": person.name,
        "address": person.address,
        "phone": pretty_phone(person.address).removeprefix("whatsapp:"),
        "language": person.language,
        "time_zone": person.time_zone,
        "unread": unread,
        "latest": message_view(latest) if latest else None,
        "window_closes_at": end.isoformat() if end else None,
    }
