"""Payouts on both databases: held from the request on, posted once when paid, freed when cancelled."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot.billing import payouts, transfers
from bot.billing import service as billing
from bot.errors import UserError
from bot.ids import PartnerId, TransferId
from bot.money import as_json
from bot.storage import audit
from bot.storage.engine import Database
from tests.integration.billing_world import NORD, NOW, add_client, add_partner, ask_top_up, euro, give, partner_money


def world(conn: Connection) -> payouts.Payout:
    add_partner(conn)
    give(conn, euro("1000.00"))
    return payouts.request(conn, NORD, euro("300.00"), reason="Anna asked", now=NOW)


def right(conn: Connection) -> tuple[str, str]:
    """Balance and hold; the books are right."""
    report = billing.check(conn)
    assert report.ok, report.problems
    balance, held = partner_money(conn)
    return str(balance.decimal), str(held.decimal)


async def test_a_payout_holds_then_posts_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        asked = world(conn)
        assert (asked.state, right(conn)) == ("pending", ("1000.00", "300.00"))
        with pytest.raises(UserError, match="partner_short"):
            ask_top_up(conn, add_client(conn), euro("1100.00"))
        [change] = payouts.paid(conn, NORD, asked.id, reference="SEPA 1", now=NOW)
        assert (change.what, change.client_id) == ("paid_out", None)
        assert payouts.paid(conn, NORD, asked.id, reference="SEPA 1", now=NOW) == []
        assert right(conn) == ("700.00", "0.00")
        row = billing.movements(conn, NORD, "EUR")[0]
        assert (row.kind, row.amount, row.balance, row.receipt) == (
            "Payout", euro("-300.00"), euro("700.00"), asked.receipt,
        )  # fmt: skip
        assert row.note == "Anna asked (SEPA 1)"
        with pytest.raises(UserError, match="payout_closed"):
            payouts.cancel(conn, NORD, asked.id, reason="too late", now=NOW)
        acts = [one.action for one in audit.records(conn, NORD)]
        assert sorted(acts) == ["payout.paid", "payout.requested"]
        assert {one.who for one in audit.records(conn, NORD)} == {"operator"}

    await db.write(story)


async def test_a_cancelled_payout_frees_the_money_and_is_never_paid(db: Database) -> None:
    def story(conn: Connection) -> None:
        asked = world(conn)
        assert payouts.cancel(conn, NORD, asked.id, reason="wrong account", now=NOW).state == "voided"
        assert payouts.cancel(conn, NORD, asked.id, reason="again", now=NOW).state == "voided"
        assert right(conn) == ("1000.00", "0.00")
        with pytest.raises(UserError, match="payout_closed"):
            payouts.paid(conn, NORD, asked.id, reference="SEPA 1", now=NOW)
        assert right(conn) == ("1000.00", "0.00")
        assert [one.state for one in payouts.payouts(conn, NORD)] == ["voided"]

    await db.write(story)


async def test_no_more_than_there_is_and_only_ones_own(db: Database) -> None:
    def story(conn: Connection) -> None:
        asked = world(conn)
        for amount in ("700.01", "0.00", "-5.00"):
            with pytest.raises(UserError, match=r"partner_short|amount_too_small"):
                payouts.request(conn, NORD, euro(amount), reason="x", now=NOW)
        payouts.request(conn, NORD, euro("700.00"), reason="x", now=NOW)
        other = add_partner(conn, PartnerId("other"))
        for which in (asked.id, TransferId("none")):
            with pytest.raises(UserError) as caught:
                payouts.paid(conn, other, which, reference="x", now=NOW)
            assert (caught.value.key, caught.value.facts) == ("payout_unknown", {"payout": which})
        assert billing.settle_due(conn, NOW.replace(year=2030)) == []
        assert right(conn) == ("1000.00", "1000.00")

    await db.write(story)


async def test_a_payout_says_when_it_was_asked_for_and_settled_and_why(db: Database) -> None:
    later, latest = NOW + timedelta(hours=1), NOW + timedelta(hours=2)

    def story(conn: Connection) -> None:
        asked = world(conn)
        assert (asked.at, asked.settled_at, asked.reason, asked.amount) == (NOW, None, "Anna asked", euro("300.00"))
        none = payouts.request(conn, NORD, euro("0.01"), reason="", now=later)
        assert [one.reason for one in (none, *payouts.payouts(conn, NORD))] == ["", "", "Anna asked"]
        payouts.paid(conn, NORD, asked.id, reference="SEPA 1", now=latest)
        gone = payouts.cancel(conn, NORD, none.id, reason="by mistake", now=latest)
        assert (gone.settled_at, gone.reason) == (latest, "; cancelled: by mistake")
        give(conn, euro("5.00"), key="bank-2")
        shown = payouts.payouts(conn, NORD)
        assert [(one.id, one.state, one.at, one.settled_at) for one in shown] == [
            (none.id, "voided", later, latest),
            (asked.id, "posted", NOW, latest),
        ]
        assert shown[0] == gone
        assert payouts.payouts(conn, NORD, 1) == [gone]
        facts = {one.action: one.facts for one in audit.records(conn, NORD)}
        assert facts["payout.requested"] == {
            "payout": asked.id, "amount": as_json(euro("300.00")), "reason": "Anna asked",
        }  # fmt: skip
        assert facts["payout.paid"] == {"payout": asked.id, "reference": "SEPA 1"}
        assert facts["payout.cancelled"] == {"payout": none.id, "reason": "by mistake"}

    await db.write(story)


async def test_payouts_are_one_partners_and_no_other_transfers(db: Database) -> None:
    def story(conn: Connection) -> None:
        asked = world(conn)
        ask_top_up(conn, add_client(conn), euro("10.00"))
        other = add_partner(conn, PartnerId("other"))
        assert payouts.payouts(conn, other) == []
        assert [one.id for one in payouts.payouts(conn, NORD)] == [asked.id]

    await db.write(story)


async def test_a_refused_payout_says_why(db: Database) -> None:
    def story(conn: Connection) -> None:
        asked = world(conn)
        with pytest.raises(UserError) as caught:
            payouts.request(conn, NORD, euro("0.00"), reason="x", now=NOW)
        facts = {"least": as_json(euro("0.01")), "amount": as_json(euro("0.00"))}
        assert (caught.value.key, caught.value.facts) == ("amount_too_small", facts)
        payouts.paid(conn, NORD, asked.id, reference="SEPA 1", now=NOW)
        with pytest.raises(UserError) as caught:
            payouts.cancel(conn, NORD, asked.id, reason="too late", now=NOW)
        assert (caught.value.key, caught.value.facts) == ("payout_closed", {"receipt": asked.receipt})
        freed = payouts.request(conn, NORD, euro("1.00"), reason="x", now=NOW)
        payouts.cancel(conn, NORD, freed.id, reason="x", now=NOW)
        with pytest.raises(UserError) as caught:
            payouts.paid(conn, NORD, freed.id, reference="SEPA 2", now=NOW)
        assert (caught.value.key, caught.value.facts) == ("payout_closed", {"receipt": freed.receipt})

    await db.write(story)


async def test_a_payout_is_a_transfer_of_the_book_with_a_receipt_that_nobody_has(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def story(conn: Connection) -> None:
        asked = world(conn)
        numbers = iter((asked.receipt, "NEW01"))
        monkeypatch.setattr(payouts, "new_receipt", lambda: next(numbers))
        second = payouts.request(conn, NORD, euro("1.00"), reason="x", now=NOW)
        moved = transfers.load(conn, transfer_id=second.id)
        assert moved is not None
        assert (moved.receipt, second.receipt) == ("NEW01", "NEW01")
        assert (moved.kind, moved.state, moved.confirmed_at) == ("payout", "pending", NOW)
        assert moved.effect == {"gateway": "book"}

    await db.write(story)
