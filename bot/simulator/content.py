"""Content types: which are known, what WhatsApp allows in each, and how variables fill them. Pure."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.simulator.message import Button, Content
from bot.simulator.refusals import Refusal
from bot.simulator.settings import INTERACTIVE_CHARACTERS_MAX, SENT_CHARACTERS_MAX

LIST_PICKER = "twilio/list-picker"
QUICK_REPLY = "twilio/quick-reply"
CALL_TO_ACTION = "twilio/call-to-action"
TEXT = "twilio/text"
KNOWN_TYPES = (LIST_PICKER, QUICK_REPLY, CALL_TO_ACTION, TEXT)
"""The richest first: of several types in one content, WhatsApp shows the first of these."""

VARIABLE = re.compile(r"\{\{\s*(\w{1,16})\s*\}\}")
_VARIABLES_MAX = 100
_VALUE_MAX = 1_600
_BUTTONS_MAX = 10
_TITLE_MAX, _QUICK_ID_MAX = 20, 256
_ITEM_MAX, _ITEM_ID_MAX, _DESCRIPTION_MAX = 24, 200, 72
_TARGET_MAX = 2_000
_ROWS = {LIST_PICKER: "items", QUICK_REPLY: "actions", CALL_TO_ACTION: "actions"}
_ACTION_KINDS = {"URL": ("url", "url"), "PHONE_NUMBER": ("phone", "phone"), "COPY_CODE": ("code", "code")}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A content with its variables filled in. `missing` names those with neither a value nor a sample."""

    content_type: str
    body: str
    buttons: tuple[Button, ...]
    list_label: str = ""
    missing: tuple[str, ...] = ()


def content_type(types: dict[str, Any]) -> str:
    """The type that WhatsApp will show. Refusal 20001 when none is known."""
    for known in KNOWN_TYPES:
        if known in types:
            return known
    raise Refusal(20001, f"types must hold one of {', '.join(KNOWN_TYPES)}; this simulator knows no other")


def check_content(body: Any) -> None:
    """Refuse (20001) a content whose form or lengths Twilio or WhatsApp would not take."""
    _expect(isinstance(body, dict), "the body must be a JSON object")
    _expect(isinstance(body.get("language"), str) and body["language"], "language is required")
    _expect(isinstance(body.get("types"), dict) and body["types"], "types is required")
    samples = body.get("variables") or {}
    _expect(isinstance(samples, dict), "variables must be an object")
    _expect(all(isinstance(value, str) for value in samples.values()), "variables must be strings")
    _expect(len(samples) <= _VARIABLES_MAX, f"at most {_VARIABLES_MAX} variables")
    chosen = content_type(body["types"])
    part = body["types"][chosen]
    _expect(isinstance(part, dict) and isinstance(part.get("body"), str) and part["body"], f"{chosen} needs a body")
    limit = SENT_CHARACTERS_MAX if chosen == TEXT else INTERACTIVE_CHARACTERS_MAX
    _expect(len(part["body"]) <= limit, f"{chosen}: body is longer than {limit} characters")
    if chosen == LIST_PICKER:
        _check_list(part)
    elif chosen != TEXT:
        _check_actions(chosen, part)


def _check_actions(chosen: str, part: dict[str, Any]) -> None:
    actions = part.get("actions")
    _expect(isinstance(actions, list) and 1 <= len(actions) <= _BUTTONS_MAX, f"{chosen} takes 1 to 10 actions")
    assert isinstance(actions, list)  # for the type checker: refused above
    for action in actions:
        _check_text(action, "title", _TITLE_MAX)
        if chosen == QUICK_REPLY:
            _check_text(action, "id", _QUICK_ID_MAX, required=False)
        else:
            kind = str(action.get("type"))
            _expect(kind in _ACTION_KINDS, f"action type {kind!r} is not one of {', '.join(_ACTION_KINDS)}")
            _check_text(action, _ACTION_KINDS[kind][1], _TARGET_MAX)


def _check_list(part: dict[str, Any]) -> None:
    _check_text(part, "button", _TITLE_MAX)
    items = part.get("items")
    _expect(isinstance(items, list) and 1 <= len(items) <= _BUTTONS_MAX, "a list picker takes 1 to 10 items")
    assert isinstance(items, list)  # for the type checker: refused above
    for item in items:
        _check_text(item, "item", _ITEM_MAX)
        _check_text(item, "id", _ITEM_ID_MAX)
        _check_text(item, "description", _DESCRIPTION_MAX, required=False)


def _check_text(part: Any, name: str, limit: int, required: bool = True) -> None:
    _expect(isinstance(part, dict), "every action and item is an object")
    value = part.get(name)
    if value is None and not required:
        return
    _expect(isinstance(value, str) and (value or not required), f"{name} must be a text")
    plain = VARIABLE.sub("", value)
    _expect(len(plain) <= limit, f"{name} {value!r} is longer than {limit} characters")


def _expect(holds: Any, problem: str) -> None:
    if not holds:
        raise Refusal(20001, problem)


def parse_variables(text: str) -> dict[str, str]:
    """ContentVariables as sent. Refusal 21656 unless it is a JSON object of non-empty texts."""
    if not text:
        return {}
    try:
        values = json.loads(text)
    except ValueError as error:
        raise Refusal(21656) from error
    if not isinstance(values, dict) or len(values) > _VARIABLES_MAX:
        raise Refusal(21656)
    if not all(_good_value(key, value) for key, value in values.items()):
        raise Refusal(21656)
    return values


def _good_value(key: str, value: Any) -> bool:
    return len(key) <= 16 and isinstance(value, str) and 0 < len(value) <= _VALUE_MAX


def placeholders(types: dict[str, Any]) -> list[str]:
    """Names of the variables used in the shown type, each once, in order."""
    part = types[content_type(types)]
    return list(dict.fromkeys(name for text in _texts(part) for name in VARIABLE.findall(text)))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)


def render(content: Content, values: dict[str, str]) -> Rendered:
    """The content as the person sees it. A missing value falls back to the sample, as at Twilio."""
    filled = {**content.variables, **values}
    chosen = content_type(content.types)
    part = content.types[chosen]

    def fill(text: str | None) -> str:
        return VARIABLE.sub(lambda match: filled.get(match.group(1), match.group(0)), text or "")

    missing = tuple(name for name in placeholders(content.types) if not filled.get(name))
    rows = part[_ROWS[chosen]] if chosen in _ROWS else ()
    label = fill(part["button"]) if chosen == LIST_PICKER else ""
    return Rendered(chosen, fill(part["body"]), tuple(_button(chosen, row, fill) for row in rows), label, missing)


def _button(chosen: str, row: dict[str, Any], fill: Callable[[str | None], str]) -> Button:
    if chosen == LIST_PICKER:
        return Button(fill(row["item"]), fill(row["id"]), "item", description=fill(row.get("description")))
    if chosen == QUICK_REPLY:
        return Button(fill(row["title"]), fill(row.get("id") or row["title"]))
    kind, field = _ACTION_KINDS[row["type"]]
    return Button(fill(row["title"]), "", kind, fill(row[field]))
