"""The book gateway: our own ledger and subscriptions are the facts, so a transfer is carried out at once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Connection

from bot.billing import charging, repository, unpaid
from bot.billing.accounts import Account
from bot.billing.changed import Changed
from bot.billing.daily import ACTIVE
from bot.billing.holdings import Holdings
from bot.billing.local_day import local_date
from bot.billing.posting import Origin, post
from bot.billing.staleness import stale_change, stale_purchase
from bot.billing.subscription import Term
from bot.billing.transfers import Transfer
from bot.ids import AccountId, ChannelId, ClientId, SubscriptionId

_DONE: Mapping[str, Literal["topped_up", "renewed", "subscribed", "changed"]] = {
    "topup": "topped_up",
    "renew": "renewed",
    "subscribe": "subscribed",
    "change": "changed",
}


class BookGateway:
    """Posts a transfer to the ledger, writes the subscription it bought, starts what stood still."""

    name = "book"
    undoable = True

    def stale(self, conn: Connection, moved: Transfer) -> str | None:
        """A purchase or change is stale once plan, end date or channels are not those it was quoted for; a quote to top
        up is when a subscription waits for payment that it does not speak of.
        """
        if moved.client_id is None:
            return None
        bought, change = moved.effect.get("subscription"), moved.effect.get("change")
        if bought is None and change is None:
            waits = unpaid.waiting(conn, moved.client_id) if moved.state == "quote" else None
            return "subscription" if waits and waits != moved.effect.get("leaves_unpaid") else None
        held = repository.holdings_of(conn, moved.client_id)
        return stale_change(held, change) if change is not None else stale_purchase(held, bought or {})

    def carry_out(
        self,
        conn: Connection,
        moved: Transfer,
        *,
        locked: Mapping[AccountId, Account],
        released: Mapping[AccountId, int],
        now: datetime,
    ) -> list[Changed]:
        """Post the money, write the subscription, start stopped channels: together."""
        assert moved.client_id is not None
        post(conn, moved.drafts, _origin(moved, now), locked=locked, released=released)
        if (bought := moved.effect.get("subscription")) is not None:
            _write_subscription(conn, moved.client_id, bought, now)
        if (change := moved.effect.get("change")) is not None:
            _write_change(conn, moved.client_id, change, now)
        what = "subscribed" if moved.kind == "topup" and bought else _DONE[moved.kind]
        done = Changed(moved.partner_id, moved.client_id, what, moved.id)
        return [done, *charging.start_again(conn, moved.client_id, moved.effect["rates"], now)]

    def take_back(self, conn: Connection, moved: Transfer, now: datetime) -> None:
        """Nothing was begun: only money is held, and whoever voids the transfer gives that back."""


def _origin(moved: Transfer, now: datetime) -> Origin:
    return Origin(
        partner_id=moved.partner_id,
        at=now,
        client_id=moved.client_id,
        transfer_id=moved.id,
        curator_id=moved.asked_by,
        receipt=moved.receipt,
        rate=Decimal(moved.quote_facts["rate"]),
    )


def _write_subscription(conn: Connection, client_id: ClientId, bought: Mapping[str, Any], now: datetime) -> None:
    held = repository.holdings_of(conn, client_id)
    _insert_new(conn, held, bought["new_channels"], now)
    term = Term(date.fromisoformat(bought["start"]), date.fromisoformat(bought["end"]), bought["anchor"])
    which, plan, months = SubscriptionId(bought["id"]), bought["plan"], bought["months"]
    if bought["was_end"] is None:
        repository.insert_subscription(conn, held, which, plan=plan, months=months, term=term, now=now)
        repository.update_channels(conn, bought["channels"], subscription_id=which)
    else:
        repository.update_subscription(
            conn,
            which,
            plan=plan,
            months=months,
            start_date=term.start,
            end_date=term.end,
            anchor_day=term.anchor_day,
            state="active",
            due_minor=None,
        )
    unpaid.forgive_lapsed(conn, client_id)
    repository.wake_after_today(conn, held, now)


def _write_change(conn: Connection, client_id: ClientId, change: Mapping[str, Any], now: datetime) -> None:
    """The plan and channels of a running subscription. A channel that leaves has today paid by it."""
    held = repository.holdings_of(conn, client_id)
    _insert_new(conn, held, change["new_channels"], now)
    repository.update_subscription(conn, SubscriptionId(change["id"]), plan=change["plan"])
    repository.update_channels(conn, change["add"], subscription_id=SubscriptionId(change["id"]))
    if change["remove"]:
        repository.update_channels(conn, change["remove"], subscription_id=None)
        repository.set_charged_through(conn, _paid_till(held, change, local_date(now, held.time_zone)))
    repository.wake_after_today(conn, held, now)


def _paid_till(held: Holdings, change: Mapping[str, Any], today: date) -> dict[ChannelId, date]:
    """The last day that each leaving channel has paid for, by the subscription or by itself."""
    last = min(today, date.fromisoformat(change["was_end"]))
    leaving = [one for one in held.channels if one.id in change["remove"]]
    return {one.id: max(one.charged_through or last, last) for one in leaving}


def _insert_new(conn: Connection, held: Holdings, added: Sequence[Mapping[str, str]], now: datetime) -> None:
    common = {"partner_id": held.partner_id, "client_id": held.client_id, "state": ACTIVE, "created_at": now}
    repository.insert_channels(conn, [{**one, **common} for one in added])
