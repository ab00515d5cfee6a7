"""End dates, splits, daily payments and run-out days: the pure rules of billing, by example."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from bot.billing.chain import GENESIS, link
from bot.billing.daily import ChannelOnDay, day_outcome, shares
from bot.billing.ledger import Draft, Entry, as_json, entries, from_json, net, outflow
from bot.billing.local_day import days_from, first_instant, local_date
from bot.billing.program import split
from bot.billing.record import Transaction
from bot.billing.subscription import add_months, first_term, renewed, upgrade_difference
from bot.ids import AccountId, ChannelId, PartnerId, TransactionId
from bot.money import Money, of


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("end", "anchor", "months", "today", "renewed_till"),
    [
        ("2026-12-03", 3, 12, "2026-11-26", "2027-12-03"),
        ("2026-11-25", 25, 6, "2026-11-26", "2027-05-26"),
        ("2026-11-26", 26, 1, "2026-11-26", "2026-12-26"),
        ("2027-01-31", 31, 1, "2027-01-10", "2027-02-28"),
        ("2027-02-28", 31, 1, "2027-01-10", "2027-03-31"),
        ("2027-02-28", 31, 1, "2027-02-28", "2027-03-31"),
        ("2028-01-30", 30, 1, "2028-01-10", "2028-02-29"),
        ("2026-08-31", 31, 6, "2026-08-31", "2027-02-28"),
        ("2026-12-31", 31, 12, "2026-12-31", "2027-12-31"),
    ],
)
def test_renewing(end: str, anchor: int, months: int, today: str, renewed_till: str) -> None:
    term = renewed(day(end), anchor, months, day(today))
    assert term.end == day(renewed_till)
    assert term.anchor_day == (anchor if day(end) >= day(today) else day(today).day)
    assert term.start == (day(end) + timedelta(days=1) if day(end) >= day(today) else day(today))


def test_a_first_term_begins_today() -> None:
    term = first_term(day("2026-11-26"), 1)
    assert (term.start, term.end, term.anchor_day) == (day("2026-11-26"), day("2026-12-26"), 26)


def test_months_back() -> None:
    assert add_months(day("2027-03-31"), -1, 31) == day("2027-02-28")
    assert add_months(day("2027-01-15"), -1, 15) == day("2026-12-15")


def test_an_upgrade_pays_the_days_left() -> None:
    """Inbox to Pro with 15 of 30 days left: half of the difference; nothing once the term has passed."""
    old, new = of("30", "EUR"), of("45", "EUR")
    assert upgrade_difference(old, new, day("2026-11-30"), 30, 1, day("2026-11-30")) == of("0", "EUR")
    assert upgrade_difference(old, new, day("2026-11-30"), 30, 1, day("2026-12-05")) == of("0", "EUR")
    assert upgrade_difference(old, new, day("2026-12-30"), 30, 1, day("2026-12-15")) == of("7.50", "EUR")
    assert upgrade_difference(new, old, day("2026-12-30"), 30, 1, day("2026-12-15")) == of("-7.50", "EUR")
    assert upgrade_difference(old, new, day("2026-12-30"), 30, 1, day("2026-12-29")) == of("0.50", "EUR")


@pytest.mark.parametrize(
    ("minor", "currency", "rate", "pays"),
    [
        (144000, "EUR", "0.35", 93600),
        (1, "EUR", "0.35", 1),
        (50, "EUR", "0.35", 33),
        (10, "EUR", "0.35", 7),
        (1, "EUR", "0.50", 1),
        (3, "EUR", "0.50", 2),
        (1441, "JPY", "0.35", 937),
        (10, "JPY", "0.35", 7),
        (100, "EUR", "0", 100),
        (100, "EUR", "1", 0),
    ],
)
def test_the_half_cent_goes_to_what_the_partner_pays(minor: int, currency: str, rate: str, pays: int) -> None:
    """0.50 at 35 %: 32.5 cents become 33, and 17 are kept; whole yen where there are no cents."""
    parts = split(Money(minor, currency), Decimal(rate))
    assert (parts.pays.minor, parts.keeps.minor) == (pays, minor - pays)


A, B, C = AccountId("a"), AccountId("b"), AccountId("c")


def test_net_and_outflow_of_what_is_posted_together() -> None:
    drafts = [
        Draft("topup:1", "topup", entries((A, B, of("52.65", "EUR")), (C, B, of("28.35", "EUR")))),
        Draft("renew:1", "renew", entries((B, C, of("90", "EUR")))),
    ]
    assert net(drafts) == {A: -5265, B: -900, C: 6165}
    assert outflow(drafts) == {A: 5265, B: 900}
    assert from_json(as_json(drafts)) == tuple(drafts)


def test_a_part_that_rounds_to_nothing_leaves_no_line() -> None:
    assert entries((A, B, of("0", "EUR"))) == ()


def test_an_entry_moves_something_between_two() -> None:
    for source, target, amount in ((A, B, "0"), (A, B, "-1"), (A, A, "1")):
        with pytest.raises(ValueError, match="an entry moves"):
            Entry(source, target, of(amount, "EUR"))


def channel(
    name: str, state: str = "active", rate: int | None = 200, covered: bool = False, through: str | None = None
) -> ChannelOnDay:
    return ChannelOnDay(ChannelId(name), state, rate, covered, date.fromisoformat(through) if through else None)


TODAY = date(2026, 11, 26)


def test_a_day_charges_what_is_not_covered() -> None:
    channels = [channel("one"), channel("two", covered=True), channel("three", through="2026-11-26")]
    outcome = day_outcome(channels, 1000, TODAY, restart=True)
    assert (outcome.charges, outcome.stops, outcome.starts) == ((("one", 200),), (), ())
    assert day_outcome(channels[::-1], 1000, TODAY, restart=True) == outcome


def test_money_is_spent_in_order_and_never_below_zero() -> None:
    channels = [channel("one", rate=300), channel("two", rate=300), channel("three", rate=100)]
    outcome = day_outcome(channels, 400, TODAY, restart=True)
    assert (outcome.charges, outcome.stops) == ((("one", 300), ("three", 100)), ("two",))
    assert day_outcome(channels, -50, TODAY, restart=True).charges == ()


def test_not_even_a_cent_is_charged_on_credit() -> None:
    for money in (0, -1):
        outcome = day_outcome([channel("one", rate=1)], money, TODAY, restart=True)
        assert (outcome.charges, outcome.stops) == ((), ("one",))


def test_what_has_paid_its_day_runs_through_it_without_money() -> None:
    paid = channel("one", through="2026-11-26")
    assert day_outcome([paid], 0, TODAY, restart=True) == day_outcome([], 0, TODAY, restart=True)
    stopped = channel("one", "notEnoughMoney", through="2026-11-26")
    assert day_outcome([stopped], 0, TODAY, restart=True).starts == ("one",)


def test_without_money_all_of_them_stop_and_with_it_all_start() -> None:
    running, standing = [channel(n) for n in ("one", "two")], [channel(n, "notEnoughMoney") for n in ("one", "two")]
    assert day_outcome(running, 0, TODAY, restart=True).stops == ("one", "two")
    assert day_outcome(standing, 400, TODAY, restart=True).starts == ("one", "two")


def test_a_stopped_channel_starts_today_only() -> None:
    stopped = [channel("one", "notEnoughMoney"), channel("two", "notEnoughMoney", covered=True)]
    past = day_outcome(stopped, 1000, TODAY, restart=False)
    assert (past.charges, past.starts) == ((), ("two",))
    now = day_outcome(stopped, 1000, TODAY, restart=True)
    assert (now.charges, now.starts) == ((("one", 200),), ("one", "two"))
    assert day_outcome(stopped[:1], 199, TODAY, restart=True).starts == ()


def test_what_has_no_price_or_another_state_is_left_alone() -> None:
    outcome = day_outcome([channel("one", rate=None), channel("two", "disabled")], 0, TODAY, restart=True)
    assert outcome == day_outcome([], 0, TODAY, restart=True)


def test_a_channel_that_costs_nothing_runs_without_money() -> None:
    outcome = day_outcome([channel("one", "notEnoughMoney", rate=0)], 0, TODAY, restart=True)
    assert (outcome.charges, outcome.starts) == ((("one", 0),), ("one",))


def test_a_days_total_is_divided_without_losing_a_cent() -> None:
    assert list(shares(400, 2)) == [200, 200]
    assert list(shares(100, 3)) == [34, 33, 33]


def test_a_day_begins_where_clocks_jump_over_midnight() -> None:
    """Cairo, 24 Apr 2026: 00:00 does not exist, the day begins at 01:00; Havana, 1 Nov: 00:30 exists twice."""
    assert first_instant(day("2026-04-24"), "Africa/Cairo") == datetime(2026, 4, 23, 22, 0, tzinfo=UTC)
    assert first_instant(day("2026-11-01"), "America/Havana") == datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    assert local_date(datetime(2026, 11, 26, 22, 30, tzinfo=UTC), "Europe/Riga") == day("2026-11-27")


def test_a_day_that_never_was_is_not_charged() -> None:
    days = list(days_from(day("2011-12-29"), day("2011-12-31"), "Pacific/Apia"))
    assert days == [day("2011-12-29"), day("2011-12-31")]


def test_the_machines_own_zone_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day begins, and a transaction is sealed, by UTC and the zone that is told, wherever the program runs."""
    at = datetime(2026, 11, 26, 9, 0, tzinfo=ZoneInfo("Europe/Riga"))
    one = Transaction(
        TransactionId("t"), PartnerId("nord"), "key", "deposit", at, None, None, None, None, None, None, None, ()
    )
    here = link(GENESIS, one)
    with monkeypatch.context() as machine:
        machine.setenv("TZ", "Asia/Almaty")
        time.tzset()
        begins = first_instant(day("2026-11-26"), "Europe/Riga")
        elsewhere = link(GENESIS, one)
    time.tzset()
    assert (begins.isoformat(), elsewhere) == ("2026-11-25T22:00:00+00:00", here)
