"""How wide a text is in a shipped font, so that a long name is cut where its column ends. Reads the font's own tables.

The layout of `cmap` (format 4), `hhea` and `hmtx` is that of the OpenType specification.
"""

import struct
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

REGULAR, BOLD = "NotoSans-Regular.ttf", "NotoSans-Bold.ttf"
_MORE = "…"


@dataclass(frozen=True, slots=True)
class Typeface:
    """One font: the advance of each character it has, in thousandths of the size."""

    advances: dict[int, float]

    def clean(self, text: str) -> str:
        """The text on one line, composed, without what the font lacks: other scripts, emoji, control characters."""
        composed = unicodedata.normalize("NFC", " ".join(text.split()))
        return " ".join("".join(one for one in composed if ord(one) in self.advances).split())

    def width(self, text: str, size: float) -> float:
        """How wide a clean text is; kerning makes it a little narrower."""
        return sum(self.advances.get(ord(one), 0.0) for one in text) * size / 1000

    def fit(self, text: str, size: float, room: float) -> str:
        """The clean text, cut with an ellipsis where it is too wide."""
        said = self.clean(text)
        if self.width(said, size) <= room:
            return said
        while said and self.width(said + _MORE, size) > room:
            said = said[:-1]
        return said.rstrip(" ,.-") + _MORE


@lru_cache(maxsize=2)
def typeface(name: str) -> Typeface:
    """A shipped font by its file name."""
    data = (files("bot.pictures") / "fonts" / name).read_bytes()
    tables = _tables(data)
    units: int = struct.unpack_from(">H", data, tables["head"] + 18)[0]
    long_metrics = struct.unpack_from(">H", data, tables["hhea"] + 34)[0]

    def advance(glyph: int) -> float:
        at = tables["hmtx"] + 4 * min(glyph, long_metrics - 1)
        width: int = struct.unpack_from(">H", data, at)[0]
        return width * 1000 / units

    return Typeface({code: advance(glyph) for code, glyph in _glyphs(data, tables["cmap"]).items() if glyph})


def _tables(data: bytes) -> dict[str, int]:
    count = struct.unpack_from(">H", data, 4)[0]
    entries = (struct.unpack_from(">4sIII", data, 12 + 16 * n) for n in range(count))
    return {tag.decode(): offset for tag, _, offset, _ in entries}


def _glyphs(data: bytes, cmap: int) -> dict[int, int]:
    """Which glyph draws which character: the table for Windows' Unicode."""
    count = struct.unpack_from(">H", data, cmap + 2)[0]
    encodings = (struct.unpack_from(">HHI", data, cmap + 4 + 8 * n) for n in range(count))
    start = cmap + next(offset for platform, kind, offset in encodings if (platform, kind) == (3, 1))
    segments = struct.unpack_from(">H", data, start + 6)[0] // 2
    ends, starts = start + 14, start + 16 + 2 * segments
    deltas, offsets = starts + 2 * segments, starts + 4 * segments
    found: dict[int, int] = {}
    for n in range(segments):
        end, first, delta, offset = (
            struct.unpack_from(">H", data, at + 2 * n)[0] for at in (ends, starts, deltas, offsets)
        )
        for code in range(first, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                glyph = struct.unpack_from(">H", data, offsets + 2 * n + offset + 2 * (code - first))[0]
            found[code] = (glyph + delta) & 0xFFFF if glyph or not offset else 0
    return found
