"""What a command prints: one JSON document, or something a person likes to read; reasons go to standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bot.money import Money, as_json

DONE, REFUSED, WRONG_USE = 0, 1, 2
"""Exit statuses: done; refused or failed with a reason; wrong use or configuration."""

console = Console(highlight=False, emoji=False)
"""Without emoji: `deposit:bank:17` is a key, not a picture."""
errors = Console(stderr=True, highlight=False, emoji=False)


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    json.dump(document, sys.stdout, default=plain, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def plain(value: Any) -> Any:
    """What JSON can hold: money by INTERFACES, times in ISO 8601 with offset, dataclasses as objects."""
    match value:
        case Money():
            return as_json(value)
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case Enum():
            return value.value
        case set() | frozenset() | tuple():
            return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """A table for people; `empty` is said instead when there are no rows. A column named `>…` is set to the right.

    Title and cells are shown as they are: in a client's name square brackets are no markup.
    """
    listed = [list(row) for row in rows]
    if not listed:
        console.print(empty)
        return
    table = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    for row in listed:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def fail(reason: str, *, as_json: bool, status: int = REFUSED, key: str = "failed") -> NoReturn:
    """Say why, and end with a status."""
    if as_json:
        print_json({"error": {"key": key, "message": reason}})
    errors.print(f"[red]error:[/red] {escaped(reason)}", soft_wrap=True)
    raise typer.Exit(status)


def escaped(text: str) -> str:
    """Text in which square brackets are no markup."""
    return escape(text)
