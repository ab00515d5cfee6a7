"""Who carries out a confirmed money move: the protocol that every gateway keeps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.billing.accounts import Account
from bot.billing.changed import Changed
from bot.billing.transfers import Transfer
from bot.ids import AccountId


class Gateway(Protocol):
    """Carries out transfers of the partners that use it."""

    name: str
    undoable: bool
    """Whether a confirmed transfer may wait for an undo before it is carried out."""

    def stale(self, conn: Connection, moved: Transfer) -> str | None:
        """Why the transfer no longer fits the facts it was quoted from; None while it does."""
        ...

    def carry_out(
        self,
        conn: Connection,
        moved: Transfer,
        *,
        locked: Mapping[AccountId, Account],
        released: Mapping[AccountId, int],
        now: datetime,
    ) -> list[Changed] | None:
        """Do it, giving back what was `released` from hold; None: somebody else must first, the transfer waits."""
        ...

    def take_back(self, conn: Connection, moved: Transfer, now: datetime) -> None:
        """The transfer waits and is not wanted any more: what this gateway has begun for it ends."""
        ...
