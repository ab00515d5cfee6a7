"""What an import would do, as values: additions, alterations, differences left alone, and how doubtful it is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.directory.people import Client, ClientData, Partner
from bot.imports.table import ClientRow, Rejection
from bot.money import Money

DOUBTFUL_SHARE = 0.2
DOUBTFUL_CLIENTS_MIN = 5
"""Below so many known clients a share says nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """A client as it is here. `balance` is None while its account is not opened; `end` is its last paid day,
    `plan` in small letters as the price book names it.

    `channels`: transport and name of each; `daily`: what they are set to cost a day together, None if by price book.
    `said`: what the last table that held this client said of it, by field.
    """

    client: Client
    balance: Money | None
    end: date | None
    plan: str | None
    months: int | None
    channels: tuple[tuple[str, str], ...]
    daily: Money | None
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """How to take a table. `now`: when it was true; `overwrite`: where it disagrees with our books it is right.

    `plans`: those of the price book, by name with their titles; without any, every plan is taken.
    """

    partner: Partner
    now: datetime
    overwrite: bool = False
    plans: Mapping[str, str] = field(default_factory=dict)

    def is_older(self, seen_at: datetime | None) -> bool:
        """Whether a client was seen later than this table is of: then, for money kept elsewhere, that sight stays."""
        return self.partner.gateway != "book" and seen_at is not None and self.now < seen_at


@dataclass(frozen=True, slots=True)
class Addition:
    """A client to add, with whatever the row tells."""

    row: ClientRow
    data: ClientData


@dataclass(frozen=True, slots=True)
class Alteration:
    """What to write of a known client. `fields` names what is different, for people."""

    known: Known
    row: ClientRow
    data: ClientData
    fields: tuple[str, ...]
    opening: Money | None = None
    balance: Money | None = None
    subscription: bool = False
    channels: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Where table and books disagree and the books were left as they are. `ours` and `table` are shown as text."""

    account_id: str
    company: str
    field: str
    ours: str | None
    table: str | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """How many balances and end dates of known clients this table moves, and of how many."""

    balances: int = 0
    balances_of: int = 0
    ends: int = 0
    ends_of: int = 0

    @property
    def asks(self) -> bool:
        """So much at once that it may be the wrong table."""
        pairs = ((self.balances, self.balances_of), (self.ends, self.ends_of))
        return any(of >= DOUBTFUL_CLIENTS_MIN and moved > DOUBTFUL_SHARE * of for moved, of in pairs)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an import would do. `said` is what the table says of each client, to be remembered.

    `warned`: what is odd in rows that are taken all the same.
    """

    additions: tuple[Addition, ...]
    alterations: tuple[Alteration, ...]
    unchanged: tuple[Known, ...]
    missing: tuple[Known, ...]
    rejected: tuple[Rejection, ...]
    warned: tuple[Rejection, ...]
    differences: tuple[Difference, ...]
    doubt: Doubt
    said: Mapping[str, Mapping[str, str]]
