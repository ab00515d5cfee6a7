"""What reading a Clients table gives: rows, refusals, and which columns were there. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.imports.cells import Problem
from bot.money import Money

POLL = "poll"
"""The kind of a table that was made of polled accounts."""


@dataclass(frozen=True, slots=True)
class NamedChannel:
    """One messenger account: its transport (`whatsapp`, `telegram`, …) and the name or number it goes by."""

    transport: str
    name: str


@dataclass(frozen=True, slots=True)
class Channels:
    """How many channels a client has; `named` is empty when the table gives only the number."""

    count: int
    named: tuple[NamedChannel, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One client as the table has it. None: the cell is empty or its column absent; `Table.present` tells which.

    `subscription_end` is the last paid day. `months` is the period it was bought for.
    `daily_charge` is the sum of daily payments of all channels.
    `time_zone` is an IANA name, `contact_phone` E.164, `currency` one of EUR, USD, KZT, RUB.
    """

    line: int
    account_id: str
    company: str | None = None
    email: str | None = None
    language: str | None = None
    currency: str | None = None
    balance: Money | None = None
    subscription_end: date | None = None
    plan: str | None = None
    months: int | None = None
    channels: Channels | None = None
    daily_charge: Money | None = None
    time_zone: str | None = None
    contact_name: str | None = None
    contact_phone: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that stays out. `column` is the heading as the file has it, None when the row as a whole is wrong.

    `account_ids`: every account ID to be seen in the row, so that its client does not count as gone.
    """

    line: int
    column: str | None
    problem: Problem
    account_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A Clients table that was read.

    `headings`: each field that has a column, with its heading in the file.
    `ignored`: headings nobody here knows. `kind`: csv, tsv, pasted, xlsx or poll. `digest`: SHA-256 of the bytes.
    """

    rows: tuple[ClientRow, ...]
    rejected: tuple[Rejection, ...]
    headings: Mapping[str, str]
    ignored: tuple[str, ...]
    kind: str
    digest: str

    @property
    def present(self) -> frozenset[str]:
        """The fields that have a column, so that an empty cell and an absent column are not mixed up."""
        return frozenset(self.headings)

    @property
    def source(self) -> str:
        """What its clients are seen by: "import", or "poll" for accounts that were read one by one."""
        return POLL if self.kind == POLL else "import"

    @property
    def read(self) -> int:
        """Rows seen, good and bad; headings, blank lines and totals do not count."""
        return len(self.rows) + len(self.rejected)
