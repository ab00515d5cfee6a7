"""Rows of cells under known headings to clients and refusals. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from bot.imports.amounts import Marks, marks_of, read_amount
from bot.imports.cells import Cell, GridRow, Problem, Unreadable, is_blank
from bot.imports.columns import Column, Header
from bot.imports.dates import month_first_example, read_end_date
from bot.imports.grid import swallowed_rows
from bot.imports.table import ClientRow, Rejection
from bot.imports.values import (
    account_ids_in,
    read_account_id,
    read_channels,
    read_currency,
    read_email,
    read_language,
    read_months,
    read_name,
    read_phone,
    read_tags,
    read_time_zone,
)
from bot.money import Money

_MONEY = ("balance", "daily_charge")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Habits:
    """What whole columns show, for cells that could be read in two ways."""

    amounts: dict[str, Marks]
    month_first: str | None


class _At(Exception):
    """A problem and the field it is in; None means the row as a whole."""

    def __init__(self, field: str | None, problem: Problem) -> None:
        super().__init__(problem.key)
        self.field = field
        self.problem = problem


def read_rows(rows: Sequence[GridRow], header: Header, *, exact: bool) -> tuple[list[ClientRow], list[Rejection]]:
    """Every row as a client or as a refusal; of two rows with one account ID the second is refused.

    `exact`: a row must have as many cells as there are headings, since an empty cell leaves no trace.
    """
    habits = _habits(rows, header.columns)
    clients: list[ClientRow] = []
    rejected: list[Rejection] = []
    line_of: dict[str, int] = {}
    for row in rows:
        try:
            _check_shape(row, header, exact)
            client = _client(row, header.columns, habits)
            if first := line_of.get(client.account_id):
                raise _At("account_id", Problem("account_twice", {"value": client.account_id, "first": first}))
        except _At as at:
            column = header.columns.get(at.field or "")
            heading = column.heading if column else None
            rejected.append(Rejection(row.line, heading, at.problem, _seen_ids(row, header)))
            continue
        line_of[client.account_id] = row.line
        clients.append(client)
    return clients, rejected


def _seen_ids(row: GridRow, header: Header) -> tuple[str, ...]:
    """The account IDs in a refused row: what its own column holds, and any hidden inside other cells."""
    try:
        own: tuple[str, ...] = (read_account_id(_cell(row, header.columns["account_id"])),)
    except Unreadable:
        own = ()
    return tuple(dict.fromkeys(own + account_ids_in(row.cells)))


def _habits(rows: Sequence[GridRow], columns: dict[str, Column]) -> _Habits:
    money = [(field, columns[field]) for field in _MONEY if field in columns]
    ends = columns.get("subscription_end")
    return _Habits(
        {field: marks_of(_cell(row, column) for row in rows) for field, column in money},
        month_first_example(_cell(row, ends) for row in rows) if ends else None,
    )


def _check_shape(row: GridRow, header: Header, exact: bool) -> None:
    """A row with more cells than headings, or with other rows inside it, would put values under the wrong heading."""
    if swallowed_rows(row):
        raise _At(None, Problem("row_quotes"))
    extra = [cell for cell in row.cells[header.width :] if not is_blank(cell)]
    if extra or (exact and len(row.cells) != header.width):
        raise _At(None, Problem("row_width", {"cells": len(row.cells), "headings": header.width}))


def _client(row: GridRow, columns: dict[str, Column], habits: _Habits) -> ClientRow:
    account_id = _read(row, columns, "account_id", read_account_id) or ""
    currency = _read(row, columns, "currency", read_currency)
    balance = _money(row, columns, "balance", habits, currency)
    currency = currency or (balance.currency if balance is not None else None) or _heading_currency(columns)
    daily = _daily(_money(row, columns, "daily_charge", habits, currency), currency)
    return ClientRow(
        line=row.line,
        account_id=account_id,
        company=_read(row, columns, "company", read_name),
        email=_read(row, columns, "email", read_email),
        language=_read(row, columns, "language", read_language),
        currency=currency or (daily.currency if daily is not None else None),
        balance=balance,
        subscription_end=_end_date(row, columns, habits.month_first),
        plan=_read(row, columns, "plan", read_name),
        months=_read(row, columns, "months", read_months),
        channels=_read(row, columns, "channels", read_channels),
        daily_charge=daily,
        time_zone=_read(row, columns, "time_zone", read_time_zone),
        contact_name=_read(row, columns, "contact_name", read_name),
        contact_phone=_read(row, columns, "contact_phone", read_phone),
        tags=_read(row, columns, "tags", read_tags) or (),
    )


def _read(
    row: GridRow, columns: dict[str, Column], field: str, reader: Callable[[Cell], _Value | None]
) -> _Value | None:
    column = columns.get(field)
    if column is None:
        return None
    try:
        return reader(_cell(row, column))
    except Unreadable as error:
        raise _At(field, error.problem) from error


def _money(row: GridRow, columns: dict[str, Column], field: str, habits: _Habits, currency: str | None) -> Money | None:
    heading = columns[field].currency if field in columns else None
    return _read(row, columns, field, lambda cell: read_amount(cell, habits.amounts[field], currency, heading))


def _end_date(row: GridRow, columns: dict[str, Column], month_first: str | None) -> date | None:
    return _read(row, columns, "subscription_end", lambda cell: read_end_date(cell, month_first))


def _daily(charge: Money | None, currency: str | None) -> Money | None:
    if charge is not None and charge.minor < 0:
        raise _At("daily_charge", Problem("charge_negative"))
    if charge is not None and currency and charge.currency != currency:
        raise _At("daily_charge", Problem("currency_conflict", {"one": charge.currency, "other": currency}))
    return charge


def _heading_currency(columns: dict[str, Column]) -> str | None:
    return next((columns[field].currency for field in _MONEY if field in columns and columns[field].currency), None)


def _cell(row: GridRow, column: Column) -> Cell:
    return row.cells[column.index] if column.index < len(row.cells) else ""
