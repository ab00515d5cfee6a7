"""The survivors judged harmless, as `accepted.toml` lists them, and which mutants an entry means."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("accepted.toml")
_KEYS = {"module", "function", "reason", "changes"}


class BadEntry(Exception):
    """An entry of the list without what it needs, or with more than it may say."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One change of one entry: where it is meant, and why it may live. `*` in it stands for any text."""

    module: str
    function: str
    change: str
    reason: str

    def means(self, module: str, function: str, change: str) -> bool:
        """Whether the mutant with this change is one of those meant."""
        return (
            _like(self.module).fullmatch(module) is not None
            and _like(self.function).fullmatch(function) is not None
            and _like(self.change).fullmatch(change) is not None
        )

    def about(self, module: str) -> bool:
        """Whether it can mean a mutant of this module."""
        return _like(self.module).fullmatch(module) is not None


@dataclass(slots=True)
class Accepted:
    """The whole list, and which of its patterns have met a mutant."""

    patterns: list[Pattern]
    met: set[Pattern] = field(default_factory=set)

    def reason(self, module: str, function: str, change: str) -> str | None:
        """Why this mutant may live; None when nobody said so."""
        found = [pattern for pattern in self.patterns if pattern.means(module, function, change)]
        self.met.update(found)
        return found[0].reason if found else None

    def unmet(self, modules: Iterable[str]) -> list[Pattern]:
        """The patterns for these modules that met no mutant. Those for any module count when several were tried."""
        known = set(modules)
        several = len(known) > 1
        return [
            pattern
            for pattern in self.patterns
            if pattern not in self.met and (pattern.module in known or (several and any(map(pattern.about, known))))
        ]


def read(path: Path = LIST) -> Accepted:
    """The list from its file. Raises BadEntry for an entry that lacks its module, its reason or its changes."""
    entries: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8")).get("accepted", [])
    return Accepted([pattern for entry in entries for pattern in _patterns(entry)])


def _patterns(entry: dict[str, Any]) -> list[Pattern]:
    changes = entry.get("changes", [])
    if not entry.get("module") or not str(entry.get("reason", "")).strip() or not changes or entry.keys() - _KEYS:
        raise BadEntry(f"an accepted survivor has module, reason, changes and perhaps function: {entry}")
    return [Pattern(entry["module"], entry.get("function", "*"), text, entry["reason"]) for text in changes]


@cache
def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
