"""What is next for each client: which end comes first, when, and what stands against it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection

from bot.billing.local_day import local_date
from bot.billing.service import Standing, standings
from bot.directory import service as directory
from bot.directory.people import Client
from bot.web.page import MoneyView, Reading


class Reason(StrEnum):
    """Which end it is, the worst first."""

    STOPPED = "stopped"
    ENDED = "ended"
    ENDING = "ending"
    RUNNING_OUT = "running_out"


@dataclass(frozen=True, slots=True)
class Outlook:
    """One client's next end. `last_day` is the last paid day in the client's calendar; `days` counts to it from the
    client's today, below zero once it is past; `ends_at` is the exact moment where it is known."""

    client: str
    account_id: str
    company: str
    reason: Reason
    last_day: date | None
    days: int | None
    ends_at: date | None
    runs_out_at: datetime | None
    balance: MoneyView
    daily: MoneyView | None
    renewal: MoneyView | None
    renewal_months: int | None
    stopped: int
    channels: int
    contact_name: str | None
    contact_phone: str | None
    as_of: datetime | None


def outlooks(conn: Connection, reading: Reading, clients: Iterable[Client]) -> list[Outlook]:
    """The next end of each client that has one, the most urgent first."""
    by_id = {one.id: one for one in clients}
    stands = standings(conn, by_id, reading.now, reading.book)
    found = [_outlook(by_id[client_id], standing, reading.now) for client_id, standing in stands.items()]
    return sorted((one for one in found if one is not None), key=_urgency)


def partner_outlooks(conn: Connection, reading: Reading) -> list[Outlook]:
    """The same for every client of the partner."""
    return outlooks(conn, reading, directory.list_clients(conn, reading.partner.id))


def within(found: Sequence[Outlook], days: int) -> list[Outlook]:
    """Those whose end comes within so many days, or is past."""
    return [one for one in found if one.days is None or one.days <= days]


def next_end(standing: Standing) -> tuple[Reason, date | None] | None:
    """Which end comes first; what has happened already comes before what will."""
    if standing.stopped:
        return Reason.STOPPED, standing.ended_on
    if standing.ended_on is not None:
        return Reason.ENDED, standing.ended_on
    ahead = [(Reason.ENDING, standing.next_end), (Reason.RUNNING_OUT, standing.money_until)]
    known = [(reason, day) for reason, day in ahead if day is not None]
    return min(known, key=lambda one: one[1], default=None)


def _outlook(client: Client, standing: Standing, now: datetime) -> Outlook | None:
    following = next_end(standing)
    if following is None:
        return None
    reason, last_day = following
    return Outlook(
        client=client.id,
        account_id=client.account_id,
        company=client.company,
        reason=reason,
        last_day=last_day,
        days=None if last_day is None else (last_day - local_date(now, client.time_zone)).days,
        ends_at=standing.next_end or standing.ended_on,
        runs_out_at=standing.runs_out_at,
        balance=standing.balance,
        daily=standing.daily_total or None,
        renewal=standing.renewal,
        renewal_months=standing.renewal_months,
        stopped=standing.stopped,
        channels=len(standing.channels),
        contact_name=client.contact_name,
        contact_phone=client.contact_phone,
        as_of=client.as_of,
    )


def _urgency(one: Outlook) -> tuple[bool, int, str]:
    """Stopped first, then by how far away the end is; what ended longest ago comes last of what has ended."""
    if one.days is None or one.days < 0:
        return False, -(one.days or 0), one.company.casefold()
    return True, one.days, one.company.casefold()
