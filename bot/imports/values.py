"""The other cells of a client: account ID, e-mail, language, channels, time zone, phone, tags. Pure."""

import re
from collections.abc import Iterable
from functools import lru_cache
from zoneinfo import available_timezones

from bot.errors import UserError
from bot.imports.cells import Cell, Number, Unreadable, as_text, is_nothing, shown
from bot.imports.money_words import CURRENCIES, currency_of
from bot.imports.table import Channels, NamedChannel
from bot.phone import normal_phone

NAME_LENGTH_MAX = 200
TAGS_MAX = 30
TAG_LENGTH_MAX = 50
CHANNELS_MAX = 500
MONTHS_MAX = 36
_ACCOUNT_ID = re.compile(r"[0-9]{8}")
_ACCOUNT_ID_INSIDE = re.compile(r"(?<![0-9])[0-9]{8}(?![0-9])")
_ROUNDED = re.compile(r"[0-9][.,][0-9]+e\+?[0-9]+")
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}")
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z]{2,4})?")
_LANGUAGES = {
    "en": "eng english английский англ",
    "ru": "rus russian русский рус",
    "es": "spa spanish español espanol испанский",
    "pt": "por portuguese português portugues португальский",
    "lv": "latvian latviešu латышский",
    "kk": "kz kazakh қазақша казахский",
    "de": "german deutsch немецкий",
}
_LANGUAGE_BY_WORD = {word: code for code, words in _LANGUAGES.items() for word in words.split()}
_CHANNEL_NUMBER = re.compile(r"([0-9]{1,4})(?:[.,]0)?(?: ?(?:channels?|канал(?:а|ов)?|шт\.?))?")
_PERIOD = re.compile(r"([0-9]{1,3})?(?:[.,]0)?[ -]?(?:(y|years?|год|года|лет)|m|months?|мес\.?|месяц(?:а|ев)?)?")
_TRANSPORTS = {
    "whatsapp": "whatsapp wa ватсап вотсап whatsapp_business",
    "wapi": "wapi waba whatsapp_business_api",
    "instagram": "instagram ig инстаграм",
    "tgapi": "tgapi telegram_personal",
    "telegram": "telegram tg телеграм telegram_bot",
    "vk": "vk вк vkontakte вконтакте",
    "avito": "avito авито",
    "viber": "viber вайбер",
    "max": "max макс",
    "maxbot": "maxbot max_bot",
}
"""Kinds of channel, by the service's own names; after each name what people write."""
_TRANSPORT_BY_WORD = {word: name for name, words in _TRANSPORTS.items() for word in words.split()}
_OFFSET = re.compile(r"(?:utc|gmt)? ?([+-]) ?([0-9]{1,2})(?::?00)?")
_CITIES = {
    "москва": "Europe/Moscow",
    "мск": "Europe/Moscow",
    "msk": "Europe/Moscow",
    "санкт-петербург": "Europe/Moscow",
    "рига": "Europe/Riga",
    "таллин": "Europe/Tallinn",
    "вильнюс": "Europe/Vilnius",
    "минск": "Europe/Minsk",
    "киев": "Europe/Kyiv",
    "алматы": "Asia/Almaty",
    "астана": "Asia/Almaty",
    "ташкент": "Asia/Tashkent",
    "тбилиси": "Asia/Tbilisi",
    "ереван": "Asia/Yerevan",
    "екатеринбург": "Asia/Yekaterinburg",
    "новосибирск": "Asia/Novosibirsk",
    "лондон": "Europe/London",
    "берлин": "Europe/Berlin",
    "мадрид": "Europe/Madrid",
}


def read_account_id(cell: Cell) -> str:
    """Eight digits. Unreadable: `account_missing`, `account_rounded`, `account_bad`."""
    if isinstance(cell, Number) and cell.value == cell.value.to_integral_value():
        text = f"{int(cell.value)}"
    else:
        text = as_text(cell)
    bare = re.sub(r"[.,]0+$", "", re.sub(r"[\s'’#№]", "", text))
    if _ACCOUNT_ID.fullmatch(bare):
        return bare
    if not bare:
        raise Unreadable("account_missing")
    rounded = _ROUNDED.fullmatch(bare.casefold())
    raise Unreadable("account_rounded" if rounded else "account_bad", value=shown(text))


def account_ids_in(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Everything in a row that looks like an account ID, even inside a longer text."""
    texts = (f"{cell.value:f}" if isinstance(cell, Number) else str(cell) for cell in cells)
    return tuple(dict.fromkeys(found for text in texts for found in _ACCOUNT_ID_INSIDE.findall(text)))


def read_name(cell: Cell) -> str | None:
    """A company, person or plan; None for nothing. Unreadable: `text_too_long`."""
    text = as_text(cell)
    if len(text) > NAME_LENGTH_MAX:
        raise Unreadable("text_too_long", value=shown(text), limit=NAME_LENGTH_MAX)
    return None if is_nothing(text) else text


def read_email(cell: Cell) -> str | None:
    """An e-mail address in small letters; None for nothing. Unreadable: `email_bad`."""
    text = as_text(cell)
    bare = text.casefold().removeprefix("mailto:").strip()
    if is_nothing(bare):
        return None
    if len(bare) > 254 or not _EMAIL.fullmatch(bare):
        raise Unreadable("email_bad", value=shown(text))
    return bare


def read_language(cell: Cell) -> str | None:
    """A two-letter code from a code (`ru-RU`) or a name; None for nothing. Unreadable: `language_unknown`."""
    text = as_text(cell)
    word = text.casefold()
    if is_nothing(word) and word != "no":
        return None
    if word in _LANGUAGE_BY_WORD:
        return _LANGUAGE_BY_WORD[word]
    found = _LANGUAGE.fullmatch(word)
    if found is None:
        raise Unreadable("language_unknown", value=shown(text))
    return found[1]


def read_currency(cell: Cell) -> str | None:
    """EUR, USD, KZT or RUB; None for nothing. Unreadable: `currency_unknown`."""
    text = as_text(cell)
    if is_nothing(text):
        return None
    code = currency_of(text)
    if code is None:
        raise Unreadable("currency_unknown", value=shown(text), known=", ".join(CURRENCIES))
    return code


def read_months(cell: Cell) -> int | None:
    """The period of a subscription in months (`12`, `12 мес.`, `1 year`); None for nothing. Unreadable: `months_bad`"""
    text = as_text(cell)
    if is_nothing(text):
        return None
    found = _PERIOD.fullmatch(text.casefold())
    months = int(found[1] or 1) * (12 if found[2] else 1) if found else 0
    if not 1 <= months <= MONTHS_MAX:
        raise Unreadable("months_bad", value=shown(text))
    return months


def read_channels(cell: Cell) -> Channels | None:
    """A number, or `transport:name; …`; None for nothing. Unreadable: `channels_bad`, `transport_unknown`."""
    text = as_text(cell)
    if number := _CHANNEL_NUMBER.fullmatch(text.casefold()):
        return _counted(int(number[1]), (), text)
    if is_nothing(text):
        return None
    if ":" not in text and ";" not in text and text.casefold() not in _TRANSPORT_BY_WORD:
        raise Unreadable("channels_bad", value=shown(text))
    named = tuple(_named(part) for part in text.split(";") if part.strip())
    return _counted(len(named), named, text)


def read_time_zone(cell: Cell) -> str | None:
    """An IANA name from `Europe/Riga`, `Riga`, `Рига`, `UTC+3`; None for nothing. Unreadable: `zone_unknown`."""
    text = as_text(cell)
    if is_nothing(text):
        return None
    bare = re.sub(r"\s*\(.*\)$", "", text).casefold().replace("−", "-").strip()
    if offset := _OFFSET.fullmatch(bare):
        return _fixed_zone(offset, text)
    zone = _zones().get(bare.replace(" ", "_")) or _CITIES.get(bare)
    if zone is None:
        raise Unreadable("zone_unknown", value=shown(text))
    return zone


def read_phone(cell: Cell) -> str | None:
    """E.164; None for nothing. A number without `+` is taken as international. Unreadable: `phone_bad`."""
    text = as_text(cell)
    if is_nothing(text):
        return None
    digits = re.sub(r"[\s().\-‑–]", "", text)
    if digits.isascii() and digits.isdigit() and not digits.startswith("00"):
        # 8 is the trunk prefix of Russia and Kazakhstan; no country code begins with 87 or 89 at this length
        national = len(digits) == 11 and digits[:2] in ("87", "89")
        digits = "+7" + digits[1:] if national else "+" + digits
    try:
        return normal_phone(digits)
    except UserError as error:
        raise Unreadable("phone_bad", value=shown(text)) from error


def read_tags(cell: Cell) -> tuple[str, ...]:
    """Tags parted by `;` or `,`, each once. Unreadable: `tags_bad`."""
    text = as_text(cell)
    parts = (part.strip().removeprefix("#") for part in re.split("[;,]", text))
    tags = tuple(dict.fromkeys(part for part in parts if not is_nothing(part)))
    if len(tags) > TAGS_MAX or any(len(tag) > TAG_LENGTH_MAX for tag in tags):
        raise Unreadable("tags_bad", limit=TAGS_MAX, length=TAG_LENGTH_MAX)
    return tags


def _named(part: str) -> NamedChannel:
    word, _, name = part.partition(":")
    transport = _TRANSPORT_BY_WORD.get("_".join(word.casefold().split()))
    if transport is None:
        raise Unreadable("transport_unknown", value=shown(word.strip()), known=", ".join(_TRANSPORTS))
    return NamedChannel(transport, name.strip())


def _counted(count: int, named: tuple[NamedChannel, ...], text: str) -> Channels:
    if count > CHANNELS_MAX:
        raise Unreadable("channels_bad", value=shown(text))
    return Channels(count, named)


def _fixed_zone(offset: re.Match[str], text: str) -> str:
    """IANA names the zones of a fixed offset with the sign turned round: UTC+3 is `Etc/GMT-3`."""
    hours = int(offset[2])
    name = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{hours}" if hours else "Etc/UTC"
    if name.casefold() not in _zones():
        raise Unreadable("zone_unknown", value=shown(text))
    return name


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Zone by its name in small letters, and by its last part where only one zone has it."""
    names = sorted(available_timezones())
    known = {name.casefold(): name for name in names}
    places = [name for name in names if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "posix/"))]
    for name in places:
        known.setdefault(name.rpartition("/")[2].casefold(), name)
    return known
