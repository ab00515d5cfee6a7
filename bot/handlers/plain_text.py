"""Makes what phones send comparable: one digit alphabet, no invisible characters, words with their keys. Pure."""

import re
import unicodedata
from dataclasses import dataclass

_UNREADABLE = "\ufffd"
"""Stands in for characters such as ² or ½ that NFKC would turn into ordinary digits: "100²" must not become 1002."""
_KEPT_SIGNS = {"№": "#", "\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u066b": ".", "\u066c": "'"}
_DROPPED = re.compile(r"[\ufe00-\ufe0f\u20e3]")
_CURRENCY_SIGN = re.compile(r"(US\$|R\$|[€$₽₸£])", re.IGNORECASE)
_GLUED = re.compile(r"(?<=[^\W\d_])[,;](?=\S)|[=:](?!\d)|(?<!\d)[=:]|^/")
_EDGES = "\"'`«»“”„()[]{}<>*_~;:!?…|\\/#"


@dataclass(frozen=True, slots=True)
class Word:
    """One word: as written (`raw`) and as compared (`key`: casefolded, ё as е)."""

    raw: str
    key: str


def plain(text: str) -> str:
    """The text with compatibility forms, other scripts' digits, dashes and spaces made ordinary, controls dropped.

    Lines stay lines. Never raises, whatever the text.
    """
    readable = "".join(_KEPT_SIGNS.get(c) or (_UNREADABLE if unicodedata.category(c) == "No" else c) for c in text)
    folded = _DROPPED.sub("", unicodedata.normalize("NFKC", readable))
    return "".join(map(_ordinary, folded))


def words(text: str) -> list[Word]:
    """The words of a plain text; currency signs stand alone, punctuation around words is gone, lone dashes too."""
    spaced = _CURRENCY_SIGN.sub(r" \1 ", _GLUED.sub(" ", text.strip()))
    stripped = (_without_edges(chunk) for chunk in spaced.split())
    return [Word(raw, key_of(raw)) for raw in stripped if raw]


def key_of(raw: str) -> str:
    """The form of a word that is compared: casefolded, ё as е."""
    return raw.casefold().replace("ё", "е")


def has_content(text: str) -> bool:
    """Whether there is any letter or digit (emoji, marks and punctuation alone are none)."""
    return any(c.isalnum() for c in text)


def _ordinary(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in ("Cf", "Cs", "Co", "Cn"):
        return ""
    if category in ("Zl", "Zp") or char == "\n":
        return "\n"
    if category in ("Cc", "Zs"):
        return " "
    return "-" if category == "Pd" or char == "\u2212" else char


def _without_edges(chunk: str) -> str:
    bare = chunk.strip(_EDGES).rstrip(".,").strip(_EDGES)
    while bare[:1] in (",", ".", "-", "+") and not bare[1:2].isdigit():
        bare = bare[1:]
    return bare if has_content(bare) or _CURRENCY_SIGN.fullmatch(bare) or _UNREADABLE in bare else ""


def text_after(text: str, skipped: int) -> str:
    """What follows the first so many words of a text, as it was written."""
    clean = plain(text)
    at = 0
    for word in words(clean)[:skipped]:
        at = clean.find(word.raw, at) + len(word.raw)
    return clean[at:].strip(" \n:,;-.")
