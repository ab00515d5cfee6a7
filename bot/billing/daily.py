"""Daily payments: what one calendar day costs a client's channels, which of them stop and which start again. Pure.

A channel in no active subscription is charged once for each of the client's own days, at the day's beginning, dearer
than a subscription (facts: help page "Official Partner Program"). When the money does not reach, the channel stops
(`notEnoughMoney`), and the days that it stands are not charged; when there is money again it starts at once. Channels
are served in the order they were added, so that what money there is keeps as many as it can. Nothing is charged on
credit, even where a balance was imported below zero.

A subscription that ended puts its channels back on daily payments: the same page says that channels without a
subscription "will be charged by the day" and that a subscription "is not automatically renewed". With no money they
stop the day after the last paid one, as in the third conversation of the product's design.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.ids import ChannelId

ACTIVE = "active"
STOPPED = "notEnoughMoney"


@dataclass(frozen=True, slots=True)
class ChannelOnDay:
    """A channel as a day finds it. `rate` in minor units, None when none is known; `covered`: free or subscribed."""

    id: ChannelId
    state: str
    rate: int | None
    covered: bool
    charged_through: date | None


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """What the day does: charges in minor units, channels that stop, channels that start again."""

    charges: tuple[tuple[ChannelId, int], ...]
    stops: tuple[ChannelId, ...]
    starts: tuple[ChannelId, ...]


def day_outcome(channels: Iterable[ChannelOnDay], money: int, day: date, *, restart: bool) -> DayOutcome:
    """Charge `day` from `money` (minor units, nothing held). `restart`: the day is today, stopped ones may start.

    A channel whose price is unknown is left as it is.
    """
    charges, stops, starts = [], [], []
    for channel in channels:
        stopped = channel.state == STOPPED
        if channel.covered:
            starts += [channel.id] * stopped
            continue
        if channel.rate is None or channel.state not in (ACTIVE, STOPPED) or (stopped and not restart):
            continue
        paid = channel.charged_through is not None and channel.charged_through >= day
        due = 0 if paid else channel.rate
        if due > max(money, 0):
            stops += [channel.id] * (not stopped)
            continue
        money -= due
        starts += [channel.id] * stopped
        charges += [(channel.id, due)] * (not paid)
    return DayOutcome(tuple(charges), tuple(stops), tuple(starts))


def shares(total: int, channels: int) -> Sequence[int]:
    """A day's charge of a whole client, divided over its channels: equal parts, the odd units to the first ones."""
    part, odd = divmod(total, channels)
    return [part + (n < odd) for n in range(channels)]
