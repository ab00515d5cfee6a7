"""Every state of a payment page against every report of it: what is told, what is stored, what operations find."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs

from bot.billing.payments import checkouts, replenishing
from bot.billing.payments.news import Checkout
from bot.billing.payments.port import Reversal, reversal_facts, reversal_from
from bot.billing.payments.terms import ReplenishTerms
from bot.errors import UserError
from bot.ids import Address, CheckoutId, InboxId, PartnerId
from bot.money import Money, as_json
from bot.storage import audit
from bot.storage.engine import Database
from bot.storage.tables import ledger_transaction, partner, payment_event
from tests.integration.alert_world import Remembered
from tests.integration.billing_world import NORD, NOW, add_partner, euro, give
from tests.integration.payment_world import PAYMENT, SESSION, ask, event, has, hear, names, posted, refund, view

SOON, LATER = NOW + timedelta(minutes=5), NOW + timedelta(minutes=9)
SUED = PartnerId("sued")


def stored(conn: Connection, checkout_id: CheckoutId) -> Checkout:
    found = checkouts.read(conn, checkout_id)
    assert found is not None
    return found


def outcomes(conn: Connection) -> dict[str, tuple[str, str | None]]:
    """What each report came to, and of which page it was."""
    rows = conn.execute(select(payment_event.c.id, payment_event.c.outcome, payment_event.c.checkout_id))
    return {row.id: (row.outcome, row.checkout_id) for row in rows}


NEWS = {
    "asked": {"open": "link", "processing": "processing", "failed": "failed", "expired": "expired", "paid": "credited"},
    "open": {"processing": "processing", "failed": "failed", "expired": "expired", "paid": "credited"},
    "processing": {"failed": "failed", "paid": "credited"},
    "failed": {"paid": "credited"},
    "expired": {"paid": "credited"},
    "paid": {},
    "held": {},
}
"""What is told of a page in a state when it is reported to be in another; nothing where nothing stands."""


@pytest.mark.parametrize("state", NEWS)
def test_every_report_of_a_page_in_every_state(db: Database, state: str) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        known = None if state in ("asked", "open", "processing") else SOON
        for n, reported in enumerate(("open", "processing", "failed", "expired", "paid")):
            asked = ask(conn, euro(f"{500 + n}.00"), asked_by=None)
            page = checkouts.change(conn, asked.id, state=state, settled_at=known, reason="before")
            told = view(
                page.id, reported, page.amount, id=f"cs_{n}", payment_id=f"pi_{n}", url=f"https://pay.example/{n}"
            )
            outcome = replenishing.see(conn, page.id, told, LATER, Remembered())
            news = NEWS[state].get(reported)
            assert names(outcome) == ([news] if news else []), (state, reported)
            assert all(one.amount == page.amount and one.checkout.id == page.id for one in outcome.news)
            after = stored(conn, page.id)
            assert after.state == (reported if news else state)
            ends = news in ("failed", "expired", "credited")
            assert after.settled_at == (LATER if ends else known), (state, reported)
            assert (after.session_id, after.payment_id, after.url) == (f"cs_{n}", f"pi_{n}", f"https://pay.example/{n}")
            assert (after.checked_at, after.reason) == (LATER, "before")
        assert posted(conn) == ([] if state in ("paid", "held") else ["deposit:cs_4"])

    db.write_now(unit)


def test_only_the_page_that_was_meant_is_seen_given_up_or_credited(db: Database) -> None:
    """Several wait without a session: each answer is about its own."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        first, second, third = (ask(conn, euro(f"{n}00.00")) for n in (1, 2, 3))
        assert names(replenishing.see(conn, third.id, view(third.id, "open", third.amount), NOW, Remembered())) == [
            "link"
        ]
        [news] = replenishing.give_up(conn, second.id, "card refused", LATER).news
        failed = stored(conn, second.id)
        assert news.checkout == failed
        assert (failed.state, failed.settled_at, failed.reason) == ("failed", LATER, "card refused")
        assert stored(conn, first.id) == first
        fourth = ask(conn, euro("400.00"))
        assert hear(conn, event(view(fourth.id, "paid", fourth.amount, id="cs_4"))) == ["credited"]
        assert stored(conn, first.id) == first
        assert replenishing.see(conn, CheckoutId("none"), view(first.id, "open"), NOW, Remembered()).news == ()
        assert replenishing.give_up(conn, CheckoutId("none"), "?", NOW).news == ()

    db.write_now(unit)


@pytest.mark.parametrize("told", [{"id": "cs_other"}, {"checkout_id": CheckoutId("other")}])
def test_an_answer_about_another_session_is_an_alarm_and_changes_nothing(db: Database, told: dict[str, Any]) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        asked = ask(conn)
        replenishing.see(conn, asked.id, view(asked.id, "open"), NOW, Remembered())
        before = stored(conn, asked.id)
        with capture_logs() as logs:
            wrong = view(**({"checkout_id": asked.id, "state": "paid"} | told))
            assert names(replenishing.see(conn, asked.id, wrong, NOW, Remembered())) == []
        assert stored(conn, asked.id) == before
        assert logs == [
            {
                "event": "payment.other_session",
                "log_level": "error",
                "checkout": asked.id,
                "session": told.get("id", SESSION),
            }
        ]

    db.write_now(unit)


def test_what_was_asked_is_stored_and_opened_at_once(db: Database) -> None:
    class Urgent(Remembered):
        def enqueue(
            self, conn: Connection, name: str, key: str, run_after: Any, priority: int = 0, payload: Any = None
        ) -> None:
            self.asked.append((name, f"{key} {priority} {run_after:%H:%M}"))

    def unit(conn: Connection) -> None:
        add_partner(conn)
        jobs = Urgent()
        asked = ask(conn, asked_from=Address("whatsapp:+37120000009"), in_reply_to=InboxId("in-1"), jobs=jobs)
        assert stored(conn, asked.id) == asked
        assert (asked.asked_from, asked.in_reply_to) == ("whatsapp:+37120000009", "in-1")
        assert (asked.state, asked.expires_at, asked.checked_at) == ("asked", NOW + timedelta(hours=23), NOW)
        assert jobs.asked == [("open_checkout", f"{asked.id} 10 07:00")]

    db.write_now(unit)


@pytest.mark.parametrize(
    ("given", "key", "facts"),
    [
        ({"partner_id": PartnerId("ref")}, "not_official", {"kind": "referral"}),
        ({"partner_id": PartnerId("nobody")}, "not_official", {"kind": "unknown"}),
        (
            {"amount": Money(100, "RUB"), "terms": ReplenishTerms("stripe", frozenset({"EUR"}), bank_details="IBAN 1")},
            "bank_only",
            {"currency": "RUB", "details": "IBAN 1"},
        ),
        (
            {"amount": euro("0.49")},
            "amount_too_small",
            {"least": as_json(euro("0.50")), "amount": as_json(euro("0.49"))},
        ),
        (
            {"amount": euro("1000000.00")},
            "amount_too_large",
            {"most": as_json(euro("999999.99")), "amount": as_json(euro("1000000.00"))},
        ),
    ],
)
def test_a_refusal_says_what_would_do(db: Database, given: dict[str, Any], key: str, facts: dict[str, Any]) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, PartnerId("ref"))
        conn.execute(update(partner).where(partner.c.id == "ref").values(kind="referral"))
        jobs = Remembered()
        with pytest.raises(UserError) as caught:
            ask(conn, given.get("amount"), jobs=jobs, **{name: one for name, one in given.items() if name != "amount"})
        assert (caught.value.key, caught.value.facts, jobs.asked) == (key, facts, [])

    db.write_now(unit)


def test_the_smallest_and_the_largest_amount_and_the_last_page_are_served(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        for minor in (50, 99_999_999, *range(1000, 1018)):
            ask(conn, Money(minor, "EUR"))
        with pytest.raises(UserError) as caught:
            ask(conn, euro("11.00"))
        assert (caught.value.key, caught.value.facts) == ("too_many_links", {"count": 20})
        assert ask(conn, euro("0.50")).amount == euro("0.50")

    db.write_now(unit)


def test_a_payment_names_its_own_receipt_and_who_asked(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        give(conn, euro("1.00"))
        give(conn, euro("1.00"), partner_id=SUED, key=SESSION)
        page = ask(conn, asked_by=None)
        [news] = replenishing.see(conn, page.id, view(page.id, "paid"), NOW, Remembered()).news
        row = conn.execute(
            select(ledger_transaction).where(
                ledger_transaction.c.key == f"deposit:{SESSION}", ledger_transaction.c.partner_id == NORD
            )
        ).one()
        assert (news.receipt, news.left) == (row.receipt, euro("501.00"))
        assert row.note == f"stripe payment {PAYMENT} (operator)"

    db.write_now(unit)


def test_each_report_remembers_the_page_it_was_of(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        page = ask(conn)
        early = [
            event(reversal=refund("1.00", which="re_0"), id="early"),
            event(ask_refunds_of=PAYMENT, id="early-ask"),
        ]
        hear(conn, *early)
        hear(conn, event(view(page.id, "processing"), id="processing"), event(reversal=refund("2.00"), id="unpaid"))
        assert outcomes(conn) == {
            "early": ("waiting", None),
            "early-ask": ("waiting", None),
            "processing": ("applied", page.id),
            "unpaid": ("waiting", page.id),
        }
        jobs = Remembered()
        hear(
            conn,
            event(view(page.id, "paid"), id="paid"),
            event(reversal=refund("3.00", which="re_2"), id="late"),
            jobs=jobs,
        )
        hear(conn, event(ask_refunds_of=PAYMENT, id="late-ask"), jobs=jobs)
        assert set(outcomes(conn).values()) == {("applied", page.id)}
        assert jobs.asked == [("ask_refunds", PAYMENT)] * 2
        assert has(conn) == "494.00"

    db.write_now(unit)


@pytest.mark.parametrize("order", ["refund first", "refund after", "asked for"])
def test_what_was_paid_otherwise_than_asked_is_for_people_and_so_is_its_refund(db: Database, order: str) -> None:
    """Nothing was credited, so nothing is taken back; operations find both, whatever was reported first."""
    back = refund("450.00")

    def unit(conn: Connection) -> None:
        add_partner(conn)
        page, jobs = ask(conn), Remembered()
        if order == "refund first":
            hear(conn, event(reversal=back, id="re"), event(ask_refunds_of=PAYMENT, id="ask"))
        with capture_logs() as logs:
            assert hear(conn, event(view(page.id, "paid", euro("450.00")), id="paid"), jobs=jobs) == ["held"]
            if order == "refund after":
                hear(conn, event(reversal=back, id="re"), event(ask_refunds_of=PAYMENT, id="ask"), jobs=jobs)
            if order == "asked for":
                assert replenishing.take_back(conn, "stripe", back, NOW).news == ()
        held = stored(conn, page.id)
        assert (held.state, held.settled_at) == ("held", NOW)
        found = {one.action: one for one in audit.records(conn, NORD)}
        about = {"checkout": page.id, "session": SESSION}
        assert {name: dict(one.facts) for name, one in found.items()} == {
            "payment.held": {**about, "asked": as_json(euro("500.00")), "paid": as_json(euro("450.00"))},
            "payment.reversal_not_posted": {**about, "id": "re_1", "amount": as_json(euro("450.00"))},
        }
        assert {one.who for one in found.values()} == {"stripe"}
        assert logs == [
            {"event": name, "log_level": "error", **found[name].facts}
            for name in ("payment.held", "payment.reversal_not_posted")
        ]
        assert set(outcomes(conn).values()) == {("applied", page.id)}
        assert jobs.asked == ([] if order == "asked for" else [("ask_refunds", PAYMENT)])
        assert posted(conn) == []

    db.write_now(unit)


@pytest.mark.parametrize("amount", [Money(100, "USD"), euro("0.00"), euro("-1.00")])
def test_a_reversal_that_no_book_can_hold_is_for_people(db: Database, amount: Money) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        page = ask(conn)
        hear(conn, event(view(page.id, "paid")))
        assert hear(conn, event(reversal=Reversal("re_9", PAYMENT, amount, "refund"))) == []
        assert [one.action for one in audit.records(conn, NORD)] == ["payment.reversal_not_posted"]
        assert has(conn) == "500.00"

    db.write_now(unit)


def test_a_refund_of_one_cent_is_taken_back_to_the_cent(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        hear(conn, event(view(ask(conn).id, "paid")))
        assert hear(conn, event(reversal=refund("0.01"))) == ["taken_back"]
        assert has(conn) == "499.99"

    db.write_now(unit)


@given(
    st.builds(
        Reversal,
        st.text(min_size=1),
        st.text(min_size=1),
        st.builds(Money, st.integers(1, 10**15), st.sampled_from(["EUR", "KZT"])),
        st.sampled_from(["refund", "dispute"]),
        st.booleans(),
    )
)
def test_a_reversal_that_waited_is_the_one_that_was_reported(reversal: Reversal) -> None:
    assert reversal_from(json.loads(json.dumps(reversal_facts(reversal)))) == reversal


def test_nothing_is_taken_back_of_a_payment_that_was_never_made(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        page = ask(conn)
        hear(conn, event(view(page.id, "failed")))
        assert replenishing.take_back(conn, "stripe", refund(), NOW).news == ()
        assert replenishing.take_back(conn, "other", refund(), NOW).news == ()
        assert audit.records(conn, NORD) == []
        assert posted(conn) == []

    db.write_now(unit)


def test_a_report_by_another_provider_is_none_of_ours(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        page = ask(conn)
        paid = event(view(page.id, "paid"), id="theirs")
        assert replenishing.hear(conn, "other", paid, NOW, Remembered()).news == ()
        assert outcomes(conn) == {"theirs": ("foreign", None)}
        assert stored(conn, page.id) == page

    db.write_now(unit)
