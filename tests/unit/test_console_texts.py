"""Every text of the console is translated, and nothing is translated that is not there."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from bot import i18n
from bot.messaging.error_words import CODES, every_word, meaning
from bot.messaging.message import ErrorClass
from bot.messaging.transports.wazzup_errors import CLASS_OF, spelled

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


@pytest.mark.parametrize("language", [one for one in i18n.LANGUAGES if one != "en"])
def test_what_codes_and_reasons_mean_is_translated(language: str) -> None:
    catalog = i18n.catalogs(language)["errors"]
    assert {message.id for message in catalog if message.id} == every_word()
    assert all(message.string for message in catalog)


@pytest.mark.parametrize(
    ("code", "words"),
    [(63024, "the recipient is not valid"), (99999, "see the provider's page"), ("NEW_ONE", "the provider's code")],
)
def test_a_code_is_told_in_plain_words(code: int | str, words: str) -> None:
    assert meaning(code) == words


def test_what_a_person_can_put_right_at_wazzup_has_words() -> None:
    """Only codes that mean a mistake of ours stand there by themselves."""
    ours = (ErrorClass.TEMPLATE, ErrorClass.PERMANENT)
    codes = [spelled(code) for code, kind in CLASS_OF.items() if kind not in ours]
    assert [code for code in codes if code not in CODES] == []
