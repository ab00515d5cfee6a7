"""Renews the clients that renew by themselves, shortly before the end, and finds out early whether that will work."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.billing import auto_renewal, repository
from bot.billing.accounts import lock_client_accounts
from bot.billing.changed import Changed
from bot.billing.confirming import confirm
from bot.billing.consent import AutoRenewal
from bot.billing.holdings import Holdings, Subscription
from bot.billing.local_day import local_date
from bot.billing.plan import PriceBook
from bot.billing.quote import Quote
from bot.billing.quoting import quote_renewal
from bot.billing.standing import renews_at
from bot.errors import UserError

REHEARSED = timedelta(hours=24)
"""So long before a renewal is due it is first tried without doing it, so that people hear in time what is missing."""
_REHEARSE_EVERY = timedelta(hours=1)
_RETRY_EVERY = timedelta(minutes=5)
_RETRY_LATE_EVERY = timedelta(hours=1)
_SELDOM = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Look:
    """What looking at one subscription came to; `why` is the key of the reason it cannot be renewed."""

    changes: list[Changed]
    again_at: datetime
    why: str | None = None


def renew_due(conn: Connection, book: PriceBook, now: datetime, limit: int = 20) -> list[Changed]:
    """Look at up to `limit` clients: renew what ends within the configured time, rehearse what ends within a day.

    A renewal is paid from the balance and topped up by exactly what is missing there, within what the owner agreed to.
    One that fails is tried again until the end, and one that was missed (nothing ran, or the money was short) for the
    configured days after it: then from today on. A client is told of once per reason. Call again while it returns
    anything or `is_due` says so.
    """
    changes: list[Changed] = []
    for agreed in auto_renewal.to_look_at(conn, now, limit):
        lock_client_accounts(conn, [agreed.client_id])
        changes += _client(conn, book, agreed, now)
    return changes


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether a client that renews by itself is to be looked at."""
    return auto_renewal.is_due(conn, now)


def _client(conn: Connection, book: PriceBook, agreed: AutoRenewal, now: datetime) -> list[Changed]:
    held = repository.holdings_of(conn, agreed.client_id)
    today = local_date(now, held.time_zone)
    again_at = now + _SELDOM
    changes: list[Changed] = []
    failed: tuple[date, str] | None = None
    for one in sorted(held.subscriptions, key=lambda one: (one.end_date, one.id)):
        if one.paid_on(today):
            look = _subscription(conn, book, agreed, held, one, now)
        elif _missed(held, one, today, book):
            look = _attempt(conn, book, agreed, one, now, _RETRY_LATE_EVERY)
        else:
            continue
        again_at, changes = min(again_at, look.again_at), changes + look.changes
        if look.why is not None and failed is None:
            failed = (one.end_date, look.why)
    failed_for, why = failed or (None, None)
    auto_renewal.note(conn, agreed.client_id, look_at=again_at, failed_for=failed_for, failed_why=why)
    if (agreed.failed_for, agreed.failed_why) != (failed_for, why):
        changes.append(Changed(held.partner_id, held.client_id, "auto_renewal"))
    return changes


def _subscription(
    conn: Connection, book: PriceBook, agreed: AutoRenewal, held: Holdings, one: Subscription, now: datetime
) -> _Look:
    at = renews_at(one.end_date, held.time_zone, book)
    if now < at - REHEARSED:
        return _Look([], at - REHEARSED)
    if now >= at:
        return _attempt(conn, book, agreed, one, now, _RETRY_EVERY)
    again_at = min(at, now + _REHEARSE_EVERY)
    try:
        with conn.begin_nested():
            _quoted(conn, book, agreed, one, now, save=False)
            return _Look([], again_at)
    except UserError as refused:
        return _Look([], again_at, _reason(refused))


def _missed(held: Holdings, one: Subscription, today: date, book: PriceBook) -> bool:
    """Whether it, not paid for today, ended so lately that it is renewed: its channels wait in it, it was paid once."""
    if one.state == "closed" or one.unpaid or not held.in_subscription(one.id):
        return False
    return (today - one.end_date).days <= book.renews_late_days


def _attempt(
    conn: Connection, book: PriceBook, agreed: AutoRenewal, one: Subscription, now: datetime, every: timedelta
) -> _Look:
    """Renew it now; refused, again after `every`."""
    try:
        with conn.begin_nested():
            quote = _quoted(conn, book, agreed, one, now, save=True)
            done = confirm(conn, transfer_id=quote.id, curator_id=None, address=None, now=now)
            return _Look(done.changes, now + _SELDOM)
    except UserError as refused:
        return _Look([], now + every, _reason(refused))


def _reason(refused: UserError) -> str | None:
    return None if refused.key == "already_pending" else refused.key


def _quoted(
    conn: Connection, book: PriceBook, agreed: AutoRenewal, one: Subscription, now: datetime, *, save: bool
) -> Quote:
    """The renewal as it would be; UserError plan_not_known, over_limit, or as any renewal may be refused."""
    if one.plan is None:
        raise UserError("plan_not_known", ends=one.end_date.isoformat())
    quote = quote_renewal(
        conn,
        book,
        partner_id=agreed.partner_id,
        client_id=agreed.client_id,
        asked_by=None,
        asked_from=None,
        now=now,
        save=save,
        subscription_id=one.id,
    )
    if quote.price is not None and quote.price > agreed.limit:
        raise UserError("over_limit")
    return quote
