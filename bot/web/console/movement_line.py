"""Rows of an account as the console shows them: names in place of ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.billing.service import Movement
from bot.directory import service as directory
from bot.web.page import MoneyView


@dataclass(frozen=True, slots=True)
class MovementLine:
    """One row: `kind` in the seed's words, `amount` below zero when money left, `balance` after it."""

    id: str
    at: datetime
    kind: str
    amount: MoneyView
    balance: MoneyView
    client_id: str | None
    company: str | None
    curator: str | None
    receipt: str | None
    note: str | None


def movement_lines(conn: Connection, moved: Sequence[Movement]) -> tuple[MovementLine, ...]:
    """The rows with the names of clients and curators."""
    clients = directory.clients_by_id(conn, {one.client_id for one in moved if one.client_id})
    curators = directory.curators_by_id(conn, {one.curator_id for one in moved if one.curator_id})
    return tuple(
        MovementLine(
            id=one.transaction_id,
            at=one.at,
            kind=one.kind,
            amount=one.amount,
            balance=one.balance,
            client_id=one.client_id,
            company=clients[one.client_id].company if one.client_id in clients else None,
            curator=curators[one.curator_id].name if one.curator_id in curators else None,
            receipt=one.receipt,
            note=one.note,
        )
        for one in moved
    )
