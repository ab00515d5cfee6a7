"""How a client stands, by example: every field of it from plain data."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.billing.cash_need import cash_need
from bot.billing.consent import AutoRenewal
from bot.billing.holdings import Channel, Holdings, Subscription, total_price
from bot.billing.standing import ChannelView, SubscriptionView, run_out_day, standing_of
from bot.ids import ChannelId, ClientId, PartnerId, SubscriptionId, TransactionId
from bot.money import Money, of
from tests.unit.billing_book import shipped_book

BOOK = shipped_book()
NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
TODAY = date(2026, 11, 26)
RUNS = Subscription(SubscriptionId("runs"), "inbox", 6, date(2026, 6, 3), date(2026, 12, 3), 3, "active")
WAITS = Subscription(SubscriptionId("waits"), "pro", 1, TODAY, date(2026, 11, 29), 26, "unpaid", due_minor=4500)
ENDED = replace(RUNS, id=SubscriptionId("ended"), end_date=date(2026, 11, 20))
CLOSED = replace(RUNS, id=SubscriptionId("closed"), end_date=date(2026, 11, 22), state="closed")


def euro(amount: str) -> Money:
    return of(amount, "EUR")


def channel(
    name: str, within: Subscription | None = None, *, state: str = "active", through: date | None = None
) -> Channel:
    inside = within.id if within else None
    return Channel(ChannelId(name), "whatsapp", name, state, False, inside, None, through)


def held(*subscriptions: Subscription, channels: tuple[Channel, ...] = (), balance: str = "0.00") -> Holdings:
    there = euro(balance)
    return Holdings(
        client_id=ClientId("client"),
        partner_id=PartnerId("nord"),
        currency="EUR",
        time_zone="Europe/Riga",
        as_of=NOW - timedelta(hours=1),
        balance=there,
        available=there,
        floor=euro("0"),
        account_id=None,
        subscriptions=subscriptions,
        channels=channels,
    )


def test_a_client_with_a_bit_of_everything() -> None:
    """10.00 pays for five days of one channel at 2.00, today among them: the last is 30 November."""
    channels = (channel("a", RUNS), channel("b"), channel("c", WAITS), channel("d", state="notEnoughMoney"))
    auto = AutoRenewal(ClientId("client"), PartnerId("nord"), euro("200"), "anna", NOW)
    found = standing_of(held(RUNS, WAITS, channels=channels, balance="10"), BOOK, NOW, TransactionId("in"), auto)
    assert (found.as_of, found.last_increase, found.auto) == (NOW - timedelta(hours=1), "in", auto)
    assert found.renews_at == datetime(2026, 12, 3, 20, 0, tzinfo=UTC)
    assert (found.daily_total, found.stopped, found.next_end) == (euro("4.00"), 1, date(2026, 12, 3))
    assert (found.unpaid, found.unpaid_until) == (euro("45.00"), date(2026, 11, 29))
    assert (found.plan, found.renewal_months, found.renewal) == ("inbox", 6, euro("162.00"))
    assert found.subscriptions[0] == SubscriptionView(
        RUNS.id, "inbox", 6, date(2026, 12, 3), 1, "active", euro("162.00")
    )
    assert [one.renewal for one in found.subscriptions] == [euro("162.00"), euro("45.00")]
    assert found.channels[0] == ChannelView(ChannelId("a"), "whatsapp", "a", "active", False, RUNS.id)
    assert found.ended_on is None


def test_the_instant_the_money_is_out_is_the_end_of_the_clients_day() -> None:
    found = standing_of(held(channels=(channel("b"),), balance="10"), BOOK, NOW)
    assert found.runs_out_on == date(2026, 11, 30)
    assert found.runs_out_at == datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
    nothing = standing_of(held(RUNS, channels=(channel("a", RUNS),)), BOOK, NOW)
    assert (nothing.runs_out_on, nothing.runs_out_at, nothing.unpaid, nothing.unpaid_until) == (None,) * 4


USED = (100,) * 20
"""1.00 on each of twenty days."""
BY_DAY = channel("b", through=TODAY)
BY_MESSAGE = replace(BY_DAY, transport="wapi", daily_minor=200)


@pytest.mark.parametrize(
    ("there", "spent", "exact", "by_use"),
    [
        # our own books: what is charged by the day is known and added, after the end of a subscription as well
        (replace(held(channels=(BY_DAY,), balance="30"), as_of=None), USED, None, 10),
        (replace(held(RUNS, channels=(channel("a", RUNS),), balance="10"), as_of=None), USED, None, 8),
        (replace(held(channels=(BY_DAY,), balance="30"), as_of=None), None, 15, None),
        (replace(held(channels=(BY_DAY,), balance="30"), as_of=None), USED[:13], 15, None),
        (replace(held(channels=(BY_DAY,), balance="-5"), as_of=None), USED, None, 0),
        (replace(held(balance="10"), as_of=None), USED, None, 10),
        (replace(held(balance="-5"), as_of=None), (1,) * 20, None, 0),
        # elsewhere: fixed payments are believed, unless messages are paid from the balance too
        (held(channels=(BY_DAY,), balance="30"), USED, 15, None),
        (held(channels=(BY_DAY, BY_MESSAGE), balance="30"), USED, None, 30),
        (held(RUNS, channels=(channel("a", RUNS),), balance="10"), USED, None, 10),
    ],
)
def test_how_long_money_lasts_is_told_exactly_or_by_use(
    there: Holdings, spent: Sequence[int] | None, exact: int | None, by_use: int | None
) -> None:
    """In days after today; never both."""
    found = standing_of(there, BOOK, NOW, spent=spent)
    last = None if exact is None else TODAY + timedelta(days=exact)
    likely = None if by_use is None else TODAY + timedelta(days=by_use)
    assert (found.runs_out_on, found.by_use and found.by_use.likely) == (last, likely)
    assert found.money_until == (last or likely)


def test_a_subscription_that_ends_on_the_way_makes_the_days_dearer() -> None:
    """2.00 a day till 3 December, then 1.34 more: 17.40 pays for seven days and one of the dearer ones."""
    there = held(RUNS, channels=(channel("a", RUNS), BY_DAY), balance="17.40")
    assert run_out_day(there, BOOK, TODAY) == date(2026, 12, 4)
    assert run_out_day(replace(there, available=euro("17.33")), BOOK, TODAY) == date(2026, 12, 3)


def test_where_it_was_read_and_when_it_renews_by_itself() -> None:
    auto = AutoRenewal(ClientId("client"), PartnerId("nord"), euro("200"), "anna", NOW)
    polled = replace(held(RUNS, channels=(channel("a", RUNS),)), source="poll")
    assert standing_of(polled, BOOK, NOW).source == "poll"
    assert standing_of(polled, BOOK, NOW).renews_at is None
    assert standing_of(held(ENDED), BOOK, NOW, auto=auto).renews_at is None


def test_what_ended_and_was_not_given_up() -> None:
    def ended(*subscriptions: Subscription, channels: tuple[Channel, ...] = ()) -> date | None:
        return standing_of(held(*subscriptions, channels=channels), BOOK, NOW).ended_on

    assert ended(ENDED, channels=(channel("a", ENDED),)) == date(2026, 11, 20)
    assert ended(ENDED, RUNS, channels=(channel("a", ENDED), channel("b", RUNS))) == date(2026, 11, 20)
    assert ended(ENDED, channels=(channel("b"),)) is None
    assert ended(ENDED) == date(2026, 11, 20)
    assert ended(CLOSED) is None
    assert ended(RUNS) is None


def test_the_state_of_a_subscription_is_by_the_clients_calendar() -> None:
    lapsed = replace(WAITS, end_date=date(2026, 11, 25))
    found = standing_of(held(RUNS, WAITS, ENDED, CLOSED, lapsed), BOOK, NOW).subscriptions
    assert [one.state for one in found] == ["active", "unpaid", "ended", "closed", "ended"]


def test_a_subscription_that_was_given_up_has_no_price_of_renewing() -> None:
    """Though its channels are still known as its own; one that has ended has one."""
    channels = (channel("a", ENDED), channel("b", CLOSED))
    found = standing_of(held(ENDED, CLOSED, channels=channels), BOOK, NOW).subscriptions
    assert [(one.state, one.channels, one.renewal) for one in found] == [
        ("ended", 1, euro("162.00")),
        ("closed", 1, None),
    ]


def test_an_unpaid_one_without_an_amount_costs_nothing() -> None:
    assert standing_of(held(replace(WAITS, due_minor=None)), BOOK, NOW).unpaid == euro("0.00")


def test_a_renewal_without_a_period_is_the_configured_one() -> None:
    found = standing_of(held(replace(RUNS, months=None), channels=(channel("a", RUNS),)), BOOK, NOW)
    assert (found.renewal_months, found.renewal) == (12, euro("288.00"))
    assert standing_of(held(), BOOK, NOW).renewal_months is None


def test_channels_that_have_paid_today_cost_from_tomorrow() -> None:
    paid = held(channels=(channel("a", through=TODAY), channel("b")), balance="9.99")
    assert run_out_day(paid, BOOK, TODAY) == date(2026, 11, 27)
    assert run_out_day(replace(paid, available=euro("0.00")), BOOK, TODAY) == date(2026, 11, 25)
    ahead = held(channels=(channel("a", through=TODAY + timedelta(days=2)),), balance="4.00")
    assert run_out_day(ahead, BOOK, TODAY) == date(2026, 11, 30)
    a_day_ahead = held(channels=(channel("a", through=TODAY + timedelta(days=1)),), balance="4.00")
    assert run_out_day(a_day_ahead, BOOK, TODAY) == date(2026, 11, 29)


def test_a_channel_without_a_price_costs_nothing_that_is_known() -> None:
    odd = replace(held(channels=(channel("a"),), balance="10"), currency="CHF")
    found = standing_of(odd, BOOK, NOW)
    assert (found.daily_total, found.runs_out_on) == (Money(0, "CHF"), None)


def test_the_daily_payment_goes_by_the_plan_a_channel_was_in() -> None:
    there = held(ENDED, channels=(channel("a", ENDED),))
    assert there.daily_rate(there.channels[0], BOOK, TODAY) == 134
    assert there.daily_rate(channel("b"), BOOK, TODAY) == 200
    assert there.daily_rate(replace(channel("b"), daily_minor=0), BOOK, TODAY) == 0


class TestRenewable:
    def test_every_one_that_runs_or_still_has_channels_the_first_to_end_first(self) -> None:
        there = held(RUNS, ENDED, CLOSED, channels=(channel("a", ENDED), channel("b", CLOSED)))
        assert there.renewable(TODAY) == (ENDED, RUNS)
        assert held(RUNS, ENDED).renewable(TODAY) == (RUNS,)

    def test_without_any_it_is_the_one_that_ended_last(self) -> None:
        earlier = replace(ENDED, id=SubscriptionId("earlier"), end_date=date(2026, 11, 1))
        assert held(earlier, ENDED, CLOSED).renewable(TODAY) == (ENDED,)
        assert held(CLOSED).renewable(TODAY) == ()

    def test_loose_channels_are_those_that_no_kept_subscription_waits_for(self) -> None:
        channels = (channel("a", ENDED), channel("b", CLOSED), channel("c"))
        assert [one.name for one in held(ENDED, CLOSED, channels=channels).loose(TODAY)] == ["b", "c"]


class TestCashNeed:
    def need(self, *subscriptions: Subscription, balance: str = "0.00") -> tuple[Money, int]:
        """What the partner must pay within thirty days at 35 % off, and for how many clients that is not known."""
        channels = tuple(channel(one.id, one) for one in subscriptions)
        there = held(*subscriptions, channels=channels, balance=balance)
        client_id = there.client_id
        (found,) = cash_need([there], BOOK, {client_id: Decimal("0.35")}, {"EUR": euro("0")}, {client_id: TODAY}, 30)
        return found.total, len(found.unknown)

    def test_an_unpaid_one_is_due_at_its_own_price_beside_the_others(self) -> None:
        assert self.need(RUNS, WAITS) == (euro("134.55"), 0)
        assert self.need(WAITS, RUNS) == (euro("134.55"), 0)
        assert self.need(WAITS, replace(WAITS, id=SubscriptionId("w"))) == (euro("58.50"), 0)
        assert self.need(replace(WAITS, due_minor=None)) == (euro("0.00"), 0)

    def test_from_thirty_days_ago_to_thirty_days_ahead_both_included(self) -> None:
        for days, price in ((-30, "105.30"), (30, "105.30")):
            assert self.need(replace(RUNS, end_date=TODAY + timedelta(days=days))) == (euro(price), 0)

    def test_what_is_given_up_or_has_no_channel_is_not_due_and_hides_nobody(self) -> None:
        """A client with nothing to renew before one with something; money of a currency that nobody told is none."""
        closed = replace(RUNS, state="closed")
        nobody = [held(closed, channels=(channel("a", closed),)), held(RUNS)]
        dues = replace(held(RUNS, channels=(channel("a", RUNS),)), client_id=ClientId("due"))
        rate = {ClientId("client"): Decimal("0.35"), ClientId("due"): Decimal("0.35")}
        (found,) = cash_need([*nobody, dues], BOOK, rate, {}, dict.fromkeys(rate, TODAY), 30)
        assert [one.client_id for one in found.due] == [ClientId("due")]
        assert (found.available, found.total, found.short) == (euro("0"), euro("105.30"), euro("105.30"))

    @pytest.mark.parametrize(
        ("available", "short"), [("105.29", "0.01"), ("105.30", "0"), ("200", "0"), ("-5", "105.30"), ("0", "105.30")]
    )
    def test_what_the_partner_account_lacks(self, available: str, short: str) -> None:
        """His own debt is another matter: it makes nothing dearer."""
        there = held(RUNS, channels=(channel("a", RUNS),))
        rate, today = {there.client_id: Decimal("0.35")}, {there.client_id: TODAY}
        (found,) = cash_need([there], BOOK, rate, {"EUR": euro(available)}, today, 30)
        assert (found.total, found.available, found.short) == (euro("105.30"), euro(available), euro(short))

    def test_nothing_due_lacks_nothing(self) -> None:
        (found,) = cash_need([], BOOK, {}, {"EUR": euro("0")}, {}, 30)
        assert (found.due, found.short) == ((), euro("0"))

    def test_one_without_a_plan_is_not_known(self) -> None:
        assert self.need(replace(RUNS, plan=None)) == (euro("0.00"), 1)


def test_total_price_is_of_all_channels() -> None:
    assert total_price([channel("a"), channel("b")], "pro", 12, "EUR", BOOK, TODAY) == euro("864.00")
