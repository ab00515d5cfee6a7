"""End dates as people write them: ISO, day first, month by name in English and Russian. Pure."""

import re
from collections.abc import Iterable
from datetime import date

from bot.imports.cells import Cell, Number, Unreadable, as_text, is_nothing, shown

YEARS = (2000, 2100)
"""Years that an end date may lie in; anything else is a slip."""
_NO_SUBSCRIPTION = frozenset(
    (
        "no subscription",
        "without subscription",
        "not subscribed",
        "never",
        "daily",
        "daily payments",
        "нет подписки",
        "без подписки",
        "подписки нет",
        "не оформлена",
        "не подключена",
        "посуточно",
    )
)
_MONTHS = (
    "jan january янв январь января",
    "feb february фев февр февраль февраля",
    "mar march мар март марта",
    "apr april апр апрель апреля",
    "may май мая",
    "jun june июн июнь июня",
    "jul july июл июль июля",
    "aug august авг август августа",
    "sep sept september сен сент сентябрь сентября",
    "oct october окт октябрь октября",
    "nov november ноя нояб ноябрь ноября",
    "dec december дек декабрь декабря",
)
_MONTH_BY_WORD = {word: number for number, words in enumerate(_MONTHS, start=1) for word in words.split()}
_TIME = re.compile(r"(?:[t ]|, ?)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?(?: ?(?:z|utc|[+-]\d{2}:?\d{2}))?$")
_BEFORE = re.compile(r"^(?:till|until|up to|to|до|по)\s+")
_WEEKDAY = re.compile(
    r"^(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)\.?,?\s+"
)
_YEAR_WORD = re.compile(r"\s*(?:г\.?|года|год)$")
_ISO = re.compile(r"(\d{4})([-./])(\d{1,2})\2(\d{1,2})")
_NUMERIC = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{2}|\d{4})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ .\-]+([^\W\d_]+)[ .,\-]+(\d{4})")
_MONTH_DAY = re.compile(r"([^\W\d_]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")


def month_first_example(cells: Iterable[Cell]) -> str | None:
    """A date of the column that only makes sense as month/day, such as `12/31/2026`; None when there is none."""
    for cell in cells:
        found = _NUMERIC.fullmatch(_bare(cell)) if isinstance(cell, str) and "/" in cell else None
        if found and found[2] == "/" and int(found[1]) <= 12 < int(found[3]) <= 31:
            return found[0]
    return None


def read_end_date(cell: Cell, month_first: str | None = None) -> date | None:
    """The last paid day; None for no subscription. Unreadable: `date_unreadable`, `date_impossible`, `date_order`.

    `03/12/2026` is the third of December, unless the column holds a `month_first` example: then nobody can tell.
    """
    if isinstance(cell, Number):
        raise Unreadable("date_number", value=as_text(cell))
    if isinstance(cell, date):
        return _checked(cell.year, cell.month, cell.day, cell.isoformat())
    text = as_text(cell)
    bare = _bare(text)
    if is_nothing(bare) or bare in _NO_SUBSCRIPTION:
        return None
    if iso := _ISO.fullmatch(bare):
        return _checked(int(iso[1]), int(iso[3]), int(iso[4]), text)
    if numeric := _NUMERIC.fullmatch(bare):
        return _day_first(numeric, text, month_first)
    return _by_month_name(bare, text)


def _bare(text: Cell) -> str:
    """Small letters, without weekday, hour, "till" and the word for year."""
    bare = " ".join(str(text).casefold().split())
    bare = _BEFORE.sub("", _YEAR_WORD.sub("", _TIME.sub("", bare)))
    return _WEEKDAY.sub("", bare).strip()


def _day_first(found: re.Match[str], text: str, month_first: str | None) -> date:
    day, month, year = int(found[1]), int(found[3]), int(found[4])
    slashed = found[2] == "/"
    if len(found[4]) == 2:
        if found[2] != ".":
            raise Unreadable("date_short_year", value=shown(text))
        year += 2000
    if slashed and month > 12 >= day:
        raise Unreadable("date_month_first", value=shown(text))
    if slashed and month_first and day <= 12 and day != month:
        raise Unreadable("date_order", value=shown(text), example=month_first)
    return _checked(year, month, day, text)


def _by_month_name(bare: str, text: str) -> date:
    if found := _DAY_MONTH.fullmatch(bare):
        day, word, year = found.groups()
    elif found := _MONTH_DAY.fullmatch(bare):
        word, day, year = found.groups()
    else:
        raise Unreadable("date_unreadable", value=shown(text))
    month = _MONTH_BY_WORD.get(word)
    if month is None:
        raise Unreadable("date_unreadable", value=shown(text))
    return _checked(int(year), month, int(day), text)


def _checked(year: int, month: int, day: int, text: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise Unreadable("date_impossible", value=shown(text)) from error
    if not YEARS[0] <= year <= YEARS[1]:
        raise Unreadable("date_far", value=shown(text), first=YEARS[0], last=YEARS[1])
    return found
