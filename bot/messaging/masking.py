"""What the delivery log keeps of a request and its answer: secrets never, texts and numbers by policy. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bot.phone import masked


class Bodies(StrEnum):
    """How much is kept: everything but secrets; no texts and masked numbers; nothing."""

    FULL = "full"
    MASKED = "masked"
    NONE = "none"


_SECRETS = re.compile(r"authorization|token|password|secret|api_?key", re.IGNORECASE)
_TEXTS = frozenset({"body", "contentvariables", "text", "templatevalues", "caption"})
_ADDRESSES = frozenset({"to", "from", "chatid", "phone"})
_NUMBER = re.compile(r"\+\d{7,15}|\b[A-Z]{2}\.[A-Za-z0-9]{8,}")
_VALUE_MAX = 2_000
HIDDEN = "***"


def kept(message: Mapping[str, Any] | None, bodies: Bodies) -> dict[str, Any] | None:
    """A request or an answer, as far as it is kept; what says nothing (None) is left out of it."""
    if message is None or bodies is Bodies.NONE:
        return None
    found = _kept(message, bodies is Bodies.MASKED)
    assert isinstance(found, dict)
    return found


def _kept(value: Any, hide: bool) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _field(str(name), one, hide) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_kept(one, hide) for one in value]
    if isinstance(value, str):
        return (_NUMBER.sub(lambda found: masked(found[0]), value) if hide else value)[:_VALUE_MAX]
    return value


def _field(name: str, value: Any, hide: bool) -> Any:
    if _SECRETS.search(name):
        return HIDDEN
    if hide and name.lower() in _TEXTS and not isinstance(value, Mapping):
        return f"({len(value)} characters)" if isinstance(value, str) else HIDDEN
    if hide and name.lower() in _ADDRESSES and isinstance(value, str):
        prefix, colon, number = value.rpartition(":")
        return prefix + colon + masked(number)
    return _kept(value, hide)
