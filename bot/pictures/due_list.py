"""The list of who runs out when, as an SVG 360 units wide: the words and places of each row. Pure, fonts aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from bot import i18n
from bot.money import Money
from bot.pictures.typeface import BOLD, REGULAR, Typeface, typeface

ROWS_MAX = 20
"""Rows of one picture; more are on the next page."""
WIDTH, MARGIN, LEFT = 360, 14, 42
HEAD, ROW, FOOT = 86, 43, 40
_NAME, _TEXT, _TITLE = 13.5, 11.5, 19
_GAP = 12
_SOON_DAYS = 3
_TONES = {"over": "#b3261e", "soon": "#9a5200", "later": "#1d6b4f"}


@dataclass(frozen=True, slots=True)
class Row:
    """One client; `y` is the top of its place."""

    y: int
    number: str
    name: str
    about: str
    left: str
    till: str
    tone: str


def due_svg(facts: Mapping[str, Any], language: str) -> str:
    """The picture of a snapshot that `bot.alerts.due_picture` made."""
    language = i18n.supported(language)
    rows = [_row(place, one, facts["today"], language) for place, one in enumerate(facts["rows"])]
    drawn: str = _template(language).render(
        width=WIDTH,
        height=HEAD + ROW * len(rows) + FOOT,
        margin=MARGIN,
        left=LEFT,
        row=ROW,
        foot=HEAD + ROW * len(rows),
        sizes={"name": _NAME, "text": _TEXT, "title": _TITLE},
        rows=rows,
        heading=_heading(facts, language),
        seen=_seen(facts, language),
        facts=facts,
    )
    return drawn


def _row(place: int, one: Mapping[str, Any], today: str, language: str) -> Row:
    regular, bold = typeface(REGULAR), typeface(BOLD)
    left, till = _left(one, language), _till(one, today, language)
    taken = max(bold.width(left, _TEXT), regular.width(till, _TEXT))
    room = WIDTH - MARGIN - LEFT - _GAP - taken
    return Row(
        y=HEAD + ROW * place,
        number=str(one["n"]),
        name=_name(bold, one, room),
        about=_about(regular, one, room, language),
        left=left,
        till=till,
        tone=_TONES[_tone(one)],
    )


def _name(bold: Typeface, one: Mapping[str, Any], room: float) -> str:
    """The company, or its ID where the font has none of its letters."""
    return bold.fit(one["company"], _NAME, room) or one["account_id"]


def _about(regular: Typeface, one: Mapping[str, Any], room: float, language: str) -> str:
    balance = i18n.money_text(Money(one["balance"]["minor"], one["balance"]["currency"]), language)
    return regular.fit(f"ID {one['account_id']}, {balance}", _TEXT, room)


def _left(one: Mapping[str, Any], language: str) -> str:
    """What is left, in a word or two."""
    say = i18n.translations(language)
    days = one["days"]
    match one["state"]:
        case "stopped":
            return say.gettext("channels stopped")
        case "ended":
            return say.pgettext("picture", "ended")
        case "lasts_about" if days > 0:
            return say.npgettext("picture", "about %(num)s day", "about %(num)s days", days) % {"num": days}
        case "lasts" if days > 0:
            return say.npgettext("picture", "money for %(num)s day", "money for %(num)s days", days) % {"num": days}
        case "lasts" | "lasts_about":
            return say.pgettext("picture", "money for today")
        case _ if days > 0:
            return say.npgettext("picture", "%(num)s day", "%(num)s days", days) % {"num": days}
        case _:
            return say.pgettext("picture", "ends today")


def _till(one: Mapping[str, Any], today: str, language: str) -> str:
    day = date.fromisoformat(one["day"])
    other_year = day.year != date.fromisoformat(today).year
    said = i18n.date_text(day, language, weekday=one["days"] >= 0 and not other_year, year=other_year)
    return i18n.translations(language).pgettext("picture", "till %(day)s") % {"day": said}


def _tone(one: Mapping[str, Any]) -> str:
    if one["state"] in ("stopped", "ended"):
        return "over"
    return "soon" if one["days"] <= _SOON_DAYS else "later"


def _heading(facts: Mapping[str, Any], language: str) -> str:
    """Whose list, and of which moment."""
    at, zone = datetime.fromisoformat(facts["at"]), facts["zone"]
    day = i18n.date_text(i18n.local_date(at, zone), language, weekday=True)
    when = f", {day}, {i18n.time_text(at, zone, language)}"
    room = WIDTH - 2 * MARGIN - typeface(REGULAR).width(when, _TEXT)
    return typeface(REGULAR).fit(facts["partner"], _TEXT, room) + when


def _seen(facts: Mapping[str, Any], language: str) -> str | None:
    """As of when the clients are known, where they live elsewhere."""
    if not facts["as_of"]:
        return None
    at, zone = datetime.fromisoformat(facts["as_of"]), facts["zone"]
    words = "Wazzup, read %(at)s" if facts["source"] == "poll" else "Wazzup table of %(at)s"
    say = i18n.translations(language).gettext
    return say("Source: %(source)s") % {"source": say(words) % {"at": i18n.moment_text(at, zone, language)}}


@lru_cache(maxsize=len(i18n.LANGUAGES))
def _template(language: str) -> Any:
    environment: Any = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"]
    )
    environment.install_gettext_translations(i18n.translations(language), newstyle=True)
    source = (files("bot.templates") / "pictures" / "due.svg.j2").read_text(encoding="utf-8")
    return environment.from_string(source)
