"""The page about alerts names every kind: when it is raised, to whom, what ends it; the console has words for it."""

import re
from pathlib import Path

import pytest

from bot.alerts.alert import Kind
from bot.i18n import LANGUAGES, translations

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
WORDS = (ROOT / "bot" / "templates" / "console" / "words.html.j2").read_text(encoding="utf-8")
RECEIPTS = {Kind.TOPPED_UP, Kind.RENEWED, Kind.SUBSCRIBED, Kind.CHANGED}


def kinds_of(heading: str) -> set[str]:
    """The kinds that the tables under this head line name in their first column."""
    tables = [block for block in PAGE.split("\n\n") if block.startswith(heading)]
    lines = [line for table in tables for line in table.splitlines()[2:]]
    return {kind for line in lines for kind in re.findall(r"`(\w+)`", line.split("|")[1])}


def test_every_kind_says_when_it_is_raised() -> None:
    told = kinds_of("| kind | stages | told |") | kinds_of("| kind | when | told |")
    assert told == {kind.value for kind in Kind} - {"brake"}
    assert "**The brake.**" in PAGE


def test_every_kind_says_to_whom_and_what_settles_it() -> None:
    settled = kinds_of("| kind | to whom | settled by |")
    assert settled == {kind.value for kind in Kind if kind not in RECEIPTS}
    assert "`recovered` and the receipts" in PAGE


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(Kind))
def test_the_console_has_words_for_every_kind(kind: Kind, language: str) -> None:
    macro = WORDS.split("macro alert_word")[1].split("endmacro")[0]
    found = re.search(rf'"{kind.value}": _\("([^"]+)"\)', macro)
    assert found is not None
    said = translations(language).gettext(found[1])
    assert said
    assert language == "en" or re.search("[а-я]", said) or language != "ru"
