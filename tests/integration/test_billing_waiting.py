"""The way through waiting on both databases: pending, money held, then posted, undone or voided."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection

from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.billing.transfers import Transfer
from bot.clock import ManualClock
from bot.errors import UserError
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    ANNAS,
    BETA,
    BOOK,
    BORIS,
    BORISES,
    NORD,
    NOW,
    ask_renewal,
    ask_top_up,
    balance_of,
    euro,
    partner_money,
    say_yes,
    start,
)


def undo(conn: Connection, transfer_id: str, clock: ManualClock) -> Transfer:
    return billing.cancel(conn, transfer_id=transfer_id, curator_id=ANNA, address=ANNAS, now=clock.now())  # type: ignore[arg-type]


def test_a_confirmed_top_up_waits_and_is_posted(db: Database, clock: ManualClock) -> None:
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("1440")))
    waiting = db.write_now(lambda conn: say_yes(conn, quote, undo_seconds=60))
    assert (waiting.state, waiting.changes) == ("pending", [])
    assert waiting.transfer.post_at == NOW + timedelta(seconds=60)
    assert db.read_now(partner_money) == (euro("1200"), euro("936"))
    assert db.read_now(balance_of, client_id) == euro("0")
    assert db.read_now(billing.check).ok
    clock.advance(seconds=59)
    assert db.write_now(billing.settle_due, clock.now()) == []
    clock.advance(seconds=1)
    assert db.write_now(billing.settle_due, clock.now()) == [Changed(NORD, client_id, "topped_up", quote.id)]
    assert db.write_now(billing.settle_due, clock.now()) == []
    assert db.read_now(partner_money) == (euro("264"), euro("0"))
    assert db.read_now(balance_of, client_id) == euro("1440")
    again = db.write_now(lambda conn: say_yes(conn, quote, now=clock.now(), undo_seconds=60))
    assert (again.state, again.receipt, again.changes) == ("posted", waiting.receipt, [])
    with pytest.raises(UserError, match="too_late"):
        db.write_now(undo, quote.id, clock)
    assert db.read_now(billing.check).ok


def test_undo_gives_back_what_was_held(db: Database, clock: ManualClock) -> None:
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_renewal(conn, client_id))
    db.write_now(lambda conn: say_yes(conn, quote, undo_seconds=60))
    clock.advance(seconds=30)
    for _ in range(2):
        assert db.write_now(undo, quote.id, clock).state == "voided"
    assert db.read_now(partner_money) == (euro("1200"), euro("0"))
    clock.advance(seconds=60)
    assert db.write_now(billing.settle_due, clock.now()) == []
    with pytest.raises(UserError, match="quote_cancelled"):
        db.write_now(lambda conn: say_yes(conn, quote, now=clock.now()))
    assert db.read_now(billing.standing, client_id, clock.now(), BOOK).next_end == date(2026, 12, 3)
    assert db.read_now(billing.check).ok


def test_held_money_is_not_there_for_others(db: Database) -> None:
    """What waits can neither be promised to another client nor eaten by daily payments."""
    client_id = db.write_now(start, BETA, "936.00")
    quote = db.write_now(lambda conn: ask_renewal(conn, client_id))
    db.write_now(lambda conn: say_yes(conn, quote, undo_seconds=300))
    with pytest.raises(UserError) as refused:
        db.write_now(lambda conn: ask_top_up(conn, client_id, euro("1440")))
    assert refused.value.facts["available"]["amount"] == "883.35"
    midnight = NOW + timedelta(hours=15)
    assert db.write_now(billing.charge_due, BOOK, midnight) == [Changed(NORD, client_id, "stopped")]
    changes = db.write_now(billing.settle_due, midnight)
    assert [one.what for one in changes] == ["subscribed", "resumed"]
    assert db.read_now(balance_of, client_id) == euro("0")
    assert db.read_now(billing.check).ok


def test_two_renewals_of_the_same_subscription_do_not_wait_together(db: Database) -> None:
    client_id = db.write_now(start, ALFA, "5000.00")
    first, second = (db.write_now(lambda conn: ask_renewal(conn, client_id)) for _ in range(2))
    db.write_now(lambda conn: say_yes(conn, first, undo_seconds=60))
    with pytest.raises(UserError, match="already_pending"):
        db.write_now(say_yes, second)
    with pytest.raises(UserError, match="already_pending"):
        db.write_now(lambda conn: ask_renewal(conn, client_id))


def test_a_quote_that_no_longer_fits_is_refused(db: Database) -> None:
    """Anna and Boris both asked; Boris was first."""
    client_id = db.write_now(start, ALFA, "5000.00")
    annas = db.write_now(lambda conn: ask_renewal(conn, client_id))

    def boris(conn: Connection) -> None:
        quote = billing.quote_renewal(
            conn, BOOK, partner_id=NORD, client_id=client_id, asked_by=BORIS, asked_from=BORISES, now=NOW
        )
        billing.confirm(conn, token=quote.token, curator_id=BORIS, address=BORISES, now=NOW)

    db.write_now(boris)
    with pytest.raises(UserError, match="quote_stale"):
        db.write_now(say_yes, annas)
    assert db.read_now(billing.standing, client_id, NOW, BOOK).next_end == date(2027, 12, 3)


def test_facts_that_change_while_it_waits_void_it(db: Database, clock: ManualClock) -> None:
    """A table shows that somebody renewed elsewhere: nothing is paid twice."""
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_renewal(conn, client_id))
    db.write_now(lambda conn: say_yes(conn, quote, undo_seconds=60))
    db.write_now(
        lambda conn: billing.set_subscription(
            conn, NORD, client_id, plan="Inbox", end_date=date(2027, 12, 3), as_of=NOW, now=NOW
        )
    )
    clock.advance(seconds=60)
    assert db.write_now(billing.settle_due, clock.now()) == [Changed(NORD, client_id, "not_done", quote.id)]
    assert db.write_now(billing.settle_due, clock.now()) == []
    assert db.read_now(partner_money) == (euro("1200"), euro("0"))
    with pytest.raises(UserError) as refused:
        db.write_now(lambda conn: say_yes(conn, quote, now=clock.now()))
    assert refused.value.facts["reason"] == "stale: end_date"
    assert db.read_now(billing.check).ok


def test_the_operator_can_void(db: Database, clock: ManualClock) -> None:
    client_id = db.write_now(start)
    quote = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100")))
    db.write_now(lambda conn: say_yes(conn, quote, undo_seconds=60))
    assert db.write_now(billing.void, quote.id, "asked by phone", clock.now()).reason == "asked by phone"
    assert db.read_now(partner_money) == (euro("1200"), euro("0"))


def test_a_code_means_one_quote(db: Database) -> None:
    client_id = db.write_now(start)
    one = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("10")))
    other = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("20")))
    assert one.code != other.code
    assert other.code is not None
    assert db.read_now(billing.check_code, ANNA, ANNAS, f" {other.code} ", NOW) == other.id
    for curator_id, address in ((BORIS, ANNAS), (ANNA, BORISES)):
        with pytest.raises(UserError, match="wrong_code"):
            db.read_now(billing.check_code, curator_id, address, other.code, NOW)
    db.write_now(say_yes, other)
    with pytest.raises(UserError, match="wrong_code"):
        db.read_now(billing.check_code, ANNA, ANNAS, other.code, NOW)


def test_an_identical_top_up_a_moment_ago_is_named(db: Database) -> None:
    client_id = db.write_now(start)
    first = db.write_now(lambda conn: ask_top_up(conn, client_id, euro("100")))
    assert first.repeat_of is None
    receipt = db.write_now(say_yes, first).receipt

    def asked_again(amount: str, minutes: int) -> str | None:
        later = NOW + timedelta(minutes=minutes)
        return db.write_now(lambda conn: ask_top_up(conn, client_id, euro(amount), now=later)).repeat_of

    assert asked_again("100", 9) == receipt
    assert asked_again("101", 9) is None
    assert asked_again("100", 11) is None


def test_a_dry_run_writes_nothing(db: Database) -> None:
    client_id = db.write_now(start)

    def dry(conn: Connection) -> tuple[str, str]:
        common = {"partner_id": NORD, "client_id": client_id, "asked_by": None, "asked_from": None, "now": NOW}
        top_up = billing.quote_top_up(conn, BOOK, amount=euro("100"), save=False, **common)  # type: ignore[arg-type]
        renewal = billing.quote_renewal(conn, BOOK, save=False, **common)  # type: ignore[arg-type]
        return str(top_up.partner_pays), str(renewal.partner_pays)

    assert db.read_now(dry) == ("65.00 EUR", "936.00 EUR")
