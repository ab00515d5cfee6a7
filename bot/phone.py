"""Phone numbers: what people type to E.164, the WhatsApp address of a number, and masking for logs."""

import re
from functools import lru_cache

import phonenumbers

from bot.errors import UserError
from bot.ids import Address

_PREFIX = "whatsapp:"
_BSUID = re.compile(r"^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$")
_OLD_MEXICAN = re.compile(r"^\+521(\d{10})$")


def normal_phone(text: str, region: str | None = None) -> str:
    """E.164 of what a person typed, such as `+371 20 000 017`. UserError `bad_phone` when it is none."""
    cleaned = text.strip().removeprefix(_PREFIX)
    if cleaned.startswith("00"):
        cleaned = "+" + cleaned[2:]
    try:
        parsed = phonenumbers.parse(cleaned, region)
    except phonenumbers.NumberParseException as error:
        raise UserError("bad_phone", text=text) from error
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    number = _OLD_MEXICAN.sub(r"+52\1", number)
    if not phonenumbers.is_possible_number(phonenumbers.parse(number)):
        raise UserError("bad_phone", text=text)
    return number


def whatsapp_address(text: str) -> Address:
    """The normalised address of a phone number or of a provider's address. UserError `bad_phone`."""
    bare = text.strip().removeprefix(_PREFIX)
    if _BSUID.match(bare):
        return Address(_PREFIX + bare)
    return Address(_PREFIX + normal_phone(bare))


def pretty_phone(text: str) -> str:
    """International form for people, or the text itself when it is no phone number."""
    try:
        parsed = phonenumbers.parse(text.removeprefix(_PREFIX))
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@lru_cache(maxsize=4096)
def country_of(text: str) -> str | None:
    """The two letters of the country that a number belongs to; None for what is no number of any country."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(text.removeprefix(_PREFIX)))
    except phonenumbers.NumberParseException:
        return None


def masked(text: str) -> str:
    """A number fit for a log line: country code and the last two digits."""
    bare = text.removeprefix(_PREFIX)
    return bare if len(bare) < 7 else f"{bare[:3]}{'*' * (len(bare) - 5)}{bare[-2:]}"
