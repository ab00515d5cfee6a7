"""Folds a name of either script to one form that sounds alike, so that Альфа and Alpha are the same. Pure."""

import re
import unicodedata

_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z", "и": "i", "й": "i",
    "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
    "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "iu", "я": "ia",
    "і": "i", "ї": "i", "є": "e", "ґ": "g", "ў": "u", "қ": "k", "ғ": "g", "ң": "n", "ө": "o", "ұ": "u", "ү": "u",
    "һ": "h", "ә": "a",
}  # fmt: skip
_LATIN = {"ß": "ss", "æ": "e", "ø": "o", "œ": "e", "ł": "l", "đ": "d", "ð": "d", "þ": "t", "ı": "i"}
_TABLE = str.maketrans(_CYRILLIC | _LATIN)
_SOUNDS = (
    (re.compile("tsch|tch|cz"), "ch"),
    (re.compile("sch|sz|zh"), "sh"),
    (re.compile("zz"), "ts"),
    (re.compile("(?:ts){2,}"), "ts"),
    (re.compile("(?<=[ae])u"), "v"),
    (re.compile("ph"), "f"),
    (re.compile("kh"), "h"),
    (re.compile("th"), "t"),
    (re.compile("ck|q"), "k"),
    (re.compile("x"), "ks"),
    (re.compile("w"), "v"),
    (re.compile("c(?=[eiy])"), "s"),
    (re.compile("c(?!h)"), "k"),
    (re.compile("oo"), "u"),
    (re.compile("ee"), "i"),
    (re.compile("[yj]"), "i"),
    (re.compile("z"), "s"),
    (re.compile("iia"), "ia"),
    (re.compile(r"(\D)\1+"), r"\1"),
)
"""Spellings of one sound, in the order in which they are applied; doubled letters last."""
_LOOKALIKES = str.maketrans("асеокмтвнрхуі", "aceokmtbhpxyi")
"""In a word with digits ("1С") it is the look of a letter that counts: nobody knows which alphabet it was typed in."""


def folded(word: str) -> str:
    """One word as it sounds: `Alpha`, `Альфа` and `alfa` give `alfa`; digits stay as they are."""
    if any(c.isdigit() for c in word):
        return without_marks(unicodedata.normalize("NFKC", word).casefold().translate(_LOOKALIKES).translate(_TABLE))
    latin = without_marks(unicodedata.normalize("NFKC", word).casefold().translate(_TABLE)).translate(_TABLE)
    for pattern, sound in _SOUNDS:
        latin = pattern.sub(sound, latin)
    return latin


def without_marks(text: str) -> str:
    """Letters without accents and other marks: `brasília` gives `brasilia`."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def is_cyrillic(text: str) -> bool:
    """Whether any letter is Cyrillic."""
    return any("\u0400" <= c <= "\u052f" for c in text)
