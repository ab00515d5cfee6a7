"""Tables for people: CSV that spreadsheets open, and XLSX. A text that looks like a formula stays a text."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

Cell = str | int | Decimal | date | datetime | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet run a cell instead of showing it."""
_MOMENT_WIDTH = len("2026-11-26 09:15:00")
_WIDTH_MAX = 60
_BOM = "\ufeff"
"""Without it some spreadsheets read UTF-8 as something else."""


def csv_file(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV with a byte order mark; texts that start like a formula get an apostrophe before them."""
    out = io.StringIO()
    out.write(_BOM)
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row])
    return out.getvalue()


def xlsx_file(title: str, rows: Iterable[Sequence[Cell]], bold: Sequence[int] = (0,)) -> bytes:
    """Rows as a workbook with one sheet; `bold` are the places of the rows that stand out. Moments lose their zone.

    Columns are as wide as what stands in them, and the first row stays in sight.
    """
    from openpyxl import Workbook  # imported late: with its styles it takes a tenth of every command's start
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    listed = [tuple(row) for row in rows]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_title(title))
    sheet.freeze_panes = "A2"
    for place, width in enumerate(_widths(listed), 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    for n, row in enumerate(listed):
        cells = []
        for value in row:
            plain: Any = value.replace(tzinfo=None, microsecond=0) if isinstance(value, datetime) else value
            cell = WriteOnlyCell(sheet, value=plain)
            if isinstance(value, str):
                cell.data_type = "s"
            if isinstance(value, Decimal):
                cell.number_format = "#,##0.00" if value.as_tuple().exponent == -2 else "General"
            cell.font = Font(bold=n in bold)
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _widths(rows: Sequence[Sequence[Cell]]) -> Iterator[int]:
    """The width of each column in letters: the longest of what it shows, and a little room."""
    for column in zip_longest(*rows):
        shown = (
            _MOMENT_WIDTH if isinstance(one, datetime) else len(f"{one:,}" if isinstance(one, Decimal) else str(one))
            for one in column
            if one is not None
        )
        yield min(max(shown, default=0), _WIDTH_MAX) + 2


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat(timespec="seconds")
        case str() if cell.startswith(_FORMULA):
            return f"'{cell}"
        case _:
            return str(cell)


def _sheet_title(title: str) -> str:
    """What a sheet may be called: 31 characters, none of those that references use."""
    return "".join(" " if letter in "[]:*?/\\'" else letter for letter in title)[:31].strip() or "Sheet"
