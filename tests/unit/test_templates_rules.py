"""Every text the product ships keeps the rules: it renders, it is translated, WhatsApp takes it."""

import pytest

from bot.i18n import LANGUAGES
from bot.messaging.template_rules import body_problems, check, check_text
from bot.messaging.templates import registry


def test_some_texts_are_shipped() -> None:
    assert "alerts/ending" in registry().names()


@pytest.mark.parametrize("key", registry().names())
def test_text_keeps_the_rules(key: str) -> None:
    assert [str(problem) for problem in check_text(registry(), key)] == []


def test_no_words_are_translated_in_two_ways() -> None:
    assert [str(problem) for problem in check(registry()) if problem.key.endswith(".po")] == []


@pytest.mark.parametrize(
    ("body", "variables", "problem"),
    [
        ("{{1}} is late today", 1, "starts with a variable"),
        ("*{{1}}* is late today", 1, "starts with a variable"),
        ("Hello to you {{1}}", 1, "ends with a variable"),
        ("Hello to you {{1}} {{2}} and to all the other people", 2, "two variables stand side by side"),
        ("Hello {{1}} and {{3}} of this whole big family", 2, "uses the variables [1, 3], declares 1 to 2"),
        ("Hello {{1}} ok", 1, "2 fixed words for 1 variables"),
        ("Hello {{1}} to you\n\nand all", 1, "holds an empty line"),
    ],
)
def test_broken_rule_is_named(body: str, variables: int, problem: str) -> None:
    assert any(found.startswith(problem) for found in body_problems(body, variables))


def test_contents_differ_by_language() -> None:
    contents = registry().contents()
    assert len({content.checksum for content in contents}) == len(contents)
    assert len({content.name for content in contents}) == len(contents)
    assert {content.language for content in contents} == set(LANGUAGES)
