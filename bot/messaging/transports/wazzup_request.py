"""The body of `POST /v3/message`: one message in Wazzup's words. Pure."""

import re
from typing import Any

from bot.messaging.transport import OutMessage
from bot.messaging.window import Mode

SENDER_PREFIX = "wazzup:"
"""Our name of a Wazzup channel as a sender of messages: this and the channel's id."""
TEXT_MAX = {"whatsapp": 10_000, "wapi": 1_024}
_CHAT_ID = re.compile(r"^[1-9]\d{7,14}$")
_TITLE_MAX = 20


def chat_id(address: str) -> str:
    """The digits of a WhatsApp address. ValueError for one without a number (a business-scoped id)."""
    digits = address.removeprefix("whatsapp:").removeprefix("+")
    if not _CHAT_ID.match(digits):
        raise ValueError(f"{address} is no number that Wazzup takes")
    return digits


def body_of(message: OutMessage, channel_id: str, transport: str) -> dict[str, Any]:
    """The request for one message. ValueError for an address that Wazzup does not take.

    A personal WhatsApp (`whatsapp`) shows no buttons, so they become numbered lines; on the Business API (`wapi`) they
    are buttons in a conversation, and outside the window the stored template has its own. Wazzup takes a text or a
    picture, not both: a picture goes without its text.
    """
    body: dict[str, Any] = {
        "channelId": channel_id,
        "chatType": "whatsapp",
        "chatId": chat_id(message.to),
        "crmMessageId": message.delivery_id,
        "clearUnanswered": False,
    }
    if message.media is not None:
        return body | {"contentUri": message.media}
    if transport != "wapi":
        return body | {"text": with_numbers(message)}
    if message.mode is Mode.TEMPLATE and message.content_id is not None:
        return body | {"templateId": message.content_id, "templateValues": template_values(message)}
    if message.buttons:
        buttons = [{"text": title[:_TITLE_MAX], "type": "text", "payload": load} for title, load in message.buttons]
        body["buttonsObject"] = {"buttons": buttons}
    return body | {"text": message.body}


def with_numbers(message: OutMessage) -> str:
    """The text, and each button as a numbered line: the number is answered like a tap."""
    lines = [f"{n}. {title}" for n, (title, _) in enumerate(message.buttons, start=1)]
    return "\n".join([message.body, *lines])


def template_values(message: OutMessage) -> list[str]:
    """The variables of a template by position, without the payloads of its buttons, which come last."""
    values = [message.variables[str(n)] for n in range(1, len(message.variables) + 1)]
    return values[: len(values) - len(message.buttons)] if message.buttons else values
