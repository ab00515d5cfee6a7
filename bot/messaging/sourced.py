"""Texts about clients that live elsewhere: the same entry with one more line, as of when its facts are. Pure.

A text whose manifest says `sourced = true` holds the line `Source: {{ source }}`. It makes two entries: `NAME` without
that line, and `NAME_sourced` with it. Which one is rendered is decided by the facts alone (`as_of`), so that no caller
can forget it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.messaging.template_manifest import Entry

SUFFIX = "_sourced"
VARIABLE = (
    "_('Wazzup, read %(at)s', at=as_of | moment(zone, today)) if source == 'poll' "
    "else _('Wazzup table of %(at)s', at=as_of | moment(zone, today))"
)
SAMPLE = {"as_of": "2026-11-26T08:15:00+02:00", "source": "table", "zone": "Europe/Riga", "today": "2026-11-26"}
_SLOT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LINE = re.compile(r"^.*\{\{\s*source\s*\}\}.*\n?", re.MULTILINE)


def variant(entry: Entry, text: str) -> Entry:
    """The entry of the longer text. Variables are numbered in the order in which the text has them."""
    before = _LINE.search(text)
    shown = set(_SLOT.findall(text[: before.start()])) if before else set()
    ahead = {name: value for name, value in entry.variables.items() if name in shown or not entry.content}
    rest = {name: value for name, value in entry.variables.items() if name not in ahead}
    return replace(
        entry,
        key=entry.key + SUFFIX,
        sourced=False,
        variables={**ahead, "source": VARIABLE, **rest},
        sample={**entry.sample, **SAMPLE},
    )


def without_source(text: str) -> str:
    """The text without the line that names the source."""
    return _LINE.sub("", text)


def names_source(text: str) -> bool:
    """Whether a text has such a line."""
    return _LINE.search(text) is not None


def key_for(entry: Entry, facts: Mapping[str, Any]) -> str:
    """Which of the two texts these facts want."""
    return entry.key + SUFFIX if entry.sourced and facts.get("as_of") else entry.key
