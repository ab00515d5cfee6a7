"""What billing refuses and the facts it gives for the answer; edges of the pure rules that a cent or a day decides."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.billing import offer
from bot.billing.advice import what_if
from bot.billing.allocation import Credit, Payment, allocate
from bot.billing.chain import GENESIS, link
from bot.billing.forecast import _student
from bot.billing.free_terms import refuse_free
from bot.billing.holdings import total_price
from bot.billing.ledger import Draft, adjust_key, entries, outflow
from bot.billing.local_day import first_instant
from bot.billing.plan import CurrencyTerms, PriceBook
from bot.billing.record import Line, Transaction
from bot.billing.standing import run_out_day
from bot.billing.statement import Statement, StatementRow, month_bounds
from bot.billing.terms import terms_of
from bot.errors import UserError
from bot.ids import AccountId, ClientPaymentId, CuratorId, PartnerId, TransactionId, TransferId
from bot.money import Money, as_json, of
from tests.unit.billing_book import shipped_book
from tests.unit.test_billing_offers import TRANSFER, desk, euro
from tests.unit.test_billing_standing import RUNS, channel, held

BOOK = shipped_book()
TODAY = date(2026, 11, 26)
NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
BOUNDED = replace(BOOK, currencies={"EUR": CurrencyTerms(None, euro("5"), euro("500"))})


def refused(ask: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UserError) as caught:
        ask()
    return caught.value.key, caught.value.facts


class TestPrices:
    def test_an_unknown_plan_names_the_known_ones_and_the_nearest(self) -> None:
        known = ["start", "inbox", "pro", "max"]
        assert refused(lambda: BOOK.plan("INBOKS")) == (
            "unknown_plan",
            {"plan": "INBOKS", "known": known, "nearest": "inbox"},
        )
        assert refused(lambda: BOOK.plan("zzz"))[1]["nearest"] is None

    def test_an_unknown_program_names_the_known_ones(self) -> None:
        assert refused(lambda: BOOK.program("gold")) == (
            "unknown_program",
            {"program": "gold", "known": sorted(BOOK.programs)},
        )

    def test_a_price_that_is_not_known_says_which(self) -> None:
        facts = {"plan": "pro", "transport": "vk", "currency": "CHF"}
        assert refused(lambda: BOOK.daily("Pro", "vk", "CHF", TODAY)) == ("price_unknown", facts)
        facts = {"plan": "pro", "transport": "?", "currency": "EUR"}
        assert refused(lambda: total_price([], "pro", 1, "EUR", BOOK, TODAY)) == ("price_unknown", facts)

    def test_what_begins_on_a_day_holds_on_it(self) -> None:
        begun = date(2021, 8, 4)
        assert set(BOOK.periods(begun)) == {1, 6, 12}
        assert BOOK.price("pro", "whatsapp", "EUR", 1, begun) == euro("45.00")
        assert BOOK.periods(begun - timedelta(days=1)) == {}


class TestTopUps:
    def test_another_currency(self) -> None:
        asked = refused(lambda: offer.top_up(desk(), of("5", "USD"), TRANSFER, "token"))
        assert asked == ("wrong_currency", {"expected": "EUR", "given": "USD"})

    def test_the_least_and_the_most_are_allowed_a_cent_beyond_is_not(self) -> None:
        bounded = replace(desk(), book=BOUNDED)

        def ask(amount: str) -> object:
            return offer.top_up(bounded, euro(amount), TRANSFER, "token")

        ask("5.00")
        ask("500.00")
        least, most = as_json(euro("5")), as_json(euro("500"))
        facts = {"least": least, "amount": as_json(euro("4.99"))}
        assert refused(lambda: ask("4.99")) == ("amount_too_small", facts)
        facts = {"most": most, "amount": as_json(euro("500.01"))}
        assert refused(lambda: ask("500.01")) == ("amount_too_large", facts)

    def test_without_bounds_one_cent_is_enough(self) -> None:
        free = replace(desk(), book=replace(BOOK, currencies={}))
        assert offer.top_up(free, euro("0.01"), TRANSFER, "token").quote.client_gets == euro("0.01")
        assert refused(lambda: offer.top_up(free, euro("0"), TRANSFER, "token"))[0] == "amount_too_small"

    def test_the_partners_last_cent_may_go_and_what_he_owes_is_missing_too(self) -> None:
        def ask(there: str, amount: str, gateway: str = "book") -> object:
            at = replace(desk(), partner_available=euro(there), gateway=gateway)
            return offer.top_up(at, euro(amount), TRANSFER, "token")

        ask("65.00", "100.00")
        assert refused(lambda: ask("64.99", "100.00"))[1]["missing"] == as_json(euro("0.01"))
        assert refused(lambda: ask("-10.00", "100.00")) == (
            "partner_short",
            {name: as_json(euro(one)) for name, one in (("missing", "75"), ("available", "-10"), ("needed", "65"))},
        )
        assert refused(lambda: ask("0.00", "10.00"))[0] == "partner_short"
        ask("0.00", "100.00", "wazzup")


class TestFreeChannels:
    def test_which_and_how_many(self) -> None:
        refuse_free("main", "vk", ["vk"], 2)
        refuse_free("demo", "instagram", ["whatsapp"], 2)
        assert refused(lambda: refuse_free("client", "vk", [], 2)) == ("free_not_own", {})
        facts = {"transport": "vk"}
        assert refused(lambda: refuse_free("demo", "vk", [], 2)) == ("free_demo_transport", facts)
        facts = {"transport": "whatsapp"}
        assert refused(lambda: refuse_free("demo", "whatsapp", ["whatsapp"], 2)) == ("free_demo_twice", facts)
        assert refused(lambda: refuse_free("main", "vk", ["vk", "vk"], 2)) == ("free_limit", {"most": 2})

    def test_a_partner_who_left_keeps_the_term_of_that_day(self) -> None:
        def until(left_on: date | None) -> date | None:
            on = date(2030, 5, 1)
            return terms_of(BOOK, "seed", joined_on=date(2026, 1, 1), left_on=left_on, clients=1, on=on).free_until

        assert until(date(2027, 3, 1)) == date(2029, 1, 1)
        assert until(date(2029, 1, 1)) == date(2029, 1, 1)
        assert until(date(2029, 1, 2)) == date(2030, 1, 1)
        assert until(None) == date(2031, 1, 1)


def test_advice_is_for_the_plan_the_client_has() -> None:
    """A year of Start costs 144.00 in one purchase; on the plan of channels without one, 432.00."""
    rate = BOOK.program("seed").rate(TODAY, 1)
    running = replace(RUNS, plan="start")
    for there, cost in (
        (held(running, channels=(channel("a", running),)), "144"),
        (held(channels=(channel("a"),)), "432"),
    ):
        best = what_if(there, BOOK, rate, TODAY).best
        assert best is not None
        assert best.cost == euro(cost)


def test_where_nothing_has_a_price_there_is_no_best_way() -> None:
    there = replace(held(channels=(channel("a"),)), currency="CHF")
    found = what_if(there, BOOK, BOOK.program("seed").rate(TODAY, 1), TODAY)
    assert (found.best, found.options, found.daily_cost) == (None, (), None)


def test_a_period_without_a_price_hides_no_other() -> None:
    """One channel in a currency whose longest period has a price only: the shorter ones are left out, it is not."""

    @dataclass(frozen=True, slots=True)
    class OnlyYears(PriceBook):
        def price(self, plan: str, transport: str, currency: str, months: int, on: date) -> Money:
            if months < 12:
                raise UserError("price_unknown", plan=plan, transport=transport, currency=currency)
            return PriceBook.price(self, plan, transport, currency, months, on)

    years = OnlyYears(**{one.name: getattr(BOOK, one.name) for one in fields(BOOK)})
    found = what_if(held(channels=(channel("a"),)), years, BOOK.program("seed").rate(TODAY, 1), TODAY)
    assert {one.months for one in found.options} == {12}
    assert len(found.options) == len(BOOK.plans)


def test_a_statement_counts_every_cent_in_and_out() -> None:
    def row(amount: str) -> StatementRow:
        return StatementRow(NOW, "Deposit", euro(amount), euro("0"), "", "", "", "")

    rows = tuple(row(one) for one in ("0.01", "-0.01", "2.00", "-1.00"))
    shown = Statement("EUR", "Europe/Riga", TODAY, euro("0"), rows)
    assert shown.total(of_deposits=True) == euro("2.01")
    assert shown.total(of_deposits=False) == euro("-1.01")


def test_advice_without_a_channel_names_the_client() -> None:
    asked = refused(lambda: what_if(held(), BOOK, BOOK.program("seed").rate(TODAY, 1), TODAY))
    assert asked == ("no_subscription", {"client": "client"})


def test_the_hash_of_a_transaction_is_the_same_for_ever() -> None:
    """Worked out once: whatever changes it breaks every chain that has been sealed."""
    one = Transaction(
        id=TransactionId("tx"),
        partner_id=PartnerId("nord"),
        key="topup:1",
        kind="topup",
        at=datetime(2026, 11, 26, 9, 0, 0, 5, tzinfo=ZoneInfo("Europe/Riga")),
        client_id=None,
        transfer_id=TransferId("t"),
        curator_id=CuratorId("anna"),
        receipt="R-1",
        rate="0.35",
        note="по счёту, €",
        reverses=None,
        lines=(Line(1, AccountId("a"), AccountId("b"), Money(93600, "EUR")),),
    )
    golden = "03e645316707a910f420207e264840d9bd1d9e6b45b5ac5c0162481b14905a28"
    assert link(GENESIS, one) == golden
    assert link(GENESIS, replace(one, at=one.at.astimezone(UTC))) == golden


def test_the_key_of_an_adjustment_is_the_same_for_ever() -> None:
    """Under another the ledger would take a table that it has read for a new one, and post the difference again."""
    assert (adjust_key("k"), adjust_key("k", bought=True)) == ("adjust:k", "adjust:k:bought")


def test_money_out_is_what_left_an_account_in_all() -> None:
    a, b, c = AccountId("a"), AccountId("b"), AccountId("c")
    draft = Draft("k", "kind", entries((a, b, euro("0.02")), (b, c, euro("0.01")), (c, a, euro("0.01"))))
    assert outflow([draft]) == {a: 1}


def test_one_cent_is_allocated_and_what_is_left_keeps_what_was_said_of_it() -> None:
    credit = Credit(TransferId("t"), NOW, 1)
    paid = Payment(ClientPaymentId("p"), NOW, 3, TransferId("t"))
    found = allocate([credit], [paid])
    assert [part.minor for part in found.parts] == [1]
    assert (found.unpaid, found.ahead) == ((), (replace(paid, minor=2),))


@pytest.mark.parametrize(("freedom", "exact", "near"), [(13, 1.350171, 2e-4), (60, 1.295821, 1.5e-5)])
def test_students_quantile_is_that_of_the_tables(freedom: int, exact: float, near: float) -> None:
    assert _student(0.90, freedom) == pytest.approx(exact, abs=near)


def test_a_day_begins_in_utc_and_a_month_with_its_first_day() -> None:
    begins = first_instant(date(2026, 11, 1), "Europe/Riga")
    assert (begins, begins.tzinfo) == (datetime(2026, 10, 31, 22, 0, tzinfo=UTC), UTC)
    bounds = month_bounds(date(2026, 11, 17), "Europe/Riga")
    assert bounds == (begins, datetime(2026, 11, 30, 22, 0, tzinfo=UTC))


def test_money_that_is_not_there_pays_no_day_of_a_cent() -> None:
    cheap = replace(channel("a"), daily_minor=1)
    assert run_out_day(held(channels=(cheap,)), BOOK, TODAY) == date(2026, 11, 25)
    assert run_out_day(held(channels=(replace(cheap, daily_minor=300),), balance="10"), BOOK, TODAY) == date(
        2026, 11, 28
    )
