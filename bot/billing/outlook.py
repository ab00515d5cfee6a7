"""Looks ahead for people: when a client's money runs out, what the partner will need, what another plan would cost."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select

from bot.billing import repository
from bot.billing.accounts import partner_accounts
from bot.billing.advice import YEAR, WhatIf, what_if
from bot.billing.cash_need import DAYS, CashNeed, cash_need
from bot.billing.forecast import Band
from bot.billing.local_day import first_instant, local_date
from bot.billing.plan import PriceBook
from bot.billing.rates import rate, rates
from bot.billing.spending import spent_by_day
from bot.billing.standing import band_of_use, goes_by_use, run_out_day
from bot.ids import ClientId, PartnerId
from bot.storage.tables import client


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
    spent = spent_by_day(conn, {client_id: held}, book, now).get(client_id)
    if spent is not None and goes_by_use(held, book, today):
        band = band_of_use(held, book, today, spent)
        return Forecast("short_history" if band is None else "band", band=band, history_days=len(spent))
    last = run_out_day(held, book, today)
    if last is None:
        return Forecast("never")
    return Forecast("exact", last, first_instant(last + timedelta(days=1), held.time_zone))


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
