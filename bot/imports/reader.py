"""`read_table`: from the bytes of a file to the Clients table in it. Pure: reaches no file, database or clock."""

import hashlib
import re
from collections.abc import Iterable, Sequence

from bot.errors import UserError
from bot.imports.cells import GridRow, clean, is_blank
from bot.imports.columns import EXPECTED, Header, find_header, known_headings, repeats
from bot.imports.encoding import decode
from bot.imports.grid import ROWS_MAX, SEPARATORS, Grid, beginning, named_separator, split
from bot.imports.rows import read_rows
from bot.imports.table import Table
from bot.imports.workbook import is_workbook, sheets

BYTES_MAX = 20 * 1024 * 1024
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"%PDF", "PDF"),
    (b"PK", "ZIP"),
    (b"\x1f\x8b", "GZ"),
    (b"{\\rtf", "RTF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)
_HTML = re.compile(rb"\s*<(?:!doctype|html|table|\?xml|meta|div)", re.IGNORECASE)
_TOTALS = frozenset(("total", "totals", "grand total", "итого", "всего", "сумма"))


def read_table(data: bytes, filename: str | None = None) -> Table:
    """Read a partner's Clients table: CSV, TSV, XLSX, or rows pasted from a web page, told apart by content.

    `filename` is only for the message of a refusal. A bad row is in `Table.rejected`; the others are in `Table.rows`.
    UserError when there is no table in it: `import_empty`, `import_too_big`, `import_format`, `import_encoding`,
    `import_workbook`, `import_no_header`, `import_no_account`, `import_double_column`, `import_quotes`,
    `import_too_many_rows`, `import_too_many_columns`; `reasons.error_text` puts each into words.
    """
    try:
        grid, header, body = _found(data)
    except UserError as error:
        raise UserError(error.key, **error.facts, file=filename or "-") from error
    rows, rejected = read_rows(body, header, exact=grid.exact)
    return Table(
        rows=tuple(rows),
        rejected=tuple(rejected),
        headings={field: column.heading for field, column in header.columns.items()},
        ignored=header.ignored,
        kind=grid.kind,
        digest=hashlib.sha256(data).hexdigest(),
    )


def _found(data: bytes) -> tuple[Grid, Header, list[GridRow]]:
    if len(data) > BYTES_MAX:
        raise UserError("import_too_big", limit_mb=BYTES_MAX // 1024 // 1024)
    if not data.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise UserError("import_empty")
    grid, header = _best_sheet(sheets(data)) if is_workbook(data) else _best_split(_text(data))
    if header.doubled:
        raise UserError("import_double_column", headings=", ".join(header.doubled))
    body = list(_body(grid, header))
    if len(body) > ROWS_MAX:
        raise UserError("import_too_many_rows", limit=ROWS_MAX)
    return grid, header, body


def _text(data: bytes) -> str:
    for mark, name in _FOREIGN:
        if data.startswith(mark):
            raise UserError("import_format", format=name)
    if _HTML.match(data):
        raise UserError("import_format", format="HTML")
    text = decode(data)
    if not text.strip():
        raise UserError("import_empty")
    return text


def _best_sheet(grids: Sequence[Grid]) -> tuple[Grid, Header]:
    found = [(grid, header) for grid in grids if (header := find_header(grid.rows))]
    if not found:
        raise _no_header(grids)
    return max(found, key=lambda pair: len(pair[1].columns))


def _best_split(text: str) -> tuple[Grid, Header]:
    """The separator under which the headings make most sense."""
    named = named_separator(text)
    text = re.sub(r"\A[^\n]*", "", text) if named else text
    start = beginning(text)
    tried = {mark: _try(start, mark) for mark in ([named] if named else SEPARATORS)}
    grids = {mark: found for mark, found in tried.items() if isinstance(found, Grid)}
    headers = [(mark, header) for mark, grid in grids.items() if (header := find_header(grid.rows))]
    if not headers:
        wide = [found for found in tried.values() if isinstance(found, UserError)]
        raise wide[0] if wide else _no_header(list(grids.values()))
    separator = max(headers, key=lambda pair: len(pair[1].columns))[0]
    grid = split(text, separator)
    header = find_header(grid.rows)
    if header is None:
        raise _no_header([grid])
    return grid, header


def _try(text: str, separator: str) -> Grid | UserError:
    try:
        return split(text, separator, whole=False)
    except UserError as error:
        return error


def _no_header(grids: Iterable[Grid]) -> UserError:
    known = max((known_headings(grid.rows) for grid in grids), key=len, default=())
    if len(known) > 1:
        return UserError("import_no_account", found=", ".join(known))
    return UserError("import_no_header", expected=EXPECTED)


def _body(grid: Grid, header: Header) -> Iterable[GridRow]:
    """The rows under the headings; blank lines, totals and repeated headings are no clients."""
    for row in grid.rows[header.position + 1 :]:
        cells = [cell for cell in row.cells if not is_blank(cell)]
        first = clean(cells[0]).casefold().rstrip(":") if cells and isinstance(cells[0], str) else None
        if cells and first not in _TOTALS and not repeats(header, row.cells):
            yield row
