"""Tables as CSV and XLSX: what each kind of cell becomes, and what makes a workbook pleasant to open."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.billing.sheets import Cell, csv_file, xlsx_file

MOMENT = datetime(2026, 11, 26, 7, 5, 9, 123_456, tzinfo=UTC)
CELLS: tuple[Cell, ...] = (None, MOMENT, date(2026, 11, 26), "=1+1", Decimal("1234.50"), Decimal("0.35"), 7, "a,b")


def opened(title: str, *rows: tuple[Cell, ...], **named: Any) -> Any:
    return load_workbook(io.BytesIO(xlsx_file(title, rows, **named))).active


def test_csv_cell_by_cell() -> None:
    written = csv_file([("A", "B"), CELLS])
    assert written == (
        "\ufeffA,B\r\n" + ",2026-11-26T07:05:09+00:00,2026-11-26,'=1+1,1234.50,0.35,7," + '"a,b"' + "\r\n"
    )


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_run_as_a_formula(first: str) -> None:
    assert csv_file([(first + "1",)]).lstrip("\ufeff").strip('"').startswith("'" + first)
    assert csv_file([(f"1{first}",)]).count("'") == 0


def test_a_workbook_cell_by_cell() -> None:
    """A moment without zone and to the second, amounts as numbers with two places, a formula as a text."""
    sheet = opened("Nord", ("A",) * len(CELLS), CELLS)
    assert [cell.value for cell in sheet[2]] == [
        None,
        MOMENT.replace(tzinfo=None, microsecond=0),
        MOMENT.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0),
        "=1+1",
        1234.5,
        0.35,
        7,
        "a,b",
    ]
    assert sheet["D2"].data_type == "s"
    assert [sheet[place].number_format for place in ("E2", "F2", "G2")] == ["#,##0.00", "#,##0.00", "General"]
    fine = opened("Nord", (Decimal("0.125"), Decimal("5"), Decimal("1E+2")))
    assert [cell.number_format for cell in fine[1]] == ["General"] * 3


def test_the_first_row_stays_and_the_named_ones_stand_out() -> None:
    rows = [("A", "B"), ("c", "d"), ("e", "f")]
    assert [[cell.font.bold for cell in row] for row in opened("Nord", *rows)] == [[True] * 2, [False] * 2, [False] * 2]
    assert [row[0].font.bold for row in opened("Nord", *rows, bold=(1, 2))] == [False, True, True]
    assert opened("Nord", *rows).freeze_panes == "A2"


def test_columns_are_as_wide_as_what_they_show() -> None:
    """A letter more on each side; a moment is as wide as it is shown, an amount has its separators, 60 is enough."""
    sheet = opened("Nord", ("abc", None, MOMENT, Decimal("1234567.50"), "x" * 70, 7), ("abcdef", None))
    widths = [sheet.column_dimensions[letter].width for letter in "ABCDEF"]
    assert widths == [8, 2, 21, 14, 62, 3]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Nord, 2026-11, EUR", "Nord, 2026-11, EUR"),
        ("a[b]c:d*e?f/g\\h'i", "a b c d e f g h i"),
        ("x" * 40, "x" * 31),
        ("XX", "XX"),
        (" ' ", "Sheet"),
        ("", "Sheet"),
    ],
)
def test_what_a_sheet_is_called(title: str, shown: str) -> None:
    assert opened(title, ("A",)).title == shown
