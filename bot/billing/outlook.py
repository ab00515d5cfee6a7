"""Looks ahead for people: when a client's money runs out, what the partner will need, what another plan would cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select

from bot.billing import repository
from bot.billing.accounts import partner_accounts
from bot.billing.advice import YEAR, WhatIf, what_if
from bot.billing.cash_need import DAYS, CashNeed, cash_need
from bot.billing.forecast import HISTORY_MAX_DAYS, HORIZON_DAYS, Band, usage_band
from bot.billing.holdings import Holdings
from bot.billing.local_day import first_instant, local_date
from bot.billing.plan import PriceBook
from bot.billing.rates import rate, rates
from bot.billing.standing import fixed_costs, run_out_day
from bot.billing.usage import spent_by_use
from bot.ids import AccountId, ClientId, PartnerId
from bot.storage.tables import client, ledger_transaction, partner, posting

_SHOWN_ELSEWHERE = ("adjust", "daily")
"""Where the balance is another system's, what a table or poll shows gone is what was spent."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a client's money runs out.

    `exact`: only fixed charges; `runs_out_on` is the last paid day, `runs_out_at` the instant its channels stop.
    `band`: usage is charged too, so four cases of five lie within. `short_history`: usage is charged, for too few days
    to say. `never`: nothing is charged.
    """

    kind: Literal["exact", "band", "short_history", "never"]
    runs_out_on: date | None = None
    runs_out_at: datetime | None = None
    band: Band | None = None
    history_days: int = 0


def forecast(conn: Connection, book: PriceBook, client_id: ClientId, now: datetime) -> Forecast:
    """Look ahead for one client. Raises UserError unknown_client."""
    held = repository.holdings_of(conn, client_id)
    today = local_date(now, held.time_zone)
    spent, by_usage = _spending(conn, held, today)
    if not by_usage:
        last = run_out_day(held, book, today)
        if last is None:
            return Forecast("never")
        return Forecast("exact", last, first_instant(last + timedelta(days=1), held.time_zone))
    fixed = [] if _is_elsewhere(conn, held) else fixed_costs(held, book, today + timedelta(days=1), HORIZON_DAYS)
    band = usage_band(max(held.available.minor, 0), spent, today, fixed)
    return Forecast("short_history" if band is None else "band", band=band, history_days=len(spent))


def partner_need(
    conn: Connection, book: PriceBook, partner_id: PartnerId, now: datetime, days: int = DAYS
) -> list[CashNeed]:
    """What the partner account must hold, by currency, to renew everybody due within `days`, net of the discount."""
    ids = conn.execute(select(client.c.id).where(client.c.partner_id == partner_id)).scalars()
    held = repository.holdings(conn, [ClientId(one) for one in ids])
    available = {one.currency: one.available for one in partner_accounts(conn, partner_id)}
    today = {one.client_id: local_date(now, one.time_zone) for one in held.values()}
    return cash_need(held.values(), book, rates(conn, book, partner_id, today), available, today, days)


def compare(
    conn: Connection, book: PriceBook, partner_id: PartnerId, client_id: ClientId, now: datetime, months: int = YEAR
) -> WhatIf:
    """Every plan and period against today's daily payments. Raises UserError unknown_client, no_subscription."""
    held = repository.holdings_of(conn, client_id, partner_id)
    today = local_date(now, held.time_zone)
    return what_if(held, book, rate(conn, book, held, today), today, months)


def _spending(conn: Connection, held: Holdings, today: date) -> tuple[Sequence[int], bool]:
    """What was used on each day before today, since the first such day; and whether anything was.

    Daily payments are no part of it: what they will be is known. Where the balance is another system's they are, as
    nobody can tell there what a balance went down for.
    """
    if held.account_id is None:
        return (), False
    since = today - timedelta(days=HISTORY_MAX_DAYS)
    used = list(spent_by_use(conn, held.client_id, held.account_id, since))
    if _is_elsewhere(conn, held):
        used += _seen_to_leave(conn, held, held.account_id, since)
    past = [(day, amount) for day, amount in used if day < today]
    first = min((day for day, _ in past), default=today)
    spent = [0] * (today - first).days
    for day, amount in past:
        spent[(day - first).days] += amount
    return spent, bool(used)


def _is_elsewhere(conn: Connection, held: Holdings) -> bool:
    """Whether the client's money is kept by another system."""
    found = conn.execute(select(partner.c.gateway).where(partner.c.id == held.partner_id)).scalar_one()
    return bool(found != "book")


def _seen_to_leave(conn: Connection, held: Holdings, account_id: AccountId, since: date) -> list[tuple[date, int]]:
    """What tables and polls showed gone from a balance, by day."""
    query = (
        select(ledger_transaction.c.at, posting.c.amount)
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .where(
            posting.c.from_id == account_id,
            ledger_transaction.c.kind.in_(_SHOWN_ELSEWHERE),
            ledger_transaction.c.at >= first_instant(since, held.time_zone),
        )
    )
    return [(local_date(row.at, held.time_zone), row.amount) for row in conn.execute(query)]
