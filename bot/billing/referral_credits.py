"""Credits referral shares to partners, month by month, each exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from bot.billing import ledger
from bot.billing.accounts import find_account, lock_accounts, open_account, system_account
from bot.billing.changed import Changed
from bot.billing.ledger import Draft
from bot.billing.plan import PriceBook
from bot.billing.posting import Origin, is_posted, post
from bot.billing.referral_share import CLOSED_AFTER, Line, Month, months_over, share, shared_bills
from bot.id_generator import new_receipt
from bot.ids import AccountId, ClientId, PartnerId, ReferralId
from bot.money import Money
from bot.storage.tables import account, client, ledger_transaction, partner, posting, referral

_BILLS = frozenset({"renew", "subscribe", "daily", "change", "usage"})
_SHORTEST_MONTH = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Credited:
    """What a look at some referred users did: the partners whose accounts grew, and where the next look goes on."""

    changes: tuple[Changed, ...]
    after: ReferralId | None


def credit_referrals(
    conn: Connection, book: PriceBook, now: datetime, after: ReferralId | None = None, limit: int = 50
) -> Credited:
    """Share every month that is over, of up to `limit` referred users after the one named.

    Doing it again does nothing: a month is remembered with its end, and the ledger takes `referral:<id>:<month>` once.
    """
    grown: dict[Changed, None] = {}
    waiting = _waiting(conn, now, after, limit)
    for row in waiting:
        program = book.program(row.program)
        months = months_over(
            row.registered_at,
            program.referral_months,
            row.time_zone,
            now,
            after=row.credited_month,
            since=row.credited_until,
        )
        for month in months:
            if _credit(conn, row, month, program.referral_rate, discounted=program.referral_on_discounted, now=now):
                grown[Changed(PartnerId(row.partner_id), None, "deposited")] = None
    return Credited(tuple(grown), ReferralId(waiting[-1].id) if len(waiting) == limit else None)


def earned_by(conn: Connection, partner_id: PartnerId) -> dict[ClientId, list[Money]]:
    """What each referred user's bills have brought the partner until now, by currency."""
    query = (
        select(ledger_transaction.c.client_id, posting.c.currency, func.sum(posting.c.amount))
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .where(ledger_transaction.c.partner_id == partner_id, ledger_transaction.c.kind == "referral")
        .group_by(ledger_transaction.c.client_id, posting.c.currency)
        .order_by(posting.c.currency)
    )
    found: dict[ClientId, list[Money]] = {}
    for client_id, currency, total in conn.execute(query):
        found.setdefault(ClientId(client_id), []).append(Money(int(total), currency))
    return found


def _waiting(conn: Connection, now: datetime, after: ReferralId | None, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Confirmed referrals of whom a month may be over, locked, in the order of their ids."""
    looked = now - CLOSED_AFTER
    query = (
        select(referral, partner.c.program, partner.c.time_zone, client.c.currency)
        .join(partner, partner.c.id == referral.c.partner_id)
        .join(client, client.c.id == referral.c.client_id)
        .where(
            referral.c.state == "confirmed",
            referral.c.id > (after or ""),
            referral.c.credited_until.is_(None) | (referral.c.credited_until <= looked - _SHORTEST_MONTH),
        )
        .order_by(referral.c.id)
        .limit(limit)
        .with_for_update(of=referral)
    )
    return conn.execute(query).all()


def _credit(
    conn: Connection, row: Row[*tuple[Any, ...]], month: Month, rate: Decimal, *, discounted: bool, now: datetime
) -> bool:
    partner_id, client_id = PartnerId(row.partner_id), ClientId(row.client_id)
    bills = shared_bills(_lines(conn, partner_id, client_id, row.currency, discounted), month.start, month.end)
    earned = share(bills, rate, row.currency)
    key = ledger.referral_key(ReferralId(row.id), month.name)
    credited = bool(earned) and not is_posted(conn, partner_id, key)
    if credited:
        _post(conn, partner_id, client_id, key, earned, rate, now)
    done = {"credited_month": month.name, "credited_until": month.end}
    conn.execute(update(referral).where(referral.c.id == row.id).values(**done))
    return credited


def _post(
    conn: Connection,
    partner_id: PartnerId,
    client_id: ClientId,
    key: str,
    earned: Money,
    rate: Decimal,
    now: datetime,
) -> None:
    own = open_account(conn, partner_id, "partner", partner_id, earned.currency)
    locked = lock_accounts(conn, [own.id])
    source = system_account(conn, partner_id, "bonus", earned.currency)
    draft = Draft(key, "referral", ledger.entries((source, own.id, earned)))
    post(conn, [draft], Origin(partner_id, now, client_id, receipt=new_receipt(), rate=rate), locked=locked)


def _lines(conn: Connection, partner_id: PartnerId, client_id: ClientId, currency: str, discounted: bool) -> list[Line]:
    found = find_account(conn, partner_id, "client", client_id, currency)
    if found is None:
        return []
    source = account.alias("source")
    query = (
        select(
            ledger_transaction.c.id,
            ledger_transaction.c.at,
            ledger_transaction.c.kind.label("what"),
            posting.c.to_id,
            posting.c.amount,
            source.c.kind.label("source"),
        )
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .join(source, source.c.id == posting.c.from_id)
        .where((posting.c.from_id == found.id) | (posting.c.to_id == found.id))
        .order_by(ledger_transaction.c.at, ledger_transaction.c.id, posting.c.n)
    )
    rows = conn.execute(query).all()
    given = {row.id for row in rows if row.source == "discount"}
    return [line for row in rows if (line := _line(found.id, row, given, discounted)) is not None]


def _line(own_id: AccountId, row: Row[*tuple[Any, ...]], given: set[str], discounted: bool) -> Line | None:
    """Money that came, or a bill; None for what is neither, such as an adjustment downwards."""
    if row.to_id == own_id:
        own = row.source != "bonus" and (discounted or row.id not in given)
        return Line(row.at, row.amount, is_bill=False, own=own)
    return Line(row.at, row.amount, is_bill=True) if row.what in _BILLS else None
