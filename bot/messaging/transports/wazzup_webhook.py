"""What Wazzup's webhooks say: messages that came in, reports on ours, states of channels. Pure.

Wazzup adds fields without notice: unknown ones are ignored, and an item that cannot be read does not spoil the others.
"""

import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.ids import Address
from bot.messaging.masking import storable
from bot.messaging.message import Inbound, StatusUpdate
from bot.messaging.transports.wazzup_errors import classify, spelled
from bot.messaging.transports.wazzup_request import SENDER_PREFIX

NAME = "wazzup"
PATH = "/webhooks/wazzup/"
"""The webhook's address, before the secret."""
_DIGITS = re.compile(r"^[1-9]\d{7,14}$")
_ID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")
_WORDS = {"error": "failed"}
"""Their word for a status that has another with us."""
_ITEMS_MAX = 1_000
_VALUE_MAX = 500
_CODE_MAX = 64
_TEXTLESS = frozenset({"text", "wapi_template"})


@dataclass(frozen=True, slots=True)
class ChannelNews:
    """A channel's state as Wazzup reports it, in small letters: `active`, `notenoughmoney`, `disabled`…"""

    channel_id: str
    state: str
    at: datetime


def is_ours(path_qs: str, secret: str) -> bool:
    """Whether an address ends in our secret; compared in a time that tells nothing. Wazzup signs nothing."""
    path = urlsplit(path_qs).path
    given = unquote(path.removeprefix(PATH)) if path.startswith(PATH) else ""
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def parse(body: bytes, now: datetime) -> list[Inbound | StatusUpdate]:
    """Read the messages and reports of a verified webhook. ValueError when it is no JSON object.

    Echoes of what was sent, by us or by a person in Wazzup, are dropped, else the bot would answer itself.
    """
    data = document(body)
    heard = [_inbound(one, now) for one in _items(data, "messages")]
    reports = [_status(one, now) for one in _items(data, "statuses")]
    return [one for one in (*heard, *reports) if one is not None]


def channel_news(body: bytes, now: datetime) -> list[ChannelNews]:
    """The states of channels in a verified webhook, of the public API (`channelsUpdates`) or of the partner API
    (`channel.status_update`). ValueError as `parse`."""
    data = document(body)
    found = [_channel(one, "channelId", "state", one.get("timestamp"), now) for one in _items(data, "channelsUpdates")]
    if data.get("event") == "channel.status_update":
        meta = data.get("meta")
        at = meta.get("timestamp") if isinstance(meta, dict) else None
        found += [_channel(one, "channel_id", "status", at, now) for one in _items(data, "data")]
    return [one for one in found if one is not None]


def document(body: bytes) -> Mapping[str, Any]:
    """The webhook's JSON object. ValueError when it is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("the webhook is no JSON") from error
    if not isinstance(data, dict):
        raise ValueError("the webhook is no JSON object")
    return data


def _items(data: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    items = data.get(name)
    if isinstance(items, list):
        yield from (one for one in items[:_ITEMS_MAX] if isinstance(one, dict))


def _inbound(item: Mapping[str, Any], now: datetime) -> Inbound | None:
    message_id, chat = _text(item, "messageId"), _text(item, "chatId").removeprefix("+")
    channel_id = _text(item, "channelId")
    if item.get("isEcho") or _text(item, "status").lower() != "inbound" or _text(item, "chatType") != "whatsapp":
        return None
    if not (_ID.match(message_id) and _ID.match(channel_id) and _DIGITS.match(chat)):
        return None
    contact = item.get("contact")
    quoted = item.get("quotedMessage")
    return Inbound(
        transport=NAME,
        provider_id=message_id,
        from_address=Address(f"whatsapp:+{chat}"),
        to_address=Address(SENDER_PREFIX + channel_id),
        body=_text(item, "text"),
        received_at=now,
        payload=_payload(item),
        profile_name=_text(contact, "name")[:_VALUE_MAX] or None if isinstance(contact, dict) else None,
        replied_to=_quoted_id(quoted),
        media=0 if _text(item, "type") in _TEXTLESS else 1,
        raw={name: storable(str(item[name]))[:_VALUE_MAX] for name in ("type", "dateTime", "chatType") if name in item},
    )


def _payload(item: Mapping[str, Any]) -> str | None:
    """What a tapped button sends back. Where it stands is not documented: the likely places are looked at."""
    for holder in (item, item.get("interactive")):
        if isinstance(holder, dict):
            for name in ("payload", "callbackData", "buttonPayload", "id"):
                found = holder.get(name)
                if isinstance(found, str) and ":" in found:
                    return found[:_VALUE_MAX]
    return None


def _quoted_id(quoted: object) -> str | None:
    found = _text(quoted, "messageId") if isinstance(quoted, dict) else ""
    return found if _ID.match(found) else None


def _status(item: Mapping[str, Any], now: datetime) -> StatusUpdate | None:
    message_id, status = _text(item, "messageId"), _text(item, "status").lower()
    if not _ID.match(message_id) or not re.match(r"^[a-z_]{1,24}$", status):
        return None
    error = item.get("error")
    code = _text(error, "error") if isinstance(error, dict) else ""
    raw = {name: storable(str(item[name]))[:_VALUE_MAX] for name in ("timestamp", "status") if name in item}
    if isinstance(error, dict):
        raw |= {"error": code[:_VALUE_MAX], "description": _text(error, "description")[:_VALUE_MAX]}
    return StatusUpdate(
        provider_id=message_id,
        status=_WORDS.get(status, status),
        received_at=now,
        error_code=spelled(code)[:_CODE_MAX] if code and status == "error" else None,
        error_class=classify(code) if status == "error" else None,
        raw=raw,
    )


def _channel(item: Mapping[str, Any], id_name: str, state_name: str, at: object, now: datetime) -> ChannelNews | None:
    channel_id, state = _text(item, id_name), _text(item, state_name).lower()
    if not _ID.match(channel_id) or not state:
        return None
    return ChannelNews(channel_id, state[:32], _moment(at, now))


def _moment(value: object, now: datetime) -> datetime:
    """Milliseconds, or seconds, since 1970; ours where it says none, or one to come."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return now
    try:
        told = datetime.fromtimestamp(value / 1000 if value > 100_000_000_000 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return now
    return min(told, now)


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return storable(value) if isinstance(value, str) else str(value) if isinstance(value, int) else ""
