"""Stripe's request bodies: form fields with bracketed names (`line_items[0][quantity]`) to nested data. Pure."""

import re
from typing import Any
from urllib.parse import parse_qsl

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")
FIELDS_MAX = 500


def parse_form(text: str) -> dict[str, Any]:
    """Nested dicts; numbered parts become lists in the order of their numbers. ValueError for a senseless name."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX):
        match = _NAME.match(name)
        if match is None:
            raise ValueError(f"Field name without sense: {name}")
        _put(found, [match[1], *_PART.findall(match[2])], value, name)
    return {name: _listed(value) for name, value in found.items()}


def _put(into: dict[str, Any], path: list[str], value: str, name: str) -> None:
    for part in path[:-1]:
        into = into.setdefault(part, {})
        if not isinstance(into, dict):
            raise ValueError(f"Field name without sense: {name}")
    last = path[-1] or str(len(into))
    if last in into:
        raise ValueError(f"Field given twice: {name}")
    into[last] = value


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(part) for name, part in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
