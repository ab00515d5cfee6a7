"""Replenishing on both databases: what is asked, credited once, held, taken back; in every order of reports."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import service as billing
from bot.billing.payments import checkouts, replenishing
from bot.billing.payments.news import Checkout
from bot.billing.payments.terms import ReplenishTerms
from bot.errors import UserError
from bot.ids import CheckoutId
from bot.money import Money
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.alert_world import Remembered
from tests.integration.billing_world import BORIS, NORD, NOW, add_client, add_partner, ask_top_up, euro, give, say_yes
from tests.integration.payment_world import (
    PAYMENT,
    SESSION,
    ask,
    event,
    has,
    hear,
    names,
    posted,
    refund,
    see,
    view,
)


def opened(conn: Connection) -> Checkout:
    """A page that is open."""
    add_partner(conn)
    asked = ask(conn)
    assert see(conn, asked.id, "open") == ["link"]
    return state_of(conn, asked.id)


def state_of(conn: Connection, checkout_id: CheckoutId) -> Checkout:
    found = checkouts.read(conn, checkout_id)
    assert found is not None
    return found


async def test_a_page_is_asked_for_opened_paid_and_credited_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        assert (page.state, page.session_id, page.url) == ("open", SESSION, "https://pay.example")
        paid = event(view(page.id, "paid"))
        outcome = replenishing.hear(conn, "stripe", paid, NOW, Remembered())
        assert [(one.what, one.partner_id) for one in outcome.changes] == [("deposited", NORD)]
        [news] = outcome.news
        assert (news.what, news.left, news.amount) == ("credited", euro("500.00"), euro("500.00"))
        assert news.receipt is not None
        assert hear(conn, paid, event(view(page.id, "paid"))) == []
        assert see(conn, page.id, "paid") == []
        assert posted(conn) == [f"deposit:{SESSION}"]
        assert (has(conn), state_of(conn, page.id).state) == ("500.00", "paid")
        [row] = billing.movements(conn, NORD, "EUR")
        assert (row.kind, row.amount, row.balance, row.receipt) == ("Deposit", euro("500"), euro("500"), news.receipt)
        assert row.note == f"stripe payment {PAYMENT} (Anna)"

    await db.write(story)


async def test_asking_twice_gives_the_same_page_and_a_job(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        jobs = Remembered()
        first = ask(conn, jobs=jobs)
        assert ask(conn, jobs=jobs).id == first.id
        assert jobs.asked == [("open_checkout", first.id)]
        assert ask(conn, euro("600.00")).id != first.id
        assert ask(conn, asked_by=BORIS).id != first.id
        assert ask(conn, now=NOW + timedelta(hours=22, minutes=30)).id != first.id

    await db.write(story)


@pytest.mark.parametrize(
    ("amount", "terms", "key"),
    [
        (Money(100_00, "RUB"), None, "bank_only"),
        (Money(100_00, "KZT"), None, "bank_only"),
        (euro("500.00"), ReplenishTerms(bank_details="IBAN"), "bank_only"),
        (euro("0.49"), None, "amount_too_small"),
        (euro("1000000.00"), None, "amount_too_large"),
    ],
)
async def test_what_no_page_serves_is_refused_before_any_call(
    db: Database, amount: Money, terms: ReplenishTerms | None, key: str
) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        jobs = Remembered()
        with pytest.raises(UserError) as caught:
            ask(conn, amount, jobs=jobs, **({"terms": terms} if terms else {}))
        assert caught.value.key == key
        assert jobs.asked == []

    await db.write(story)


async def test_only_official_partners_and_not_too_many_pages(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        for n in range(replenishing.OPEN_MAX):
            ask(conn, Money(5000 + n, "EUR"))
        with pytest.raises(UserError, match="too_many_links"):
            ask(conn)
        conn.execute(update(tables.partner).values(kind="referral"))
        with pytest.raises(UserError, match="not_official"):
            ask(conn)

    await db.write(story)


async def test_unpaid_credits_nothing_and_the_later_success_credits_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        assert hear(conn, event(view(page.id, "processing"))) == ["processing"]
        assert posted(conn) == []
        assert hear(conn, event(view(page.id, "paid"))) == ["credited"]
        assert hear(conn, event(view(page.id, "processing"))) == []
        assert has(conn) == "500.00"

    await db.write(story)


@pytest.mark.parametrize("state", ["failed", "expired"])
async def test_a_page_that_ends_unpaid_is_told_once_and_a_payment_still_counts(db: Database, state: str) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        assert hear(conn, event(view(page.id, state)), event(view(page.id, state))) == [state]
        assert see(conn, page.id, "open") == []
        assert posted(conn) == []
        assert hear(conn, event(view(page.id, "paid"))) == ["credited"]

    await db.write(story)


async def test_a_report_may_come_before_the_answer_to_the_opening(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        asked = ask(conn)
        assert hear(conn, event(view(asked.id, "paid"))) == ["credited"]
        assert see(conn, asked.id, "open") == []
        assert (has(conn), state_of(conn, asked.id).state) == ("500.00", "paid")

    await db.write(story)


async def test_another_session_with_our_reference_credits_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        assert hear(conn, event(view(page.id, "paid", id="cs_other"))) == []
        assert hear(conn, event(view(CheckoutId("nobody's"), "paid", id="cs_third"))) == []
        assert posted(conn) == []
        outcomes = conn.execute(select(tables.payment_event.c.outcome)).scalars().all()
        assert outcomes == ["foreign", "foreign"]

    await db.write(story)


@pytest.mark.parametrize("paid", [euro("450.00"), Money(500_00, "USD")])
async def test_another_amount_or_currency_is_held_for_operations(db: Database, paid: Money) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        assert hear(conn, event(view(page.id, "paid", paid)), event(view(page.id, "paid", paid))) == ["held"]
        held = state_of(conn, page.id)
        assert (held.state, held.reason) == ("held", f"asked for 500.00 EUR, paid {paid}")
        assert posted(conn) == []
        assert hear(conn, event(reversal=refund("450.00"))) == []
        assert posted(conn) == []
        actions = conn.execute(select(tables.audit.c.action)).scalars().all()
        assert actions == ["payment.held", "payment.reversal_not_posted"]

    await db.write(story)


async def test_a_refund_takes_back_and_the_account_may_owe(db: Database) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        hear(conn, event(view(page.id, "paid")))
        client_id = add_client(conn)
        quote = ask_top_up(conn, client_id, euro("600.00"))
        say_yes(conn, quote)
        assert has(conn) == "110.00"
        back = event(reversal=refund())
        assert hear(conn, back, back, event(reversal=refund())) == ["taken_back"]
        assert has(conn) == "-390.00"
        assert posted(conn)[-1] == "stripe:re_1"
        with pytest.raises(UserError, match="partner_short") as short:
            ask_top_up(conn, client_id, euro("1.00"))
        assert short.value.facts["missing"]["minor"] == 39_065
        give(conn, euro("400.00"), key="bank-9")
        assert has(conn) == "10.00"
        assert ask_top_up(conn, client_id, euro("10.00")).partner_pays == euro("6.50")
        floor = conn.execute(select(tables.account.c.floor).where(tables.account.c.kind == "partner")).scalar_one()
        assert floor == 0

    await db.write(story)


@pytest.mark.parametrize("why", ["refund", "dispute"])
@pytest.mark.parametrize("order", [(False, True), (True, False), (True,), (True, True, False)])
async def test_what_came_back_is_given_back_in_every_order(db: Database, why: str, order: tuple[bool, ...]) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        hear(conn, event(view(page.id, "paid")))
        for returned in order:
            hear(conn, event(reversal=refund("200.00", returned=returned, why=why)))
        assert has(conn) == "500.00"
        assert posted(conn)[1:] == ["stripe:re_1", "stripe:re_1:returned"]

    await db.write(story)


async def test_a_refund_that_is_reported_before_its_payment_waits_for_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        jobs = Remembered()
        early = event(reversal=refund("200.00"))
        assert hear(conn, early, event(ask_refunds_of=PAYMENT), jobs=jobs) == []
        assert (posted(conn), jobs.asked) == ([], [])
        assert hear(conn, event(view(page.id, "paid")), jobs=jobs) == ["credited", "taken_back"]
        assert jobs.asked == [("ask_refunds", PAYMENT)]
        assert has(conn) == "300.00"
        assert hear(conn, early) == []

    await db.write(story)


async def test_a_refund_that_was_asked_for_is_the_same_as_a_reported_one(db: Database) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        hear(conn, event(view(page.id, "paid")))
        assert names(replenishing.take_back(conn, "stripe", refund("50.00"), NOW)) == ["taken_back"]
        assert hear(conn, event(reversal=refund("50.00"))) == []
        assert has(conn) == "450.00"
        assert names(replenishing.take_back(conn, "stripe", refund("50.00", which="re_2"), NOW)) == ["taken_back"]
        assert has(conn) == "400.00"

    await db.write(story)


async def test_giving_up_is_told_once_and_only_before_a_page_is_open(db: Database) -> None:
    def story(conn: Connection) -> None:
        page = opened(conn)
        assert names(replenishing.give_up(conn, page.id, "refused", NOW)) == []
        other = ask(conn, euro("600.00"))
        assert names(replenishing.give_up(conn, other.id, "refused", NOW)) == ["no_link"]
        assert names(replenishing.give_up(conn, other.id, "refused", NOW)) == []
        assert state_of(conn, other.id).state == "failed"

    await db.write(story)


async def test_many_at_once_credit_once(db: Database) -> None:
    """Two processes hear different reports of one payment at the same time."""
    page = await db.write(opened)
    heard = [event(view(page.id, "paid")) for _ in range(8)]
    told = await asyncio.gather(*(db.write(hear, one) for one in heard))
    assert [word for one in told for word in one] == ["credited"]
    assert await db.read(has) == "500.00"
