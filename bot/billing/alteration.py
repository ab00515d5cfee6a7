"""Changes of a running subscription: a higher plan, channels that come or go, and what that costs till its end. Pure.

What is paid for the days left is pro rata by days and rounded half up once, over everything that one quote changes.
Nothing is given back: freezing and refunds are not offered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.billing import offer
from bot.billing.holdings import Channel, Subscription, total_price
from bot.billing.local_day import first_instant
from bot.billing.offer import Desk, Offer, Purchase
from bot.billing.subscription import Term, add_months, pro_rata, upgrade_difference
from bot.errors import UserError
from bot.ids import SubscriptionId, TransferId
from bot.money import Money, zero

What = Literal["upgrade", "add", "remove"]


@dataclass(frozen=True, slots=True)
class Alteration:
    """What changes: the subscription's plan from now on, channels that come or go, the price of the days left."""

    what: What
    subscription: Subscription
    plan: str | None
    months: int
    added: tuple[Channel, ...]
    removed: tuple[Channel, ...]
    price: Money


def running(desk: Desk, subscription_id: SubscriptionId | None) -> Subscription:
    """The paid subscription that is meant, the only one when none is named.

    Raises UserError no_running_subscription, which_subscription, subscription_unpaid.
    """
    paid = [one for one in desk.held.subscriptions if one.paid_on(desk.today)]
    if subscription_id is not None:
        paid = [one for one in paid if one.id == subscription_id]
    if len(paid) > 1:
        known = [f"{one.id} ({one.plan or 'no plan'}, till {one.end_date.isoformat()})" for one in paid]
        raise UserError("which_subscription", count=len(paid), subscriptions=known)
    if paid:
        return paid[0]
    waits = desk.held.unpaid()
    if waits is not None and subscription_id in (None, waits.id):
        raise UserError("subscription_unpaid", until=waits.end_date.isoformat())
    raise UserError("no_running_subscription")


def upgrade(desk: Desk, held: Subscription, plan: str) -> Alteration:
    """A higher plan for the days left, today excluded: that one is paid under the old plan.

    Raises UserError unknown_plan, same_plan, plan_not_known (nobody told the present one), price_unknown,
    downgrade_active.
    """
    wanted = desk.book.plan(plan)
    if held.plan == wanted.name:
        raise UserError("same_plan", plan=wanted.title)
    if held.plan is None:
        raise UserError("plan_not_known", ends=held.end_date.isoformat())
    months, channels = _months(desk, held), desk.held.in_subscription(held.id)
    old, new = (
        total_price(channels, name, months, desk.held.currency, desk.book, desk.today)
        for name in (held.plan, wanted.name)
    )
    if new < old:
        raise UserError("downgrade_active", plan=wanted.name, ends=held.end_date.isoformat())
    price = upgrade_difference(old, new, held.end_date, held.anchor_day, months, desk.today)
    return Alteration("upgrade", held, wanted.name, months, (), (), price)


def add(desk: Desk, held: Subscription, channels: Sequence[Channel]) -> Alteration:
    """Channels for the days left, today included unless they have paid for today by themselves.

    Raises UserError no_channels, channel_free, channel_taken, plan_not_known, price_unknown.
    """
    if not channels:
        raise UserError("no_channels")
    if held.plan is None:
        raise UserError("plan_not_known", ends=held.end_date.isoformat())
    for one in channels:
        if one.free:
            raise UserError("channel_free", channel=one.name)
        if desk.held.covered(one, desk.today):
            raise UserError("channel_taken", channel=one.name)
    months = _months(desk, held)
    whole = (held.end_date - add_months(held.end_date, -months, held.anchor_day)).days
    weighed = zero(desk.held.currency)
    for one in channels:
        price = desk.book.price(held.plan, one.transport, desk.held.currency, months, desk.today)
        weighed = weighed + price * _days_left(desk, held, one)
    return Alteration("add", held, held.plan, months, tuple(channels), (), pro_rata(weighed, whole))


def remove(desk: Desk, held: Subscription, channels: Sequence[Channel]) -> Alteration:
    """Channels that leave: paid by the day from tomorrow on. Nothing is given back.

    Raises UserError no_channels, channel_not_in, last_channel.
    """
    if not channels:
        raise UserError("no_channels")
    inside = desk.held.in_subscription(held.id)
    for one in channels:
        if one not in inside:
            raise UserError("channel_not_in", channel=one.name)
    if len(inside) == len(set(channels)):
        raise UserError("last_channel", ends=held.end_date.isoformat())
    return Alteration("remove", held, held.plan, _months(desk, held), (), tuple(channels), zero(desk.held.currency))


def offered(desk: Desk, change: Alteration, transfer_id: TransferId, token: str) -> Offer:
    """The offer of a change, paid from the client's balance, with a top-up of exactly what is missing there.

    It holds for the client's present day only: tomorrow one day less is left to pay for.
    """
    held = change.subscription
    inside = desk.held.in_subscription(held.id)
    after = (*(one for one in inside if one not in change.removed), *change.added)
    difference = change.price if change.what == "upgrade" else zero(change.price.currency)
    term = Term(desk.today, held.end_date, held.anchor_day)
    plan = change.plan or desk.book.daily_plan
    bought = Purchase("change", held, plan, change.months, after, term, change.price, difference)
    made = offer.renewal(desk, bought, held.id, transfer_id, token)
    quote = replace(
        made.quote,
        change=change.what,
        names=tuple(one.name for one in (*change.added, *change.removed)),
        daily=_by_the_day(desk, change.removed),
        expires_at=min(made.quote.expires_at, _midnight(desk)),
        plan=change.plan,
        plan_title=made.quote.plan_title if change.plan else None,
    )
    return Offer(quote, made.drafts, {"rates": offer.daily_rates(desk), "change": _effect(desk, change)})


def _months(desk: Desk, held: Subscription) -> int:
    return held.months or desk.book.renew_months


def _days_left(desk: Desk, held: Subscription, channel: Channel) -> int:
    paid = channel.charged_through is not None and channel.charged_through >= desk.today
    return (held.end_date - desk.today).days + (not paid)


def _by_the_day(desk: Desk, leaving: Sequence[Channel]) -> Money | None:
    """What channels that leave cost a day from tomorrow on, then in no subscription."""
    tomorrow = desk.today + timedelta(days=1)
    rates = [desk.held.daily_rate(replace(one, subscription_id=None), desk.book, tomorrow) for one in leaving]
    known = [rate for rate in rates if rate is not None]
    return Money(sum(known), desk.held.currency) if known and len(known) == len(rates) else None


def _midnight(desk: Desk) -> datetime:
    return first_instant(desk.today + timedelta(days=1), desk.held.time_zone)


def _effect(desk: Desk, change: Alteration) -> dict[str, Any]:
    held = change.subscription
    added = offer.new_channels(desk, change.added)
    new = {one["id"] for one in added}
    return {
        "id": held.id,
        "on": desk.today.isoformat(),
        "was_end": held.end_date.isoformat(),
        "was_plan": held.plan,
        "was_months": held.months,
        "was_channels": [one.id for one in desk.held.in_subscription(held.id)],
        "plan": change.plan,
        "add": [one.id for one in change.added],
        "remove": [one.id for one in change.removed],
        "new_channels": added,
        "paid_through": {
            one.id: one.charged_through.isoformat() if one.charged_through else None
            for one in change.added
            if one.id not in new
        },
    }
