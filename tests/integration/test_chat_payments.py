"""Money from outside by chat on both databases: replenishing, what clients paid, who owes."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, select, update

from bot.alerts.payment_notes import tell
from bot.billing import service as billing
from bot.billing.payments import checkouts, replenishing
from bot.billing.payments.news import Checkout
from bot.billing.payments.port import SessionView
from bot.billing.payments.terms import ReplenishTerms
from bot.directory import service as directory
from bot.handlers.env import Env
from bot.ids import CheckoutId
from bot.money import of
from bot.settings import LimitSettings
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    NOW,
    RIGA,
    Remembered,
    add_client,
    add_curator,
    add_partner,
    messages,
    surroundings,
    top_up,
)
from tests.integration.chat_world import Phone, phone_of

TERMS = ReplenishTerms("stripe", frozenset({"EUR", "USD"}))


def world(conn: Connection, terms: ReplenishTerms = TERMS, **given: str) -> Phone:
    add_partner(conn)
    phone = phone_of(conn, add_curator(conn, **given))
    return replace(phone, env=Env(surroundings(), LimitSettings(), terms))


def only_checkout(conn: Connection) -> Checkout:
    [found] = checkouts.latest(conn, RIGA)
    return found


def page(checkout_id: CheckoutId, state: str) -> SessionView:
    payment = "pi_1" if state != "open" else None
    return SessionView("cs_1", checkout_id, state, of("500", "EUR"), payment, "https://pay.example/cs_1")  # type: ignore[arg-type]


def seen(conn: Connection, state: str) -> None:
    """The provider tells, and people are told."""
    found = only_checkout(conn)
    outcome = replenishing.see(conn, found.id, page(found.id, state), NOW, Remembered())
    tell(conn, outcome, now=NOW, env=ENV)


async def test_replenish_gives_a_link_and_then_the_money_is_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        owner = add_curator(conn, "Boss", role="owner", language="ru")
        add_curator(conn, "Tom", role="viewer")
        assert anna.say("replenish 500") == []
        asked = only_checkout(conn)
        assert (asked.amount, asked.state, asked.asked_from) == (of("500", "EUR"), "asked", anna.address)
        seen(conn, "open")
        link = messages(conn)[-1]
        assert (link.template, link.to_address, link.in_reply_to) == ("payments/link", anna.address, asked.in_reply_to)
        assert "https://pay.example/cs_1" in link.body
        again = anna.ask("пополнить счёт 500 евро")
        assert (again.template, again.kind) == ("payments/link", "reply")
        seen(conn, "paid")
        seen(conn, "paid")
        told = [row for row in messages(conn) if row.template == "payments/credited"]
        assert [row.curator_id for row in told] == [owner, asked.asked_by] or [row.curator_id for row in told] == [
            asked.asked_by,
            owner,
        ]
        bodies = {row.curator_id: row.body.splitlines() for row in told}
        assert bodies[asked.asked_by][:2] == [
            "*Partner account replenished* by €500.00",
            "Account now €1,700.00, paid through Stripe",
        ]
        assert bodies[asked.asked_by][2].startswith("Asked for by Anna, 26 Nov 09:00, receipt ")
        assert bodies[owner][0] == "*Партнёрский счёт пополнен* на 500,00\u00a0€"
        assert {row.kind for row in told} == {"receipt"}

    await db.write(story)


async def test_who_may_not_and_what_cannot(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        tom = phone_of(conn, add_curator(conn, "Tom", role="viewer"))
        assert tom.ask("replenish 500").template == "replies/viewer"
        assert tom.ask("paid alfa 5").template == "replies/viewer"
        assert anna.ask("replenish 0.20").template == "replies/error_amount_too_small"
        assert anna.ask("replenish 500 rub").text == (
            "There is no payment by card in ₽: pay by bank transfer, and the operator credits the account."
        )
        assert anna.ask("replenish").text == "How much? Write it with the currency, such as *replenish 500 EUR*."
        assert anna.ask("replenish ten").template == "replies/amount_refused"
        assert anna.ask("replenish 10.005").text.splitlines() == ["Which do you mean?", "1. €10,005.00"]
        assert anna.ask("replenish 10.0055").template == "replies/amount_refused"
        conn.execute(update(tables.partner).values(kind="referral"))
        assert anna.ask("replenish 500").template == "payments/error_not_official"
        assert checkouts.latest(conn, RIGA) == []

    await db.write(story)


async def test_without_a_provider_it_says_what_works(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn, ReplenishTerms(bank_details="Bank X, IBAN LV00"), language="ru")
        assert anna.ask("пополнить счёт 500").text.splitlines() == [
            "В € оплаты картой нет: заплатите банковским переводом, и оператор зачислит деньги на счёт.",
            "Куда платить: Bank X, IBAN LV00",
        ]

    await db.write(story)


async def test_only_what_can_be_paid_by_card_is_offered(db: Database) -> None:
    """Roubles and tenge go by bank: with euro beside them euro are meant, alone they are named."""

    def story(conn: Connection) -> None:
        anna = world(conn)
        for one in ("RUB", "KZT"):
            billing.deposit(conn, RIGA, of("5", one), reason="bank", by="operator", key=one, now=NOW)
        assert anna.say("replenish 500") == []
        assert only_checkout(conn).amount == of("500", "EUR")
        anna.env = replace(anna.env, replenish=ReplenishTerms())
        assert anna.ask("replenish 500").text.startswith("There is no payment by card in €")

    await db.write(story)


async def test_what_can_be_meant_in_two_ways_is_asked(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        billing.deposit(conn, RIGA, of("5", "USD"), reason="bank", by="operator", key="usd", now=NOW)
        which = anna.ask("replenish 500")
        assert which.text.splitlines() == ["Which do you mean?", "1. €500.00", "2. $500.00"]
        assert anna.say("2") == []
        assert only_checkout(conn).amount == of("500", "USD")
        assert anna.ask("replenish 1,440 eur").text.splitlines()[1:] == ["1. €1,440.00", "2. €1.44"]
        assert anna.say("1") == []
        assert checkouts.latest(conn, RIGA)[0].amount == of("1440", "EUR")
        assert anna.ask("x", "replenish:EUR:1e9").template == "replies/button_old"

    await db.write(story)


async def test_a_stopped_asker_hears_the_link_but_no_notices(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.say("replenish 500")
        directory.stop(conn, directory.identify(conn, anna.address)[0].id, NOW)
        seen(conn, "open")
        seen(conn, "expired")
        assert [row.template for row in messages(conn)] == ["payments/link"]

    await db.write(story)


async def test_what_a_client_paid_is_noted_linked_and_taken_back(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        alfa, _ = add_client(conn, ALFA), add_client(conn, BETA)
        who = directory.identify(conn, anna.address)[0].id
        top_up(conn, alfa, "100.00", who)
        top_up(conn, alfa, "40.00", who, now=NOW + timedelta(minutes=20))
        receipts = conn.execute(select(tables.transfer.c.receipt).order_by(tables.transfer.c.id)).scalars().all()
        listed = anna.ask("owes")
        assert listed.text.splitlines()[:2] == [
            "*Credited, not paid yet*",
            f"Alfa Dental: €140.00 since 26 Nov 09:00, {receipts[0]}, {receipts[1]}",
        ]
        noted = anna.ask("paid alfa 40 in cash")
        assert noted.text.splitlines() == [
            "*Noted: Alfa Dental* paid you €40.00, in cash",
            f"ID 48210017. It pays for the top-up of 26 Nov 09:20, receipt {receipts[1]}.",
            "Still to be paid: €100.00. This is your own note: no money has moved by it.",
        ]
        more = anna.ask("альфа оплатила 150")
        assert "Paid ahead: €50.00" in more.text
        ahead = anna.ask("кто должен")
        assert ahead.text.splitlines() == [
            "*Paid, not credited yet* (answer with a number to top up)",
            "1. Alfa Dental: €50.00 since 26 Nov 09:00",
        ]
        assert anna.ask("1").template == "replies/quote_topup"
        [undone] = anna.tap(more, "Undo")
        assert undone.text == "The note of €150.00 is taken back."
        assert anna.tap(more, "Undo")[0].template == "replies/button_old"
        assert anna.tap(noted, "Undo")[0].template == "payments/unpaid"
        assert "€140.00" in anna.ask("owes").text
        assert billing.check(conn).ok

    await db.write(story)


async def test_a_payment_needs_a_client_an_amount_and_his_currency(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        assert anna.ask("owes").template == "payments/owes_none"
        add_client(conn, ALFA)
        assert anna.ask("paid alfa").text == "How much did Alfa Dental pay? Write it like: *paid 48210017 1440 cash*"
        assert anna.ask("paid alfa 10 usd").template == "payments/paid_currency"
        assert anna.ask("paid alfa 1,440").template == "replies/amount_refused"
        assert anna.ask("paid nobodyatall 10").template == "replies/nothing_found"
        assert anna.ask("paid alfa 100").text.splitlines()[1] == "ID 48210017. It waits for the next top-up."

    await db.write(story)
