"""The Wazzup gateway: nothing can be bought by an API there, so a confirmed transfer becomes a task for a person."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.billing import transfers
from bot.billing.accounts import Account
from bot.billing.changed import Changed
from bot.billing.gateways.book import BookGateway
from bot.billing.gateways.wazzup import tasks
from bot.billing.transfers import Transfer
from bot.ids import AccountId

NAME = "wazzup"


class WazzupGateway:
    """Makes tasks. The transfer waits, as pending, until a table or poll shows it done."""

    name = NAME
    undoable = False
    """Nothing moves here, so there is nothing to undo: the task itself can be cancelled."""

    def stale(self, conn: Connection, moved: Transfer) -> str | None:
        """As in the book: what the quote was made from has changed."""
        return BookGateway().stale(conn, moved)

    def carry_out(
        self,
        conn: Connection,
        moved: Transfer,
        *,
        locked: Mapping[AccountId, Account],
        released: Mapping[AccountId, int],
        now: datetime,
    ) -> list[Changed] | None:
        """Make the task, once."""
        transfers.move_on(conn, moved, "pending", confirmed_at=now)
        tasks.create(conn, moved, now)
        return None

    def take_back(self, conn: Connection, moved: Transfer, now: datetime) -> None:
        """Nobody is to carry it out any more: its task is cancelled."""
        task = tasks.of_transfer(conn, moved.id)
        if task is not None:
            tasks.close(conn, task, "cancelled", now)
