"""Daily payments on their days: charges what is due, ends subscriptions, stops and starts channels."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from bot.billing import ledger, repository, unpaid
from bot.billing.accounts import lock_client_accounts, system_account
from bot.billing.changed import Changed, What
from bot.billing.daily import ACTIVE, STOPPED, ChannelOnDay, DayOutcome, day_outcome
from bot.billing.holdings import Channel, Holdings
from bot.billing.ledger import Draft
from bot.billing.local_day import days_from, first_instant, local_date
from bot.billing.plan import PriceBook
from bot.billing.posting import Origin, write_transactions
from bot.billing.prepared import Prepared
from bot.ids import AccountId, ChannelId, ClientId, PartnerId, SubscriptionId
from bot.money import Money
from bot.storage.reading import Reading
from bot.storage.tables import account, channel, client_day

DAYS_AT_ONCE = 7
"""So many missed days of one client are worked off in a chunk; the rest follow in the next."""
_SELDOM = timedelta(days=30)
"""A client for whom time changes nothing is looked at this often all the same."""
Rates = Callable[[Channel, date], int | None]
_SPEND = (
    update(account).where(account.c.id == bindparam("account")).values(posted=account.c.posted - bindparam("spent"))
)
_FIRST_DUE = Reading(select(client_day.c.client_id).where(client_day.c.next_at <= bindparam("now")).limit(1))
_DUE = Reading(
    select(client_day.c.client_id, client_day.c.next_at)
    .where(client_day.c.next_at <= bindparam("now"))
    .order_by(client_day.c.next_at, client_day.c.client_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_STOPPED_ONES = Prepared(
    select(channel.c.id).where(channel.c.client_id == bindparam("client"), channel.c.state == STOPPED)
)


@dataclass(slots=True)
class _Chunk:
    """What a chunk of clients will write, gathered first and written in a few statements."""

    now: datetime
    drafts: list[tuple[Draft, Origin]] = field(default_factory=list)
    spent: dict[AccountId, int] = field(default_factory=dict)
    states: dict[ChannelId, str] = field(default_factory=dict)
    through: dict[ChannelId, date] = field(default_factory=dict)
    ended: list[SubscriptionId] = field(default_factory=list)
    lapsed: list[SubscriptionId] = field(default_factory=list)
    wake: dict[PartnerId, dict[ClientId, datetime]] = field(default_factory=dict)
    changes: dict[Changed, None] = field(default_factory=dict)


def charge_due(conn: Connection, book: PriceBook, now: datetime, limit: int = 100) -> list[Changed]:
    """Work off up to `limit` clients whose next day has begun: each missed day one by one, then when to look again.

    Charging a day twice is impossible: a channel remembers the last day it paid, and the ledger takes
    `daily:<channel>:<date>` once. Call again while `is_waiting` says that more are due.
    """
    due = dict(_due_clients(conn, now, limit))
    if not due:
        return []
    lock_client_accounts(conn, due)
    chunk = _Chunk(now)
    revenue: dict[tuple[PartnerId, str], AccountId] = {}
    for client_id, held in repository.holdings(conn, due).items():
        place = (held.partner_id, held.currency)
        if place not in revenue:
            revenue[place] = system_account(conn, held.partner_id, "revenue", held.currency)
        first, today = local_date(due[client_id], held.time_zone), local_date(now, held.time_zone)
        last = min(today, first + timedelta(days=DAYS_AT_ONCE - 1))
        days = days_from(first, last, held.time_zone)
        money, states = _run(chunk, held, days, today, _book_rates(held, book), revenue[place])
        following = _next_look(held, states, money, last)
        chunk.wake.setdefault(held.partner_id, {})[client_id] = first_instant(following, held.time_zone)
    _write(conn, chunk)
    return list(chunk.changes)


def is_waiting(conn: Connection, now: datetime) -> bool:
    """Whether a client's next day has begun and was not worked off yet."""
    return _FIRST_DUE.one(conn, now=now) is not None


def start_again(conn: Connection, client_id: ClientId, rates: Mapping[str, int], now: datetime) -> list[Changed]:
    """Pay what waits for payment, then turn stopped channels on again as far as the money or a subscription reaches,
    today's daily payment charged. From tomorrow on the client pays by the day again, however far off the next look was.

    `rates`: daily payments in minor units by channel; a channel without one waits for `charge_due`, woken at once.
    The caller holds the lock of the client's account.
    """
    paid = unpaid.pay_first(conn, client_id, now)
    if not _STOPPED_ONES.rows(conn, {"client": client_id}):
        return paid
    held = repository.holdings_of(conn, client_id)
    today = local_date(now, held.time_zone)
    revenue = system_account(conn, held.partner_id, "revenue", held.currency)
    chunk = _Chunk(now)
    _run(chunk, held, [today], today, lambda one, day: rates.get(one.id, one.daily_minor), revenue)
    _write(conn, chunk)
    repository.wake_after_today(conn, held, now)
    unknown = [one for one in held.channels if one.id not in rates and one.daily_minor is None]
    if any(one.state == STOPPED and not held.covered(one, today) for one in unknown):
        repository.wake_no_later_than(conn, held, now)
    return [*paid, *(one for one in chunk.changes if one.what in ("resumed", "charged"))]


def _next_look(held: Holdings, states: Mapping[ChannelId, str], money: int, day: date) -> date:
    """The next day on which time alone can change something for a client: the day after an end while nothing is paid by
    the day. What money or an import changes before is seen to at once, or sets an earlier look itself.
    """
    for one in held.on_daily_payment(day):
        if states[one.id] == ACTIVE or (states[one.id] == STOPPED and money > 0):
            return day + timedelta(days=1)
    ends = [one.end_date + timedelta(days=1) for one in held.subscriptions if one.active_on(day)]
    return min(ends, default=day + _SELDOM)


def _due_clients(conn: Connection, now: datetime, limit: int) -> list[tuple[ClientId, datetime]]:
    return [(ClientId(row.client_id), row.next_at) for row in _DUE.rows(conn, now=now, most=limit)]


def _book_rates(held: Holdings, book: PriceBook) -> Rates:
    return lambda channel, day: held.daily_rate(channel, book, day)


def _run(
    chunk: _Chunk, held: Holdings, days: Iterable[date], today: date, rates: Rates, revenue: AccountId
) -> tuple[int, dict[ChannelId, str]]:
    """Live through the days; what is left of the money and how the channels are then."""
    money = held.available.minor
    states = {one.id: one.state for one in held.channels}
    through = {one.id: one.charged_through for one in held.channels}
    open_subscriptions = [one for one in held.subscriptions if one.state in ("active", "unpaid")]
    for day in days:
        for one in [one for one in open_subscriptions if not one.active_on(day)]:
            open_subscriptions.remove(one)
            (chunk.lapsed if one.unpaid else chunk.ended).append(one.id)
            _note(chunk, held, "lapsed" if one.unpaid else "ended")
        views = [
            ChannelOnDay(one.id, states[one.id], rates(one, day), held.covered(one, day), through[one.id])
            for one in held.channels
        ]
        outcome = day_outcome(views, money, day, restart=day == today)
        money -= _take(chunk, held, outcome, day, revenue)
        states |= dict.fromkeys(outcome.stops, STOPPED) | dict.fromkeys(outcome.starts, ACTIVE)
        through |= {channel_id: day for channel_id, _ in outcome.charges}
    chunk.states |= {one.id: states[one.id] for one in held.channels if states[one.id] != one.state}
    return money, states


def _take(chunk: _Chunk, held: Holdings, outcome: DayOutcome, day: date, revenue: AccountId) -> int:
    origin = Origin(held.partner_id, chunk.now, held.client_id)
    total = 0
    for channel_id, amount in outcome.charges:
        chunk.through[channel_id] = day
        if amount and held.account_id:
            entries = ledger.entries((held.account_id, revenue, Money(amount, held.currency)))
            chunk.drafts.append((Draft(ledger.daily_key(channel_id, day), "daily", entries), origin))
            chunk.spent[held.account_id] = chunk.spent.get(held.account_id, 0) + amount
            total += amount
    happened: dict[What, bool] = {
        "charged": total > 0,
        "stopped": bool(outcome.stops),
        "resumed": bool(outcome.starts),
    }
    for what in (what for what, it_did in happened.items() if it_did):
        _note(chunk, held, what)
    return total


def _note(chunk: _Chunk, held: Holdings, what: What) -> None:
    chunk.changes[Changed(held.partner_id, held.client_id, what)] = None


def _write(conn: Connection, chunk: _Chunk) -> None:
    write_transactions(conn, chunk.drafts)
    if chunk.spent:
        conn.execute(_SPEND, [{"account": one, "spent": amount} for one, amount in sorted(chunk.spent.items())])
    repository.set_channel_states(conn, chunk.states)
    repository.set_charged_through(conn, chunk.through)
    for subscription_id in chunk.ended:
        repository.update_subscription(conn, subscription_id, state="ended")
    for subscription_id in chunk.lapsed:
        repository.update_subscription(conn, subscription_id, state="closed")
    for partner_id, moments in chunk.wake.items():
        repository.wake_at(conn, partner_id, moments)
