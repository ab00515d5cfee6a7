"""How each language writes money, dates, weekdays and counts; the gettext catalogues."""

import gettext
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, get_timezone_location
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from bot.money import Money, minor_digits

LANGUAGES = ("en", "ru")
"""Languages the product speaks today; the first is what an unknown one falls back to."""
_SYMBOLS = {"EUR": "€", "USD": "$", "RUB": "₽", "KZT": "₸", "BRL": "R$"}
_SYMBOL_FIRST = {"en": True, "ru": False}
_NO_COUNTRY = "ZZ"
_NBSP = "\u00a0"


def supported(language: str | None) -> str:
    """The supported language for a tag such as `ru-RU`; the first supported one when unknown."""
    base = (language or "").strip().lower().replace("_", "-").split("-")[0]
    return base if base in LANGUAGES else LANGUAGES[0]


def money_text(money: Money, language: str) -> str:
    """`€1,440.00` in English, `1 440,00 €` (no-break spaces) in Russian."""
    digits = minor_digits(money.currency)
    number = format_decimal(abs(money.decimal), format="#,##0." + "0" * digits if digits else "#,##0", locale=language)
    sign = "-" if money.minor < 0 else ""
    symbol = currency_text(money.currency)
    if _SYMBOL_FIRST[supported(language)]:
        return f"{sign}{symbol}{number}" if len(symbol) < 3 else f"{sign}{number}{_NBSP}{symbol}"
    return f"{sign}{number}{_NBSP}{symbol}"


def currency_text(code: str) -> str:
    """The sign of a currency, such as `€`; its code where there is none."""
    return _SYMBOLS.get(code, code)


def date_text(day: date, language: str, *, weekday: bool = False, year: bool = True) -> str:
    """`3 Dec 2026`, with weekday `Thu 3 Dec 2026`; Russian `3 декабря 2026`, `чт, 3 декабря 2026`."""
    if supported(language) == "ru":
        pattern = ("EEE, " if weekday else "") + "d MMMM" + (" y" if year else "")
    else:
        pattern = ("EEE " if weekday else "") + "d MMM" + (" y" if year else "")
    return format_date(day, pattern, locale=language)


def local_date(moment: datetime, zone: str) -> date:
    """The calendar day of a moment in a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def time_text(moment: datetime, zone: str, language: str) -> str:
    """Hour and minute in a zone: `09:15`."""
    local = moment.astimezone(ZoneInfo(zone))
    return format_skeleton("Hm", local, locale=language, fuzzy=True) if language == "ru" else local.strftime("%H:%M")


def moment_text(moment: datetime, zone: str, language: str, *, weekday: bool = False) -> str:
    """Date and time in a zone: `26 Nov 09:15`, `26 ноября 09:15`; with weekday `Thu 26 Nov 09:15`."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{date_text(local.date(), language, weekday=weekday, year=False)} {time_text(moment, zone, language)}"


def country_text(code: str | None, language: str) -> str | None:
    """The name of a country by its two letters: `Latvia`, Russian `Латвия`; None for what is no country."""
    known = Locale(supported(language)).territories
    return known.get(code) if code is not None and code != _NO_COUNTRY else None


def city_text(zone: str, language: str) -> str:
    """The city that a time zone is named after: `Riga`, Russian `Рига`."""
    return get_timezone_location(zone, locale=supported(language), return_city=True)


@lru_cache(maxsize=8)
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of a language, compiled in memory from all its shipped .po files; English is the source text."""
    tag = supported(language)
    merged = Catalog(locale=tag)
    for catalog in catalogs(tag).values():
        for message in catalog:
            if message.id:
                merged.add(message.id, message.string, context=message.context)
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@lru_cache(maxsize=8)
def catalogs(language: str) -> dict[str, Catalog]:
    """Each shipped .po file of a language by its name without the ending, in the order of the names."""
    folder = files("bot.templates") / "locale" / supported(language) / "LC_MESSAGES"
    found: dict[str, Catalog] = {}
    for item in sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else ():
        if item.name.endswith(".po"):
            with item.open("rb") as handle:
                found[item.name.removesuffix(".po")] = read_po(handle, locale=supported(language))
    return found
