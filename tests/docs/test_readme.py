"""The README says what is: its commands exist, its files exist, its transcript is what the demo prints."""

import asyncio
import re
from pathlib import Path

from bot.cli.demo import play
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_MOVING = (
    (r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ", ""),
    (r"\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)( \d{4})?", "DAY"),
    (r"\d\d:\d\d", "HOUR"),
    (r"receipt \w{5}", "receipt NUMBER"),
)
"""What differs from one day to the next: days, hours, receipt numbers."""


def steady(text: str) -> str:
    for pattern, word in _MOVING:
        text = re.sub(pattern, word, text)
    return text


def test_the_transcript_is_what_the_demo_prints(tmp_path: Path) -> None:
    block = re.search(r"```\n(curatorbot → Anna.*?)\n\.\.\.\n", README, re.DOTALL)
    assert block
    played = asyncio.run(play(Settings(), tmp_path, narrate=False))
    said = [steady(f"{step.who} → {step.to}\n{step.text}") for step in played.steps]
    said = [re.sub(r"\n\[", "\n[", text) for text in said]
    for told in block[1].split("\n\n"):
        head, _, text = told.partition("\n")
        assert steady(f"{head.split(' (')[0]}\n{text}") in said, told


def test_every_linked_file_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_its_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
