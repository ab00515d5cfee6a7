"""What a cell of somebody's table may be, how its text is cleaned, and the way a cell is refused. Pure."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

CELL_LENGTH_MAX = 1_000
"""Characters in one cell; a longer one is a broken quote or not a Clients table."""
_SHOWN_MAX = 40
_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|Н/Д|ССЫЛКА!|ЗНАЧ!|ДЕЛ/0!|ИМЯ\?|ЧИСЛО!|ПУСТО!)",
)
_DASHES = frozenset(("", "-", "--", "—", "–", "−"))
_NOTHING = _DASHES | frozenset(
    ("no", "none", "n/a", "na", "null", "nil", "нет", "н/д", "не указано", "не указан", "отсутствует", "not set")
)
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TEXT_MARK = re.compile(r"^'(?=[=+\-@0-9])")
_FORMULA_TEXT = re.compile(r'^="(.*)"$')


@dataclass(frozen=True, slots=True)
class Number:
    """A number cell of a spreadsheet; `currency` is the one its number format shows."""

    value: Decimal
    currency: str | None = None


Cell = str | date | Number
"""Text files give only text; spreadsheets also days and numbers."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of the table; `line` counts from 1 as the person sees it in an editor or in the spreadsheet."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot be read, as data: `key` names a text in `reasons`, `facts` fill it."""

    key: str
    facts: dict[str, Any] = field(default_factory=dict)


class Unreadable(Exception):
    """One cell that cannot be taken; carries the problem."""

    def __init__(self, key: str, **facts: Any) -> None:
        super().__init__(key)
        self.problem = Problem(key, facts)


def clean(text: str) -> str:
    """Text without control and invisible characters, single spaces, NFC, without a spreadsheet's text marks."""
    kept = _INVISIBLE.sub("", text if text.isascii() else unicodedata.normalize("NFC", text))
    kept = " ".join(_CONTROL.sub(" ", kept).split())
    formula = _FORMULA_TEXT.match(kept)
    return _TEXT_MARK.sub("", formula.group(1).strip() if formula else kept)


def as_text(cell: Cell) -> str:
    """The cell as cleaned text. Unreadable when it is too long or holds a spreadsheet's error value."""
    if isinstance(cell, Number):
        return f"{cell.value:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    if len(cell) > CELL_LENGTH_MAX:
        raise Unreadable("cell_too_long", limit=CELL_LENGTH_MAX)
    text = clean(cell)
    if _ERROR.fullmatch(text):
        raise Unreadable("cell_error", value=text)
    return text


def is_nothing(text: str) -> bool:
    """Empty, a dash, or a word that people write for "nothing here"."""
    return text.casefold() in _NOTHING


def is_blank(cell: Cell) -> bool:
    """Nothing at all in the cell, or only white space."""
    return isinstance(cell, str) and (not cell or not (cell[0].isalnum() or clean(cell)))


def shown(text: str) -> str:
    """A value fit to be quoted back in one line."""
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…"
