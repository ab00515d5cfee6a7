"""Every text of the console is translated, and nothing is translated that is not there."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from bot import i18n

TEMPLATES = Path(__file__).parents[2] / "bot/templates/console"


def texts() -> set[object]:
    """What the templates say, as gettext knows it."""
    return {message for _, _, message, _, _ in extract_from_dir(TEMPLATES, [("**.j2", "jinja2")])}


@pytest.mark.parametrize("language", [one for one in i18n.LANGUAGES if one != "en"])
def test_every_text_is_translated(language: str) -> None:
    catalog = i18n.catalogs(language)["console"]
    translated = {message.id: message.string for message in catalog if message.id}

    assert texts() == set(translated)
    for source, target in translated.items():
        assert all(target) if isinstance(target, tuple) else target, source


@pytest.mark.parametrize("language", [one for one in i18n.LANGUAGES if one != "en"])
def test_placeholders_survive_translation(language: str) -> None:
    for message in i18n.catalogs(language)["console"]:
        assert not list(message.check())
