"""Slots of the commands about who does what for a client, and when a person is told. Pure."""

import re
from collections.abc import Sequence
from datetime import time

from bot.handlers import slots
from bot.handlers.commands import Assign, Away, Hours, Note, Promised, Snooze, Unknown
from bot.handlers.day import day_at_end
from bot.handlers.plain_text import Word
from bot.handlers.vocabulary import Vocabulary

_HOUR = re.compile(r"(\d{1,2})(?::(\d{2})|h|ч)?")
_RANGE = re.compile(r"([^\W\d_]+)-([^\W\d_]+)")
_WEEK = "1234567"


def note(said: Sequence[Word], known: Vocabulary) -> Note:
    """`CLIENT TEXT`: which words are the name is for the directory to say."""
    start = 0
    while start < len(said) - 1 and said[start].key in known.edge:
        start += 1
    return Note(tuple(word.raw for word in said[start:]))


def promised(said: Sequence[Word], known: Vocabulary) -> Promised | Unknown:
    """`CLIENT [to pay] [by] DAY`."""
    found = day_at_end(said, known)
    if found is None:
        return Unknown("unclear", near="promised")
    day, used = found
    rest = said[: len(said) - used]
    while rest and rest[-1].key in known.day_marks:
        rest = rest[:-1]
    return Promised(slots.client_text(rest, known), day)


def snooze(said: Sequence[Word], known: Vocabulary) -> Snooze:
    """`CLIENT [until DAY]`; without a day, until it changes."""
    found = day_at_end(said, known)
    day, used = found if found is not None else (None, 0)
    rest = said[: len(said) - used]
    while rest and rest[-1].key in known.day_marks:
        rest = rest[:-1]
    return Snooze(slots.client_text(rest, known), day)


def assign(said: Sequence[Word], known: Vocabulary) -> Assign | Unknown:
    """`CLIENT to NAME`; without the little word between them, the last word is the name."""
    while len(said) > 1 and said[-1].key in known.polite and said[-1].key not in known.people_words:
        said = said[:-1]
    marks = [at for at, word in enumerate(said) if word.key in known.to_marks and at + 1 < len(said)]
    at = marks[-1] if marks else len(said) - 1
    head, tail = said[:at], said[at + 1 :] if marks else said[at:]
    if not tail:
        return Unknown("unclear", near="assign")
    whole = " ".join(word.key for word in tail)
    to = known.people_words.get(whole, "named")
    name = " ".join(word.raw for word in tail)
    return Assign(slots.client_text(head, known), "everybody" if to == "everybody" else "me" if to == "me" else name)


def away(said: Sequence[Word], known: Vocabulary) -> Away | Unknown:
    """`until DAY [stand-in NAME]`."""
    marks = [at for at, word in enumerate(said) if word.key in known.stand_in_marks]
    split = marks[0] if marks else len(said)
    names = [word for word in said[split:] if word.key not in known.stand_in_marks | known.edge]
    found = day_at_end(said[:split], known)
    if found is None:
        return Unknown("unclear", near="away")
    return Away(found[0], " ".join(word.raw for word in names) or None)


def hours(said: Sequence[Word], known: Vocabulary) -> Hours | Unknown:
    """`9:30`, `mon-fri`, `any`, `quiet`, `daily`, in any order; nothing asks what holds now."""
    hour: time | None = None
    days = ""
    any_hour: bool | None = None
    all_clear: str | None = None
    said, country = _country(said, known)
    for word in said:
        key = word.key
        spans = _RANGE.fullmatch(key)
        if (clock := _HOUR.fullmatch(key)) is not None and hour is None and int(clock[1]) < 24:
            hour = time(int(clock[1]), min(int(clock[2] or 0), 59))
        elif spans and spans[1] in known.weekdays and spans[2] in known.weekdays:
            days += _between(known.weekdays[spans[1]], known.weekdays[spans[2]])
        elif key in known.all_clear:
            all_clear = known.all_clear[key]
        elif key in known.weekdays:
            days += str(known.weekdays[key])
        elif key in known.hour_words:
            any_hour = known.hour_words[key] == "any"
        elif key not in known.edge | known.polite | known.day_marks | known.hour_fillers:
            return Unknown("unclear", near="hours")
    return Hours(hour, "".join(sorted(set(days))) or None, any_hour, all_clear, country)


def _country(said: Sequence[Word], known: Vocabulary) -> tuple[Sequence[Word], str | None]:
    """The words without those that name a country, and the country: its two letters, `none` or `phone`."""
    at = next((n for n, word in enumerate(said) if word.key in known.country_marks and n + 1 < len(said)), None)
    if at is None:
        return said, None
    named = said[at + 1].key
    country = "phone" if named == "phone" else "none" if named in known.no_country else named
    return [*said[:at], *said[at + 2 :]], country


def _between(first: int, last: int) -> str:
    """The weekdays from one to another, over the end of the week if need be."""
    length = (last - first) % 7 + 1
    return "".join(_WEEK[(first - 1 + step) % 7] for step in range(length))
