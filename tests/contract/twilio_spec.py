"""Twilio's public description of its API, as an oracle for what we send."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

SPECS = Path(__file__).resolve().parents[2].parent / "shared" / "specs"
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


def load(name: str) -> dict[str, Any]:
    """A description by file name; skips the test when it is not at hand."""
    file = SPECS / name
    if not file.is_file():
        pytest.skip(f"the provider's description {name} is not at hand")
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return data


def problems(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value. OpenAPI 3.0 is a dialect of draft 4."""
    validator = Draft4Validator({**schema, "components": document["components"]})
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(value)]


def typed(schema: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
    """A form's texts as the types that the description gives its parameters; a surplus parameter raises KeyError."""
    kinds: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "boolean": lambda text: text == "true"}
    return {name: kinds.get(schema["properties"][name].get("type"), str)(value) for name, value in form.items()}
