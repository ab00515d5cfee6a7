"""Whether a confirmed purchase or change still fits the client: the reason told for each way in which it does not."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.staleness import stale_change, stale_purchase
from bot.ids import ChannelId, ClientId, PartnerId, SubscriptionId
from bot.money import zero

TODAY = date(2026, 11, 26)
ENDS = date(2026, 12, 3)
RUNS = Subscription(SubscriptionId("s1"), "pro", 6, None, ENDS, 3, "active")


def channel(name: str, *, within: str | None = None, paid: date | None = None) -> Channel:
    kept = None if within is None else SubscriptionId(within)
    return Channel(ChannelId(name), "whatsapp", f"number {name}", "active", False, kept, None, paid)


HELD = Holdings(
    client_id=ClientId("alfa"),
    partner_id=PartnerId("nord"),
    currency="EUR",
    time_zone="UTC",
    as_of=None,
    balance=zero("EUR"),
    available=zero("EUR"),
    floor=zero("EUR"),
    account_id=None,
    subscriptions=(RUNS,),
    channels=(channel("in", within="s1"), channel("loose", paid=TODAY), channel("unpaid")),
)
NEW = {"id": "new", "transport": "whatsapp", "name": "number new"}
TAKEN = NEW | {"name": "number loose"}
ELSEWHERE = TAKEN | {"transport": "max"}
"""Another messenger may have a channel of the same name."""
RENEWAL: dict[str, Any] = {"id": "s1", "was_end": "2026-12-03", "start": "2026-12-04", "channels": ["in"]}
FIRST: dict[str, Any] = {"id": "s2", "was_end": None, "start": "2026-11-26", "channels": ["loose", "unpaid"]}
CHANGE: dict[str, Any] = {
    "id": "s1",
    "on": "2026-11-26",
    "was_end": "2026-12-03",
    "was_plan": "pro",
    "was_months": 6,
    "was_channels": ["in"],
    "add": ["loose", "unpaid", "new"],
    "new_channels": [NEW],
    "paid_through": {"loose": "2026-11-26", "unpaid": None},
}


def ended(state: str, *, end: date = ENDS) -> Holdings:
    return replace(HELD, subscriptions=(replace(RUNS, state=state, end_date=end),))


@pytest.mark.parametrize(
    ("held", "bought", "reason"),
    [
        (HELD, RENEWAL, None),
        (HELD, RENEWAL | {"channels": ["in", "new"], "new_channels": [NEW]}, None),
        (HELD, RENEWAL | {"channels": ["in", "new"], "new_channels": [ELSEWHERE | {"id": "new"}]}, None),
        (HELD, RENEWAL | {"channels": ["in", "new"], "new_channels": [TAKEN]}, "channels"),
        (HELD, RENEWAL | {"channels": ["in", "loose"]}, "channels"),
        (HELD, RENEWAL | {"channels": []}, "channels"),
        (HELD, RENEWAL | {"was_end": "2026-12-02"}, "end_date"),
        (HELD, RENEWAL | {"id": "s9"}, "end_date"),
        (ended("ended"), RENEWAL, None),
        (ended("closed"), RENEWAL, "end_date"),
        (HELD, FIRST, None),
        (HELD, FIRST | {"channels": ["loose"]}, None),
        (HELD, FIRST | {"channels": ["loose", "new"], "new_channels": [NEW]}, None),
        (HELD, FIRST | {"channels": ["loose", "new"], "new_channels": [TAKEN]}, "channels"),
        (HELD, FIRST | {"channels": ["loose", "gone"]}, "channels"),
        (HELD, FIRST | {"channels": ["loose", "in"]}, "channels"),
        (HELD, FIRST | {"channels": ["in"], "start": "2026-12-04"}, None),
        (HELD, FIRST | {"id": "s1"}, "channels"),
    ],
)
def test_a_purchase(held: Holdings, bought: dict[str, Any], reason: str | None) -> None:
    assert stale_purchase(held, bought) == reason


@pytest.mark.parametrize(
    ("held", "change", "reason"),
    [
        (HELD, CHANGE, None),
        (HELD, CHANGE | {"add": ["new"], "paid_through": {}}, None),
        (HELD, CHANGE | {"new_channels": [ELSEWHERE | {"id": "new"}]}, None),
        (HELD, CHANGE | {"id": "s9"}, "end_date"),
        (HELD, CHANGE | {"on": "2026-12-04"}, "end_date"),
        (ended("unpaid"), CHANGE, "end_date"),
        (ended("closed"), CHANGE, "end_date"),
        (HELD, CHANGE | {"was_end": "2026-12-04"}, "end_date"),
        (HELD, CHANGE | {"was_plan": "max"}, "end_date"),
        (HELD, CHANGE | {"was_months": 12}, "end_date"),
        (HELD, CHANGE | {"was_channels": ["in", "other"]}, "channels"),
        (HELD, CHANGE | {"new_channels": [TAKEN | {"id": "new"}]}, "channels"),
        (HELD, CHANGE | {"add": ["loose", "unpaid", "gone", "new"]}, "channels"),
        (HELD, CHANGE | {"paid_through": {"loose": "2026-11-25", "unpaid": None}}, "channels"),
        (HELD, CHANGE | {"paid_through": {"loose": "2026-11-26", "unpaid": "2026-11-26"}}, "channels"),
    ],
)
def test_a_change(held: Holdings, change: dict[str, Any], reason: str | None) -> None:
    assert stale_change(held, change) == reason
