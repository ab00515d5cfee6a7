"""Looking ahead by example: run-out with more money, the band at its edges, ties, which subscription is meant."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from statistics import fmean, stdev

import pytest

from bot.billing.advice import cheapest_mix, what_if
from bot.billing.forecast import HORIZON_DAYS, Band, usage_band
from bot.billing.holdings import Channel, Holdings, Subscription, total_price
from bot.billing.standing import run_out_day
from bot.errors import UserError
from bot.ids import AccountId, ChannelId, ClientId, PartnerId, SubscriptionId
from bot.money import Money, of
from tests.unit.billing_book import shipped_book

BOOK = shipped_book()
TODAY = date(2026, 11, 26)


def channel(name: str = "c", state: str = "active", daily: int | None = 200, through: date | None = TODAY) -> Channel:
    return Channel(ChannelId(name), "whatsapp", name, state, False, None, daily, through)


def client(money: str, *channels: Channel, subscriptions: tuple[Subscription, ...] = ()) -> Holdings:
    there = of(money, "EUR")
    return Holdings(
        client_id=ClientId("client"),
        partner_id=PartnerId("nord"),
        currency="EUR",
        time_zone="Europe/Riga",
        as_of=None,
        balance=there,
        available=there,
        floor=of("0", "EUR"),
        account_id=AccountId("account"),
        subscriptions=subscriptions,
        channels=channels,
    )


def subscription(name: str, end: date, state: str = "active") -> Subscription:
    return Subscription(SubscriptionId(name), "pro", 1, None, end, end.day, state)


def test_more_money_lasts_longer_and_starts_what_stands() -> None:
    """9.00 at 2.00 a day lasts four days more, with 10.00 more nine; a stopped channel counts only with the money."""
    running, stopped = client("9.00", channel()), client("0.00", channel(state="notEnoughMoney", through=None))
    assert run_out_day(running, BOOK, TODAY) == TODAY + timedelta(days=4)
    assert run_out_day(running, BOOK, TODAY, of("10", "EUR")) == TODAY + timedelta(days=9)
    assert run_out_day(stopped, BOOK, TODAY) is None
    assert run_out_day(stopped, BOOK, TODAY, of("10", "EUR")) == TODAY + timedelta(days=4)
    assert run_out_day(stopped, BOOK, TODAY, of("0", "EUR")) is None


def test_a_day_not_yet_paid_comes_first() -> None:
    assert run_out_day(client("2.00", channel(through=None)), BOOK, TODAY) == TODAY
    assert run_out_day(client("1.99", channel(through=None)), BOOK, TODAY) == TODAY - timedelta(days=1)
    assert run_out_day(client("1.99", channel()), BOOK, TODAY) == TODAY


def test_the_price_book_is_asked_where_a_channel_has_no_price() -> None:
    """Pro by the day is 2.00; without a known price there is no forecast."""
    assert run_out_day(client("9.00", channel(daily=None)), BOOK, TODAY) == TODAY + timedelta(days=4)
    priceless = replace(client("9.00", channel(daily=None)), currency="BRL", available=of("9.00", "BRL"))
    assert run_out_day(priceless, BOOK, TODAY) is None


def test_steady_spending_has_a_narrow_band() -> None:
    """Exactly 10.00 every day: 100.00 last ten days, whichever way it is looked at; today is paid."""
    band = usage_band(10_000, [1000] * 20, TODAY)
    assert band is not None
    tenth = TODAY + timedelta(days=10)
    assert (band.earliest, band.likely, band.latest, band.days) == (tenth, tenth, tenth, 20)
    short = usage_band(999, [1000] * 20, TODAY)
    assert short is not None
    assert short.likely == TODAY


def test_only_the_last_two_months_count_and_only_a_year_is_looked_ahead() -> None:
    band = usage_band(10_000, [0] * 100 + [1000] * 60, TODAY)
    assert band is not None
    assert (band.likely, band.days) == (TODAY + timedelta(days=10), 60)
    long = usage_band(1000 * HORIZON_DAYS, [1000] * 20, TODAY)
    assert long is not None
    assert long.likely is None
    just = usage_band(1000 * HORIZON_DAYS - 1, [1000] * 20, TODAY)
    assert just is not None
    assert just.likely == TODAY + timedelta(days=HORIZON_DAYS - 1)


def test_little_history_makes_the_band_wider() -> None:
    long, short = usage_band(30_000, [500, 1500] * 30, TODAY), usage_band(30_000, [500, 1500] * 7, TODAY)
    assert long is not None
    assert short is not None
    widths = []
    for band in (long, short):
        assert band.earliest is not None
        assert band.latest is not None
        widths.append((band.latest - band.earliest).days)
    assert widths == [8, 14]


@pytest.mark.parametrize(
    ("money", "days"), [(99, 0), (100, 1), (399, 1), (400, 3), (899, 3), (900, None), (10**6, None)]
)
def test_fixed_payments_of_the_days_to_come_are_added_as_they_are(money: int, days: int | None) -> None:
    """1.00 tomorrow, 3.00, nothing and 5.00 on the days after, and then no more; nothing is used beside."""
    band = usage_band(money, [0] * 20, TODAY, fixed=(100, 300, 0, 500))
    last = None if days is None else TODAY + timedelta(days=days)
    assert band == Band(last, last, last, 20)


def test_fixed_payments_and_use_share_the_money() -> None:
    """1.00 of use a day with 1.50 of fixed payments at first: 10.00 is passed on the ninth day."""
    last = TODAY + timedelta(days=8)
    assert usage_band(1_000, [100] * 20, TODAY, fixed=(50, 100)) == Band(last, last, last, 20)


@pytest.mark.parametrize(("history", "quantile"), [(14, 1.350), (15, 1.345), (20, 1.328), (30, 1.311), (60, 1.296)])
def test_the_band_is_as_wide_as_students_table_says(history: int, quantile: float) -> None:
    """A day is promised exactly as far as the published 90 % quantile reaches, within the table's three places."""
    spent = ([500, 1500] * 30)[:history]
    days = 30
    root = sqrt(days + days * days / history)
    least = days * fmean(spent) + quantile * stdev(spent) * root
    near = 0.0009 * stdev(spent) * root
    for money, last in ((least - near, days - 1), (least + near, days)):
        band = usage_band(round(money), spent, TODAY)
        assert band is not None
        assert band.earliest == TODAY + timedelta(days=last)


def test_what_if_option_by_option() -> None:
    """Seven months of one channel at 2.00 a day: so many whole periods as cover them, what each costs and saves."""
    found = what_if(client("9.00", channel()), BOOK, Decimal("0.35"), TODAY, months=7)
    days = (date(2027, 6, 26) - TODAY).days
    assert (found.months, found.days, found.channels, found.plan) == (7, days, 1, "pro")
    by_the_day = of(2 * days, "EUR")
    assert found.daily_cost == by_the_day
    pro = {one.months: one for one in found.options if one.plan == "pro"}
    assert {months: (one.title, one.times, one.price, one.cost, one.partner_cost) for months, one in pro.items()} == {
        1: ("Pro", 7, of("45", "EUR"), of("315", "EUR"), of("204.75", "EUR")),
        6: ("Pro", 2, of("243", "EUR"), of("486", "EUR"), of("315.90", "EUR")),
        12: ("Pro", 1, of("432", "EUR"), of("432", "EUR"), of("280.80", "EUR")),
    }
    assert all(one.saves == by_the_day - one.cost for one in found.options)
    costs = [(one.cost.minor, one.months, one.plan) for one in found.options]
    assert costs == sorted(costs)
    assert {one.plan for one in found.options} == set(BOOK.plans)
    assert found.best is not None
    assert (found.best.periods, found.best.cost) == ((6, 1), of("288", "EUR"))


def test_without_a_daily_price_nothing_is_saved() -> None:
    """Prices by the month only: the options are there, compared with nothing."""
    months = {key: prices for key, prices in BOOK.prices.items() if key[0] == "month"}
    found = what_if(client("9.00", channel(daily=None)), replace(BOOK, prices=months), Decimal("0.35"), TODAY)
    assert found.daily_cost is None
    assert {one.saves for one in found.options} == {None}


def test_of_equally_cheap_ways_the_one_with_fewest_purchases() -> None:
    mix = cheapest_mix({1: of("10", "EUR"), 6: of("60", "EUR")}, 13)
    assert (mix.periods, mix.cost) == ((6, 6, 1), of("130", "EUR"))


END = date(2026, 12, 3)


@pytest.mark.parametrize(
    ("subscriptions", "meant"),
    [
        ((), None),
        ((subscription("a", END), subscription("b", END - timedelta(days=1))), "b"),
        ((subscription("b", END), subscription("a", END)), "a"),
        (
            (
                subscription("a", TODAY - timedelta(days=9), "ended"),
                subscription("b", TODAY - timedelta(days=3), "ended"),
            ),
            "b",
        ),
        ((subscription("a", TODAY - timedelta(days=3), "ended"), subscription("b", END)), "b"),
        ((subscription("a", END, "unpaid"), subscription("b", END + timedelta(days=5))), "b"),
        ((subscription("a", END, "unpaid"), subscription("b", TODAY - timedelta(days=3), "ended")), "a"),
        ((subscription("a", END, "closed"),), None),
    ],
)
def test_which_subscription_a_renewal_means(subscriptions: tuple[Subscription, ...], meant: str | None) -> None:
    found = client("0.00", subscriptions=subscriptions).to_renew(TODAY)
    assert (found.id if found else None) == meant


def test_a_price_for_no_channels_is_none() -> None:
    with pytest.raises(UserError) as refused:
        total_price((), "pro", 1, "EUR", BOOK, TODAY)
    assert (refused.value.key, refused.value.facts["plan"]) == ("price_unknown", "pro")
    both = total_price((channel("a"), channel("b")), "pro", 1, "EUR", BOOK, TODAY)
    assert both == Money(9000, "EUR")
