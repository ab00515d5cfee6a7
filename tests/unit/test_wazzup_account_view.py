"""A client's account is read in whatever spelling it comes; what cannot be read is named, never guessed."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.billing.gateways.wazzup.account_view import AccountView, ChannelView, read_account
from bot.money import of
from tests.integration.wazzup_world import ACCOUNT

TODAY = date(2026, 11, 26)


def read(answer: object, zone: str = "Europe/Riga") -> AccountView:
    return read_account("48210033", json.dumps(answer).encode(), zone, TODAY)


def test_an_answer_is_read() -> None:
    view = read(ACCOUNT)
    assert (view.balance, view.end, view.plan, view.months) == (of("12.50", "EUR"), date(2027, 5, 26), "pro", 6)
    assert view.channels is not None
    assert view.channels[0] == ChannelView("c-0", "whatsapp", "37120000000", "active")
    assert view.unread == ()


@pytest.mark.parametrize(
    ("billing_part", "expected"),
    [
        ({"balance": "1440.50", "currency": "RUR"}, "1440.50 RUB"),
        ({"balance": {"value": 10, "currency_code": "rub"}}, "10.00 RUB"),
        ({"balance": 10, "currency": "KZT"}, "10.00 KZT"),
        ({"balance": -3, "currency": "USD"}, "-3.00 USD"),
        ({"balance": 10}, None),
        ({"amount": 1440, "currency": "EUR", "billed": "partner"}, None),
        ({"balance": "ten", "currency": "USD"}, None),
        ({"balance": True, "currency": "USD"}, None),
        ({"balance": 1e30, "currency": "USD"}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_balances_in_any_spelling(billing_part: object, expected: str | None) -> None:
    found = read({"data": {"billing": billing_part}}).balance
    assert (str(found) if found is not None else None) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-03", date(2026, 12, 3)),
        ("2026-12-03T22:00:00Z", date(2026, 12, 3)),
        ("2026-12-03T22:00:01Z", date(2026, 12, 4)),
        ("2026-12-04T00:00:00+02:00", date(2026, 12, 3)),
        (1_796_335_200, date(2026, 12, 3)),
        (1_796_335_200_000, date(2026, 12, 3)),
        ("soon", None),
        (True, None),
    ],
)
def test_end_dates_in_any_spelling(value: object, expected: date | None) -> None:
    view = read({"data": {"subscriptions": {"items": [{"paid_till": value}]}}})
    assert view.end == expected
    assert view.unread == (() if expected else ("subscription: end date",))


def test_the_subscription_that_needs_renewing_first() -> None:
    ends = [{"end_date": day} for day in ("2027-02-01", "2026-12-03", "2026-10-01")]
    assert read({"data": {"subscriptions": ends}}).end == date(2026, 12, 3)
    over = [{"end_date": "2026-10-01"}, {"end_date": "2026-11-01"}]
    assert read({"data": {"subscriptions": over}}).end == date(2026, 11, 1)
    assert read({"data": {"subscriptions": [{"end_date": "2027-02-01", "status": "Deleted"}]}}).end is None


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"data": 1}', b'{"data": {"account_id": 1}}', b"\xff"])
def test_what_is_no_answer_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_account("48210033", body, "UTC", TODAY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
NAMES = ["end_date", "tariff", "period", "channelId", "transport", "state", "deleted", "id"]
PART = JSON | st.lists(st.dictionaries(st.sampled_from(NAMES), JSON))
ANSWER = {"billing": JSON, "subscriptions": PART, "channels": PART, "balance": JSON, "currency": JSON}


@given(st.fixed_dictionaries(ANSWER))
def test_no_answer_breaks_the_reading(data: dict[str, Any]) -> None:
    view = read({"data": data})
    assert view.balance is None or abs(view.balance.minor) <= 10**15
