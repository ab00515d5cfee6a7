"""What the ledger holds, as values: transactions with their lines, accounts with their owners' names. Pure."""

from dataclasses import dataclass
from datetime import datetime

from bot.ids import AccountId, ClientId, CuratorId, PartnerId, TransactionId, TransferId
from bot.money import Money


@dataclass(frozen=True, slots=True)
class Line:
    """One posting of a transaction."""

    n: int
    from_id: AccountId
    to_id: AccountId
    amount: Money


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as the ledger holds it."""

    id: TransactionId
    partner_id: PartnerId
    key: str
    kind: str
    at: datetime
    client_id: ClientId | None
    transfer_id: TransferId | None
    curator_id: CuratorId | None
    receipt: str | None
    rate: str | None
    note: str | None
    reverses: TransactionId | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account with the name that people know its owner by: the account ID of a client, empty for the others."""

    id: AccountId
    kind: str
    currency: str
    owner: str
    posted: int
    floor: int | None
