"""The page about the chat names every command, and every command line it gives works."""

import re
from pathlib import Path

from bot.handlers.commands import Mention, Unknown
from bot.handlers.parser import parse
from bot.handlers.vocabulary import ALL

PAGE = (Path(__file__).parents[2] / "docs" / "chat.md").read_text(encoding="utf-8")
TABLE = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]
NEVER_TYPED_ALONE = {"hello", "thanks"}


def test_every_example_is_understood() -> None:
    examples = [example for line in TABLE for example in re.findall(r"`([^`]+)`", line)]
    assert len(examples) > 30
    for example in examples:
        assert not isinstance(parse(example, None, "en"), Unknown | Mention), example


def test_every_command_is_named_in_every_language() -> None:
    for words in ALL:
        for verb, phrases in words.verbs.items():
            if verb not in NEVER_TYPED_ALONE:
                assert any(f"`{phrase}" in PAGE.replace("ё", "е") for phrase in phrases), (words.language, verb)
