"""XLSX to rows of cells: text, numbers and days, one grid a sheet. Reads only what is shown, runs nothing."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.errors import UserError
from bot.imports.cells import Cell, GridRow, Number
from bot.imports.grid import COLUMNS_MAX, ROWS_MAX, Grid
from bot.money import normal_currency

UNPACKED_MAX = 200 * 1024 * 1024
"""Bytes that an XLSX may unpack to; a file of 20 MB that grows further is a bomb, not a table."""
SHEETS_MAX = 20
_LINES_MAX = 4 * ROWS_MAX
_FORMAT_CURRENCY = re.compile(r"\[\$([^\-\]]+)|\"([^\"]+)\"|([€$₽₸])")


def is_workbook(data: bytes) -> bool:
    """Is it a ZIP with a workbook in it, whatever its name says?"""
    if not data.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def sheets(data: bytes) -> tuple[Grid, ...]:
    """Every visible sheet as a grid. UserError `import_workbook`, `import_too_big`, `import_too_many_…`."""
    from openpyxl import load_workbook  # imported late: it takes a tenth of every command's start

    try:
        _check_size(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            return tuple(Grid(tuple(_rows(sheet)), "xlsx") for sheet in visible[:SHEETS_MAX])
    except UserError:
        raise
    except Exception as error:  # openpyxl lets a dozen kinds of error through for a broken file
        raise UserError("import_workbook") from error


def _check_size(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_MAX:
            raise UserError("import_too_big", limit_mb=UNPACKED_MAX // 1024 // 1024)


def _rows(sheet: Any) -> Iterator[GridRow]:
    sheet.reset_dimensions()  # the size that a file claims is often wrong
    kept = 0
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        row = _trimmed([_cell(cell) for cell in cells[: COLUMNS_MAX + 1]])
        if len(row) > COLUMNS_MAX:
            raise UserError("import_too_many_columns", limit=COLUMNS_MAX, line=line)
        if row:
            kept += 1
            yield GridRow(line, tuple(row))
        if kept > ROWS_MAX + 100 or line > _LINES_MAX:
            raise UserError("import_too_many_rows", limit=ROWS_MAX)


def _trimmed(cells: list[Cell]) -> list[Cell]:
    while cells and cells[-1] == "":
        cells.pop()
    return cells


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    # fifteen digits are what a spreadsheet shows of a float, so 0.1 + 0.2 reads as the 0.3 that people see
    return Number(Decimal(f"{value:.15g}"), _format_currency(cell.number_format))


def _format_currency(number_format: str | None) -> str | None:
    """The currency that a number format such as `#,##0.00 [$€-1]` shows."""
    for found in _FORMAT_CURRENCY.finditer(number_format or ""):
        code = normal_currency(next(group for group in found.groups() if group))
        if code:
            return code
    return None
