"""The table of lessons names every test of a lesson, in the file it stands for, and nothing that there is not."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")][
    1:
]
FILES = {"A": "alerts", "C": "claims", "M": "messages", "€": "money"}


@pytest.mark.parametrize("mark", FILES)
def test_every_test_of_a_lesson_is_in_the_table(mark: str) -> None:
    source = (ROOT / f"tests/integration/test_lessons_of_peers_{FILES[mark]}.py").read_text(encoding="utf-8")
    named = [name for row in ROWS if row[2].startswith(mark) for name in re.findall(r"`(test_\w+)`", row[2])]
    assert sorted(named) == sorted(re.findall(r"^(?:async )?def (test_\w+)", source, re.MULTILINE))


def test_all_twelve_lessons_are_there_and_each_line_says_what_was_broken() -> None:
    numbers = {int(found[1]) for row in ROWS if (found := re.match(r"(\d+)\. ", row[0]))}
    assert numbers == set(range(1, 13))
    assert all(len(row) == 4 and row[3] for row in ROWS)
