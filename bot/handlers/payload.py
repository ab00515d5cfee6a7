"""What a button carries: `<verb>[:<id>[:<arg>]]`, short and opaque, written and read here only. Pure."""

import re

from bot.handlers.commands import Tap

PAYLOAD_MAX = 200
"""WhatsApp's limit for the id of a list row, the smaller of the two (buttons may have 256)."""
_GRAMMAR = re.compile(r"([a-z][a-z_]{0,23})(?::([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9_.-]{1,64}))?)?")


def payload_of(verb: str, id_: str | None = None, arg: str | None = None) -> str:
    """The payload of a button. ValueError when the parts do not fit the grammar."""
    text = ":".join(part for part in (verb, id_, arg) if part is not None)
    if tap_of(text) != Tap(verb, id_, arg):
        raise ValueError(f"no payload can be made of {verb!r}, {id_!r}, {arg!r}")
    return text


def tap_of(payload: str | None) -> Tap | None:
    """The tap that a payload stands for, or None when it is not one of ours. It is untrusted: ids may be invented."""
    match = _GRAMMAR.fullmatch(payload or "") if len(payload or "") <= PAYLOAD_MAX else None
    return Tap(match[1], match[2], match[3]) if match else None
