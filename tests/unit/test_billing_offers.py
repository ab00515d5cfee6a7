"""Offers by example, worked out from plain data: what an upgrade, an unpaid subscription and a top-up come to."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.billing import offer
from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.offer import Desk
from bot.billing.plan import PriceKey
from bot.billing.quote import from_facts
from bot.errors import UserError
from bot.ids import AccountId, ChannelId, ClientId, PartnerId, SubscriptionId, TransferId
from bot.money import Money, of
from tests.unit.billing_book import shipped_book

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
TODAY = date(2026, 11, 26)
INBOX = Subscription(SubscriptionId("s"), "inbox", 1, date(2026, 11, 16), date(2026, 12, 16), 16, "active")
UNPAID = Subscription(SubscriptionId("s"), "pro", 6, TODAY, date(2026, 11, 29), 26, "unpaid", due_minor=9000)
TRANSFER = TransferId("t")


def euro(amount: str) -> Money:
    return of(amount, "EUR")


def channel(name: str = "c", within: str | None = None, *, free: bool = False) -> Channel:
    inside = SubscriptionId(within) if within else None
    return Channel(ChannelId(name), "whatsapp", name, "active", free, inside, None, TODAY)


def desk(
    *subscriptions: Subscription,
    balance: str = "0.00",
    channels: tuple[Channel, ...] | None = None,
    money: str = "5000",
) -> Desk:
    there = euro(balance)
    held = Holdings(
        client_id=ClientId("client"),
        partner_id=PartnerId("nord"),
        currency="EUR",
        time_zone="Europe/Riga",
        as_of=None,
        balance=there,
        available=there,
        floor=euro("0"),
        account_id=AccountId("client"),
        subscriptions=subscriptions,
        channels=(channel(within="s"),) if channels is None else channels,
    )
    accounts = {kind: AccountId(kind) for kind in ("partner", "client", "discount", "revenue")}
    return Desk(held, shipped_book(), Decimal("0.35"), euro("5000"), TODAY, NOW, accounts)


class TestRenewing:
    def test_a_dearer_plan_costs_its_period_and_the_days_left(self) -> None:
        """Twenty of thirty days left, 15.00 a month dearer: 10.00, and the new month at its own price."""
        bought = offer.purchase(desk(INBOX), "pro", 1, None)
        assert (bought.kind, bought.difference, bought.price) == ("renew", euro("10.00"), euro("55.00"))

    def test_the_days_left_are_worth_what_the_running_period_costs(self) -> None:
        """A year from 16 Dec 2025, bought at a fifth less: 20 of 365 days of 144.00."""
        yearly = replace(INBOX, months=12)
        assert offer.purchase(desk(yearly), "pro", 1, None).difference == euro("7.89")
        unknown = replace(INBOX, months=None)
        assert offer.purchase(desk(unknown), "pro", 1, None).difference == euro("7.89")

    def test_the_same_plan_an_unknown_one_and_one_that_is_over_have_no_difference(self) -> None:
        for held in (
            replace(INBOX, plan="pro"),
            replace(INBOX, plan=None),
            replace(INBOX, end_date=date(2026, 11, 25)),
        ):
            bought = offer.purchase(desk(held), "pro", 1, None)
            assert (bought.difference, bought.price) == (euro("0.00"), euro("45.00"))

    def test_a_cheaper_plan_waits_for_the_end(self) -> None:
        with pytest.raises(UserError) as caught:
            offer.purchase(desk(replace(INBOX, plan="max")), "pro", 1, None)
        assert (caught.value.key, caught.value.facts) == ("downgrade_active", {"plan": "pro", "ends": "2026-12-16"})

    def test_on_the_last_day_no_days_are_left_to_pay_for_or_lose(self) -> None:
        last_day = replace(INBOX, plan="max", end_date=TODAY)
        assert offer.purchase(desk(last_day), "pro", 1, None).difference == euro("0.00")

    def test_the_subscription_named_is_meant_and_a_closed_one_is_bought_anew(self) -> None:
        later = replace(INBOX, id=SubscriptionId("later"), end_date=date(2027, 1, 16))
        both = desk(INBOX, later, channels=(channel("a", "s"), channel("b", "later")))
        assert offer.purchase(both, None, 1, None).subscription == INBOX
        assert offer.purchase(both, None, 1, later.id).subscription == later
        closed = offer.purchase(desk(replace(INBOX, state="closed")), "start", 6, INBOX.id)
        assert (closed.kind, closed.plan, closed.months) == ("subscribe", "start", 6)
        assert (closed.subscription, closed.price, closed.difference) == (None, euro("81.00"), euro("0.00"))

    def test_nothing_to_subscribe_names_the_client(self) -> None:
        with pytest.raises(UserError) as caught:
            offer.purchase(desk(channels=()), None, None, None)
        assert (caught.value.key, caught.value.facts) == ("no_subscription", {"client": "client"})

    def test_the_plan_given_up_is_named_by_its_title(self) -> None:
        def left(held: Subscription, plan: str) -> str | None:
            there = desk(held)
            bought = offer.purchase(there, plan, 1, None)
            return offer.renewal(there, bought, SubscriptionId("new"), TRANSFER, "token").quote.plan_before

        assert left(INBOX, "pro") == "Inbox"
        assert left(INBOX, "inbox") is None
        assert left(replace(INBOX, plan=None), "pro") is None
        ended = replace(INBOX, plan="Old plan", end_date=date(2026, 11, 25))
        assert left(ended, "pro") == "Old plan"

    def test_plan_and_period_are_the_last_ones_unless_others_are_named(self) -> None:
        def bought(held: Subscription, plan: str | None = None, months: int | None = None) -> tuple[str, int]:
            found = offer.purchase(desk(held), plan, months, None)
            return found.plan, found.months

        assert bought(INBOX) == ("inbox", 1)
        assert bought(INBOX, "pro", 6) == ("pro", 6)
        assert bought(replace(INBOX, plan=None, months=None)) == ("pro", 12)

    def test_the_quote_says_from_when_to_when(self) -> None:
        there = desk(INBOX)
        bought = offer.purchase(there, None, 1, None)
        quote = offer.renewal(there, bought, SubscriptionId("new"), TRANSFER, "token").quote
        assert (quote.ends_before, quote.starts_on) == (date(2026, 12, 16), date(2026, 12, 17))
        assert quote.ends_after == date(2027, 1, 16)

    def test_all_that_posting_it_writes_beside_the_money(self) -> None:
        there, new = desk(INBOX), Channel(ChannelId("new"), "vk", "shop", "active", False, None, None, TODAY)
        bought = offer.purchase(there, None, 1, None)
        effect = offer.subscription_effect(there, replace(bought, channels=(*bought.channels, new)), INBOX.id)
        renewed = {"was_end": "2026-12-16", "start": "2026-12-17", "end": "2027-01-16", "anchor": 16}
        channels = {"channels": ["c", "new"], "new_channels": [{"id": "new", "transport": "vk", "name": "shop"}]}
        assert effect == {"id": "s", "plan": "inbox", "months": 1, **renewed, **channels}
        first = offer.first_purchase(there, None, None, there.held.channels)
        effect = offer.subscription_effect(there, first, SubscriptionId("to be"))
        assert (effect["id"], effect["was_end"], effect["start"]) == ("to be", None, "2026-11-26")

    @pytest.mark.parametrize(
        ("balance", "gets", "kinds"),
        [
            ("0.00", "30.00", ["topup", "renew"]),
            ("29.99", "0.01", ["topup", "renew"]),
            ("30.00", "0.00", ["renew"]),
            ("30.01", "0.00", ["renew"]),
        ],
    )
    def test_the_ledger_gets_a_transfer_only_of_what_is_missing(
        self, balance: str, gets: str, kinds: list[str]
    ) -> None:
        there = desk(INBOX, balance=balance)
        made = offer.renewal(there, offer.purchase(there, None, 1, None), SubscriptionId("new"), TRANSFER, "token")
        assert (made.quote.client_gets, [draft.kind for draft in made.drafts]) == (euro(gets), kinds)
        assert made.quote.client_after == euro(balance) + euro(gets) - euro("30.00")

    def test_the_quote_shows_the_difference_only_where_there_is_one(self) -> None:
        def shown(plan: str) -> Money | None:
            there = desk(INBOX)
            bought = offer.purchase(there, plan, 1, None)
            return offer.renewal(there, bought, SubscriptionId("new"), TRANSFER, "token").quote.difference

        assert (shown("pro"), shown("inbox")) == (euro("10.00"), None)

    def test_a_sample_price_is_that_of_the_plan_bought(self) -> None:
        book = shipped_book()
        key: PriceKey = ("month", "start", "default", "EUR")
        published = {key: tuple(replace(one, sample=False) for one in book.prices[key])}
        there = replace(desk(INBOX), book=replace(book, prices={**book.prices, **published}))

        def sample(plan: str) -> bool:
            later = replace(there, today=date(2026, 12, 16))
            bought = offer.purchase(later, plan, 1, None)
            return offer.renewal(later, bought, SubscriptionId("new"), TRANSFER, "token").quote.sample_prices

        assert (sample("start"), sample("pro")) == (False, True)

    def test_what_it_starts_again_is_known_with_the_offer(self) -> None:
        there = desk(INBOX, channels=(channel("a", "s"), channel("b"), channel("free", free=True)))
        made = offer.renewal(there, offer.purchase(there, None, None, None), SubscriptionId("new"), TRANSFER, "token")
        assert made.effect["rates"] == {"a": 134, "b": 200}
        assert made.effect["subscription"]["id"] == "s"


class TestUnpaid:
    def test_it_is_paid_at_the_price_it_was_created_with(self) -> None:
        bought = offer.purchase(desk(UNPAID), None, None, None)
        assert (bought.kind, bought.plan, bought.months, bought.price) == ("subscribe", "pro", 6, euro("90.00"))
        assert bought.subscription == UNPAID
        assert (bought.term.start, bought.term.end, bought.difference) == (TODAY, date(2027, 5, 26), euro("0.00"))
        assert offer.purchase(desk(replace(UNPAID, due_minor=None)), None, None, None).price == euro("0.00")

    def test_another_plan_or_period_is_todays_price(self) -> None:
        for plan, months, price in (("max", 6, "486.00"), ("pro", 1, "45.00"), ("start", 12, "144.00")):
            bought = offer.purchase(desk(UNPAID), plan, months, None)
            assert (bought.plan, bought.months, bought.price) == (plan, months, euro(price))

    def test_what_it_does_not_say_is_taken_from_the_price_book(self) -> None:
        bought = offer.purchase(desk(replace(UNPAID, plan=None, months=None, start_date=None)), None, None, None)
        assert (bought.plan, bought.months, bought.price) == ("pro", 1, euro("45.00"))
        assert bought.term.start == TODAY

    def test_a_top_up_that_reaches_pays_it_to_the_cent(self) -> None:
        there = desk(UNPAID, balance="20.00")
        made = offer.top_up(there, euro("70.00"), TRANSFER, "token")
        transfer, payment = made.drafts
        assert (transfer.kind, payment.kind, payment.key) == ("topup", "subscribe", "subscribe:s")
        assert (made.quote.price, made.quote.still_missing, made.quote.client_after) == (euro("90"), None, euro("0"))
        assert made.effect["rates"] == {"c": 200}
        assert made.effect["subscription"]["id"] == "s"

    def test_one_cent_less_leaves_it_unpaid_and_says_so(self) -> None:
        made = offer.top_up(desk(UNPAID, balance="20.00"), euro("69.99"), TRANSFER, "token")
        assert [draft.kind for draft in made.drafts] == ["topup"]
        assert (made.quote.still_missing, made.quote.price) == (euro("0.01"), None)
        assert made.effect == {"rates": {"c": 200}, "leaves_unpaid": "s"}

    def test_one_that_has_lapsed_is_not_paid_by_a_top_up(self) -> None:
        made = offer.top_up(desk(replace(UNPAID, end_date=date(2026, 11, 25))), euro("90"), TRANSFER, "token")
        assert [draft.kind for draft in made.drafts] == ["topup"]
        assert made.effect == {"rates": {"c": 200}}


def test_a_quote_tells_what_both_have_before_and_after_and_where_that_was_read() -> None:
    there = desk(balance="9.00")
    there = replace(there, held=replace(there.held, as_of=NOW - timedelta(hours=3), source="poll"))
    quote = offer.top_up(there, euro("100.00"), TRANSFER, "token").quote
    assert (quote.partner_before, quote.partner_pays, quote.partner_after) == (euro("5000"), euro("65"), euro("4935"))
    assert (quote.client_before, quote.client_gets, quote.client_after) == (euro("9"), euro("100"), euro("109"))
    assert (quote.as_of, quote.source) == (NOW - timedelta(hours=3), "poll")
    assert (quote.expires_at, quote.token) == (NOW + there.book.quote_lasts, "token")


@pytest.mark.parametrize(
    ("amount", "lines"),
    [("100.00", [("partner", "65.00"), ("discount", "35.00")]), ("0.01", [("partner", "0.01")])],
)
def test_the_client_gets_it_whole_from_the_partner_and_from_the_discount(
    amount: str, lines: list[tuple[str, str]]
) -> None:
    """A part that rounds to nothing leaves no line."""
    draft = offer.transfer_draft(desk(), euro(amount), TRANSFER)
    assert (draft.key, draft.kind) == ("topup:t", "topup")
    assert [(one.from_id, one.amount) for one in draft.entries] == [(who, euro(part)) for who, part in lines]
    assert {one.to_id for one in draft.entries} == {"client"}


def test_how_long_a_top_up_lasts_counts_what_is_there_already() -> None:
    """2.00 a day from tomorrow on: 3.00 there pays one day, 10.00 more six of them."""
    there = desk(balance="3.00", channels=(channel("loose"),))
    assert offer.gone_by(there, euro("0.00")) == date(2026, 11, 27)
    assert offer.gone_by(there, euro("10.00")) == date(2026, 12, 2)
    assert offer.gone_by(desk(balance="3.00", channels=()), euro("10.00")) is None


def test_only_channels_without_a_row_are_to_be_written() -> None:
    shop = Channel(ChannelId("new"), "vk", "shop", "active", False, None, None, TODAY)
    assert offer.new_channels(desk(), [channel(within="s"), shop]) == [{"id": "new", "transport": "vk", "name": "shop"}]


def test_a_quote_survives_being_written_down() -> None:
    read_at = NOW - timedelta(hours=3)
    there = desk(INBOX)
    there = replace(there, held=replace(there.held, as_of=read_at))
    bought = offer.purchase(there, "pro", 1, None)
    better = offer.renewal(there, bought, SubscriptionId("new"), TRANSFER, "token").quote
    quote = offer.top_up(there, euro("10"), TRANSFER, "token").quote
    quote = replace(quote, guard=better, names=("a", "b"), gone_by=TODAY)
    assert quote.as_of == read_at
    assert quote.facts()["names"] == ["a", "b"]
    assert from_facts(quote.facts()) == quote
    assert from_facts({**quote.facts(), "names": None, "guard": None}).names == ()
