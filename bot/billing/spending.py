"""Reads what clients' balances were spent by use, day by day: what a forecast of such a balance goes by."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, exists, select

from bot.billing import ledger
from bot.billing.forecast import HISTORY_MAX_DAYS
from bot.billing.holdings import Holdings
from bot.billing.local_day import first_instant, local_date
from bot.billing.plan import PriceBook
from bot.billing.standing import renewal_price
from bot.ids import ClientId
from bot.storage.reading import Reading
from bot.storage.tables import ledger_transaction, posting, usage_charge

_CHUNK = 500
_SHOWN_ELSEWHERE = ("adjust", "daily")
"""Where the balance is another system's, what a table or poll shows gone is what was spent."""
_back = ledger_transaction.alias("back")
_USED = Reading(
    select(usage_charge.c.client_id, usage_charge.c.day, posting.c.amount)
    .join(posting, posting.c.transaction_id == usage_charge.c.transaction_id)
    .join(ledger_transaction, ledger_transaction.c.id == usage_charge.c.transaction_id)
    .where(
        usage_charge.c.client_id.in_(bindparam("ids", expanding=True)),
        usage_charge.c.day >= bindparam("since"),
        ~exists().where(
            _back.c.partner_id == ledger_transaction.c.partner_id,
            _back.c.key == ledger.REVERSED + ledger_transaction.c.id,
        ),
    )
)
_Spent = Mapping[ClientId, list[tuple[date, int]]]


def spent_by_day(
    conn: Connection, held: Mapping[ClientId, Holdings], book: PriceBook, now: datetime
) -> dict[ClientId, Sequence[int]]:
    """What was used on each day before today, in minor units, since the first such day; only clients that used any.

    Daily payments are no part of it: what they will be is known. Where the balance is another system's they are, as
    nobody can tell there what a balance went down for. What came with a later end date there, or is at least the price
    of a renewal, paid for one; and a day that showed money coming is left out, as it hides what was used.
    """
    today = {one.client_id: local_date(now, one.time_zone) for one in held.values()}
    since = min(today.values(), default=now.date()) - timedelta(days=HISTORY_MAX_DAYS)
    found: dict[ClientId, list[tuple[date, int]]] = defaultdict(list)
    hidden: dict[ClientId, set[date]] = defaultdict(set)
    ids = sorted(held)
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        elsewhere = {one: held[one] for one in some if held[one].as_of is not None}
        for read in (_used(conn, some, since), _shown_gone(conn, elsewhere, book, today, since) if elsewhere else {}):
            for client_id, spent in read.items():
                found[client_id] += spent
        if elsewhere:
            _shown_come(conn, elsewhere, since, hidden)
    return {one: _series(spent, today[one], hidden[one]) for one, spent in found.items()}


def _series(spent: Sequence[tuple[date, int]], today: date, hidden: Collection[date]) -> Sequence[int]:
    oldest = today - timedelta(days=HISTORY_MAX_DAYS)
    past = [(day, amount) for day, amount in spent if oldest <= day < today]
    first = min((day for day, _ in past), default=today)
    days = [0] * (today - first).days
    for day, amount in past:
        days[(day - first).days] += amount
    return [amount for n, amount in enumerate(days) if first + timedelta(days=n) not in hidden]


def _used(conn: Connection, ids: Sequence[ClientId], since: date) -> _Spent:
    """What was used from a day on and not taken back, by the day it was used on."""
    found: dict[ClientId, list[tuple[date, int]]] = defaultdict(list)
    for row in _USED.rows(conn, ids=ids, since=since.isoformat()):
        found[ClientId(row.client_id)].append((date.fromisoformat(row.day), row.amount))
    return found


def _shown_gone(
    conn: Connection,
    held: Mapping[ClientId, Holdings],
    book: PriceBook,
    today: Mapping[ClientId, date],
    since: date,
) -> _Spent:
    """What tables and polls showed gone from a balance, by the day they showed it."""
    owners = {one.account_id: one for one in held.values() if one.account_id is not None}
    query = (
        select(posting.c.from_id, ledger_transaction.c.at, posting.c.amount)
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .where(
            posting.c.from_id.in_(list(owners)),
            ledger_transaction.c.kind.in_(_SHOWN_ELSEWHERE),
            ~ledger_transaction.c.key.endswith(ledger.BOUGHT),
            ledger_transaction.c.at >= first_instant(since, "UTC") - timedelta(days=1),
        )
    )
    renewals = {key: renewal_price(one, book, today[one.client_id]) for key, one in owners.items()}
    found: dict[ClientId, list[tuple[date, int]]] = defaultdict(list)
    for row in conn.execute(query):
        one, renewal = owners[row.from_id], renewals[row.from_id]
        if renewal is None or row.amount < renewal.minor:
            found[one.client_id].append((local_date(row.at, one.time_zone), row.amount))
    return found


def _shown_come(
    conn: Connection, held: Mapping[ClientId, Holdings], since: date, found: Mapping[ClientId, set[date]]
) -> None:
    """Add the days on which tables and polls showed more money than before."""
    owners = {one.account_id: one for one in held.values() if one.account_id is not None}
    query = (
        select(posting.c.to_id, ledger_transaction.c.at)
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .where(
            posting.c.to_id.in_(list(owners)),
            ledger_transaction.c.kind == "adjust",
            ledger_transaction.c.at >= first_instant(since, "UTC") - timedelta(days=1),
        )
    )
    for row in conn.execute(query):
        one = owners[row.to_id]
        found[one.client_id].add(local_date(row.at, one.time_zone))
