"""What a client has: an account, subscriptions, channels, and which of the channels are paid for on a day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.billing.plan import PriceBook
from bot.errors import UserError
from bot.ids import AccountId, ChannelId, ClientId, PartnerId, SubscriptionId
from bot.money import Money


@dataclass(frozen=True, slots=True)
class Subscription:
    """A prepaid plan for some channels; `end_date` is the last paid day. Plan or months are None when nobody told."""

    id: SubscriptionId
    plan: str | None
    months: int | None
    start_date: date | None
    end_date: date
    anchor_day: int
    state: str
    due_minor: int | None = None

    @property
    def unpaid(self) -> bool:
        """Whether it was created and still has to be paid, `due_minor`, till `end_date`; then it is no more."""
        return self.state == "unpaid"

    def active_on(self, day: date) -> bool:
        """Whether its channels need no daily payment on the day."""
        return self.state != "closed" and self.end_date >= day

    def paid_on(self, day: date) -> bool:
        """Whether it is paid, and the day is one of its days."""
        return self.active_on(day) and not self.unpaid


@dataclass(frozen=True, slots=True)
class Channel:
    """One messenger account of a client. `daily_minor`: its own daily payment, None to go by the price book.

    `subscription_id` stays when the subscription ends, so that renewing it brings the channel back.
    `charged_through` is the last day paid by daily payment.
    """

    id: ChannelId
    transport: str
    name: str
    state: str
    free: bool
    subscription_id: SubscriptionId | None
    daily_minor: int | None
    charged_through: date | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """A client with everything billing knows. `balance` is posted, `available` what is not held either.

    `as_of` and `source` ("table" or "poll") say when and how it was read from elsewhere; both are None where our own
    ledger and subscriptions are the truth.
    """

    client_id: ClientId
    partner_id: PartnerId
    currency: str
    time_zone: str
    as_of: datetime | None
    balance: Money
    available: Money
    floor: Money
    account_id: AccountId | None
    subscriptions: tuple[Subscription, ...]
    channels: tuple[Channel, ...]
    source: str | None = None

    def subscription(self, subscription_id: SubscriptionId | None) -> Subscription | None:
        """The subscription of that id."""
        return next((one for one in self.subscriptions if one.id == subscription_id), None)

    def covered(self, channel: Channel, day: date) -> bool:
        """Whether a channel needs no daily payment on a day: it is free, or in a subscription that pays for the day."""
        held = self.subscription(channel.subscription_id)
        return channel.free or (held is not None and held.active_on(day))

    def on_daily_payment(self, day: date) -> tuple[Channel, ...]:
        """Channels that must be paid by the day, running or stopped."""
        return tuple(one for one in self.channels if not self.covered(one, day))

    def in_subscription(self, subscription_id: SubscriptionId) -> tuple[Channel, ...]:
        """Channels that renewing the subscription pays for."""
        return tuple(one for one in self.channels if one.subscription_id == subscription_id and not one.free)

    def to_renew(self, day: date) -> Subscription | None:
        """The subscription that a renewal means: the paid one that ends first, else the unpaid one, else the one that
        ended last.
        """
        kept = [one for one in self.subscriptions if one.state != "closed"]
        active = [one for one in kept if one.paid_on(day)]
        if active:
            return min(active, key=lambda one: (one.end_date, one.id))
        return max(kept, key=lambda one: (one.end_date, one.id), default=None)

    def renewable(self, day: date) -> tuple[Subscription, ...]:
        """Every subscription that a renewal may mean, the one that ends first before the others.

        One that has ended counts while channels are still waiting in it, or when there is no other.
        """
        kept = [one for one in self.subscriptions if one.state != "closed"]
        wanted = [one for one in kept if one.active_on(day) or self.in_subscription(one.id)]
        last = self.to_renew(day)
        return tuple(sorted(wanted or ([last] if last else []), key=lambda one: (one.end_date, one.id)))

    def unpaid(self) -> Subscription | None:
        """The subscription that still has to be paid; a client has one at most."""
        return next((one for one in self.subscriptions if one.unpaid), None)

    def loose(self, day: date) -> tuple[Channel, ...]:
        """Channels on daily payments that no subscription waits for."""
        kept = {one.id for one in self.subscriptions if one.state != "closed"}
        return tuple(one for one in self.on_daily_payment(day) if one.subscription_id not in kept)

    def daily_rate(self, channel: Channel, book: PriceBook, day: date) -> int | None:
        """A channel's daily payment in minor units; None when the price book has none for it.

        Without a rate of its own it goes by the plan of the subscription it was in.
        """
        if channel.daily_minor is not None:
            return channel.daily_minor
        held = self.subscription(channel.subscription_id)
        try:
            return book.daily(held.plan if held else None, channel.transport, self.currency, day).minor
        except UserError:
            return None


def total_price(channels: Sequence[Channel], plan: str, months: int, currency: str, book: PriceBook, on: date) -> Money:
    """List price of a period for all these channels. Raises UserError price_unknown when there are none."""
    if not channels:
        raise UserError("price_unknown", plan=plan, transport="?", currency=currency)
    prices = [book.price(plan, channel.transport, currency, months, on) for channel in channels]
    return sum(prices[1:], prices[0])
