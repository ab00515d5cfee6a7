"""Replenishments for tests without a wire: pages as the provider would describe them, and what the account has."""

from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, select

from bot.billing import service as billing
from bot.billing.payments import replenishing
from bot.billing.payments.news import Checkout, Outcome
from bot.billing.payments.port import PaymentEvent, Reversal, SessionView
from bot.billing.payments.terms import ReplenishTerms
from bot.ids import CheckoutId
from bot.money import Money
from bot.storage.tables import ledger_transaction
from tests.integration.alert_world import Remembered
from tests.integration.billing_world import ANNA, ANNAS, NORD, NOW, euro

TERMS = ReplenishTerms("stripe", frozenset({"EUR", "USD"}))
SESSION = "cs_test_1"
PAYMENT = "pi_1"
_numbers = count(1)


def ask(conn: Connection, amount: Money | None = None, **more: Any) -> Checkout:
    """Anna asks for a page."""
    given: dict[str, Any] = {
        "partner_id": NORD, "amount": amount or euro("500.00"), "language": "en", "asked_by": ANNA,
        "asked_from": ANNAS, "now": NOW, "jobs": Remembered(),
    } | more  # fmt: skip
    return replenishing.ask(conn, given.pop("terms", TERMS), **given)


def view(checkout_id: CheckoutId, state: Any, amount: Money | None = None, **more: Any) -> SessionView:
    """The page as the provider has it."""
    paid = {"payment_id": PAYMENT} if state in ("paid", "processing", "failed") else {"url": "https://pay.example"}
    values: dict[str, Any] = {
        "id": SESSION,
        "checkout_id": checkout_id,
        "state": state,
        "amount": amount or euro("500.00"),
    }
    return SessionView(**(values | paid | more))


def event(session: SessionView | None = None, reversal: Reversal | None = None, **more: Any) -> PaymentEvent:
    """A report, with an id of its own unless one is given."""
    values: dict[str, Any] = {"id": f"evt_{next(_numbers)}", "kind": "kind", "created_at": NOW + timedelta(minutes=1)}
    return PaymentEvent(**(values | more), session=session, reversal=reversal)


def refund(amount: str = "500.00", *, returned: bool = False, which: str = "re_1", why: Any = "refund") -> Reversal:
    """Money taken back."""
    return Reversal(which, PAYMENT, euro(amount), why, returned)


def hear(conn: Connection, *heard: PaymentEvent, jobs: Remembered | None = None) -> list[str]:
    """Take reports in; answers what people are told."""
    told: list[str] = []
    for one in heard:
        told += names(replenishing.hear(conn, "stripe", one, NOW, jobs or Remembered()))
    return told


def see(conn: Connection, checkout_id: CheckoutId, state: Any, **more: Any) -> list[str]:
    """The provider answers about a page."""
    return names(replenishing.see(conn, checkout_id, view(checkout_id, state, **more), NOW, Remembered()))


def names(outcome: Outcome) -> list[str]:
    """What news there is."""
    return [one.what for one in outcome.news]


def posted(conn: Connection) -> list[str]:
    """The keys of everything in the ledger, in order."""
    return list(conn.execute(select(ledger_transaction.c.key).order_by(ledger_transaction.c.id)).scalars())


def has(conn: Connection, currency: str = "EUR") -> str:
    """What the partner account has, and that the books are right."""
    report = billing.check(conn)
    assert report.ok, report.problems
    found = [one for one in billing.partner_accounts(conn, NORD) if one.currency == currency]
    return str(found[0].available.decimal) if found else "none"
