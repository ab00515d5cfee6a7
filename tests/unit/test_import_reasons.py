"""Every refusal that the code can raise has a text in both languages, and texts say how to put it right."""

import re
import string
from importlib.resources import files

import pytest

from bot.errors import UserError
from bot.imports import reasons
from bot.imports.cells import Problem

_RAISED = re.compile(r"(?:Unreadable|Problem|UserError)\(\s*\"([a-z_]+)\"")


def raised_keys() -> set[str]:
    found: set[str] = {"account_rounded"}
    for module in files("bot.imports").iterdir():
        if module.name.endswith(".py"):
            found |= set(_RAISED.findall(module.read_text(encoding="utf-8")))
    return found


def test_every_key_has_a_text_and_every_text_a_key() -> None:
    raised = raised_keys()
    texts = set(reasons._ROW) | set(reasons._FILE) | set(reasons._WHOLE)
    assert raised - texts == set()
    assert texts - raised - {"account_bad"} == set()


@pytest.mark.parametrize("key", [*reasons._ROW, *reasons._FILE])
def test_both_languages_use_the_same_facts(key: str) -> None:
    english, russian = (reasons._ROW | reasons._FILE)[key]
    names = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, russian)]
    assert names[0] == names[1]
    assert re.search("[а-я]", russian)
    assert not english.endswith(".")


def test_a_reason_in_two_languages() -> None:
    problem = Problem("account_twice", {"value": "48210017", "first": 4})
    assert reasons.reason_text(problem) == "account ID 48210017 stands already in line 4: keep one of the two"
    assert reasons.reason_text(problem, "ru-RU").startswith("ID аккаунта 48210017 уже есть в строке 4")


def test_a_file_refused() -> None:
    error = UserError("import_format", format="PDF", file="clients.pdf")
    text = "Cannot read the table clients.pdf: it is PDF: save the table as XLSX or as CSV."
    assert reasons.error_text(error) == text
    assert "clients.pdf" in reasons.error_text(error, "ru")
