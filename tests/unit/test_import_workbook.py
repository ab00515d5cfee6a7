"""XLSX: typed cells, several sheets, currencies in number formats, and workbooks that are broken or hostile."""

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from bot.errors import UserError
from bot.imports import workbook
from bot.imports.reader import read_table
from bot.money import Money

HEADINGS = ["ID", "Company", "Balance", "Subscription end date", "Contact phone"]


def xlsx(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def book_of(*rows: list[Any]) -> Workbook:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    return book


def test_numbers_days_and_texts() -> None:
    book = book_of(
        ["Clients of Smith Ltd"],
        [],
        HEADINGS,
        [48210017, "Alfa Dental", "1 440,50 €", date(2026, 12, 3), 37120000017],
        [48210025.0, "Beta Kids", "9 EUR", datetime(2026, 12, 3, 23, 59), "+371 20 000 025"],  # noqa: DTZ001
        ["'48210033", "Gamma", None, None, None],
    )
    table = read_table(xlsx(book), "anything.csv")
    assert table.kind == "xlsx"
    assert table.rejected == ()
    assert [(row.line, row.account_id, row.balance, row.subscription_end) for row in table.rows] == [
        (4, "48210017", Money(144_050, "EUR"), date(2026, 12, 3)),
        (5, "48210025", Money(900, "EUR"), date(2026, 12, 3)),
        (6, "48210033", None, None),
    ]
    assert [row.contact_phone for row in table.rows] == ["+37120000017", "+37120000025", None]


def test_the_currency_of_a_number_format() -> None:
    book = book_of(HEADINGS[:3], [48210017, "Alfa", 1440.5], [48210025, "Beta", 0.1 + 0.2], [48210033, "Gamma", -5])
    sheet = book.worksheets[0]
    for cell, number_format in (("C2", "#,##0.00 [$€-1]"), ("C3", '#,##0.00\\ "₽"'), ("C4", '"$"#,##0.00')):
        sheet[cell].number_format = number_format
    balances = [row.balance for row in read_table(xlsx(book)).rows]
    assert balances == [Money(144_050, "EUR"), Money(30, "RUB"), Money(-500, "USD")]


def test_a_computed_part_of_a_cent_is_refused_not_rounded() -> None:
    table = read_table(xlsx(book_of(["ID", "Balance, EUR"], [48210017, 100 / 3])))
    assert [r.problem.key for r in table.rejected] == ["amount_too_fine"]


def test_a_number_in_the_date_column_is_refused() -> None:
    table = read_table(xlsx(book_of(["ID", "Expires"], [48210017, 46359])))
    assert [r.problem.key for r in table.rejected] == ["date_number"]


def test_the_sheet_with_the_table_is_found() -> None:
    book = book_of(["Read me first"])
    book.create_sheet("Clients").append(["ID", "Company"])
    book["Clients"].append([48210017, "Alfa"])
    hidden = book.create_sheet("Old")
    hidden.append(HEADINGS)
    hidden.sheet_state = "hidden"
    assert [row.company for row in read_table(xlsx(book)).rows] == ["Alfa"]


def test_no_sheet_with_a_table() -> None:
    with pytest.raises(UserError) as caught:
        read_table(xlsx(book_of(["Company", "Balance"], ["Alfa", 4])))
    assert caught.value.key == "import_no_account"


def test_too_many_columns() -> None:
    with pytest.raises(UserError) as caught:
        read_table(xlsx(book_of(["ID", "Company"] + ["x"] * 70)))
    assert caught.value.key == "import_too_many_columns"


def test_a_far_away_cell_costs_nothing() -> None:
    book = book_of(["ID", "Company"], [48210017, "Alfa"])
    book.worksheets[0].cell(row=1_000_000, column=1, value="x")
    with pytest.raises(UserError) as caught:
        read_table(xlsx(book))
    assert caught.value.key == "import_too_many_rows"


def test_broken_workbooks() -> None:
    whole = xlsx(book_of(HEADINGS))
    for name in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"):
        with pytest.raises(UserError) as caught:
            read_table(_replaced(whole, name, b"<broken"))
        assert caught.value.key == "import_workbook"
    with pytest.raises(UserError) as caught:
        read_table(whole[: len(whole) // 2])
    assert caught.value.key == "import_format"


def test_entities_that_multiply_are_refused() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "0123456789">{levels}]><worksheet>&e9;</worksheet>'
    with pytest.raises(UserError):
        read_table(_replaced(xlsx(book_of(HEADINGS)), "xl/worksheets/sheet1.xml", bomb.encode()))


def test_a_file_that_unpacks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "UNPACKED_MAX", 10_000)
    with pytest.raises(UserError) as caught:
        read_table(_replaced(xlsx(book_of(HEADINGS)), "xl/extra.xml", b" " * 20_000))
    assert caught.value.key == "import_too_big"


def _replaced(data: bytes, name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, content)
    return target.getvalue()
