"""Changes of a running subscription by example, from plain data: which is meant, what it costs, what is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.billing import alteration
from bot.billing.alteration import Alteration
from bot.billing.holdings import Channel, Subscription
from bot.billing.offer import Desk, Offer
from bot.billing.plan import Price, PriceBook, PriceKey
from bot.errors import UserError
from bot.ids import ChannelId, SubscriptionId
from bot.money import Money
from tests.unit.billing_book import shipped_book
from tests.unit.test_billing_offers import INBOX, TODAY, TRANSFER, UNPAID, channel, desk, euro

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
OTHER = replace(INBOX, id=SubscriptionId("other"), end_date=date(2027, 1, 16))
UNKNOWN_PLAN = replace(INBOX, plan=None)
ENDS = {"ends": "2026-12-16"}


def refused(ask: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UserError) as caught:
        ask()
    return caught.value.key, dict(caught.value.facts)


def loose(name: str, paid_through: date | None = TODAY, transport: str = "whatsapp") -> Channel:
    return replace(channel(name), transport=transport, charged_through=paid_through)


def with_price(book: PriceBook, key: PriceKey, *prices: tuple[date, str]) -> PriceBook:
    known = tuple(Price(since, euro(amount), sample=False) for since, amount in prices)
    return replace(book, prices={**book.prices, key: known})


def offered(there: Desk, change: Alteration) -> Offer:
    return alteration.offered(there, change, TRANSFER, "token")


class TestWhichIsMeant:
    def test_the_only_paid_one_or_the_one_named(self) -> None:
        assert alteration.running(desk(INBOX), None) == INBOX
        assert alteration.running(desk(INBOX, UNPAID), None) == INBOX
        assert alteration.running(desk(INBOX, OTHER), OTHER.id) == OTHER
        assert alteration.running(desk(INBOX, OTHER), INBOX.id) == INBOX

    def test_of_several_one_is_to_be_named(self) -> None:
        two = desk(INBOX, replace(OTHER, plan=None))
        known = ["s (inbox, till 2026-12-16)", "other (no plan, till 2027-01-16)"]
        facts = {"count": 2, "subscriptions": known}
        assert refused(lambda: alteration.running(two, None)) == ("which_subscription", facts)

    def test_one_that_waits_for_payment_is_paid_first(self) -> None:
        waits = replace(UNPAID, id=SubscriptionId("waits"))
        unpaid = ("subscription_unpaid", {"until": "2026-11-29"})
        assert refused(lambda: alteration.running(desk(waits), None)) == unpaid
        assert refused(lambda: alteration.running(desk(INBOX, waits), waits.id)) == unpaid

    def test_none_runs_or_not_the_one_named(self) -> None:
        over = replace(INBOX, end_date=YESTERDAY)
        none: tuple[str, dict[str, Any]] = ("no_running_subscription", {})
        assert refused(lambda: alteration.running(desk(over), None)) == none
        assert refused(lambda: alteration.running(desk(UNPAID), OTHER.id)) == none
        assert refused(lambda: alteration.running(desk(INBOX), OTHER.id)) == none


class TestUpgrade:
    def test_what_cannot_be(self) -> None:
        def ask(held: Subscription, plan: str) -> tuple[str, dict[str, Any]]:
            return refused(lambda: alteration.upgrade(desk(held), held, plan))

        assert ask(INBOX, "INBOX") == ("same_plan", {"plan": "Inbox"})
        assert ask(UNKNOWN_PLAN, "pro") == ("plan_not_known", ENDS)
        assert ask(INBOX, "start") == ("downgrade_active", {"plan": "start"} | ENDS)

    def test_a_plan_of_the_same_price_costs_nothing(self) -> None:
        book = with_price(shipped_book(), ("month", "pro", "default", "EUR"), (date(2021, 1, 1), "30.00"))
        change = alteration.upgrade(replace(desk(INBOX), book=book), INBOX, "pro")
        assert (change.plan, change.price) == ("pro", euro("0.00"))

    def test_a_period_that_nobody_told_is_the_one_that_is_renewed(self) -> None:
        """Twenty of 365 days of the difference of a year, a fifth off: 15.00 · 12 · 0.8 = 144.00."""
        untold = replace(INBOX, months=None)
        change = alteration.upgrade(desk(untold), untold, "pro")
        assert (change.months, change.price) == (12, euro("7.89"))


class TestAdd:
    def add(self, held: Subscription, *channels: Channel) -> Alteration:
        return alteration.add(desk(INBOX, OTHER, channels=channels), held, channels)

    def test_what_cannot_be(self) -> None:
        inside, free = channel("there", "other"), channel("gift", free=True)
        assert refused(lambda: self.add(INBOX)) == ("no_channels", {})
        assert refused(lambda: self.add(UNKNOWN_PLAN, loose("a"))) == ("plan_not_known", ENDS)
        assert refused(lambda: self.add(INBOX, loose("a"), inside)) == ("channel_taken", {"channel": "there"})
        assert refused(lambda: self.add(INBOX, loose("a"), free)) == ("channel_free", {"channel": "gift"})

    @pytest.mark.parametrize(
        ("paid_through", "price"), [(None, "21.00"), (YESTERDAY, "21.00"), (TODAY, "20.00"), (TOMORROW, "20.00")]
    )
    def test_today_is_paid_once(self, paid_through: date | None, price: str) -> None:
        """Twenty days of thirty are left at 30.00, and today."""
        assert self.add(INBOX, loose("a", paid_through)).price == euro(price)

    def test_it_is_rounded_once_over_all_that_come(self) -> None:
        """52 days left at 30.00 for 31: 50.3225… each; together 100.645…, which is not twice 50.32."""
        long = replace(INBOX, end_date=date(2027, 1, 16), anchor_day=16)
        one = alteration.add(desk(long), long, [loose("a", None)])
        two = alteration.add(desk(long), long, [loose("a", None), loose("b", None)])
        assert (one.price, two.price) == (euro("50.32"), euro("100.65"))

    def test_what_it_brings(self) -> None:
        change = self.add(INBOX, loose("a"), loose("b"))
        assert (change.what, change.subscription, change.plan, change.months) == ("add", INBOX, "inbox", 1)
        assert ([one.name for one in change.added], change.removed) == (["a", "b"], ())


class TestRemove:
    def remove(self, *names: str, held: Subscription = INBOX) -> Alteration:
        there = self.desk(held)
        leaving = [one for name in names for one in there.held.channels if one.name == name]
        return alteration.remove(there, held, leaving)

    def desk(self, held: Subscription = INBOX, **changes: Any) -> Desk:
        return desk(held, channels=(channel("a", "s"), channel("b", "s"), channel("c")), **changes)

    def test_what_cannot_be(self) -> None:
        assert refused(lambda: self.remove()) == ("no_channels", {})
        assert refused(lambda: self.remove("a", "c")) == ("channel_not_in", {"channel": "c"})
        assert refused(lambda: self.remove("a", "b")) == ("last_channel", ENDS)

    def test_naming_one_twice_leaves_the_other(self) -> None:
        change = self.remove("a", "a")
        assert (change.what, change.price, change.added) == ("remove", euro("0.00"), ())
        assert (change.plan, change.months, change.subscription) == ("inbox", 1, INBOX)
        assert {one.name for one in change.removed} == {"a"}

    def test_a_subscription_of_a_plan_that_nobody_told_keeps_it_so(self) -> None:
        change = self.remove("a", held=UNKNOWN_PLAN)
        quote = offered(self.desk(UNKNOWN_PLAN), change).quote
        assert (quote.plan, quote.plan_title, quote.channels) == (None, None, 1)

    def test_what_they_cost_a_day_is_tomorrows_price_outside(self) -> None:
        """Not today's, not that of the plan they were in; and not said when one of them has no price."""
        book = with_price(
            shipped_book(),
            ("day", "pro", "default", "EUR"),
            (date(2021, 1, 1), "2.00"),
            (TOMORROW, "2.10"),
            (TOMORROW + timedelta(days=1), "9.00"),
        )

        def by_the_day(book: PriceBook, *leaving: Channel) -> Money | None:
            there = replace(self.desk(), book=book)
            change = Alteration("remove", INBOX, "inbox", 1, (), leaving, euro("0"))
            return offered(there, change).quote.daily

        a, own = channel("a", "s"), replace(channel("b", "s"), daily_minor=150)
        assert by_the_day(book, a) == euro("2.10")
        assert by_the_day(book, a, own) == euro("3.60")
        assert by_the_day(book) is None
        unpriced = replace(book, prices={key: one for key, one in book.prices.items() if key[0] != "day"})
        assert by_the_day(unpriced, own) == euro("1.50")
        assert by_the_day(unpriced, a) is None
        assert by_the_day(unpriced, a, own) is None


class TestTheQuote:
    def test_only_an_upgrade_is_a_difference(self) -> None:
        there = desk(INBOX)
        upgraded = offered(there, alteration.upgrade(there, INBOX, "pro")).quote
        assert (upgraded.change, upgraded.plan, upgraded.plan_title) == ("upgrade", "pro", "Pro")
        assert (upgraded.price, upgraded.difference, upgraded.names) == (euro("10.00"), euro("10.00"), ())
        added = offered(there, alteration.add(there, INBOX, [loose("a")])).quote
        assert (added.change, added.plan, added.plan_title) == ("add", "inbox", "Inbox")
        assert (added.price, added.difference, added.names, added.channels) == (euro("20.00"), None, ("a",), 2)

    def test_it_holds_for_its_minutes_and_no_longer_than_the_clients_day(self) -> None:
        there = desk(INBOX)
        change = alteration.upgrade(there, INBOX, "pro")
        assert offered(there, change).quote.expires_at == there.now + there.book.quote_lasts
        evening = datetime(2026, 11, 26, 21, 59, 30, tzinfo=UTC)
        midnight = datetime(2026, 11, 26, 22, tzinfo=UTC)
        assert offered(replace(there, now=evening), change).quote.expires_at == midnight

    def test_all_that_posting_it_needs_to_know(self) -> None:
        there = desk(INBOX, channels=(channel("a", "s"), channel("b", "s"), loose("c", None), loose("d")))
        new = Channel(ChannelId("new"), "vk", "shop", "active", False, None, None, None)
        change = replace(
            alteration.add(there, INBOX, [*there.held.channels[2:], new]), removed=there.held.channels[1:2]
        )
        made = offered(there, change)
        assert made.effect == {
            "rates": {"a": 134, "b": 134, "c": 200, "d": 200},
            "change": {
                "id": "s",
                "on": "2026-11-26",
                "was_end": "2026-12-16",
                "was_plan": "inbox",
                "was_months": 1,
                "was_channels": ["a", "b"],
                "plan": "inbox",
                "add": ["c", "d", "new"],
                "remove": ["b"],
                "new_channels": [{"id": "new", "transport": "vk", "name": "shop"}],
                "paid_through": {"c": None, "d": "2026-11-26"},
            },
        }
        assert (made.quote.names, made.quote.channels) == (("c", "d", "shop", "b"), 4)
        assert (made.quote.ends_before, made.quote.ends_after) == (INBOX.end_date, INBOX.end_date)
