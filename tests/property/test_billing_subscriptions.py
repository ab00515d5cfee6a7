"""Random lives of one client's subscriptions: no day and no cent is lost or gained, whatever is asked, how often."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, func, select

from bot.billing import service as billing
from bot.billing import subscribing
from bot.billing.holdings import Holdings, Subscription
from bot.billing.local_day import local_date
from bot.billing.quote import Quote
from bot.billing.repository import holdings_of
from bot.billing.subscribing import Asked, ChannelName
from bot.billing.subscription import add_months, pro_rata, upgrade_difference
from bot.errors import UserError
from bot.ids import ClientId, SubscriptionId
from bot.money import Money
from bot.storage import tables
from tests.conftest import fresh_sqlite
from tests.integration.billing_world import (
    ANNA,
    ANNAS,
    BOOK,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_renewal,
    ask_top_up,
    euro,
    give,
    say_yes,
)

PLANS = st.sampled_from(["start", "inbox", "pro", "max"])
MONTHS = st.sampled_from([1, 6, 12])
NUMBERS = st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True)
REFUSALS = {
    "partner_short",
    "client_short",
    "quote_expired",
    "quote_stale",
    "quote_cancelled",
    "downgrade_active",
    "no_subscription",
    "price_unknown",
    "no_running_subscription",
    "which_subscription",
    "subscription_unpaid",
    "same_plan",
    "channel_taken",
    "channel_not_in",
    "last_channel",
    "already_unpaid",
    "grace_used",
    "balance_reaches",
    "amount_too_small",
}


class Subscriptions(RuleBasedStateMachine):
    """One client with up to five channels, an owner who tries everything, and a calendar."""

    def __init__(self) -> None:
        super().__init__()
        self._context = fresh_sqlite()
        self.db = self._context.__enter__()
        self.now = NOW
        self.quotes: list[Quote] = []
        self.client = ClientId("")

    def teardown(self) -> None:
        self._context.__exit__(None, None, None)

    @initialize(balance=st.integers(0, 30_000))
    def open(self, balance: int) -> None:
        def fill(conn: Connection) -> ClientId:
            add_partner(conn)
            give(conn, euro("20000.00"))
            return add_client(conn, Wanted("48210025", balance=f"{balance / 100:.2f}", channels=3))

        self.client = self.db.write_now(fill)

    @rule(plan=PLANS, months=MONTHS, numbers=NUMBERS, later=st.booleans())
    def subscribe(self, plan: str, months: int, numbers: list[int], later: bool) -> None:
        channels = _names(numbers)
        self._ask(
            later,
            lambda conn: subscribing.quote_subscription(
                conn, BOOK, self._asked(), plan=plan, months=months, channels=channels
            ),
        )

    @rule(plan=PLANS, months=MONTHS)
    def create_unpaid(self, plan: str, months: int) -> None:
        """Its price is taken once, whenever the money comes; the term begins today."""
        before = self._holdings()
        made = self._try(lambda conn: subscribing.create_unpaid(conn, BOOK, self._asked(), plan=plan, months=months))
        if made is None:
            return
        assert made.missing == made.price - before.available
        assert made.missing.minor > 0
        assert self._holdings().available == before.available
        assert made.ends_after == add_months(self._today(), months, self._today().day).isoformat()

    @rule(plan=st.none() | PLANS, months=st.none() | MONTHS, later=st.booleans())
    def renew(self, plan: str | None, months: int | None, later: bool) -> None:
        self._ask(later, lambda conn: ask_renewal(conn, self.client, plan=plan, months=months, now=self.now))

    @rule(plan=PLANS, later=st.booleans(), which=st.integers(0, 3))
    def upgrade(self, plan: str, later: bool, which: int) -> None:
        self._ask(later, lambda conn: subscribing.quote_upgrade(conn, BOOK, self._asked(), plan, self._pick(which)))

    @rule(numbers=NUMBERS, later=st.booleans(), which=st.integers(0, 3))
    def add(self, numbers: list[int], later: bool, which: int) -> None:
        channels = _names(numbers)
        self._ask(
            later,
            lambda conn: subscribing.quote_added_channels(conn, BOOK, self._asked(), channels, self._pick(which)),
        )

    @rule(numbers=NUMBERS, later=st.booleans(), which=st.integers(0, 3))
    def remove(self, numbers: list[int], later: bool, which: int) -> None:
        channels = _names(numbers)
        self._ask(
            later,
            lambda conn: subscribing.quote_removed_channels(conn, BOOK, self._asked(), channels, self._pick(which)),
        )

    @rule(minor=st.integers(100, 30_000), later=st.booleans())
    def top_up(self, minor: int, later: bool) -> None:
        self._ask(later, lambda conn: ask_top_up(conn, self.client, Money(minor, "EUR"), now=self.now))

    @precondition(lambda self: self.quotes)
    @rule(data=st.data())
    def confirm_later(self, data: st.DataObject) -> None:
        self._confirm(data.draw(st.sampled_from(self.quotes)))

    @rule(hours=st.integers(1, 24 * 20))
    def let_time_pass(self, hours: int) -> None:
        """Time moves no end but that of an unpaid subscription, which it closes."""
        ends = self._ends()
        self.now += timedelta(hours=hours)
        while self.db.read_now(billing.is_waiting, self.now):
            self.db.write_now(billing.charge_due, BOOK, self.now)
        assert self._ends() == ends

    @invariant()
    def the_books_hold(self) -> None:
        if self.client:
            report = self.db.read_now(billing.check)
            assert report.ok, report.problems

    @invariant()
    def what_is_unpaid_is_paid_at_most_once(self) -> None:
        if self.client:
            query = select(tables.ledger_transaction.c.key).where(
                tables.ledger_transaction.c.key.like("subscribe:%"),
            )
            keys = self.db.read_now(lambda conn: conn.execute(query).scalars().all())
            assert len(keys) == len(set(keys))
            waits = self._holdings().unpaid()
            assert waits is None or f"subscribe:{waits.id}" not in keys

    def _ask(self, later: bool, make: Callable[[Connection], Quote]) -> None:
        quote = self._try(make)
        if quote is None:
            return
        self.quotes.append(quote)
        self._expect_price(quote)
        if not later:
            self._confirm(quote)

    def _expect_price(self, quote: Quote) -> None:
        """Changes cost exactly the days left, worked out here once more in plain arithmetic."""
        if quote.kind != "change":
            return
        held = self._holdings()
        found = held.subscription(quote.subscription_id)
        assert found is not None
        assert quote.price == _change_price(held, found, quote, self._today())

    def _confirm(self, quote: Quote) -> None:
        """What is posted is what was quoted; asking again moves nothing; ends move by whole months or not at all."""
        before, ends = self._balance(), self._ends()
        done = self._try(lambda conn: say_yes(conn, quote, now=self.now))
        if done is None:
            return
        after, lines = self._balance(), self._lines()
        if done.changes:
            charged = any(one.what == "charged" for one in done.changes)
            expected = quote.client_gets - (quote.price or euro("0.00"))
            unforeseen = quote.kind == "topup" and quote.price is None and len(done.changes) > 1
            assert after - before == expected or (charged and after - before < expected) or unforeseen
            self._expect_ends(quote, ends)
        for _ in range(2):
            again = self._try(lambda conn: say_yes(conn, quote, now=self.now))
            assert again is not None
            assert again.changes == []
        assert (self._balance(), self._lines()) == (after, lines)

    def _expect_ends(self, quote: Quote, before: dict[str, tuple[date, int]]) -> None:
        after = self._ends()
        bought = {one: end for one, end in after.items() if before.get(one) != end}
        if quote.kind == "change":
            assert bought == {}
        elif quote.ends_after is not None:
            assert [end for end, _ in bought.values()] == [quote.ends_after]
        if quote.kind == "renew" and quote.ends_before and quote.months and quote.subscription_id in bought:
            anchor = before[quote.subscription_id][1]
            if quote.ends_before >= self._today():
                assert quote.ends_after == add_months(quote.ends_before, quote.months, anchor)

    def _try(self, unit: Callable[[Connection], Any]) -> Any:
        try:
            return self.db.write_now(unit)
        except UserError as refused:
            self._expect(refused)
            return None

    def _expect(self, refused: UserError) -> None:
        assert refused.key in REFUSALS, refused.key

    def _asked(self) -> Asked:
        return Asked(NORD, self.client, self.now, ANNA, ANNAS)

    def _pick(self, which: int) -> SubscriptionId | None:
        held = self._holdings()
        running = [one.id for one in held.subscriptions if one.paid_on(self._today())]
        return running[which % len(running)] if running else None

    def _holdings(self) -> Holdings:
        return self.db.read_now(lambda conn: holdings_of(conn, self.client))

    def _today(self) -> date:
        return local_date(self.now, "Europe/Riga")

    def _ends(self) -> dict[str, tuple[date, int]]:
        """Ends and anchors of paid subscriptions."""
        return {
            one.id: (one.end_date, one.anchor_day)
            for one in self._holdings().subscriptions
            if one.state in ("active", "ended")
        }

    def _balance(self) -> Money:
        return self._holdings().balance

    def _lines(self) -> int:
        return self.db.read_now(
            lambda conn: conn.execute(select(func.count()).select_from(tables.posting)).scalar_one()
        )


def _names(numbers: Sequence[int]) -> list[ChannelName]:
    return [ChannelName("whatsapp", f"48210025-{number}") for number in numbers]


def _change_price(held: Holdings, found: Subscription, quote: Quote, today: date) -> Money:
    months = found.months or BOOK.renew_months
    if quote.change == "remove":
        return euro("0.00")
    if quote.change == "upgrade":
        inside = held.in_subscription(found.id)
        old, new = (
            sum((BOOK.price(plan, one.transport, "EUR", months, today).minor for one in inside), 0)
            for plan in (found.plan or "", quote.plan or "")
        )
        whole = (found.end_date - add_months(found.end_date, -months, found.anchor_day)).days
        left = (found.end_date - today).days
        return Money((2 * (new - old) * left + whole) // (2 * whole), "EUR")
    whole = (found.end_date - add_months(found.end_date, -months, found.anchor_day)).days
    weighed = 0
    for name in quote.names:
        known = next((one for one in held.channels if one.name == name), None)
        paid = known is not None and known.charged_through is not None and known.charged_through >= today
        days = (found.end_date - today).days + (not paid)
        weighed += days * BOOK.price(found.plan or "", "whatsapp", "EUR", months, today).minor
    return Money((2 * weighed + whole) // (2 * whole), "EUR")


TestSubscriptions = Subscriptions.TestCase
TestSubscriptions.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


@given(start=st.dates(date(2020, 1, 1), date(2090, 1, 1)), periods=st.lists(MONTHS, min_size=1, max_size=20))
def test_renewing_in_time_keeps_the_day_of_the_month(start: date, periods: list[int]) -> None:
    """However often: the end is the anchor day of the month that lies the sum of months ahead, or that month's last."""
    end = start
    for months in periods:
        end = add_months(end, months, start.day)
    assert end == add_months(start, sum(periods), start.day)


@given(
    amount=st.integers(0, 10**9), whole=st.integers(28, 366), data=st.data(), currency=st.sampled_from(["EUR", "JPY"])
)
def test_days_left_in_parts_make_the_whole_within_half_a_unit_each(
    amount: int, whole: int, data: st.DataObject, currency: str
) -> None:
    first = data.draw(st.integers(0, whole))
    parts = [pro_rata(Money(amount * days, currency), whole).minor for days in (first, whole - first)]
    assert abs(sum(parts) - amount) <= 1
    assert pro_rata(Money(amount * whole, currency), whole) == Money(amount, currency)


def test_half_a_cent_goes_up() -> None:
    assert pro_rata(euro("0.45"), 30) == euro("0.02")
    assert upgrade_difference(euro("0.00"), euro("0.45"), date(2026, 12, 1), 1, 1, date(2026, 11, 30)) == euro("0.02")
