"""What a family's manifest.toml says about each of its texts: variables, buttons, samples, category. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import ConfigError

CATEGORIES = ("utility", "marketing", "authentication")
_KEY = re.compile(r"^[a-z][a-z0-9_]*$")
_KNOWN = {"category", "variables", "buttons", "sample", "only_in_window", "content", "sourced"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of the product.

    `key` is `family/name`. A *content* entry has fixed lines, single-line variables and fixed buttons, and goes as a
    content template; any other is free text that only goes while the 24-hour window is open.
    `variables` maps the name used in the text to the expression that makes its value from the facts, in the order of
    their numbers. `buttons` maps an action to its English title, in the order shown. `sourced`: it tells of a client,
    and says as of when where that client's facts were read from elsewhere (`sourced.py`).
    """

    key: str
    content: bool = False
    category: str = "utility"
    only_in_window: bool = False
    sourced: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    buttons: Mapping[str, str] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs_approval(self) -> bool:
        """Whether WhatsApp must approve it, because it may open a conversation."""
        return self.content and not self.only_in_window


def entries(family: str, data: Mapping[str, Any]) -> list[Entry]:
    """The entries of a parsed manifest; ConfigError with one line per mistake."""
    problems = [problem for name, table in data.items() for problem in _problems(f"{family}/{name}", name, table)]
    if problems:
        raise ConfigError(problems)
    return [_entry(f"{family}/{name}", table) for name, table in data.items()]


def _entry(key: str, table: Mapping[str, Any]) -> Entry:
    buttons = dict(table.get("buttons", {}))
    return Entry(
        key=key,
        content=bool(buttons) or bool(table.get("content", False)),
        category=table.get("category", "utility"),
        only_in_window=bool(table.get("only_in_window", False)),
        sourced=bool(table.get("sourced", False)),
        variables=dict(table.get("variables", {})),
        buttons=buttons,
        sample=dict(table.get("sample", {})),
    )


def _problems(key: str, name: str, table: Any) -> list[str]:
    if not isinstance(table, dict):
        return [f"{key}: expected a table"]
    found = [f"{key}: unknown setting {word!r}" for word in sorted(set(table) - _KNOWN)]
    if not _KEY.match(name):
        found.append(f"{key}: a name is lower case letters, digits and underscores")
    if table.get("category", "utility") not in CATEGORIES:
        found.append(f"{key}: category is one of {', '.join(CATEGORIES)}")
    for part in ("variables", "buttons"):
        values = table.get(part, {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            found.append(f"{key}: {part} maps names to text")
    return found
