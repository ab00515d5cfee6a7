"""The book gateway: our own ledger and subscriptions are the facts, so a transfer is carried out at once."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Connection

from bot.billing import charging, repository
from bot.billing.accounts import Account
from bot.billing.changed import Changed
from bot.billing.posting import Origin, post
from bot.billing.subscription import Term
from bot.billing.transfers import Transfer
from bot.ids import AccountId, ClientId, SubscriptionId

_DONE: Mapping[str, Literal["topped_up", "renewed", "subscribed"]] = {
    "topup": "topped_up",
    "renew": "renewed",
    "subscribe": "subscribed",
}


class BookGateway:
    """Posts a transfer to the ledger, writes the subscription it bought, starts what stood still."""

    name = "book"

    def stale(self, conn: Connection, moved: Transfer) -> str | None:
        """A renewal is stale once the end date or the channels are no longer those it was quoted for."""
        bought = moved.effect.get("subscription")
        if bought is None or moved.client_id is None:
            return None
        held = repository.holdings_of(conn, moved.client_id)
        found = held.subscription(SubscriptionId(bought["id"]))
        if bought["was_end"] is None:
            free = {one.id for one in held.on_daily_payment(date.fromisoformat(bought["start"]))}
            return None if found is None and set(bought["channels"]) <= free else "channels"
        if found is None or found.state == "closed" or found.end_date.isoformat() != bought["was_end"]:
            return "end_date"
        return None if {one.id for one in held.in_subscription(found.id)} == set(bought["channels"]) else "channels"

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
        done = Changed(moved.partner_id, moved.client_id, _DONE[moved.kind], moved.id)
        return [done, *charging.start_again(conn, moved.client_id, moved.effect.get("rates", {}), now)]


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
        )
    repository.wake_after_today(conn, held, now)
