"""Quotes that create and change subscriptions, and subscriptions that are created before there is money."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from bot.billing import alteration, offer, repository, unpaid
from bot.billing.accounts import lock_client_accounts, open_account
from bot.billing.alteration import Alteration
from bot.billing.changed import Changed
from bot.billing.channels import TRANSPORTS
from bot.billing.charging import start_again
from bot.billing.daily import ACTIVE
from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.offer import Desk, Purchase
from bot.billing.plan import PriceBook
from bot.billing.quote import Quote
from bot.billing.quoting import dashboard_only, desk_of, new_transfer_id, refuse_pending, saved
from bot.errors import UserError
from bot.id_generator import new_id, new_token
from bot.ids import Address, ChannelId, ClientId, CuratorId, PartnerId, SubscriptionId
from bot.money import Money, as_json

NAME_LENGTH_MAX = 80


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for which client, when. Without `save` nothing is written: a dry run."""

    partner_id: PartnerId
    client_id: ClientId
    now: datetime
    by: CuratorId | None = None
    from_address: Address | None = None
    save: bool = True


@dataclass(frozen=True, slots=True)
class ChannelName:
    """A channel as people name it; one that the client does not have yet is created with the purchase."""

    transport: str
    name: str


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A subscription that was created and waits for `price` till the end of `until`, a day of the client's own.

    `missing` is what the balance lacks.
    """

    subscription_id: SubscriptionId
    plan_title: str
    months: int
    channels: int
    price: Money
    missing: Money
    until: str
    ends_after: str
    sample_prices: bool
    changes: tuple[Changed, ...]


def quote_subscription(
    conn: Connection,
    book: PriceBook,
    asked: Asked,
    *,
    plan: str | None = None,
    months: int | None = None,
    channels: Sequence[ChannelName] = (),
) -> Quote:
    """A quote for a new subscription, whatever others the client has: for the channels named, or for all that are on
    daily payments. Topped up by exactly what is missing.

    Raises UserError as `quote_renewal` does, and unknown_transport, bad_channel_name, channel_free, channel_taken.
    """
    desk = _desk(conn, book, asked)
    refuse_pending(conn, asked.client_id)
    bought = _new(desk, plan, months, channels)
    made = offer.renewal(desk, bought, SubscriptionId(new_id()), new_transfer_id(), new_token())
    named = tuple(f"{one.transport}:{one.name}" for one in bought.channels)
    made = replace(made, quote=replace(made.quote, names=named))
    return (saved(conn, made, asked.by, asked.from_address, asked.now) if asked.save else made).quote


def create_unpaid(
    conn: Connection,
    book: PriceBook,
    asked: Asked,
    *,
    plan: str | None = None,
    months: int | None = None,
    channels: Sequence[ChannelName] = (),
) -> Unpaid:
    """Create a subscription that is paid by the next money that reaches, before any other charge.

    Its channels take no daily payments for today and the configured days of grace.
    Raises UserError as `quote_subscription` does, and dashboard_only (Wazzup's are created there), already_unpaid,
    grace_used (one has lapsed and none was paid since), balance_reaches (nothing would wait: ask for the ordinary
    quote, which moves money only when it is confirmed and may be undone).
    """
    lock_client_accounts(conn, [asked.client_id])
    desk = _desk(conn, book, asked)
    if desk.gateway != "book":
        raise dashboard_only(conn, asked.client_id, "unpaid", plan and book.plan(plan).title)
    refuse_pending(conn, asked.client_id)
    _refuse_second(conn, desk.held)
    bought = _new(desk, plan, months, channels)
    if desk.held.available >= bought.price:
        raise UserError("balance_reaches", price=as_json(bought.price))
    open_account(conn, asked.partner_id, "client", asked.client_id, desk.held.currency)
    which, until = SubscriptionId(new_id()), desk.today + timedelta(days=book.grace_days)
    _insert(conn, desk, bought, which, until, asked.now)
    rates = {one: rate for one, rate in offer.daily_rates(desk).items() if one not in {x.id for x in bought.channels}}
    changes = start_again(conn, asked.client_id, rates, asked.now)
    return Unpaid(
        subscription_id=which,
        plan_title=book.plan(bought.plan).title,
        months=bought.months,
        channels=len(bought.channels),
        price=bought.price,
        missing=bought.price - desk.held.available,
        until=until.isoformat(),
        ends_after=bought.term.end.isoformat(),
        sample_prices=any(
            book.is_sample("month", bought.plan, one.transport, desk.held.currency, desk.today)
            for one in bought.channels
        ),
        changes=(Changed(asked.partner_id, asked.client_id, "unpaid"), *changes),
    )


def quote_upgrade(
    conn: Connection, book: PriceBook, asked: Asked, plan: str, subscription_id: SubscriptionId | None = None
) -> Quote:
    """A quote for a higher plan till the subscription's end: the difference for the days left.

    Raises UserError as `alteration.running` and `alteration.upgrade` do, already_pending, partner_short.
    """
    return _changed(conn, book, asked, subscription_id, lambda desk, held: alteration.upgrade(desk, held, plan))


def quote_added_channels(
    conn: Connection,
    book: PriceBook,
    asked: Asked,
    channels: Sequence[ChannelName],
    subscription_id: SubscriptionId | None = None,
) -> Quote:
    """A quote for more channels in a running subscription; new ones are created. Raises UserError as above."""

    def change(desk: Desk, held: Subscription) -> Alteration:
        return alteration.add(desk, held, _each_once(_channel(desk.held, one) for one in channels))

    return _changed(conn, book, asked, subscription_id, change)


def quote_removed_channels(
    conn: Connection,
    book: PriceBook,
    asked: Asked,
    channels: Sequence[ChannelName],
    subscription_id: SubscriptionId | None = None,
) -> Quote:
    """A quote for fewer channels: no money moves and none comes back; they are paid by the day from tomorrow on."""

    def change(desk: Desk, held: Subscription) -> Alteration:
        return alteration.remove(desk, held, _each_once(_known(desk.held, one) for one in channels))

    return _changed(conn, book, asked, subscription_id, change)


def _desk(conn: Connection, book: PriceBook, asked: Asked) -> Desk:
    return desk_of(conn, book, asked.partner_id, asked.client_id, asked.now, save=asked.save)


def _changed(
    conn: Connection,
    book: PriceBook,
    asked: Asked,
    subscription_id: SubscriptionId | None,
    change: Callable[[Desk, Subscription], Alteration],
) -> Quote:
    desk = _desk(conn, book, asked)
    refuse_pending(conn, asked.client_id)
    wanted = change(desk, alteration.running(desk, subscription_id))
    made = alteration.offered(desk, wanted, new_transfer_id(), new_token())
    return (saved(conn, made, asked.by, asked.from_address, asked.now) if asked.save else made).quote


def _new(desk: Desk, plan: str | None, months: int | None, names: Sequence[ChannelName]) -> Purchase:
    chosen: Sequence[Channel] = _each_once(_channel(desk.held, one) for one in names)
    for one in chosen:
        if one.free:
            raise UserError("channel_free", channel=one.name)
        if desk.held.covered(one, desk.today):
            raise UserError("channel_taken", channel=one.name)
    return offer.first_purchase(desk, plan, months, chosen or desk.held.on_daily_payment(desk.today))


def _each_once(channels: Iterable[Channel]) -> list[Channel]:
    """Whoever names a channel twice means it once, also where it is still to be created."""
    return list({(one.transport, one.name): one for one in channels}.values())


def _known(held: Holdings, wanted: ChannelName) -> Channel:
    for name in (wanted.name, wanted.name.strip()):
        for one in held.channels:
            if (one.transport, one.name) == (wanted.transport, name):
                return one
    raise UserError("channel_not_in", channel=wanted.name)


def _channel(held: Holdings, wanted: ChannelName) -> Channel:
    """The client's channel of that name, or one to be."""
    try:
        return _known(held, wanted)
    except UserError:
        name = wanted.name.strip()
        if wanted.transport not in TRANSPORTS:
            raise UserError("unknown_transport", transport=wanted.transport, known=", ".join(TRANSPORTS)) from None
        if not name or len(name) > NAME_LENGTH_MAX or not name.isprintable():
            raise UserError("bad_channel_name", most=NAME_LENGTH_MAX) from None
        return Channel(ChannelId(new_id()), wanted.transport, name, ACTIVE, False, None, None, None)


def _refuse_second(conn: Connection, held: Holdings) -> None:
    waits = held.unpaid()
    if waits is not None:
        raise UserError("already_unpaid", until=waits.end_date.isoformat())
    if unpaid.has_lapsed(conn, held.client_id):
        raise UserError("grace_used")


def _insert(conn: Connection, desk: Desk, bought: Purchase, which: SubscriptionId, until: date, now: datetime) -> None:
    new = offer.new_channels(desk, bought.channels)
    common = {"partner_id": desk.held.partner_id, "client_id": desk.held.client_id, "state": ACTIVE, "created_at": now}
    repository.insert_channels(conn, [{**one, **common} for one in new])
    repository.insert_subscription(
        conn,
        desk.held,
        which,
        plan=bought.plan,
        months=bought.months,
        term=replace(bought.term, end=until),
        now=now,
        due_minor=bought.price.minor,
    )
    repository.update_channels(conn, [one.id for one in bought.channels], subscription_id=which)
    repository.wake_after_today(conn, desk.held, now)
