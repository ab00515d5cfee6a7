"""Works out quotes and what they will post, from what is known of client and partner; stores nothing. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from bot.billing import ledger
from bot.billing.holdings import Channel, Holdings, Subscription, total_price
from bot.billing.ledger import Draft
from bot.billing.plan import PriceBook
from bot.billing.program import split
from bot.billing.quote import Quote, QuoteKind
from bot.billing.standing import run_out_day
from bot.billing.subscription import Term, first_term, renewed, upgrade_difference
from bot.errors import UserError
from bot.ids import AccountId, SubscriptionId, TransferId
from bot.money import Money, as_json, zero


@dataclass(frozen=True, slots=True)
class Desk:
    """What an offer is worked out from: client, prices, the partner's rate and money, accounts, time."""

    held: Holdings
    book: PriceBook
    rate: Decimal
    partner_available: Money
    today: date
    now: datetime
    accounts: Mapping[str, AccountId]
    """Ids of the accounts partner, client, discount and revenue; the client's may be missing in a dry run."""
    gateway: str = "book"


@dataclass(frozen=True, slots=True)
class Offer:
    """A quote with what confirming it posts (`drafts`) and does beside the money (`effect`)."""

    quote: Quote
    drafts: tuple[Draft, ...]
    effect: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Purchase:
    """A subscription to be bought or renewed: for which channels, till when, at what list price."""

    kind: QuoteKind
    subscription: Subscription | None
    plan: str
    months: int
    channels: tuple[Channel, ...]
    term: Term
    price: Money
    difference: Money
    """The part of the price that upgrades the days left of the running term; zero without an upgrade."""


def top_up(desk: Desk, amount: Money, transfer_id: TransferId, token: str) -> Offer:
    """The offer to send `amount` to the client. Raises UserError for an amount or currency that cannot be."""
    _refuse_amount(desk, amount)
    drafts = [transfer_draft(desk, amount, transfer_id)]
    waits = desk.held.unpaid()
    if waits is None or not waits.active_on(desk.today):
        quote = _quote(desk, "topup", transfer_id, token, gets=amount, spends=zero(amount.currency))
        return Offer(quote, tuple(drafts), {"rates": daily_rates(desk)})
    return _paying_top_up(desk, waits, amount, drafts[0], transfer_id, token)


def _paying_top_up(
    desk: Desk, waits: Subscription, amount: Money, transfer: Draft, transfer_id: TransferId, token: str
) -> Offer:
    """A top-up of a client whose subscription is unpaid: it pays that first, as soon as the money reaches."""
    bought = payment_of(desk, waits)
    missing = bought.price - desk.held.available - amount
    if missing.minor > 0:
        quote = _quote(desk, "topup", transfer_id, token, gets=amount, spends=zero(amount.currency))
        effect = {"rates": daily_rates(desk), "leaves_unpaid": waits.id}
        return Offer(replace(quote, still_missing=missing), (transfer,), effect)
    quote = _quote(desk, "topup", transfer_id, token, gets=amount, spends=bought.price, bought=bought)
    entries = ledger.entries((desk.accounts["client"], desk.accounts["revenue"], bought.price))
    payment = Draft(ledger.subscribe_key(waits.id), "subscribe", entries)
    effect = {"rates": daily_rates(desk), "subscription": subscription_effect(desk, bought, waits.id)}
    return Offer(quote, (transfer, payment), effect)


def purchase(desk: Desk, plan: str | None, months: int | None, subscription_id: SubscriptionId | None) -> Purchase:
    """Which subscription is meant and what it costs. Raises UserError no_subscription, unknown_plan, unknown_period,
    price_unknown, or downgrade_active for a cheaper plan before the end of a dearer one.
    """
    held = desk.held.subscription(subscription_id) if subscription_id else desk.held.to_renew(desk.today)
    if held is None or held.state == "closed":
        return first_purchase(desk, plan, months, desk.held.on_daily_payment(desk.today))
    if held.unpaid:
        return payment_of(desk, held, plan, months)
    name = desk.book.plan(plan or held.plan or desk.book.daily_plan).name
    period = months or held.months or desk.book.renew_months
    channels = desk.held.in_subscription(held.id)
    price = total_price(channels, name, period, desk.held.currency, desk.book, desk.today)
    difference = _difference(desk, held, channels, name)
    term = renewed(held.end_date, held.anchor_day, period, desk.today)
    return Purchase("renew", held, name, period, channels, term, price + difference, difference)


def payment_of(desk: Desk, waits: Subscription, plan: str | None = None, months: int | None = None) -> Purchase:
    """Paying a subscription that was created unpaid: at the price and from the day it was created; or at today's price
    when another plan or period is wanted.
    """
    name = desk.book.plan(plan).name if plan else waits.plan or desk.book.daily_plan
    period = months or waits.months or desk.book.subscribe_months
    channels = desk.held.in_subscription(waits.id)
    price = Money(waits.due_minor or 0, desk.held.currency)
    if (name, period) != (waits.plan, waits.months):
        price = total_price(channels, name, period, desk.held.currency, desk.book, desk.today)
    term = first_term(waits.start_date or desk.today, period)
    return Purchase("subscribe", waits, name, period, channels, term, price, zero(price.currency))


def first_purchase(desk: Desk, plan: str | None, months: int | None, channels: Sequence[Channel]) -> Purchase:
    """A new subscription for these channels. Raises UserError no_subscription without any, unknown_plan,
    unknown_period, price_unknown.
    """
    if not channels:
        raise UserError("no_subscription", client=desk.held.client_id)
    name = desk.book.plan(plan or desk.book.daily_plan).name
    period = months or desk.book.subscribe_months
    price = total_price(channels, name, period, desk.held.currency, desk.book, desk.today)
    term = first_term(desk.today, period)
    return Purchase("subscribe", None, name, period, tuple(channels), term, price, zero(price.currency))


def renewal(desk: Desk, bought: Purchase, new_id: SubscriptionId, transfer_id: TransferId, token: str) -> Offer:
    """The offer of a purchase paid from the client's balance, with a top-up of exactly what is missing there."""
    missing = Money(max(bought.price.minor - desk.held.available.minor, 0), bought.price.currency)
    drafts = [transfer_draft(desk, missing, transfer_id)] if missing else []
    payment = ledger.entries((desk.accounts["client"], desk.accounts["revenue"], bought.price))
    if payment:
        drafts.append(Draft(_payment_key(bought, transfer_id), bought.kind, payment))
    quote = _quote(desk, bought.kind, transfer_id, token, gets=missing, spends=bought.price, bought=bought)
    effect = {"rates": daily_rates(desk), "subscription": subscription_effect(desk, bought, new_id)}
    return Offer(quote, tuple(drafts), effect)


def gone_by(desk: Desk, amount: Money) -> date | None:
    """The last day a top-up of the amount would last on daily payments; None when nothing is charged by the day."""
    return run_out_day(desk.held, desk.book, desk.today, amount)


def _quote(
    desk: Desk,
    kind: QuoteKind,
    transfer_id: TransferId,
    token: str,
    *,
    gets: Money,
    spends: Money,
    bought: Purchase | None = None,
) -> Quote:
    parts = split(gets, desk.rate)
    _refuse_short(desk, parts.pays)
    return Quote(
        id=transfer_id,
        kind=kind,
        partner_id=desk.held.partner_id,
        client_id=desk.held.client_id,
        client_gets=gets,
        partner_pays=parts.pays,
        partner_keeps=parts.keeps,
        rate=desk.rate,
        partner_before=desk.partner_available,
        partner_after=desk.partner_available - parts.pays,
        client_before=desk.held.available,
        client_after=desk.held.available + gets - spends,
        expires_at=desk.now + desk.book.quote_lasts,
        token=token,
        as_of=desk.held.as_of,
        source=desk.held.source,
        **({} if bought is None else _purchase_facts(desk, bought)),
    )


def _purchase_facts(desk: Desk, bought: Purchase) -> dict[str, Any]:
    held = bought.subscription
    return {
        "price": bought.price,
        "difference": bought.difference or None,
        "plan": bought.plan,
        "plan_title": desk.book.plan(bought.plan).title,
        "plan_before": _plan_left(desk, bought),
        "months": bought.months,
        "channels": len(bought.channels),
        "subscription_id": held and held.id,
        "ends_before": None if held is None or held.unpaid else held.end_date,
        "ends_after": bought.term.end,
        "starts_on": bought.term.start,
        "sample_prices": any(
            desk.book.is_sample("month", bought.plan, one.transport, desk.held.currency, desk.today)
            for one in bought.channels
        ),
    }


def _plan_left(desk: Desk, bought: Purchase) -> str | None:
    """The plan that is given up for another one, when it is known."""
    before = bought.subscription.plan if bought.subscription is not None else None
    if before is None or before == bought.plan:
        return None
    known = desk.book.plans.get(before)
    return known.title if known else before


def _payment_key(bought: Purchase, transfer_id: TransferId) -> str:
    """An unpaid subscription is paid once, by whatever it is paid."""
    if bought.subscription is not None and bought.subscription.unpaid:
        return ledger.subscribe_key(bought.subscription.id)
    return ledger.renew_key(transfer_id)


def _difference(desk: Desk, held: Subscription, channels: Sequence[Channel], plan: str) -> Money:
    """What moving the days left to another plan costs; the running period is taken at today's prices."""
    nothing = zero(desk.held.currency)
    if held.plan is None or held.plan == plan or not held.active_on(desk.today):
        return nothing
    months = held.months or desk.book.renew_months
    old, new = (
        total_price(channels, name, months, desk.held.currency, desk.book, desk.today) for name in (held.plan, plan)
    )
    difference = upgrade_difference(old, new, held.end_date, held.anchor_day, months, desk.today)
    if difference < nothing:
        raise UserError("downgrade_active", plan=plan, ends=held.end_date.isoformat())
    return difference


def transfer_draft(desk: Desk, amount: Money, transfer_id: TransferId) -> Draft:
    """The transfer to the client: what the partner pays, and what the discount adds."""
    parts, to = split(amount, desk.rate), desk.accounts["client"]
    moves = ledger.entries((desk.accounts["partner"], to, parts.pays), (desk.accounts["discount"], to, parts.keeps))
    return Draft(ledger.top_up_key(transfer_id), "topup", moves)


def subscription_effect(desk: Desk, bought: Purchase, new_id: SubscriptionId) -> dict[str, Any]:
    """What posting a purchase writes beside the money, as plain data."""
    held = bought.subscription
    return {
        "id": held.id if held else new_id,
        "was_end": held.end_date.isoformat() if held else None,
        "plan": bought.plan,
        "months": bought.months,
        "start": bought.term.start.isoformat(),
        "end": bought.term.end.isoformat(),
        "anchor": bought.term.anchor_day,
        "channels": [channel.id for channel in bought.channels],
        "new_channels": new_channels(desk, bought.channels),
    }


def new_channels(desk: Desk, channels: Sequence[Channel]) -> list[dict[str, str]]:
    """Those of the channels that have no row yet, as plain data."""
    known = {one.id for one in desk.held.channels}
    return [{"id": one.id, "transport": one.transport, "name": one.name} for one in channels if one.id not in known]


def daily_rates(desk: Desk) -> dict[str, int]:
    """Today's daily payments of channels that need one: what starting them again after the top-up costs."""
    rates = {one.id: desk.held.daily_rate(one, desk.book, desk.today) for one in desk.held.channels if not one.free}
    return {which: rate for which, rate in rates.items() if rate is not None}


def _refuse_amount(desk: Desk, amount: Money) -> None:
    if amount.currency != desk.held.currency:
        raise UserError("wrong_currency", expected=desk.held.currency, given=amount.currency)
    terms = desk.book.terms(amount.currency)
    least, most = terms.top_up_min or Money(1, amount.currency), terms.top_up_max
    if amount < least:
        raise UserError("amount_too_small", least=as_json(least), amount=as_json(amount))
    if most is not None and amount > most:
        raise UserError("amount_too_large", most=as_json(most), amount=as_json(amount))


def _refuse_short(desk: Desk, needed: Money) -> None:
    if desk.gateway != "book":
        return  # the partner's money is elsewhere, and not known here
    if needed and needed.minor > max(desk.partner_available.minor, 0):
        raise UserError(
            "partner_short",
            missing=as_json(needed - desk.partner_available),  # what the account owes is missing too
            available=as_json(desk.partner_available),
            needed=as_json(needed),
        )
