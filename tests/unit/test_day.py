"""A day as people type it is the day they mean."""

from datetime import date

import pytest

from bot.handlers.day import day_at_end
from bot.handlers.plain_text import text_after, words
from bot.handlers.vocabulary import vocabulary

THURSDAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("friday", date(2026, 11, 27)),
        ("в пятницу", date(2026, 11, 27)),
        ("thursday", date(2026, 12, 3)),
        ("today", THURSDAY),
        ("завтра", date(2026, 11, 27)),
        ("in 3 days", date(2026, 11, 29)),
        ("через 2 недели", date(2026, 12, 10)),
        ("28 nov", date(2026, 11, 28)),
        ("nov 28th", date(2026, 11, 28)),
        ("до 5 декабря", date(2026, 12, 5)),
        ("28.11", date(2026, 11, 28)),
        ("28.11.2026", date(2026, 11, 28)),
        ("2026-12-01", date(2026, 12, 1)),
        ("5 jan", date(2027, 1, 5)),
        ("29.02.2028", None),
        ("31 nov", None),
        ("25.11.2026", None),
    ],
)
def test_a_day_is_read(said: str, meant: date | None) -> None:
    found = day_at_end(words(said), vocabulary("en"))
    assert found is not None
    assert found[0].on(THURSDAY) == meant


@pytest.mark.parametrize("said", ["alfa", "13.13", "3000 days", "", "99999999999 days", "5", "nov"])
def test_other_words_are_no_day(said: str) -> None:
    assert day_at_end(words(said), vocabulary("en")) is None


def test_the_text_after_some_words_is_as_it_was_written() -> None:
    assert text_after("note: Alfa Dental — call at 5, pays “Friday”!", 3) == "call at 5, pays “Friday”!"
    assert text_after("note alfa", 2) == ""
