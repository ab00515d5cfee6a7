"""Text to rows of cells: which character parts the columns, quotes, rows pasted from a web page. Pure."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.errors import UserError
from bot.imports.cells import Cell, GridRow, is_blank

ROWS_MAX = 50_000
COLUMNS_MAX = 64
SPACES = "  "
"""Stands for "two or more spaces": columns of a table copied as plain text."""
SEPARATORS = ("\t", ";", ",", "|", SPACES)
KINDS = {"\t": "tsv", SPACES: "pasted"}
_LINES_MAX = 4 * ROWS_MAX
_SAMPLE_LENGTH = 32_768
_END = "\ue000"
_NAMED = re.compile(r"\Asep=(.)\r?\n?", re.IGNORECASE)
_RULE = re.compile(r"[\s:|+=-]*-[\s:|+=-]*")
_SWALLOWED = re.compile(r"[\r\n]\s*['\"]?\d{8}['\"]?\s*[\t;,|]")


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of a table before their meaning is known. `exact`: a row with fewer cells than the heading is doubtful."""

    rows: tuple[GridRow, ...]
    kind: str
    exact: bool = False


def named_separator(text: str) -> str | None:
    """The separator that a first line `sep=;` names, as spreadsheets write it."""
    named = _NAMED.match(text)
    return named.group(1) if named else None


def beginning(text: str) -> str:
    """Enough of a text to find its headings in."""
    return text[:_SAMPLE_LENGTH]


def split(text: str, separator: str, *, whole: bool = True) -> Grid:
    """The text as rows of cells. UserError `import_too_many_rows`, `import_too_many_columns`, `import_quotes`.

    `whole=False` is for a text cut off somewhere: an open quote at its end is no mistake.
    """
    rows = []
    for row in _spaced(text) if separator == SPACES else _separated(text, separator, whole):
        if len(row.cells) > COLUMNS_MAX:
            raise UserError("import_too_many_columns", limit=COLUMNS_MAX, line=row.line)
        if any(row.cells):
            rows.append(row)
        if len(rows) > ROWS_MAX + 100 or row.line > _LINES_MAX:
            raise UserError("import_too_many_rows", limit=ROWS_MAX)
    rows = _unframed(rows) if separator == "|" else rows
    return Grid(tuple(rows), KINDS.get(separator, "csv"), exact=separator == SPACES)


def swallowed_rows(row: GridRow) -> bool:
    """Has a stray quote pulled further rows of the table into one cell of this one?"""
    return any(
        isinstance(cell, str) and "\n" in cell.replace("\r", "\n") and _SWALLOWED.search(cell) for cell in row.cells
    )


def _spaced(text: str) -> Iterator[GridRow]:
    for number, line in enumerate(text.splitlines(), start=1):
        cells = re.split(r"\t| {2,}", line.strip())
        yield GridRow(number, tuple(cell.strip() for cell in cells))


def _separated(text: str, separator: str, whole: bool) -> Iterator[GridRow]:
    text = text.replace("\x00", "")
    stream = io.StringIO(f"{text}\n{_END}" if whole else text, newline="")
    reader = csv.reader(stream, delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if cells == [_END]:
                return
            if whole and cells and cells[-1].endswith(_END):
                raise UserError("import_quotes", line=line)
            yield GridRow(line, tuple(cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError("import_quotes", line=line) from error


def _unframed(rows: list[GridRow]) -> list[GridRow]:
    """Without the frame and the rules of a table drawn with `|`, if every row of it stands in a frame."""
    wide = [row for row in rows if len(row.cells) > 1]
    if any(len(row.cells) < 3 or _filled(row.cells[0]) or _filled(row.cells[-1]) for row in wide):
        return rows
    bare = [GridRow(row.line, row.cells[1:-1] if len(row.cells) > 1 else row.cells) for row in rows]
    return [row for row in bare if not all(_RULE.fullmatch(str(cell)) for cell in row.cells)]


def _filled(cell: Cell) -> bool:
    return not is_blank(cell)
