"""E-mail addresses as people type them: brought into one form, or refused. Pure."""

import re

from bot.errors import UserError

LENGTH_MAX = 254
"""The longest address that mail systems carry (RFC 5321)."""
_SHAPE = re.compile(r"[^@\s<>\"(),;:\\]{1,64}@(?:[^@\s<>\"(),;:\\./]{1,63}\.)+[^@\s<>\"(),;:\\./]{2,63}")


def normal_email(text: str) -> str:
    """The address without blanks around it, in small letters. UserError bad_email."""
    address = text.strip()
    if len(address) > LENGTH_MAX or not address.isprintable() or not _SHAPE.fullmatch(address):
        raise UserError("bad_email", text=address[:LENGTH_MAX])
    return address.lower()
