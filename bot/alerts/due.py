"""Who runs out when: the clients of a partner whose subscription, money or channels end soon or have ended."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.alerts.alert import Kind
from bot.alerts.stopped import paid_through
from bot.alerts.surroundings import Surroundings
from bot.billing.local_day import first_instant, local_date
from bot.billing.standing import Standing
from bot.billing.standings import standings
from bot.directory import service as directory
from bot.directory.people import Client
from bot.ids import ClientId, PartnerId
from bot.money import Money

_DAY = timedelta(days=1)
_OVER = (Kind.STOPPED, Kind.ENDED)


@dataclass(frozen=True, slots=True)
class DueClient:
    """A client that runs out. `day` is the last paid one in its own calendar, `reason` a kind of alert.

    `ends_at` is the moment its subscription ends or ended, `runs_out_at` the one at which its money is gone; either is
    None when there is no such thing. `as_of`, `source`: as in a standing.
    """

    client_id: ClientId
    account_id: str
    company: str
    day: date
    reason: Kind
    ends_at: datetime | None
    runs_out_at: datetime | None
    balance: Money
    days: int = 0
    """Days from the client's own today to `day`, negative when it is over."""
    as_of: datetime | None = None
    source: str | None = None
    estimated: bool = False
    """The day is a likely one: the money is spent by use."""


def due_list(
    conn: Connection, partner_id: PartnerId, *, now: datetime, env: Surroundings, within_days: int
) -> list[DueClient]:
    """What is over first, then by the last paid day, up to `within_days` ahead; what is history is left out."""
    clients = {one.id: one for one in directory.list_clients(conn, partner_id)}
    known = standings(conn, clients, now, env.book)
    paid = paid_through(conn, known)
    found = [_due(clients[one.client_id], one, now, paid.get(one.client_id)) for one in known.values()]
    oldest = timedelta(days=env.policy.forget_after_days)
    kept = [
        one
        for one in found
        if one is not None and -oldest <= one.day - _today(clients[one.client_id], now) <= timedelta(days=within_days)
    ]
    return sorted(kept, key=lambda one: (one.reason not in _OVER, one.day, one.company.casefold()))


def _due(client: Client, standing: Standing, now: datetime, paid: date | None) -> DueClient | None:
    chosen = _soonest(standing, _today(client, now), paid)
    if chosen is None:
        return None
    reason, day = chosen
    end = standing.next_end or standing.ended_on
    return DueClient(
        client_id=client.id,
        account_id=client.account_id,
        company=client.company,
        day=day,
        reason=reason,
        ends_at=first_instant(end + _DAY, client.time_zone) if end else None,
        runs_out_at=standing.runs_out_at,
        balance=standing.balance,
        days=(day - _today(client, now)).days,
        as_of=standing.as_of,
        source=standing.source,
        estimated=reason is Kind.RUNNING_OUT and standing.by_use is not None,
    )


def _soonest(standing: Standing, today: date, paid: date | None) -> tuple[Kind, date] | None:
    """What is to be said of a client first: stopped, ended, else whichever comes sooner."""
    if standing.stopped:
        return Kind.STOPPED, max((day for day in (standing.ended_on, paid) if day), default=today - _DAY)
    if standing.ended_on is not None and standing.next_end is None:
        return Kind.ENDED, standing.ended_on
    ahead = [(standing.next_end, Kind.ENDING), (standing.money_until, Kind.RUNNING_OUT)]
    known = [(day, kind) for day, kind in ahead if day is not None]
    if not known:
        return None
    day, kind = min(known)
    return kind, day


def _today(client: Client, now: datetime) -> date:
    return local_date(now, client.time_zone)
