"""How a client stands: balance, subscriptions, channels, when the money or the subscription ends. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.billing.consent import AutoRenewal
from bot.billing.daily import ACTIVE, STOPPED
from bot.billing.forecast import HORIZON_DAYS, Band, usage_band
from bot.billing.holdings import Channel, Holdings, Subscription, total_price
from bot.billing.local_day import first_instant, local_date
from bot.billing.plan import PriceBook
from bot.errors import UserError
from bot.ids import ChannelId, ClientId, PartnerId, SubscriptionId, TransactionId
from bot.money import Money

_DAY = timedelta(days=1)
_BY_USE = "wapi"
"""The transport whose messages are paid from the balance beside the channel itself (WABA)."""
_HORIZON_DAYS = 20_000
"""A run-out further away than some fifty years is none."""


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription for showing; `state` is active, unpaid, ended or closed, by the client's own calendar.

    `renewal`: list price of renewing it with the same plan and period; None when it is unknown.
    """

    id: SubscriptionId
    plan: str | None
    months: int | None
    end_date: date
    channels: int
    state: str
    renewal: Money | None = None


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel for showing. `state`: active, notEnoughMoney or what its source calls it."""

    id: ChannelId
    transport: str
    name: str
    state: str
    free: bool
    subscription_id: SubscriptionId | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A client's money and time at one moment.

    `daily_total`: what the channels in no subscription cost a day together. `next_end`: the earliest last paid day of
    an active subscription. `ended_on`: the last paid day of the subscription that ended last and was not renewed.
    `runs_out_on`: the last day that the money pays for all channels now on daily payments (the fixed charges of
    subscriptions that end before are counted too); they stop at `runs_out_at`, the first instant of the next local day.
    Both are None when no running channel is on daily payments or its price is unknown, and where money is also spent by
    use: then `by_use` is the band in which its last day lies, None with too little history. `stopped`: channels out for
    lack of money. `last_increase`: the latest transaction that brought money, None without. `renewal`: list price of
    renewing with the same plan and period (`renewal_months`), None when it is unknown. `unpaid`: what a subscription
    costs that was created and waits for payment till the end of `unpaid_until`. `auto`: the client renews by itself, at
    `renews_at` the next time. `as_of`, `source`: as in Holdings.
    """

    client_id: ClientId
    partner_id: PartnerId
    currency: str
    time_zone: str
    as_of: datetime | None
    balance: Money
    available: Money
    floor: Money
    subscriptions: tuple[SubscriptionView, ...]
    channels: tuple[ChannelView, ...]
    daily_total: Money
    next_end: date | None
    ended_on: date | None
    runs_out_on: date | None
    runs_out_at: datetime | None
    stopped: int
    last_increase: TransactionId | None
    plan: str | None
    renewal_months: int | None
    renewal: Money | None
    unpaid: Money | None = None
    unpaid_until: date | None = None
    auto: AutoRenewal | None = None
    renews_at: datetime | None = None
    source: str | None = None
    by_use: Band | None = None

    @property
    def money_until(self) -> date | None:
        """The last day that the money lasts: exactly, or as is likely where it is spent by use."""
        return self.by_use.likely if self.by_use else self.runs_out_on


def standing_of(
    held: Holdings,
    book: PriceBook,
    now: datetime,
    last_increase: TransactionId | None = None,
    auto: AutoRenewal | None = None,
    spent: Sequence[int] | None = None,
) -> Standing:
    """Work out how a client stands at a moment. `spent` by use on each day before today, None where nothing was."""
    today = local_date(now, held.time_zone)
    daily = held.on_daily_payment(today)
    renew = held.to_renew(today)
    by_use = None if spent is None else band_of_use(held, book, today, spent)
    runs_out_on = None if by_use else run_out_day(held, book, today)
    ended = [one for one in held.subscriptions if _needs_renewal(held, one, today)]
    next_end = min((one.end_date for one in held.subscriptions if one.paid_on(today)), default=None)
    waits = held.unpaid()
    return Standing(
        client_id=held.client_id,
        partner_id=held.partner_id,
        currency=held.currency,
        time_zone=held.time_zone,
        as_of=held.as_of,
        balance=held.balance,
        available=held.available,
        floor=held.floor,
        subscriptions=tuple(_subscription_view(held, one, book, today) for one in held.subscriptions),
        channels=tuple(_channel_view(one) for one in held.channels),
        daily_total=Money(sum(held.daily_rate(one, book, today) or 0 for one in daily), held.currency),
        next_end=next_end,
        ended_on=max((one.end_date for one in ended), default=None),
        runs_out_on=runs_out_on,
        runs_out_at=None if runs_out_on is None else first_instant(runs_out_on + _DAY, held.time_zone),
        stopped=sum(one.state == STOPPED for one in held.channels),
        last_increase=last_increase,
        plan=renew.plan if renew else None,
        renewal_months=renewal_months(renew, book),
        renewal=renewal_price(held, book, today),
        unpaid=Money(waits.due_minor or 0, held.currency) if waits else None,
        unpaid_until=waits.end_date if waits else None,
        auto=auto,
        renews_at=renews_at(next_end, held.time_zone, book) if auto and next_end else None,
        source=held.source,
        by_use=by_use,
    )


def goes_by_use(held: Holdings, book: PriceBook, today: date) -> bool:
    """Whether what was spent tells when the money is out.

    What another system's balance went down for is not known: there fixed daily payments are believed, unless messages
    are paid from it too.
    """
    known = held.as_of is not None and run_out_day(held, book, today) is not None
    return not known or any(one.transport == _BY_USE for one in held.channels)


def band_of_use(held: Holdings, book: PriceBook, today: date, spent: Sequence[int]) -> Band | None:
    """The band in which the last day of the money lies; None where use does not tell, or too few days are known."""
    if not goes_by_use(held, book, today):
        return None
    fixed = [] if held.as_of is not None else fixed_costs(held, book, today + _DAY, HORIZON_DAYS)
    return usage_band(max(held.available.minor, 0), spent, today, fixed)


def renews_at(end: date, zone: str, book: PriceBook) -> datetime:
    """When a subscription that ends on a day is renewed by itself: shortly before that day is over for the client."""
    return first_instant(end + _DAY, zone) - book.renews_before


def run_out_day(held: Holdings, book: PriceBook, today: date, more: Money | None = None) -> date | None:
    """The last day the money (with `more` added) pays for every running channel; None while nothing is charged daily.

    Exact as long as only fixed charges exist: it follows the days, with subscriptions that end on the way. Stopped
    channels count as soon as there is more money: it would start them again.
    """
    states = (ACTIVE, STOPPED) if more else (ACTIVE,)
    running = [one for one in held.channels if one.state in states]
    if not any(not held.covered(one, today) for one in running):
        return None
    money = max(held.available.minor + (more.minor if more else 0), 0)
    day = today
    for _ in range(_HORIZON_DAYS):
        cost, until = _cost(held, running, book, day), _steady_until(held, running, day)
        if cost is None:
            return None
        days = (until - day).days + 1 if until else _HORIZON_DAYS
        payable = days if cost == 0 else money // cost
        if payable < days:
            return day + timedelta(days=payable - 1)
        if until is None:
            return None
        money -= cost * days
        day = until + _DAY
    return None


def fixed_costs(held: Holdings, book: PriceBook, first: date, days: int) -> list[int]:
    """What the running channels cost by the day, for so many days from `first` on; 0 where a price is unknown."""
    running = [one for one in held.channels if one.state == ACTIVE]
    return [_cost(held, running, book, first + _DAY * n) or 0 for n in range(days)]


def _cost(held: Holdings, running: Sequence[Channel], book: PriceBook, day: date) -> int | None:
    """What the running channels cost on a day; None when one of them has no known price."""
    total = 0
    for channel in running:
        if held.covered(channel, day) or (channel.charged_through is not None and channel.charged_through >= day):
            continue
        rate = held.daily_rate(channel, book, day)
        if rate is None:
            return None
        total += rate
    return total


def _steady_until(held: Holdings, running: Sequence[Channel], day: date) -> date | None:
    """The last day from `day` on that costs the same; None: for ever."""
    ends = [one.end_date for one in held.subscriptions if one.active_on(day)]
    paid = [one.charged_through for one in running if one.charged_through is not None and one.charged_through >= day]
    return min([*ends, *paid], default=None)


def renewal_months(subscription: Subscription | None, book: PriceBook) -> int | None:
    """The period a renewal is offered for: the last one, or the configured one where nobody told."""
    return None if subscription is None else subscription.months or book.renew_months


def renewal_price(held: Holdings, book: PriceBook, today: date) -> Money | None:
    """The list price of renewing with the same plan and period; None when it is unknown."""
    subscription = held.to_renew(today)
    return None if subscription is None else _price_again(held, subscription, book, today)


def _price_again(held: Holdings, subscription: Subscription, book: PriceBook, today: date) -> Money | None:
    if subscription.plan is None:
        return None
    channels = held.in_subscription(subscription.id)
    months = subscription.months or book.renew_months
    try:
        return total_price(channels, subscription.plan, months, held.currency, book, today)
    except UserError:
        return None


def _needs_renewal(held: Holdings, subscription: Subscription, today: date) -> bool:
    """Ended, and not given up: channels are still waiting in it, or it is all that is known of the client."""
    if subscription.state == "closed" or subscription.active_on(today):
        return False
    return bool(held.in_subscription(subscription.id)) or not held.channels


def _subscription_view(held: Holdings, one: Subscription, book: PriceBook, today: date) -> SubscriptionView:
    if one.paid_on(today):
        state = "active"
    else:
        state = "closed" if one.state == "closed" else "unpaid" if one.active_on(today) else "ended"
    channels, again = (
        len(held.in_subscription(one.id)),
        None if state == "closed" else _price_again(held, one, book, today),
    )
    return SubscriptionView(one.id, one.plan, one.months, one.end_date, channels, state, again)


def _channel_view(one: Channel) -> ChannelView:
    return ChannelView(one.id, one.transport, one.name, one.state, one.free, one.subscription_id)
