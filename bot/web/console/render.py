"""Turns a view into a page: the Jinja environment of each language, its filters, the frame around every page."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot import i18n
from bot.messaging.error_words import failure_words, meaning
from bot.messaging.template_filters import percent
from bot.messaging.transports.twilio_errors import help_page
from bot.money import Money
from bot.phone import masked, pretty_phone
from bot.web.console.bubble import bubble_html
from bot.web.console.chart import bars

LANGUAGE_COOKIE = "console_language"
_SIZES = (86_400, 3_600, 60, 1)
_UNITS = {"en": ("ms", "d", "h", "min", "s"), "ru": ("мс", "д", "ч", "мин", "с")}
_YEAR = 365 * 24 * 3600
_STATIC = files("bot.web") / "static"
_FRAME: dict[str, Any] = {"place": "", "phone_page": None, "partners": (), "partner": None, "pauses": ()}
"""What the frame around a page falls back to, so that error pages need nothing of the database."""


def language_of(request: web.Request) -> str:
    """The language a reader chose (`?lang=`, then the cookie), or the browser's first one that we speak."""
    chosen = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen:
        return i18n.supported(chosen)
    for tag in request.headers.get("Accept-Language", "").split(","):
        base = tag.split(";")[0].strip().lower().split("-")[0]
        if base in i18n.LANGUAGES:
            return base
    return i18n.LANGUAGES[0]


def page_response(request: web.Request, template: str, facts: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """Render a template of the console in the reader's language; a language chosen in the address is remembered."""
    language = language_of(request)
    own = {
        "language": language,
        "path": request.path,
        "query": defaultdict(str, request.query),
        "link": partial(_link, request),
    }
    partner = request.query.get("partner")
    own["partner_query"] = "?" + urlencode({"partner": partner}) if partner else ""
    text = environment(language).get_template(f"{template}.html.j2").render({**_FRAME, **own, **facts})
    response = web.Response(text=text, content_type="text/html", status=status)
    response.headers["Vary"] = "Accept-Language, Cookie"
    if request.query.get("lang") in i18n.LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, httponly=True, samesite="Lax")
    return response


@lru_cache(maxsize=len(i18n.LANGUAGES))
def environment(language: str) -> Environment:
    """The templates with a language's texts and ways of writing money, days and times."""
    env = Environment(
        loader=PackageLoader("bot", "templates/console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_translations(i18n.translations(language), newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(
        money=partial(_money, language=language),
        day=partial(_day, language=language),
        clock=partial(_clock),
        hour=partial(_hour, language=language),
        phone=pretty_phone,
        moment=partial(_moment, language=language),
        percent=partial(percent, language=language),
        iso=_iso,
        took=partial(_took, language=language),
        cost=partial(_cost, language=language),
        masked=_masked,
        bubble=bubble_html,
    )
    env.globals.update(static=static_url, bars=bars, help_page=help_page, languages=i18n.LANGUAGES)
    env.globals.update(meaning=meaning, failure_words=failure_words)
    return env


@lru_cache(maxsize=16)
def static_url(name: str) -> str:
    """The address of a static file with its content's mark, so that a browser may keep it for good."""
    return f"/static/{name}?v={hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]}"


def _link(request: web.Request, **changes: str | None) -> str:
    """This page's address with some query values changed; None takes one out.

    `seen` belongs to one refresh and `lang` to one switch: neither is carried on.
    """
    kept = {name: value for name, value in request.query.items() if name not in ("seen", "lang")}
    values = {name: value for name, value in (kept | changes).items() if value}
    return request.path + ("?" + urlencode(values) if values else "")


def _money(value: Money | None, *, language: str) -> str:
    return "–" if value is None else i18n.money_text(value, language)


def _day(value: date | datetime | None, zone: str = "UTC", *, weekday: bool = False, language: str) -> str:
    if value is None:
        return "–"
    day = _local(value, zone).date() if isinstance(value, datetime) else value
    return i18n.date_text(day, language, weekday=weekday)


def _moment(value: datetime | None, zone: str, *, weekday: bool = False, language: str) -> str:
    return "–" if value is None else i18n.moment_text(value, zone, language, weekday=weekday)


def _hour(value: datetime, zone: str, *, language: str) -> str:
    return i18n.time_text(value, zone, language)


def _clock(value: datetime, zone: str) -> str:
    """Hours, minutes and seconds: what a log needs."""
    return _local(value, zone).strftime("%H:%M:%S")


def _iso(value: datetime, zone: str = "UTC") -> str:
    return _local(value, zone).isoformat(timespec="seconds")


def _cost(micros: int, currency: str, *, language: str) -> str:
    """What a message cost: fractions of a cent too, `0.0262 USD`."""
    return f"{format_decimal(Decimal(micros).scaleb(-6), '0.00####', locale=language)} {currency}"


def _took(value: timedelta | int, *, language: str) -> str:
    """A duration as short as it reads well: `84 ms`, `1.4 s`, `3 min`, `2 h`, `3 d`. An int is milliseconds."""
    seconds = value / 1000 if isinstance(value, int) else value.total_seconds()
    units = _UNITS[i18n.supported(language)]
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} {units[0]}"
    size, unit = next(((size, unit) for size, unit in zip(_SIZES, units[1:], strict=True) if seconds >= size))
    number = f"{seconds / size:.1f}".removesuffix(".0")
    return f"{number.replace('.', ',') if language == 'ru' else number} {unit}"


def _masked(address: str) -> str:
    return masked(address).replace("*", "•")


def _local(value: datetime, zone: str) -> datetime:
    return value.astimezone(ZoneInfo(zone))
