"""Random histories of money: whatever is asked, confirmed, repeated, undone or charged, the books hold."""

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, func, select

from bot.billing import payouts, reversing
from bot.billing import service as billing
from bot.billing.quote import Quote
from bot.errors import UserError
from bot.ids import ClientId, TransactionId
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
    say_yes,
)

CLIENTS = (
    Wanted("48210017", ends=date(2026, 11, 28), plan="Inbox", months=1, channels=2),
    Wanted("48210025", balance="9.00", channels=2, daily="4.01"),
    Wanted("48210033", currency="USD", ends=date(2026, 11, 25), plan="Pro", months=6, channels=1, balance="3.33"),
    Wanted("48210041", balance="-6.00", channels=1, daily="0.99", zone="America/Havana"),
)
ALLOWED = {
    "partner_short",
    "client_short",
    "quote_expired",
    "quote_cancelled",
    "quote_stale",
    "already_pending",
    "too_late",
    "amount_too_small",
    "downgrade_active",
    "no_subscription",
}
"""The refusals that a history may meet; any other is a mistake."""


GUARD_FIRST = 61
confirmations = st.sampled_from([None, 0, 0, 60, 60, GUARD_FIRST])
"""Not at once, at once, after a minute, or the better way of a guard."""


class Histories(RuleBasedStateMachine):
    """A partner with four clients in two currencies, and everything that can happen to their money."""

    def __init__(self) -> None:
        super().__init__()
        self._context = fresh_sqlite()
        self.db = self._context.__enter__()
        self.now = NOW
        self.quotes: list[Quote] = []
        self.deposits: dict[str, Money] = {}
        self.clients: list[ClientId] = []
        self.ends: dict[ClientId, date] = {}

    def teardown(self) -> None:
        self._context.__exit__(None, None, None)

    @initialize()
    def open(self) -> None:
        def fill(conn: Connection) -> list[ClientId]:
            add_partner(conn, program="tiered")
            return [add_client(conn, wanted) for wanted in CLIENTS]

        self.clients = self.db.write_now(fill)
        for currency in ("EUR", "USD"):
            self._deposit(Money(500_000, currency), "opening")

    @rule(key=st.integers(1, 6), minor=st.integers(1, 200_000), currency=st.sampled_from(["EUR", "USD"]))
    def deposit(self, key: int, minor: int, currency: str) -> None:
        self._deposit(self.deposits.setdefault(str(key), Money(minor, currency)), str(key))

    @rule(which=st.integers(0, 3), minor=st.integers(-5, 60_000), undo_seconds=confirmations)
    def ask_for_a_top_up(self, which: int, minor: int, undo_seconds: int | None) -> None:
        amount = Money(minor, CLIENTS[which].currency)
        self._ask(undo_seconds, billing.quote_top_up, client_id=self.clients[which], amount=amount)

    @rule(
        which=st.integers(0, 3),
        plan=st.sampled_from([None, "start", "inbox", "pro", "max"]),
        months=st.sampled_from([None, 1, 6, 12]),
        undo_seconds=confirmations,
    )
    def ask_for_a_renewal(self, which: int, plan: str | None, months: int | None, undo_seconds: int | None) -> None:
        self._ask(undo_seconds, billing.quote_renewal, client_id=self.clients[which], plan=plan, months=months)

    @precondition(lambda self: self.quotes)
    @rule(data=st.data(), undo_seconds=st.sampled_from([0, 60]))
    def confirm_later(self, data: st.DataObject, undo_seconds: int) -> None:
        self._confirm(data.draw(st.sampled_from(self.quotes)), undo_seconds)

    def _confirm(self, quote: Quote, undo_seconds: int) -> None:
        """Confirming again changes nothing; what was posted is what was quoted, to the cent."""
        before = self._balances(quote)
        try:
            first = self.db.write_now(lambda conn: say_yes(conn, quote, now=self.now, undo_seconds=undo_seconds))
        except UserError as refused:
            self._expect(refused, ALLOWED)
            return
        after, lines = self._balances(quote), self._lines()
        if first.changes:
            paid, got = before[0] - after[0], after[1] - before[1]
            today_charged = any(one.what == "charged" for one in first.changes)
            assert paid == quote.partner_pays
            expected = quote.client_gets - (quote.price or Money(0, paid.currency))
            assert got == expected or (today_charged and got < expected)
        for _ in range(2):
            again = self.db.write_now(lambda conn: say_yes(conn, quote, now=self.now, undo_seconds=undo_seconds))
            assert (again.state, again.receipt, again.changes) == (first.state, first.receipt, [])
        assert (self._balances(quote), self._lines()) == (after, lines)

    @rule(
        share=st.sampled_from([51, 75, 100]), clients=st.permutations([0, 1, 3]), undo_seconds=st.sampled_from([0, 60])
    )
    def spend_twice(self, share: int, clients: list[int], undo_seconds: int) -> None:
        """Two top-ups that fit alone are asked for before either is confirmed: together they do not fit."""
        available = self._partner_available("EUR")
        amount = Money(max(available.minor, 0) * share // 65, "EUR")
        asked = [
            self._ask(None, billing.quote_top_up, client_id=self.clients[one], amount=amount) for one in clients[:2]
        ]
        for quote in filter(None, asked):
            self._confirm(quote, undo_seconds)
        assert self._partner_available("EUR").minor >= 0

    @rule(minor=st.integers(1, 600_000), paid=st.booleans())
    def pay_out(self, minor: int, paid: bool) -> None:
        """Money that is held for a payout is nobody else's; it goes to the bank, or is free again."""
        amount, before = Money(minor, "EUR"), self._partner_available("EUR")
        try:
            held = self.db.write_now(lambda conn: payouts.request(conn, NORD, amount, reason="-", now=self.now))
        except UserError as refused:
            self._expect(refused, {"partner_short"})
            assert amount > before
            return
        assert self._partner_available("EUR") == before - amount
        if paid:
            self.db.write_now(lambda conn: payouts.paid(conn, NORD, held.id, reference="-", now=self.now))
        else:
            self.db.write_now(lambda conn: payouts.cancel(conn, NORD, held.id, reason="-", now=self.now))
        assert self._partner_available("EUR") == (before - amount if paid else before)

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """A transaction is reversed once, and only while its money is still there."""
        which = data.draw(st.sampled_from(self.db.read_now(_transactions)))
        for round_ in (1, 2):
            try:
                changes = self.db.write_now(
                    lambda conn: reversing.reverse(conn, NORD, which, reason="-", by="operator", now=self.now)
                )
            except UserError as refused:
                self._expect(refused, {"not_reversible", "partner_short", "client_short"})
                return
            assert round_ == 1 or changes == []

    @precondition(lambda self: self.quotes)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        quote = data.draw(st.sampled_from(self.quotes))
        for _ in range(2):
            try:
                self.db.write_now(
                    lambda conn: billing.cancel(
                        conn, transfer_id=quote.id, curator_id=ANNA, address=ANNAS, now=self.now
                    )
                )
            except UserError as refused:
                self._expect(refused, {"too_late"})

    @rule(hours=st.integers(1, 60))
    def let_time_pass(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.charge()

    @rule(seconds=st.integers(20, 600))
    def wait_a_little(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def charge(self) -> None:
        """Charging again at the same moment changes nothing."""
        self.db.write_now(billing.charge_due, BOOK, self.now)
        lines = self._lines()
        assert self.db.write_now(billing.charge_due, BOOK, self.now) == []
        assert self._lines() == lines

    @rule()
    def settle(self) -> None:
        self.db.write_now(billing.settle_due, self.now)
        assert self.db.write_now(billing.settle_due, self.now) == []
        self.db.write_now(billing.expire_quotes, self.now)

    @invariant()
    def the_books_hold(self) -> None:
        if not self.clients:
            return
        report = self.db.read_now(billing.check)
        assert report.ok, report.problems
        sums: dict[str, int] = {}
        for one in self.db.read_now(billing.balances, NORD):
            sums[one.balance.currency] = sums.get(one.balance.currency, 0) + one.balance.minor
        assert set(sums.values()) == {0}

    @invariant()
    def nobody_is_below_his_limit(self) -> None:
        for one in self.db.read_now(billing.standings, self.clients, self.now, BOOK).values():
            assert one.available >= one.floor
            assert one.floor.minor in range(-600, 1)
        for currency in ("EUR", "USD"):
            assert self._partner_available(currency).minor >= 0

    @invariant()
    def no_paid_day_is_lost(self) -> None:
        for client_id, one in self.db.read_now(billing.standings, self.clients, self.now, BOOK).items():
            end = max((held.end_date for held in one.subscriptions), default=date.min)
            assert end >= self.ends.get(client_id, date.min)
            self.ends[client_id] = end

    def _deposit(self, amount: Money, key: str) -> None:
        for _ in range(2):
            self.db.write_now(
                lambda conn: billing.deposit(
                    conn, NORD, amount, reason="bank", by="operator", key=f"{amount.currency}-{key}", now=self.now
                )
            )

    def _ask(self, undo_seconds: int | None, ask: Any, **wanted: Any) -> Quote | None:
        try:
            quote = self.db.write_now(
                lambda conn: ask(conn, BOOK, partner_id=NORD, asked_by=ANNA, asked_from=ANNAS, now=self.now, **wanted)
            )
        except UserError as refused:
            self._expect(refused, ALLOWED)
            return None
        if quote.ends_before is not None and quote.starts_on is not None:
            assert quote.starts_on >= quote.ends_before + timedelta(days=1)
            assert quote.starts_on <= max(quote.ends_before + timedelta(days=1), self.now.date() + timedelta(days=1))
        self.quotes += [quote, *([quote.guard] if quote.guard else [])]
        if undo_seconds is not None:
            self._confirm(self.quotes[-1] if undo_seconds == GUARD_FIRST else quote, min(undo_seconds, 60))
        made: Quote = quote
        return made

    def _expect(self, refused: UserError, allowed: set[str]) -> None:
        assert refused.key in allowed, refused.key

    def _balances(self, quote: Quote) -> tuple[Money, Money]:
        def read(conn: Connection) -> tuple[Money, Money]:
            currency = quote.client_gets.currency
            own = [one.balance for one in billing.partner_accounts(conn, NORD) if one.currency == currency]
            return own[0], billing.standing(conn, quote.client_id, self.now, BOOK).balance

        return self.db.read_now(read)

    def _partner_available(self, currency: str) -> Money:
        accounts = self.db.read_now(billing.partner_accounts, NORD)
        return next(one.available for one in accounts if one.currency == currency)

    def _lines(self) -> int:
        return self.db.read_now(
            lambda conn: conn.execute(select(func.count()).select_from(tables.posting)).scalar_one()
        )


def _transactions(conn: Connection) -> list[TransactionId]:
    """The last ones posted, the newest first: money that was just moved is the likeliest to be still there."""
    found = select(tables.ledger_transaction.c.id).order_by(tables.ledger_transaction.c.id.desc()).limit(8)
    return [TransactionId(one) for one in conn.execute(found).scalars()]


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
