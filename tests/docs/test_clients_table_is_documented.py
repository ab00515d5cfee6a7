"""Every column of the Clients table is documented, and every heading that the page names is understood."""

import re
from dataclasses import fields
from pathlib import Path

from bot.imports.cells import CELL_LENGTH_MAX, GridRow
from bot.imports.columns import find_header
from bot.imports.grid import COLUMNS_MAX, ROWS_MAX
from bot.imports.reader import BYTES_MAX, read_table
from bot.imports.table import ClientRow

PAGE = (Path(__file__).parents[2] / "docs" / "clients-table.md").read_text(encoding="utf-8")


def documented() -> list[list[str]]:
    """Of each row of the table of columns: the name and the other names."""
    table = PAGE.split("## Columns")[1].split("###")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", table, flags=re.MULTILINE)
    return [[name.strip("* "), *(other.strip() for other in others.split(","))] for name, others in rows[1:]]


def meaning(heading: str) -> str | None:
    """The field that a heading stands for, beside a heading that makes the row a header."""
    partner = "Tags" if heading.startswith(("Account", "ID", "Аккаунт")) else "ID"
    header = find_header([GridRow(1, (heading, partner))])
    return next((name for name, column in header.columns.items() if column.index == 0), None) if header else None


def test_every_heading_on_the_page_is_understood_and_means_one_column() -> None:
    for names in documented():
        found = {meaning(name) for name in names}
        assert len(found) == 1, names
        assert None not in found, names


def test_every_column_is_on_the_page() -> None:
    described = {meaning(names[0]) for names in documented()}
    assert described == {field.name for field in fields(ClientRow)} - {"line"}


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    limits = f"{BYTES_MAX // 1024 // 1024} MB, {ROWS_MAX:,} rows, {COLUMNS_MAX} columns, {CELL_LENGTH_MAX:,} characters"
    assert limits in PAGE


def test_the_amounts_and_dates_on_the_page_are_read() -> None:
    amounts = re.findall(r"`([^`]+)`", PAGE.split("### Amounts")[1].split("**")[0])
    dates = re.findall(r"`([^`]+)`", PAGE.split("### Dates")[1].split("a date cell")[0])
    assert len(amounts) > 6
    assert len(dates) > 6
    for column, values in (("Balance", amounts), ("Expires", dates)):
        for value in values:
            table = read_table(f"ID;{column};Currency\n48210017;{value};\n48210025;;EUR\n".encode())
            reasons = [one.problem.key for one in table.rejected]
            assert reasons in ([], ["currency_missing"]), value
