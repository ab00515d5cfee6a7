"""How facts become words of one language: the filters every text may use. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from unicodedata import category

from bot import i18n
from bot.money import Money
from bot.phone import pretty_phone

NOTHING = "–"
"""What stands where a fact is missing: a variable may not be empty."""
PLAIN_MAX = 80
"""Longest piece of user data in a message, so that a long company name cannot push a text past its limit."""
_LOOKALIKES = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})
"""WhatsApp turns these marks into bold, italic, strike and mono; their twins look the same and do nothing."""
_INVISIBLE = re.compile(r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NEAR = {0: "today", 1: "yesterday"}
_SPACES = re.compile(r"[ \t\r\n\u2028\u2029]+")


def filters(language: str) -> dict[str, Callable[..., str]]:
    """The filters of a language by name."""
    return {
        "money": partial(money, language=language),
        "day": partial(day, language=language),
        "moment": partial(moment, language=language),
        "hour": partial(hour, language=language),
        "percent": partial(percent, language=language),
        "phone": phone,
        "currency": i18n.currency_text,
        "city": partial(city, language=language),
        "plain": plain,
    }


def money(value: Money | Mapping[str, Any] | None, *, language: str) -> str:
    """An amount, given as Money or as its JSON shape."""
    if not value:
        return NOTHING if value is None or value == {} else i18n.money_text(_money(value), language)
    return i18n.money_text(_money(value), language)


def day(
    value: date | str | None,
    weekday: bool = False,
    year: bool = True,
    today: date | str | None = None,
    *,
    language: str,
) -> str:
    """A calendar day, given as a date or as ISO text. With `today`, the year is told only when it is another one."""
    if not value:
        return NOTHING
    parsed = date.fromisoformat(value) if isinstance(value, str) else value
    if today:
        year = parsed.year != (date.fromisoformat(today) if isinstance(today, str) else today).year
    return i18n.date_text(parsed, language, weekday=weekday, year=year)


def moment(
    value: datetime | str | None, zone: str, today: date | str | None = None, weekday: bool = False, *, language: str
) -> str:
    """Day and time in a zone, given as a datetime or as ISO text with an offset. With the reader's `today`, that day
    and the one before are called so."""
    if not value:
        return NOTHING
    said = i18n.moment_text(_moment(value), zone, language, weekday=weekday)
    if not today:
        return said
    ago = (date.fromisoformat(today) if isinstance(today, str) else today) - i18n.local_date(_moment(value), zone)
    if ago.days not in _NEAR:
        return said
    return f"{i18n.translations(language).gettext(_NEAR[ago.days])} {hour(value, zone, language=language)}"


def hour(value: datetime | str | None, zone: str, *, language: str) -> str:
    """Hour and minute in a zone."""
    return i18n.time_text(_moment(value), zone, language) if value else NOTHING


def percent(value: Decimal | str | None, *, language: str) -> str:
    """A rate such as 0.35 as `35%`, in Russian `35 %` with a no-break space."""
    if value is None or value == "":
        return NOTHING
    number = f"{(Decimal(value) * 100).normalize():f}"
    return f"{number.replace('.', ',')}\u00a0%" if i18n.supported(language) == "ru" else f"{number}%"


def city(value: str | None, *, language: str) -> str:
    """The city that a time zone such as `Europe/Riga` is named after."""
    return i18n.city_text(value, language) if value else NOTHING


def phone(value: str | None) -> str:
    """A phone number in international form."""
    return pretty_phone(value) if value else NOTHING


def plain(value: Any, limit: int = PLAIN_MAX) -> str:
    """Data that a person typed, on one line, with nothing in it that WhatsApp would format or hide."""
    text = _SPACES.sub(" ", _INVISIBLE.sub("", "" if value is None else str(value))).strip()
    text = text.translate(_LOOKALIKES)
    if len(text) > limit:
        text = text[: _seam(text, limit - 1)].rstrip() + "…"
    return text or NOTHING


def _seam(text: str, at: int) -> int:
    """The last place up to `at` between two signs as a reader sees them: no half flag, no bare accent."""
    while at > 0 and (_belongs(text[at]) or _halves_a_flag(text, at)):
        at -= 1
    return at


def _belongs(sign: str) -> bool:
    """Whether a character is part of the sign before it: an accent, a variant, a tone of skin."""
    return category(sign).startswith("M") or "\U0001f3fb" <= sign <= "\U0001f3ff"


def _halves_a_flag(text: str, at: int) -> bool:
    """Whether `at` lies inside of a flag, which is two letters of a kind of their own."""
    letters = 0
    while letters < at and "\U0001f1e6" <= text[at - letters - 1] <= "\U0001f1ff":
        letters += 1
    return letters % 2 == 1 and "\U0001f1e6" <= text[at] <= "\U0001f1ff"


def one_line(value: str) -> str:
    """A template variable's value: never empty, never a line break or a run of spaces."""
    return _SPACES.sub(" ", value).strip() or NOTHING


def _money(value: Money | Mapping[str, Any]) -> Money:
    return value if isinstance(value, Money) else Money(int(value["minor"]), str(value["currency"]))


def _moment(value: datetime | str) -> datetime:
    parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
    if parsed.tzinfo is None:
        raise ValueError(f"a moment in a text has an offset, got {value!r}")
    return parsed
