"""A client's account is read in whatever spelling it comes; what cannot be read is named, never guessed."""

import json
import time
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
        ("1796335200", date(2026, 12, 3)),
        ("2026-12-03T22:00:00", date(2026, 12, 3)),
        ("2026-12-03T22:00:00.000001Z", date(2026, 12, 4)),
        ("soon", None),
        ("tomorrow, i", None),
        (True, None),
        (["2026-12-03"], None),
        (30, None),
        ("20261203", None),
        (100_000_000_000, None),
        (10**20, None),
        ("²" * 10, None),
    ],
)
def test_end_dates_in_any_spelling(value: object, expected: date | None) -> None:
    view = read({"data": {"subscriptions": {"items": [{"paid_till": value}]}}})
    assert view.end == expected
    assert view.unread == (() if expected else ("subscription: end date",))


def test_the_subscription_that_needs_renewing_first() -> None:
    ends = [{"end_date": day} for day in ("2027-02-01", "2026-12-03", "2026-10-01")]
    assert read({"data": {"subscriptions": ends}}).end == date(2026, 12, 3)
    today = [{"end_date": "2026-11-26"}, {"end_date": "2027-02-01"}]
    assert read({"data": {"subscriptions": today}}).end == date(2026, 11, 26)
    over = [{"end_date": "2026-10-01"}, {"end_date": "2026-11-01"}]
    assert read({"data": {"subscriptions": over}}).end == date(2026, 11, 1)
    assert read({"data": {"subscriptions": [{"end_date": "2027-02-01", "status": "Deleted"}]}}).end is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the answer is no JSON"),
        (b"\xff", "the answer is no JSON"),
        (b"[]", "the answer holds no account"),
        (b"null", "the answer holds no account"),
        (b'{"data": 1}', "the answer holds no account"),
        (b'{"data": {"account_id": 1}}', "the answer is about another account than 48210033"),
        (b'{"data": {"account": {"id": "48210034"}}}', "the answer is about another account than 48210033"),
        (b'{"Account-ID": "4821"}', "the answer is about another account than 48210033"),
    ],
)
def test_what_is_no_answer_about_the_account_says_why(body: bytes, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_account("48210033", body, "UTC", TODAY)
    assert str(caught.value) == words


def test_a_moment_without_a_zone_is_utc_wherever_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as machine:
        machine.setenv("TZ", "Asia/Almaty")
        time.tzset()
        for moment in ("2026-12-03T22:00:01", 1_796_335_201):
            assert read({"data": {"subscriptions": [{"end": moment}]}}).end == date(2026, 12, 4)
    time.tzset()


@pytest.mark.parametrize(
    ("data", "balance", "currency"),
    [
        ({"account": {"currency": "EUR"}, "billing": {"balance": 5}}, "5.00 EUR", "EUR"),
        ({"account": {"balance": 5, "currency": "EUR"}}, "5.00 EUR", "EUR"),
        ({"account": {"balance": 5, "currency": "EUR"}, "billing": {"balance": 6}}, "6.00 EUR", "EUR"),
        ({"account": {"billing": {"balance": 7, "currency": "USD"}}, "billing": {"balance": 8}}, "7.00 USD", "USD"),
        ({"billing": {"balance": {"amount": 1, "currency": "USD"}, "currency": "EUR"}}, "1.00 USD", "USD"),
        ({"billing": {"balance": {"amount": 1}, "currency": "EUR"}}, "1.00 EUR", "EUR"),
        ({"billing": {"currency": "EUR"}}, None, "EUR"),
        ({"account-id": 48210033, "account-balance": "5", "currency-code": "EUR"}, "5.00 EUR", "EUR"),
        ({"billing": {"balance": 10**13, "currency": "EUR"}}, "10000000000000.00 EUR", "EUR"),
    ],
)
def test_parts_stand_in_the_account_or_beside_it_dressed_or_not(
    data: dict[str, Any], balance: str | None, currency: str
) -> None:
    for answer in ({"data": data}, data):
        view = read(answer)
        assert (str(view.balance) if view.balance else None, view.currency, view.unread) == (balance, currency, ())


@pytest.mark.parametrize(
    ("part", "unread"),
    [
        ({"balance": 10}, ("balance: no currency",)),
        ({"balance": "ten", "currency": "EUR"}, ("balance",)),
        ({"balance": [10], "currency": "EUR"}, ("balance",)),
        ({"balance": "0.001", "currency": "EUR"}, ("balance",)),
        ({"balance": "10000000000000.01", "currency": "EUR"}, ("balance",)),
        ({"balance": {"paid": 1}, "currency": "EUR"}, ()),
    ],
)
def test_a_balance_that_was_not_understood_is_named(part: dict[str, Any], unread: tuple[str, ...]) -> None:
    view = read({"data": {"billing": part}})
    assert (view.balance, view.unread) == (None, unread)


def test_subscriptions_that_are_gone_or_unreadable_hide_no_other() -> None:
    good = {"end_date": "2026-12-03", "tariff": {"name": " Gr\x00oß  plan\ud800\n"}, "period": {"months": "6"}}
    gone = [{"end_date": "2026-11-30", "deleted": True}, {"end_date": "2026-11-29", "state": "CANCELLED"}]
    kept = {"end_date": "2027-12-03", "deleted": False, "plan": "max", "duration": 12}
    view = read({"data": {"subscriptions": [*gone, {"end_date": "?"}, good, kept]}})
    assert (view.end, view.plan, view.months) == (date(2026, 12, 3), "Groß plan?", 6)
    assert view.unread == ("subscription: end date",)
    assert read({"data": {"subscriptions": [*gone, kept]}}).end == date(2027, 12, 3)


@pytest.mark.parametrize(
    ("period", "months"), [(1, 1), ("12", 12), (3, None), ("²", None), ("year", None), (None, None)]
)
def test_a_period_is_one_that_can_be_bought(period: object, months: int | None) -> None:
    assert read({"data": {"subscriptions": [{"end": "2026-12-03", "period": period}]}}).months == months


def test_channels_that_are_gone_or_unreadable_hide_no_other() -> None:
    long = {"id": "i" * 64, "transport": "T" * 17, "state": "S_" * 40, "deleted": False}
    found = read(
        {
            "data": {
                "channels": [
                    {"id": "gone", "transport": "wapi", "deleted": True},
                    {"transport": "wapi"},
                    {"id": "i" * 65, "transport": "wapi"},
                    {"id": "bare", "transport": "wapi"},
                    long,
                    {"guid": "named", "transport": "tgapi", "plain_id": 371, "status": "QR-Idle"},
                ]
            }
        }
    )
    assert found.channels == (
        ChannelView("bare", "wapi", "bare", ""),
        ChannelView("i" * 64, "t" * 16, "i" * 64, "s" * 32),
        ChannelView("named", "tgapi", "371", "qridle"),
    )
    assert found.unread == ("channel: id or transport",)
    assert read({"data": {}}).channels is None
    assert read({"data": {"channels": []}}).channels == ()


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
