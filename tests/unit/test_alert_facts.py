"""What a snapshot keeps of a client's subscriptions, by example: which ends, what renewing that costs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.alerts.alert import Due, Kind
from bot.alerts.facts import snapshot
from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.standing import standing_of
from bot.directory.people import Client
from bot.ids import ChannelId, ClientId, PartnerId, SubscriptionId
from bot.money import as_json, of
from tests.unit.billing_book import shipped_book

BOOK = shipped_book()
NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
THIRD = date(2026, 12, 3)
FIRST = Subscription(SubscriptionId("first"), "inbox", 1, date(2026, 11, 3), THIRD, 3, "active")
OTHER = replace(FIRST, id=SubscriptionId("other"), plan="pro")
LATER = replace(OTHER, id=SubscriptionId("later"), end_date=THIRD + timedelta(days=2))
CLOSED = replace(FIRST, id=SubscriptionId("closed"), plan="max", state="closed")
EMPTY = replace(FIRST, id=SubscriptionId("empty"), plan="max")
WHO = Client(
    ClientId("alfa"), PartnerId("nord"), "48210017", "Alfa", None, "en", "EUR", "Europe/Riga", None, None, (), "book",
    None, None,
)  # fmt: skip


def told(*subscriptions: Subscription, end: date = THIRD, balance: str = "0") -> dict[str, Any]:
    """The snapshot of the stage of 7 days; each subscription holds one channel, `empty` none."""
    money = of(balance, "EUR")
    inside = [one.id for one in subscriptions if one.id not in (EMPTY.id, CLOSED.id)]
    channels = tuple(Channel(ChannelId(one), "whatsapp", one, "active", False, one, None, None) for one in inside)
    held = Holdings(
        client_id=WHO.id,
        partner_id=WHO.partner_id,
        currency="EUR",
        time_zone="Europe/Riga",
        as_of=None,
        balance=money,
        available=money,
        floor=of("0", "EUR"),
        account_id=None,
        subscriptions=subscriptions,
        channels=channels,
    )
    rung = Due(Kind.ENDING, 7, end.isoformat(), NOW)
    facts = snapshot(WHO, standing_of(held, BOOK, NOW), rung, BOOK)
    return {name: facts[name] for name in ("plan", "channels", "months", "price", "short")}


def facts(plan: str | None, channels: int, months: int | None, price: str | None, short: str | None = None) -> object:
    sums = {"price": price and as_json(of(price, "EUR")), "short": short and as_json(of(short, "EUR"))}
    return {"plan": plan, "channels": channels, "months": months, **sums}


@pytest.mark.parametrize(
    ("subscriptions", "expected"),
    [
        ((FIRST,), facts("Inbox", 1, 1, "30.00")),
        ((FIRST, OTHER), facts("Inbox + Pro", 2, 1, "75.00")),
        ((FIRST, replace(OTHER, plan="inbox")), facts("Inbox", 2, 1, "60.00")),
        ((FIRST, CLOSED), facts("Inbox", 1, 1, "30.00")),
        ((EMPTY, FIRST), facts("Inbox", 1, 1, "30.00")),
        ((FIRST, replace(OTHER, months=6)), facts("Inbox + Pro", 2, None, None)),
        ((FIRST, replace(OTHER, plan=None)), facts(None, 2, None, None)),
    ],
)
def test_what_ends_together_is_told_together(subscriptions: tuple[Subscription, ...], expected: object) -> None:
    """Of different periods there is no one price to name."""
    assert told(*subscriptions) == expected


def test_each_end_has_its_own_price_and_only_the_first_a_shortage() -> None:
    assert told(FIRST, LATER, balance="10") == facts("Inbox", 1, 1, "30.00", short="20.00")
    assert told(FIRST, LATER, end=LATER.end_date, balance="10") == facts("Pro", 1, 1, "45.00")
    assert told(FIRST, OTHER, balance="10") == facts("Inbox + Pro", 2, 1, "75.00", short="65.00")
