"""What always holds for end dates, splits, days and run-outs, whatever the numbers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import available_timezones

from hypothesis import given
from hypothesis import strategies as st

from bot.billing import ledger
from bot.billing.daily import ACTIVE, STOPPED, ChannelOnDay, DayOutcome, day_outcome, shares
from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.ledger import Draft
from bot.billing.local_day import days_from, first_instant, local_date
from bot.billing.program import split
from bot.billing.standing import run_out_day
from bot.billing.subscription import add_months, first_term, renewed, upgrade_difference
from bot.ids import AccountId, ChannelId, ClientId, PartnerId, SubscriptionId
from bot.money import Money
from tests.unit.billing_book import shipped_book

BOOK = shipped_book()
days = st.dates(date(2020, 1, 1), date(2090, 1, 1)) | st.builds(
    date, st.integers(2020, 2089), st.sampled_from([1, 3, 5, 7, 8, 10, 12]), st.sampled_from([29, 30, 31])
)
"""Any day, and as often one that shorter months do not have."""
periods = st.sampled_from([1, 6, 12])
zones = st.sampled_from(sorted(available_timezones()))
ONE = timedelta(days=1)


@given(days, st.lists(st.tuples(periods, st.integers(0, 60)), max_size=12))
def test_renewals_never_lose_or_gain_a_day(start: date, renewals: list[tuple[int, int]]) -> None:
    """Each new term begins on the day after the old one ends, or today after a lapse; no day is paid twice."""
    term = first_term(start, 1)
    for months, days_before_end in renewals:
        following = renewed(term.end, term.anchor_day, months, term.end - ONE * days_before_end)
        assert following.start == term.end + ONE
        assert following.end == add_months(term.end, months, term.anchor_day)
        assert following.end > following.start
        term = following


@given(days, st.lists(periods, min_size=1, max_size=12))
def test_many_renewals_are_one_long_one(start: date, months: list[int]) -> None:
    """The anchor brings back the day of the month that a short month cut off."""
    term = first_term(start, months[0])
    for period in months[1:]:
        term = renewed(term.end, term.anchor_day, period, term.end)
    assert term.end == add_months(start, sum(months), start.day)


@given(days, periods, st.integers(1, 3000))
def test_after_a_lapse_a_term_begins_today(end: date, months: int, lapse: int) -> None:
    today = end + ONE * lapse
    term = renewed(end, end.day, months, today)
    assert (term.start, term.end) == (today, add_months(today, months, today.day))


@given(days, periods, st.integers(0, 400), st.integers(0, 10**7), st.integers(0, 10**7))
def test_an_upgrade_costs_no_more_than_the_whole_difference(
    end: date, months: int, left: int, old: int, new: int
) -> None:
    today = max(end - ONE * left, add_months(end, -months, end.day))
    difference = upgrade_difference(Money(old, "EUR"), Money(new, "EUR"), end, end.day, months, today).minor
    assert min(0, new - old) <= difference <= max(0, new - old)


@given(st.integers(1, 10**12), st.decimals(0, 1, places=4), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_a_split_makes_the_whole_and_is_nearest(minor: int, rate: Decimal, currency: str) -> None:
    parts = split(Money(minor, currency), rate)
    assert parts.pays + parts.keeps == parts.amount
    assert parts.pays.minor >= 0
    assert parts.keeps.minor >= 0
    exact = minor * (1 - Fraction(rate))
    assert -Fraction(1, 2) < parts.pays.minor - exact <= Fraction(1, 2)


moves = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.integers(0, 10**9)), max_size=20)


@given(moves)
def test_posting_conserves_money(made: list[tuple[str, str, int]]) -> None:
    wanted = [(AccountId(a), AccountId(b), Money(amount, "EUR")) for a, b, amount in made if a != b]
    drafts = [Draft("k", "kind", ledger.entries(*wanted))]
    assert sum(ledger.net(drafts).values()) == 0
    assert ledger.from_json(ledger.as_json(drafts)) == tuple(drafts)


@given(st.integers(946_684_800, 3_786_912_000), zones)
def test_every_moment_is_in_its_own_day(seconds: int, zone: str) -> None:
    """From 2000 to 2090, in every zone."""
    at = datetime.fromtimestamp(seconds, UTC)
    today = local_date(at, zone)
    assert first_instant(today, zone) <= at
    following = next(iter(days_from(today + ONE, today + 3 * ONE, zone)))
    assert at < first_instant(following, zone)
    assert local_date(first_instant(following, zone), zone) == following
    assert local_date(first_instant(following, zone) - timedelta(microseconds=1), zone) < following


channels_on_day = st.builds(
    ChannelOnDay,
    id=st.uuids().map(lambda value: ChannelId(str(value))),
    state=st.sampled_from([ACTIVE, STOPPED, "disabled"]),
    rate=st.none() | st.integers(0, 500),
    covered=st.booleans(),
    charged_through=st.none() | st.dates(date(2026, 11, 20), date(2026, 11, 30)),
)


@given(st.lists(channels_on_day, max_size=8), st.integers(-1000, 2000), st.booleans())
def test_a_day_never_spends_what_is_not_there(channels: list[ChannelOnDay], money: int, restart: bool) -> None:
    day = date(2026, 11, 26)
    outcome = day_outcome(channels, money, day, restart=restart)
    spent = sum(amount for _, amount in outcome.charges)
    assert spent <= max(money, 0)
    by_id = {one.id: one for one in channels}
    for channel_id, amount in outcome.charges:
        one = by_id[channel_id]
        assert not one.covered
        assert amount == one.rate
        assert one.charged_through is None or one.charged_through < day
    assert not set(outcome.stops) & ({one for one, _ in outcome.charges} | set(outcome.starts))
    again = day_outcome([_afterwards(one, outcome, day) for one in channels], money - spent, day, restart=restart)
    assert again.charges == ()


def _afterwards(one: ChannelOnDay, outcome: DayOutcome, day: date) -> ChannelOnDay:
    charged = dict(outcome.charges)
    state = STOPPED if one.id in outcome.stops else ACTIVE if one.id in outcome.starts else one.state
    return replace(one, state=state, charged_through=day if one.id in charged else one.charged_through)


@given(st.integers(0, 10**9), st.integers(1, 50))
def test_shares_make_the_whole(total: int, channels: int) -> None:
    parts = shares(total, channels)
    assert (sum(parts), len(parts)) == (total, channels)
    assert max(parts) - min(parts) <= 1


TODAY = date(2026, 11, 26)
subscriptions = st.lists(st.integers(-5, 40), max_size=2)


@st.composite
def clients(draw: st.DrawFn) -> Holdings:
    """A client with some subscriptions and some channels, in them or on daily payments, today paid or not yet."""
    owned = tuple(
        Subscription(SubscriptionId(f"s{n}"), "pro", 1, None, TODAY + ONE * ends, 1, "active")
        for n, ends in enumerate(draw(subscriptions))
    )
    channels = tuple(
        Channel(
            ChannelId(f"c{n}"),
            "whatsapp",
            f"c{n}",
            ACTIVE,
            draw(st.integers(0, 9)) == 0,
            draw(st.sampled_from([None, *(one.id for one in owned)])),
            draw(st.integers(1, 300)),
            draw(st.sampled_from([None, TODAY - ONE, TODAY])),
        )
        for n in range(draw(st.integers(1, 4)))
    )
    money = Money(draw(st.integers(0, 19_000)), "EUR")  # a cent a day is gone before the forecast's horizon of 20,000
    client, partner, account = ClientId("client"), PartnerId("nord"), AccountId("account")
    zero = Money(0, "EUR")
    return Holdings(client, partner, "EUR", "Europe/Riga", None, money, money, zero, account, owned, channels)


@given(clients())
def test_the_run_out_day_is_what_living_it_gives(held: Holdings) -> None:
    """The forecast for fixed charges is exact: the last day before the first stop of day-by-day charging."""
    forecast = run_out_day(held, BOOK, TODAY)
    if all(held.covered(one, TODAY) for one in held.channels):
        assert forecast is None
        return
    money, through = held.available.minor, {one.id: one.charged_through for one in held.channels}
    for n in range(21_000):
        day = TODAY + ONE * n
        views = [
            ChannelOnDay(one.id, ACTIVE, one.daily_minor, held.covered(one, day), through[one.id])
            for one in held.channels
        ]
        outcome = day_outcome(views, money, day, restart=True)
        money -= sum(amount for _, amount in outcome.charges)
        through |= {one: day for one, _ in outcome.charges}
        if outcome.stops:
            assert forecast == day - ONE
            return
    assert forecast is None
