"""What the delivery log keeps of a request and its answer: secrets never, texts and numbers by policy. Pure."""

import re
from collections.abc import Mapping, Sequence
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
_LINE_MIN = 12
"""A shorter line of a message is too common a word to be looked for."""
HIDDEN = "***"


def kept(message: Mapping[str, Any] | None, bodies: Bodies, private: Sequence[str] = ()) -> dict[str, Any] | None:
    """A request or an answer, as far as it is kept; what says nothing (None) is left out of it. `private` as `told`."""
    if message is None or bodies is Bodies.NONE:
        return None
    found = _kept(message, bodies is Bodies.MASKED, private)
    assert isinstance(found, dict)
    return found


def told(text: str, bodies: Bodies, private: Sequence[str] = ()) -> str:
    """A provider's words as far as they are kept: without numbers and without `private`, which it may have repeated."""
    return storable(text) if bodies is Bodies.FULL else _hidden(text, private)


def private_of(address: str, text: str) -> tuple[str, ...]:
    """What a provider may repeat of a message: its text, its lines, the digits of whom it goes to."""
    lines = [line.strip() for line in text.splitlines()]
    digits = address.rpartition(":")[2].removeprefix("+")
    return tuple(one for one in (text, *(line for line in lines if len(line) >= _LINE_MIN), digits) if one)


def without(value: Any, secrets: Sequence[str]) -> Any:
    """The same without these secrets, wherever they stand in it."""
    if isinstance(value, Mapping):
        return {name: without(one, secrets) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [without(one, secrets) for one in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
    return value


def storable(text: str) -> str:
    """Text from outside without what no database takes: NUL, and halves of characters, as JSON can name them."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _kept(value: Any, hide: bool, private: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        fields = [(storable(str(name)), one) for name, one in value.items() if one is not None]
        return {name: _field(name, one, hide, private) for name, one in fields}
    if isinstance(value, list | tuple):
        return [_kept(one, hide, private) for one in value]
    if isinstance(value, str):
        return (_hidden(value, private) if hide else storable(value))[:_VALUE_MAX]
    return HIDDEN if hide and str(value) in private else value


def _field(name: str, value: Any, hide: bool, private: Sequence[str]) -> Any:
    plain = name.lower().replace("_", "")
    if _SECRETS.search(name):
        return HIDDEN
    if hide and plain in _TEXTS and not isinstance(value, Mapping):
        return f"({len(value)} characters)" if isinstance(value, str) else HIDDEN
    if hide and plain in _ADDRESSES and isinstance(value, str | int):
        prefix, colon, number = storable(str(value)).rpartition(":")
        return prefix + colon + masked(number)
    return _kept(value, hide, private)


def _hidden(text: str, private: Sequence[str]) -> str:
    text = storable(text)
    for one in private:
        text = text.replace(one, masked(one) if one.isdigit() else HIDDEN)
    return _NUMBER.sub(lambda found: masked(found[0]), text)
