"""The rows of payment pages and of reports about them: every question asks for exactly its own, and all comes back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.billing import exporting
from bot.billing.payments import checkouts, events
from bot.billing.payments.news import Checkout
from bot.billing.payments.port import PaymentEvent, Reversal
from bot.billing.payments.reversals import apply_reversal
from bot.ids import CheckoutId, CuratorId, InboxId, PartnerId
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import ledger_transaction, payment_event
from tests.integration.billing_world import ANNA, ANNAS, BORIS, NORD, NOW, add_partner, euro, give, partner_money
from tests.integration.payment_world import view

MINUTE = timedelta(minutes=1)
SUED = PartnerId("sued")
FULL = Checkout(
    id=CheckoutId("full"),
    partner_id=NORD,
    provider="stripe",
    state="open",
    amount=euro("500.00"),
    language="ru",
    asked_by=ANNA,
    asked_from=ANNAS,
    in_reply_to=InboxId("asked"),
    session_id="cs_1",
    payment_id="pi_1",
    url="https://pay.example/1",
    created_at=NOW,
    expires_at=NOW + 30 * MINUTE,
    checked_at=NOW + MINUTE,
    settled_at=NOW + 2 * MINUTE,
    reason="late",
)
BARE = replace(
    FULL,
    id=CheckoutId("bare"),
    state="asked",
    asked_by=None,
    asked_from=None,
    in_reply_to=None,
    session_id=None,
    payment_id=None,
    url=None,
    settled_at=None,
    reason=None,
)


def store(conn: Connection, *ones: Checkout) -> None:
    for one in ones:
        checkouts.add(conn, one)
        checkouts.change(
            conn,
            one.id,
            session_id=one.session_id,
            payment_id=one.payment_id,
            url=one.url,
            settled_at=one.settled_at,
            reason=one.reason,
        )


def like(name: str, of_what: Checkout = BARE, **more: Any) -> Checkout:
    return replace(of_what, id=CheckoutId(name), **more)


def test_a_page_comes_back_as_it_was_stored_by_any_of_its_names(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        other = like("other", FULL, provider="other", session_id="cs_2", payment_id="pi_2")
        twin = like("twin", FULL, provider="twin", session_id="cs_3")
        store(conn, BARE, other, twin, FULL)
        assert [checkouts.read(conn, one) for one in (FULL.id, BARE.id, CheckoutId("none"))] == [FULL, BARE, None]
        assert checkouts.lock(conn, checkout_id=BARE.id) == BARE
        assert checkouts.lock(conn, session_id="cs_1") == FULL
        assert checkouts.lock(conn, session_id="none") is None
        assert checkouts.lock_payment(conn, "stripe", "pi_1") == FULL
        assert checkouts.lock_payment(conn, "twin", "pi_1") == twin
        assert checkouts.lock_payment(conn, "stripe", "pi_2") is None

    db.write_now(unit)


def test_open_pages_are_counted_and_listed_for_one_partner(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        early = like("z", FULL, created_at=NOW - MINUTE, session_id="cs_9")
        paid = like("paid", state="paid")
        store(conn, FULL, BARE, early, paid, like("sued", partner_id=SUED))
        assert (checkouts.count_open(conn, NORD), checkouts.count_open(conn, SUED)) == (3, 1)
        assert [one.id for one in checkouts.latest(conn, NORD)] == ["paid", "full", "bare", "z"]
        assert [one.id for one in checkouts.latest(conn, NORD, 2)] == ["paid", "full"]

    db.write_now(unit)


def test_the_same_page_is_one_partners_and_persons_of_one_amount_and_lasts(db: Database) -> None:
    def same(
        conn: Connection, by: CuratorId | None = ANNA, amount: str = "500.00", currency: str = "EUR"
    ) -> str | None:
        found = checkouts.same_open(conn, NORD, of(amount, currency), by, NOW + 30 * MINUTE)
        return found.id if found else None

    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        no_twins = (
            like("sued", FULL, partner_id=SUED, session_id="1"),
            like("paid", FULL, state="paid", session_id="2"),
            like("less", FULL, amount=euro("499.99"), session_id="3"),
            like("dollar", FULL, amount=of("500", "USD"), session_id="4"),
            like("short", FULL, expires_at=NOW + 29 * MINUTE, session_id="5"),
        )
        store(conn, *no_twins)
        assert same(conn) is None
        store(conn, FULL, like("a", FULL, created_at=NOW + MINUTE, session_id="6"), BARE)
        assert (same(conn), same(conn, None), same(conn, BORIS)) == ("a", "bare", None)
        assert (same(conn, amount="499.99"), same(conn, currency="USD")) == ("less", "dollar")
        store(conn, like("b", FULL, created_at=NOW + MINUTE, session_id="7"))
        assert same(conn) == "b"

    db.write_now(unit)


def test_the_longest_unasked_of_one_provider_is_asked_about_first(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        unasked = [like(name, checked_at=NOW - ago * MINUTE) for name, ago in (("a", 1), ("c", 3), ("b", 3), ("d", 0))]
        others = [like("paid", state="paid"), like("other", provider="other"), like("late", checked_at=NOW + MINUTE)]
        processing = like("p", state="processing", checked_at=NOW - 9 * MINUTE)
        store(conn, *unasked, *(replace(one, checked_at=NOW - MINUTE) for one in others[:2]), others[2], processing)

        def waiting(limit: int = 9) -> list[str]:
            return [one.id for one in checkouts.waiting(conn, "stripe", NOW, limit)]

        assert waiting() == ["p", "b", "c", "a", "d"]
        assert waiting(2) == ["p", "b"]
        checkouts.note_checked(conn, [CheckoutId("p"), CheckoutId("b")], NOW + MINUTE)
        assert waiting() == ["c", "a", "d"]

    db.write_now(unit)


def test_reports_that_came_before_their_payment_wait_for_it_alone(db: Database) -> None:
    def report(name: str, payment: str = "pi_1", minutes: int = 0, *, ask: bool = False) -> PaymentEvent:
        taken = None if ask else Reversal("re_1", payment, euro("1.00"), "refund")
        at = NOW + minutes * MINUTE
        return PaymentEvent(name, "kind", at, reversal=taken, ask_refunds_of=payment if ask else None)

    def unit(conn: Connection) -> None:
        add_partner(conn)
        store(conn, FULL)
        heard = [report("late", minutes=1), report("y"), report("x", ask=True), report("elsewhere", "pi_2")]
        for one in heard:
            assert events.take(conn, "stripe", one, NOW)
            assert not events.take(conn, "stripe", one, NOW)
            events.conclude(conn, "stripe", one.id, "waiting")
        for provider, name in (("other", "foreign"), ("stripe", "done")):
            events.take(conn, provider, report(name), NOW)
        events.conclude(conn, "other", "foreign", "waiting")
        events.conclude(conn, "stripe", "done", "applied", FULL.id)
        waits = events.waiting_for(conn, "stripe", "pi_1")
        assert [name for name, _ in waits] == ["x", "y", "late"]
        assert waits[0][1] == {"ask_refunds_of": "pi_1"}
        assert set(waits[1][1]) == {"reversal"}
        assert [name for name, _ in events.waiting_for(conn, "other", "pi_1")] == ["foreign"]
        rows = conn.execute(select(payment_event.c.id, payment_event.c.checkout_id, payment_event.c.received_at))
        found = {row.id: (row.checkout_id, row.received_at) for row in rows}
        assert (found["done"], found["x"]) == ((FULL.id, NOW), (None, NOW))

    db.write_now(unit)


def test_a_report_is_kept_with_the_page_it_is_about_and_no_more_of_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        events.take(conn, "stripe", PaymentEvent("e", "kind", NOW, session=view(FULL.id, "paid")), NOW)
        facts = conn.execute(select(payment_event.c.facts)).scalar_one()
        assert facts == {"session": {"id": "cs_test_1", "state": "paid"}}

    db.write_now(unit)


def test_each_provider_has_a_cursor_of_its_own(db: Database) -> None:
    def unit(conn: Connection) -> None:
        events.move_cursor(conn, "stripe", NOW)
        events.move_cursor(conn, "other", NOW + MINUTE)
        events.move_cursor(conn, "stripe", NOW + 2 * MINUTE)
        known = [events.cursor(conn, one) for one in ("stripe", "other", "third")]
        assert known == [NOW + 2 * MINUTE, NOW + MINUTE, None]

    db.write_now(unit)


def test_money_taken_back_says_of_which_payment_and_what_is_left(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("600.00"))
        store(conn, FULL)
        taken = Reversal("re_1", "pi_1", euro("500.00"), "refund")
        first = apply_reversal(conn, FULL, taken, NOW)
        (news,) = first.news
        assert ([one.what for one in first.changes], news.what, news.why) == (["taken_back"], "taken_back", "refund")
        assert (news.amount, news.left, news.key) == (euro("500.00"), euro("100.00"), "re_1")
        assert apply_reversal(conn, FULL, taken, NOW).news == ()
        second = apply_reversal(conn, FULL, replace(taken, returned=True), NOW)
        (back,) = second.news
        assert ([one.what for one in second.changes], back.what, back.left) == (
            ["restored"], "restored", euro("600.00"),
        )  # fmt: skip
        rows = conn.execute(select(ledger_transaction).where(ledger_transaction.c.key.startswith("stripe:"))).all()
        assert {(row.key, row.kind, row.receipt) for row in rows} == {
            ("stripe:re_1", "refund", news.receipt),
            ("stripe:re_1:returned", "restored", back.receipt),
        }
        assert {(row.note, row.at) for row in rows} == {("refund re_1 of cs_1 (stripe)", NOW)}
        assert partner_money(conn)[0] == euro("600.00")

    db.write_now(unit)


def test_what_a_partner_owes_after_a_refund_is_paid_off_before_it_is_spent(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("100.00"))
        store(conn, FULL)
        (news,) = apply_reversal(conn, FULL, Reversal("re_1", "pi_1", euro("500.00"), "dispute"), NOW).news
        assert (news.left, news.why) == (euro("-400.00"), "dispute")
        give(conn, euro("400.01"), key="bank-2")
        assert partner_money(conn) == (euro("0.01"), euro("0.00"))
        assert exporting.statement(conn, NORD, "EUR", NOW.date()).closing == euro("0.01")

    db.write_now(unit)
