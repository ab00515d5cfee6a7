"""Texts and commands fit together: what the bot says can be typed or tapped, and every reason has words."""

import ast
import re
from pathlib import Path

import pytest

import bot
from bot.handlers.commands import Help, Mention, Unknown
from bot.handlers.dispatcher import ROUTER
from bot.handlers.parser import parse
from bot.handlers.refusals import REASON_FAMILIES
from bot.handlers.words.en import WORDS as EN
from bot.handlers.words.model import Verb
from bot.handlers.words.ru import WORDS as RU
from bot.i18n import LANGUAGES, translations
from bot.messaging.templates import registry

ENTRIES = [registry().entry(key) for key in registry().names()]
TAPPED_OTHERWISE = {"both": "confirm", "only": "confirm", "agree": "consent", "refuse": "consent"}
"""Buttons whose payload has another verb than their own name."""
NOT_BY_CHAT = {
    "bad_usage_key",
    "balance_reaches",
    "key_conflict",
    "unknown_program",
    "usage_ahead",
    "usage_elsewhere",
    "wrong_code",
}
"""Reasons that no message can cause, or that are answered without a text of their own."""
NOT_BY_CHAT |= {"unknown_transport", "bad_channel_name", "channel_exists", "partner_left"}
NOT_BY_CHAT |= {"free_not_own", "free_limit", "free_demo_transport", "free_demo_twice"}
"""Channels are added on the command line only."""
NOT_BY_CHAT |= {"transaction_unknown", "not_reversible", "receipt_unknown", "undo_elsewhere"}
"""Reversing is the operator's, and so is the undo of his own."""
REASONS = tuple(f"{family}/error_" for family in REASON_FAMILIES)
_BOLD = re.compile(r"\*([^*\n]+)\*")


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one.buttons], ids=lambda one: one.key)
def test_every_button_has_a_handler(entry) -> None:  # type: ignore[no-untyped-def]
    for action in entry.buttons:
        assert TAPPED_OTHERWISE.get(action, action) in ROUTER.verbs


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_title_can_be_typed(language: str) -> None:
    translate = translations(language).gettext
    for entry in ENTRIES:
        for title in entry.buttons.values():
            command = parse(translate(title), None, language)
            assert not isinstance(command, Unknown | Mention), (entry.key, translate(title))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_in_the_help_is_understood(language: str) -> None:
    facts = {"name": "Anna", "partner": "Riga", "greeting": False, "may_move_money": True}
    text = registry().render("replies/help", language, facts).body
    examples = _BOLD.findall(text)
    assert len(examples) >= 10
    for example in examples:
        assert not isinstance(parse(example, None, language), Unknown | Mention | Help), example


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for key in registry().names() if key.startswith(("replies/", "people/"))])
def test_what_a_text_tells_to_send_is_understood(key: str, language: str) -> None:
    entry = registry().entry(key)
    if entry.content or key == "replies/partner":
        return
    for example in _BOLD.findall(registry().render(key, language, entry.sample).body):
        if example in ("Alfa Dental", "Riga Partners") or example[0].isdigit():
            continue
        assert not isinstance(parse(example, None, language), Unknown | Mention), (key, example)


def test_every_reason_of_billing_has_words() -> None:
    reasons = set()
    for file in (Path(bot.__file__).parent / "billing").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "UserError":
                assert isinstance(node.args[0], ast.Constant | ast.Name)
                if isinstance(node.args[0], ast.Constant):
                    reasons.add(str(node.args[0].value))
    texts = set(registry().names())
    written = {text.split("/error_")[1] for text in texts if text.startswith(REASONS)}
    assert reasons - NOT_BY_CHAT - written == set()


def test_both_languages_know_every_verb() -> None:
    verbs = set(Verb.__args__)  # type: ignore[attr-defined]
    assert set(EN.verbs) == set(RU.verbs) == verbs
    assert set(EN.taps) == set(RU.taps)
