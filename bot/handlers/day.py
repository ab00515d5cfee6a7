"""Reads a day as people type it: a weekday, "tomorrow", "in 3 days", "28 nov", "28.11", "2026-11-28". Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.handlers.plain_text import Word
from bot.handlers.vocabulary import Vocabulary

DAYS_AHEAD_MAX = 366
"""A day further ahead is taken for a slip."""
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|-?го|-?е)?")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaySaid:
    """A day as it was said: days from today, an ISO weekday, or a day and month with or without the year."""

    days: int | None = None
    weekday: int | None = None
    day: int | None = None
    month: int | None = None
    year: int | None = None

    def on(self, today: date) -> date | None:
        """Which day that is: never before today, a weekday always after it. None when there is no such day."""
        if self.days is not None:
            return today + self.days * _DAY
        if self.weekday is not None:
            return today + ((self.weekday - today.isoweekday() - 1) % 7 + 1) * _DAY
        years = [self.year] if self.year else [today.year, today.year + 1]
        found = [known for year in years if (known := _date(year, self.month or 0, self.day or 0)) is not None]
        ahead = [one for one in found if today <= one <= today + DAYS_AHEAD_MAX * _DAY]
        return ahead[0] if ahead else None


def day_at_end(said: Sequence[Word], known: Vocabulary) -> tuple[DaySaid, int] | None:
    """The day that these words end with, and how many words say so; None when they do not end with one."""
    end = len(said)
    while end and said[end - 1].key in known.polite:
        end -= 1
    for length in (3, 2, 1):
        if length <= end:
            day = _read([word.key.rstrip(",") for word in said[end - length : end]], known)
            if day is not None:
                return day, len(said) - end + length
    return None


def _read(keys: Sequence[str], known: Vocabulary) -> DaySaid | None:
    match keys:
        case [one]:
            return _one_word(one, known)
        case [number, unit] if number.isdigit() and len(number) <= 3 and unit in known.day_units:
            days = int(number) * known.day_units[unit]
            return DaySaid(days=days) if days <= DAYS_AHEAD_MAX else None
        case [first, second]:
            return _day_and_month(first, second, None, known)
        case [first, second, year] if year.isdigit() and len(year) == 4:
            return _day_and_month(first, second, int(year), known)
        case _:
            return None


def _one_word(key: str, known: Vocabulary) -> DaySaid | None:
    if key in known.weekdays:
        return DaySaid(weekday=known.weekdays[key])
    if key in known.days:
        return DaySaid(days=known.days[key])
    if iso := _ISO.fullmatch(key):
        return DaySaid(year=int(iso[1]), month=int(iso[2]), day=int(iso[3]))
    dotted = _DOTTED.fullmatch(key)
    if dotted is None or not 1 <= int(dotted[2]) <= 12:
        return None
    return DaySaid(day=int(dotted[1]), month=int(dotted[2]), year=int(dotted[3]) if dotted[3] else None)


def _day_and_month(first: str, second: str, year: int | None, known: Vocabulary) -> DaySaid | None:
    for number, name in ((first, second), (second, first)):
        day = _ORDINAL.fullmatch(number)
        if day and name in known.month_names:
            return DaySaid(day=int(day[1]), month=known.month_names[name], year=year)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
