"""One client of a plan into the database: details, money, subscription, channels."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from bot.billing.changed import Changed
from bot.billing.importing import set_channels, set_subscription
from bot.billing.opening import adjust_balance, open_client
from bot.directory import service as directory
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.imports.compare import channel_list
from bot.imports.plan import Addition, Alteration, Difference
from bot.imports.table import ClientRow


@dataclass(frozen=True, slots=True)
class Run:
    """What every write of one import shares. `present`: the fields that the table has a column for.

    `source`: what the clients are seen by, "import" for a table or "poll".
    """

    id: str
    partner_id: PartnerId
    present: frozenset[str]
    now: datetime
    by: str
    reason: str
    source: str = "import"


@dataclass(frozen=True, slots=True)
class Written:
    """What came of some clients: what alerts must hear of, and balances that could not be adjusted."""

    changes: tuple[Changed, ...] = ()
    refused: tuple[Difference, ...] = ()

    def __add__(self, other: "Written") -> "Written":
        return Written(self.changes + other.changes, self.refused + other.refused)


def write_client(conn: Connection, run: Run, what: Addition | Alteration) -> Written:
    """Carry out one part of a plan. A client that somebody else has added meanwhile is left to the next import."""
    if isinstance(what, Alteration):
        return _alter(conn, run, what)
    if directory.client_by_account(conn, run.partner_id, what.row.account_id) is not None:
        return Written()
    return _add(conn, run, what)


def _add(conn: Connection, run: Run, addition: Addition) -> Written:
    row = addition.row
    client = directory.add_client(conn, run.partner_id, replace(addition.data, source=run.source), run.now)
    if row.balance is not None:
        open_client(conn, run.partner_id, client.id, row.balance, now=run.now)
    if row.subscription_end is not None:
        _set_subscription(conn, run, client.id, row, row.subscription_end)
    if row.channels is not None:
        wanted = channel_list(row.channels, ())
        subscribed = row.subscription_end is not None
        set_channels(conn, run.partner_id, client.id, wanted, row.daily_charge, subscribed, run.now)
    return Written((Changed(run.partner_id, client.id, "opened"),))


def _alter(conn: Connection, run: Run, alteration: Alteration) -> Written:
    client = alteration.known.client
    directory.update_client(conn, client.id, replace(alteration.data, source=run.source))
    if alteration.opening is not None:
        open_client(conn, run.partner_id, client.id, alteration.opening, now=run.now)
    adjusted = _adjust(conn, run, alteration)
    _write_subscription(conn, run, alteration)
    return Written((Changed(run.partner_id, client.id, "imported"),)) + adjusted


def _adjust(conn: Connection, run: Run, alteration: Alteration) -> Written:
    known, target = alteration.known, alteration.balance
    if target is None:
        return Written()
    try:
        changes = adjust_balance(
            conn,
            run.partner_id,
            known.client.id,
            target,
            reason=run.reason,
            by=run.by,
            key=f"{run.id}:{known.client.id}",
            now=run.now,
            bought=_bought(alteration),
        )
    except UserError:  # money is held for a transfer under way: the balance cannot go below it now
        left = Difference(known.client.account_id, known.client.company, "balance", str(known.balance), str(target))
        return Written(refused=(left,))
    return Written(tuple(changes))


def _bought(alteration: Alteration) -> bool:
    """Whether a subscription was bought or renewed since the last sight."""
    end, before = alteration.row.subscription_end, alteration.known.end
    return "subscription_end" in alteration.fields and end is not None and (before is None or end > before)


def _write_subscription(conn: Connection, run: Run, alteration: Alteration) -> None:
    known, row = alteration.known, alteration.row
    end = row.subscription_end if "subscription_end" in alteration.fields else known.end
    if alteration.subscription and end is not None:
        _set_subscription(conn, run, known.client.id, row, end)
    if alteration.channels:
        daily = row.daily_charge if "daily_charge" in run.present else known.daily
        wanted = channel_list(row.channels, known.channels)
        set_channels(conn, run.partner_id, known.client.id, wanted, daily, end is not None, run.now)


def _set_subscription(conn: Connection, run: Run, client_id: ClientId, row: ClientRow, end: date) -> None:
    set_subscription(
        conn,
        run.partner_id,
        client_id,
        plan=row.plan,
        end_date=end,
        months=row.months,
        as_of=run.now,
        now=run.now,
    )
