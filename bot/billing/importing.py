"""Subscriptions and channels as a table or another system tells them; the same facts twice change nothing."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from bot.billing import repository
from bot.billing.accounts import lock_client_accounts
from bot.billing.daily import ACTIVE, STOPPED, shares
from bot.billing.holdings import Channel, Holdings
from bot.billing.local_day import local_date
from bot.billing.subscription import Term
from bot.id_generator import new_id
from bot.ids import ClientId, PartnerId, SubscriptionId
from bot.money import Money

_PLAN_LENGTH = 16


def set_subscription(
    conn: Connection,
    partner_id: PartnerId,
    client_id: ClientId,
    *,
    plan: str | None,
    end_date: date,
    months: int | None = None,
    as_of: datetime | None,
    now: datetime,
) -> bool:
    """Note the subscription that a table shows for a client, `end_date` its last paid day; True when anything changed.

    Plan and months that the table does not tell stay as they were known.
    """
    lock_client_accounts(conn, [client_id])
    held = repository.holdings_of(conn, client_id, partner_id)
    today = local_date(now, held.time_zone)
    name = plan.strip().lower()[:_PLAN_LENGTH] if plan else None
    state = "active" if end_date >= today else "ended"
    known = held.to_renew(today)
    if known is None:
        which = SubscriptionId(new_id())
        term = Term(today, end_date, end_date.day)
        repository.insert_subscription(conn, held, which, plan=name, months=months, term=term, now=now, as_of=as_of)
        repository.update_subscription(conn, which, start_date=None, state=state)
    else:
        name, months = name or known.plan, months or known.months
        if (known.plan, known.months, known.end_date) == (name, months, end_date):
            return False
        anchor = known.anchor_day if end_date == known.end_date else end_date.day
        repository.update_subscription(
            conn,
            known.id,
            plan=name,
            months=months,
            end_date=end_date,
            anchor_day=anchor,
            state=state,
            due_minor=None,
            as_of=as_of,
        )
    _settle(conn, client_id, now)
    return True


def set_channels(
    conn: Connection,
    partner_id: PartnerId,
    client_id: ClientId,
    channels: Sequence[tuple[str, str]],
    daily: Money | None,
    subscribed: bool,
    now: datetime,
) -> bool:
    """Note a client's channels (transport, name) as a table shows them; True when anything changed.

    `daily` is what all of them cost a day together, None to go by the price book. `subscribed`: they belong to the
    client's subscription, which `set_subscription` has noted before. A channel that the list does not name is left
    alone: a table may not know of it.
    """
    lock_client_accounts(conn, [client_id])
    held = repository.holdings_of(conn, client_id, partner_id)
    today = local_date(now, held.time_zone)
    subscription = held.to_renew(today) if subscribed else None
    named = list(dict.fromkeys(channels))
    rates = shares(daily.minor, len(named)) if daily and named else [None] * len(named)
    belongs = subscription.id if subscription else None
    known = {(one.transport, one.name): one for one in held.channels}
    new, changed = [], False
    for (transport, name), rate in zip(named, rates, strict=True):
        found = known.get((transport, name))
        if found is None:
            new.append(
                {
                    "partner_id": partner_id,
                    "client_id": client_id,
                    "subscription_id": belongs,
                    "transport": transport,
                    "name": name,
                    "state": ACTIVE,
                    "daily_minor": rate,
                    "created_at": now,
                }
            )
        elif found.daily_minor != rate or (subscribed and found.subscription_id != belongs):
            repository.update_channels(conn, [found.id], daily_minor=rate, subscription_id=belongs)
            changed = True
    repository.insert_channels(conn, new)
    if new or changed:
        _settle(conn, client_id, now)
    return bool(new) or changed


def _settle(conn: Connection, client_id: ClientId, now: datetime) -> None:
    """Bring the channels in line with what was imported.

    A channel in no active subscription of a client without money stands; every other one runs, and today's daily
    payment is taken as paid in the balance that the table shows.
    """
    held = repository.holdings_of(conn, client_id)
    today = local_date(now, held.time_zone)
    states = {one.id: _state(held, one, today) for one in held.channels}
    running = [one for one in held.on_daily_payment(today) if states[one.id] == ACTIVE]
    repository.set_charged_through(conn, {one.id: today for one in running if one.charged_through is None})
    changed = {one.id: states[one.id] for one in held.channels if states[one.id] != one.state}
    repository.set_channel_states(conn, changed)
    repository.wake_after_today(conn, held, now)


def _state(held: Holdings, channel: Channel, today: date) -> str:
    if channel.state not in (ACTIVE, STOPPED):
        return channel.state
    if held.covered(channel, today):
        return ACTIVE
    return STOPPED if held.available.minor <= 0 and channel.state == ACTIVE else channel.state
