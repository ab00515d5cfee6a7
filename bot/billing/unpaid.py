"""Subscriptions that are created first and paid later: who waits for money, the payment itself, what was never paid."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from bot.billing import ledger, repository
from bot.billing.accounts import lock_accounts, system_account
from bot.billing.changed import Changed
from bot.billing.ledger import Draft
from bot.billing.local_day import local_date
from bot.billing.posting import Origin, post
from bot.billing.prepared import Prepared
from bot.billing.subscription import first_term
from bot.ids import ClientId, SubscriptionId
from bot.money import Money
from bot.storage.tables import subscription

_WAITING = Prepared(
    select(subscription.c.id).where(subscription.c.client_id == bindparam("client"), subscription.c.state == "unpaid")
)


def waiting(conn: Connection, client_id: ClientId) -> SubscriptionId | None:
    """The client's subscription that still has to be paid, or None."""
    return next((SubscriptionId(row[0]) for row in _WAITING.rows(conn, {"client": client_id})), None)


def pay_first(conn: Connection, client_id: ClientId, now: datetime) -> list[Changed]:
    """Pay the client's unpaid subscription from the balance if that reaches, before anything else is charged.

    Called wherever a balance grows. The caller holds the lock of the client's account. The term begins on the day the
    subscription was created: the days it waited took no daily payments and are days of it.
    """
    if waiting(conn, client_id) is None:
        return []
    held = repository.holdings_of(conn, client_id)
    waits, today = held.unpaid(), local_date(now, held.time_zone)
    if waits is None or held.account_id is None or waits.due_minor is None or not waits.active_on(today):
        return []
    due = Money(waits.due_minor, held.currency)
    if held.available < due:
        return []
    revenue = system_account(conn, held.partner_id, "revenue", held.currency)
    draft = Draft(ledger.subscribe_key(waits.id), "subscribe", ledger.entries((held.account_id, revenue, due)))
    if draft.entries:
        locked = lock_accounts(conn, [held.account_id])
        post(conn, [draft], Origin(held.partner_id, now, client_id), locked=locked)
    term = first_term(waits.start_date or today, waits.months or 1)
    repository.update_subscription(conn, waits.id, state="active", due_minor=None, end_date=term.end)
    forgive_lapsed(conn, client_id)
    repository.wake_after_today(conn, held, now)
    return [Changed(held.partner_id, client_id, "subscribed")]


def has_lapsed(conn: Connection, client_id: ClientId) -> bool:
    """Whether the client let an unpaid subscription pass and has bought none since: no second time without paying."""
    lapsed = _lapsed(client_id)
    return conn.execute(select(subscription.c.id).where(*lapsed).limit(1)).first() is not None


def forgive_lapsed(conn: Connection, client_id: ClientId) -> None:
    """A subscription was paid: the next one may be created unpaid again."""
    conn.execute(update(subscription).where(*_lapsed(client_id)).values(due_minor=None))


def _lapsed(client_id: ClientId) -> tuple[ColumnElement[bool], ...]:
    return (
        subscription.c.client_id == client_id,
        subscription.c.state == "closed",
        subscription.c.due_minor.is_not(None),
    )
