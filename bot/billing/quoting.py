"""Quotes: gathers what an offer needs, works it out, and stores it so that it can be confirmed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from bot.billing import offer, repository, transfers
from bot.billing.accounts import find_account, open_account, system_account
from bot.billing.local_day import local_date
from bot.billing.offer import Desk, Offer
from bot.billing.plan import PriceBook
from bot.billing.quote import Quote
from bot.billing.rates import rate
from bot.errors import UserError
from bot.id_generator import new_code, new_id, new_receipt, new_token
from bot.ids import AccountId, Address, ClientId, CuratorId, PartnerId, SubscriptionId, TransferId
from bot.money import Money, zero
from bot.storage.tables import client, partner

_UNSAVED = {kind: AccountId(kind) for kind in ("partner", "client", "discount", "revenue")}
"""A dry run opens no accounts: the names stand for them."""


def quote_top_up(
    conn: Connection,
    book: PriceBook,
    *,
    partner_id: PartnerId,
    client_id: ClientId,
    amount: Money,
    asked_by: CuratorId | None,
    asked_from: Address | None,
    now: datetime,
    save: bool = True,
) -> Quote:
    """A quote to send `amount` to a client's balance; the client gets it whole, the partner pays it less his discount.

    When the client's channels are on daily payments and no subscription is active, `guard` carries the better quote,
    which can be confirmed as well: whichever comes first cancels the other. `repeat_of` names an identical top-up a
    moment ago. Raises UserError unknown_client, wrong_currency, amount_too_small, amount_too_large, partner_short.
    """
    desk = desk_of(conn, book, partner_id, client_id, now, save=save)
    made = offer.top_up(desk, amount, new_transfer_id(), new_token())
    earlier = transfers.last_top_up(conn, client_id, amount.minor, now - book.repeat_within)
    lasts = offer.gone_by(desk, amount)
    subscribed = any(one.active_on(desk.today) for one in desk.held.subscriptions)
    better = None if lasts is None or subscribed else _better(desk)
    if better is not None:
        better = _with(better, other_id=made.quote.id)
        better = saved(conn, better, asked_by, asked_from, now) if save else better
    made = _with(
        made,
        repeat_of=earlier.receipt if earlier else None,
        gone_by=lasts,
        guard=better.quote if better else None,
        other_id=better.quote.id if better else None,
    )
    return (saved(conn, made, asked_by, asked_from, now) if save else made).quote


def quote_renewal(
    conn: Connection,
    book: PriceBook,
    *,
    partner_id: PartnerId,
    client_id: ClientId,
    plan: str | None = None,
    months: int | None = None,
    asked_by: CuratorId | None,
    asked_from: Address | None,
    now: datetime,
    save: bool = True,
    subscription_id: SubscriptionId | None = None,
) -> Quote:
    """A quote to renew a client's subscription from its balance, topped up by exactly what is missing there.

    Without a plan or period the last ones are taken. Of several subscriptions the one that ends first is meant. A
    client without one whose channels are on daily payments gets a quote of kind `subscribe`. Raises UserError
    unknown_client, no_subscription, unknown_plan, unknown_period, price_unknown, downgrade_active, already_pending,
    partner_short.
    """
    desk = desk_of(conn, book, partner_id, client_id, now, save=save)
    refuse_pending(conn, client_id)
    bought = offer.purchase(desk, plan, months, subscription_id)
    made = offer.renewal(desk, bought, SubscriptionId(new_id()), new_transfer_id(), new_token())
    return (saved(conn, made, asked_by, asked_from, now) if save else made).quote


def refuse_pending(conn: Connection, client_id: ClientId) -> None:
    """UserError already_pending while a purchase of the client waits to be posted."""
    waiting = transfers.pending_purchase(conn, client_id)
    if waiting is not None:
        raise UserError(
            "already_pending", receipt=waiting.receipt, post_at=waiting.post_at and waiting.post_at.isoformat()
        )


def _better(desk: Desk) -> Offer | None:
    """Subscription first, then money; None where it cannot be had."""
    try:
        bought = offer.purchase(desk, None, None, None)
        return offer.renewal(desk, bought, SubscriptionId(new_id()), new_transfer_id(), new_token())
    except UserError:
        return None


def desk_of(
    conn: Connection, book: PriceBook, partner_id: PartnerId, client_id: ClientId, now: datetime, *, save: bool
) -> Desk:
    """What an offer for the client is worked out from. A dry run opens no accounts. UserError unknown_client."""
    held = repository.holdings_of(conn, client_id, partner_id)
    today = local_date(now, held.time_zone)
    own = find_account(conn, partner_id, "partner", partner_id, held.currency)
    return Desk(
        held=held,
        book=book,
        rate=rate(conn, book, held, today),
        partner_available=own.available if own else zero(held.currency),
        today=today,
        now=now,
        accounts=_open_accounts(conn, partner_id, client_id, held.currency) if save else _UNSAVED,
        gateway=gateway_of(conn, partner_id),
    )


def _open_accounts(conn: Connection, partner_id: PartnerId, client_id: ClientId, currency: str) -> dict[str, AccountId]:
    return {
        "partner": open_account(conn, partner_id, "partner", partner_id, currency).id,
        "client": open_account(conn, partner_id, "client", client_id, currency).id,
        "discount": system_account(conn, partner_id, "discount", currency),
        "revenue": system_account(conn, partner_id, "revenue", currency),
    }


def saved(
    conn: Connection, made: Offer, asked_by: CuratorId | None, asked_from: Address | None, now: datetime
) -> Offer:
    """Store a quote, with its code, so that who asked may confirm it.

    Where another system carries it out, nothing will be posted here. UserError dashboard_only for a change of a running
    subscription there, which cannot be followed from here.
    """
    gateway = gateway_of(conn, made.quote.partner_id)
    if gateway != "book" and made.quote.kind == "change":
        quote = made.quote
        raise dashboard_only(conn, quote.client_id, quote.change or "", quote.plan_title or quote.plan, quote.names)
    made = _with(made, code=_free_code(conn, asked_by, now))
    transfers.save_quote(
        conn,
        made.quote,
        made.drafts if gateway == "book" else (),
        {**made.effect, "gateway": gateway, "other": made.quote.other_id},
        receipt=_free_receipt(conn, made.quote.partner_id),
        asked_by=asked_by,
        asked_from=asked_from,
        now=now,
    )
    return made


def dashboard_only(
    conn: Connection, client_id: ClientId, change: str, plan: str | None, names: Sequence[str] = ()
) -> UserError:
    """The refusal of what only a person can do at Wazzup, with all that its steps name."""
    who = conn.execute(select(client.c.company, client.c.account_id).where(client.c.id == client_id)).one()
    facts = {"company": who.company, "account_id": who.account_id, "change": change, "plan": plan or "–"}
    return UserError("dashboard_only", **facts, names=list(names))


def gateway_of(conn: Connection, partner_id: PartnerId) -> str:
    """Who carries out the partner's transfers."""
    found: str = conn.execute(select(partner.c.gateway).where(partner.c.id == partner_id)).scalar_one()
    return found


def _with(made: Offer, **changes: object) -> Offer:
    return replace(made, quote=replace(made.quote, **changes))  # type: ignore[arg-type]


def _free_code(conn: Connection, asked_by: CuratorId | None, now: datetime) -> str:
    """A code that none of the person's open quotes has, so that typing it means one quote."""
    taken = transfers.open_codes(conn, asked_by, now) if asked_by is not None else set()
    return next(code for code in iter(new_code, None) if code not in taken)


def _free_receipt(conn: Connection, partner_id: PartnerId) -> str:
    """The number that chat, ledger and delivery log will show when the quote is confirmed."""
    return next(one for one in iter(new_receipt, None) if not transfers.receipt_taken(conn, partner_id, one))


def new_transfer_id() -> TransferId:
    """The id of a quote to be."""
    return TransferId(new_id())
