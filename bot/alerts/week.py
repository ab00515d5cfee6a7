"""An owner's week in figures: what renewals need, what was kept, owed, stopped, who moved money, what was sent."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from bot.alerts.alert import Kind
from bot.alerts.surroundings import Surroundings
from bot.billing.accounts import partner_accounts
from bot.billing.client_payments import owes
from bot.billing.local_day import first_instant
from bot.billing.outlook import partner_need
from bot.directory import service as directory
from bot.ids import CuratorId, PartnerId
from bot.messaging.costs import message_costs
from bot.money import Money, as_json
from bot.storage.tables import account, alert, delivery, ledger_transaction, posting, transfer

_SOON, _LATER = 7, 30
_DAY = timedelta(days=1)
_NAMES_MAX = 4


def week_facts(conn: Connection, partner_id: PartnerId, *, now: datetime, env: Surroundings) -> dict[str, Any]:
    """Everything the Monday summary says. Last month is the calendar month before this one, in the partner's zone."""
    zone = directory.get_partner(conn, partner_id).time_zone
    this = now.astimezone(ZoneInfo(zone)).date().replace(day=1)
    last = (this - _DAY).replace(day=1)
    before = (last - _DAY).replace(day=1)
    start, end = first_instant(last, zone), first_instant(this, zone)
    soon = partner_need(conn, env.book, partner_id, now, _SOON)
    later = partner_need(conn, env.book, partner_id, now, _LATER)
    return {
        "need_soon": _money(one.total for one in soon),
        "need_later": _money(one.total for one in later),
        "account": _money(one.available for one in partner_accounts(conn, partner_id)),
        "kept": _money(_kept(conn, partner_id, start, end)),
        "owed": _money(_sums(one.owes for one in owes(conn, partner_id) if one.owes)),
        "stopped": _stopped(conn, partner_id, start, end),
        "stopped_before": _stopped(conn, partner_id, first_instant(before, zone), start),
        "moved": _moved(conn, partner_id, now - 7 * _DAY),
        "messages": _messages(conn, partner_id, start, end),
        "costs": _money(one.money for one in message_costs(conn, partner_id, start, end)),
    }


def _money(amounts: Iterable[Money]) -> list[dict[str, Any]]:
    """Amounts for a text, those of nothing left out."""
    return [dict(as_json(one)) for one in amounts if one.minor]


def _sums(amounts: Iterable[Money]) -> list[Money]:
    totals: dict[str, int] = defaultdict(int)
    for one in amounts:
        totals[one.currency] += one.minor
    return [Money(minor, currency) for currency, minor in sorted(totals.items())]


def _kept(conn: Connection, partner_id: PartnerId, start: datetime, end: datetime) -> list[Money]:
    """The discount of everything that was transferred, net of what was taken back."""
    given = (
        select(posting.c.currency, func.sum(posting.c.amount))
        .join(ledger_transaction, ledger_transaction.c.id == posting.c.transaction_id)
        .where(ledger_transaction.c.partner_id == partner_id)
        .where(ledger_transaction.c.at >= start, ledger_transaction.c.at < end)
        .group_by(posting.c.currency)
    )
    out = given.join(account, account.c.id == posting.c.from_id).where(account.c.kind == "discount")
    back = given.join(account, account.c.id == posting.c.to_id).where(account.c.kind == "discount")
    gone = [Money(int(amount), currency) for currency, amount in conn.execute(out)]
    returned = [Money(-int(amount), currency) for currency, amount in conn.execute(back)]
    return _sums([*gone, *returned])


def _stopped(conn: Connection, partner_id: PartnerId, start: datetime, end: datetime) -> int:
    """Clients whose channels stopped in that time."""
    query = select(func.count(alert.c.client_id.distinct())).where(
        alert.c.partner_id == partner_id,
        alert.c.kind == Kind.STOPPED.value,
        alert.c.raised_at >= start,
        alert.c.raised_at < end,
    )
    return int(conn.execute(query).scalar_one())


def _moved(conn: Connection, partner_id: PartnerId, since: datetime) -> list[dict[str, Any]]:
    """Who confirmed how many operations, the busiest first."""
    count = func.count().label("operations")
    query = (
        select(transfer.c.asked_by, count)
        .where(transfer.c.partner_id == partner_id, transfer.c.state == "posted", transfer.c.settled_at >= since)
        .where(transfer.c.asked_by.is_not(None))
        .group_by(transfer.c.asked_by)
        .order_by(count.desc(), transfer.c.asked_by)
        .limit(_NAMES_MAX)
    )
    found = {CuratorId(row.asked_by): row.operations for row in conn.execute(query)}
    people = directory.curators_by_id(conn, found)
    return [{"line": f"{people[one].name} {operations}"} for one, operations in found.items()]


def _messages(conn: Connection, partner_id: PartnerId, start: datetime, end: datetime) -> int:
    query = select(func.count()).where(
        delivery.c.partner_id == partner_id, delivery.c.sent_at >= start, delivery.c.sent_at < end
    )
    return int(conn.execute(query).scalar_one())
