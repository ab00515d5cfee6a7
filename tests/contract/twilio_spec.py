"""Twilio's public description of its API, as an oracle for what we send."""

from collections.abc import Callable
from typing import Any

from jsonschema import Draft4Validator

MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


def problems(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value. OpenAPI 3.0 is a dialect of draft 4."""
    validator = Draft4Validator({**schema, "components": document["components"]})
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(value)]


def typed(schema: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
    """A form's texts as the types that the description gives its parameters; a surplus parameter raises KeyError."""
    kinds: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "boolean": lambda text: text == "true"}
    return {name: kinds.get(schema["properties"][name].get("type"), str)(value) for name, value in form.items()}
