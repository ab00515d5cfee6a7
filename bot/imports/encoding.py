"""Bytes to text: UTF-8, UTF-16 with its mark, or Windows-1251 where the words prove it. Pure.

A wrong guess would spoil names without a word, so other eight-bit files are refused, not guessed at.
"""

import codecs
import re

from bot.errors import UserError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_EIGHT_BIT = ("cp1251", "cp1252", "cp1250", "cp1257")
_WESTERN_EURO = 0x80
"""The euro sign in every Windows page but the Cyrillic one."""
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁІЇЄҐЎ")
_FREQUENT = frozenset("оеаинтсрвл")
_FREQUENT_SHARE_MIN = 0.4
_ENOUGH_LETTERS = 60
_PURE_SHARE_MIN = 0.8


def decode(data: bytes) -> str:
    """The text of a file. UserError `import_encoding` when its encoding cannot be known for sure."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, _eight_bit(data))


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise UserError("import_encoding") from error


def _eight_bit(data: bytes) -> str:
    high = {byte for byte in data if byte >= 0x80}
    if high - _SAME_EVERYWHERE <= {_WESTERN_EURO}:
        return "cp1252"
    if _reads_as_russian(data.decode("cp1251", errors="replace")):
        return "cp1251"
    raise UserError("import_encoding")


def _reads_as_russian(text: str) -> bool:
    """Words of Cyrillic letters only, capitals only where people put them, letters as frequent as they are."""
    foreign = [word for word in _WORD.findall(text) if not word.isascii()]
    good = [word for word in foreign if _CYRILLIC.issuperset(word) and _usual_case(word)]
    if not any(len(word) > 1 for word in good) or len(good) < _PURE_SHARE_MIN * len(foreign):
        return False
    letters = "".join(good).lower()
    frequent = sum(letter in _FREQUENT for letter in letters)
    return len(letters) < _ENOUGH_LETTERS or frequent >= _FREQUENT_SHARE_MIN * len(letters)


def _usual_case(word: str) -> bool:
    """KOI8 read as Windows-1251 shows as words with small first and capital other letters."""
    return word.islower() or word.isupper() or word[1:].islower()


def _same_everywhere() -> frozenset[int]:
    """High bytes that mean the same punctuation in every Windows page: no-break space, dashes, quotes."""
    same = set()
    for byte in range(0x80, 0x100):
        read = {bytes([byte]).decode(name, errors="replace") for name in _EIGHT_BIT}
        if len(read) == 1 and not (char := read.pop()).isalpha() and char != "\ufffd":
            same.add(byte)
    return frozenset(same)


_SAME_EVERYWHERE = _same_everywhere()
