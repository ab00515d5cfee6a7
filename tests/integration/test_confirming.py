"""What confirming, undoing and voiding answer and leave behind: reasons with facts, moments, money, the receipt."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from bot.billing import confirming, subscribing, transfers, undoing
from bot.billing import service as billing
from bot.billing.quote import Quote
from bot.billing.subscribing import Asked
from bot.billing.transfers import Transfer
from bot.errors import UserError
from bot.ids import ClientId, CuratorId, PartnerId, TransferId
from bot.money import as_json
from bot.storage import tables
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
    Wanted,
    add_client,
    add_partner,
    ask_renewal,
    ask_top_up,
    balance_of,
    euro,
    give,
    partner_money,
    say_yes,
)

MINUTE = timedelta(minutes=1)
LATER = NOW + MINUTE
PLAIN = Wanted("48210066")
PAID = Wanted("48210074", ends=ALFA.ends, plan="Pro", months=1, channels=1, balance="45.00")


def world(conn: Connection, *wanted: Wanted, money: str = "5000.00") -> list[ClientId]:
    add_partner(conn)
    give(conn, euro(money))
    return [add_client(conn, one) for one in wanted or (PLAIN,)]


def refused(ask: Callable[[], object]) -> tuple[str, dict[str, Any]]:
    """The exact key, and the facts for the answer."""
    with pytest.raises(UserError) as caught:
        ask()
    return caught.value.key, dict(caught.value.facts)


def loaded(conn: Connection, quote: Quote) -> Transfer:
    found = transfers.load(conn, transfer_id=quote.id)
    assert found is not None
    return found


def undo(conn: Connection, quote: Quote) -> Transfer:
    return billing.cancel(conn, transfer_id=quote.id, curator_id=ANNA, address=ANNAS, now=LATER)


def test_confirming_again_holds_nothing_twice_and_one_second_is_a_window(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        quote = ask_top_up(conn, client_id, euro("100.00"))
        first, second = (say_yes(conn, quote, undo_seconds=1) for _ in range(2))
        assert (first.state, first.transfer.post_at) == ("pending", NOW + timedelta(seconds=1))
        assert (second.state, second.receipt, second.changes) == ("pending", first.receipt, [])
        assert (first.again, second.again) == (False, True)
        assert partner_money(conn) == (euro("5000.00"), euro("65.00"))
        assert say_yes(conn, ask_top_up(conn, client_id, euro("1.00")), undo_seconds=0).state == "posted"

    db.write_now(unit)


def test_moments_and_reasons_are_kept(db: Database) -> None:
    def moments(conn: Connection, quote: Quote) -> tuple[Any, ...]:
        found = loaded(conn, quote)
        return found.state, found.confirmed_at, found.settled_at, found.reason

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        at_once, waited, undone, dropped = (ask_top_up(conn, client_id, euro(f"{n}.00")) for n in (1, 2, 3, 4))
        say_yes(conn, at_once)
        say_yes(conn, waited, undo_seconds=60)
        say_yes(conn, undone, undo_seconds=90)
        undo(conn, undone)
        billing.void(conn, dropped.id, "asked by phone", LATER)
        billing.settle_due(conn, LATER)
        assert moments(conn, at_once) == ("posted", NOW, NOW, None)
        assert moments(conn, waited) == ("posted", NOW, LATER, None)
        assert moments(conn, undone) == ("voided", NOW, LATER, "cancelled")
        assert moments(conn, dropped) == ("voided", None, LATER, "asked by phone")
        assert undo(conn, undone).settled_at == LATER

    db.write_now(unit)


def confirmed_by_the_operator(conn: Connection, client_id: ClientId, amount: str, seconds: int = 60) -> Transfer:
    """On the command line nobody's curator asks and confirms."""
    quote = billing.quote_top_up(
        conn, BOOK, partner_id=NORD, client_id=client_id, amount=euro(amount), asked_by=None, asked_from=None, now=NOW
    )
    return billing.confirm(
        conn, transfer_id=quote.id, curator_id=None, address=None, now=NOW, undo_seconds=seconds
    ).transfer


def undo_refused(conn: Connection, receipt: str, partner_id: PartnerId = NORD) -> tuple[str, dict[str, Any]]:
    return refused(lambda: undoing.undo(conn, partner_id, receipt.lower(), LATER))


def test_the_operator_takes_back_by_its_receipt_what_he_confirmed_himself(db: Database) -> None:
    """The right one of several, its money free again, however the number is written; repeating changes nothing."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        kept, wrong = (confirmed_by_the_operator(conn, client_id, amount) for amount in ("10.00", "100.00"))
        assert partner_money(conn) == (euro("5000.00"), euro("71.50"))
        for at in (LATER, LATER + MINUTE):
            gone = undoing.undo(conn, NORD, f" {wrong.receipt.lower()}\n", at)
            assert (gone.id, gone.state, gone.settled_at, gone.reason) == (wrong.id, "voided", LATER, "cancelled")
        assert partner_money(conn) == (euro("5000.00"), euro("6.50"))
        billing.settle_due(conn, LATER)
        assert undo_refused(conn, kept.receipt) == ("too_late", {"receipt": kept.receipt})
        assert balance_of(conn, client_id) == euro("10.00")

    db.write_now(unit)


def test_what_is_not_the_operators_or_no_longer_waits_is_not_taken_back(db: Database) -> None:
    """The reason names the receipt: nobody's, another partner's, one never confirmed, a curator's, a task's, posted."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        add_partner(conn, PartnerId("sued"))
        mine, task = (confirmed_by_the_operator(conn, client_id, amount) for amount in ("10.00", "20.00"))
        conn.execute(update(tables.transfer).where(tables.transfer.c.id == task.id).values(post_at=None))
        posted = confirmed_by_the_operator(conn, client_id, "30.00", seconds=0)
        annas = say_yes(conn, ask_top_up(conn, client_id, euro("40.00")), undo_seconds=60).transfer
        asked = loaded(conn, ask_top_up(conn, client_id, euro("50.00")))
        held = partner_money(conn)

        others = undo_refused(conn, mine.receipt, PartnerId("sued"))
        assert others == ("receipt_unknown", {"receipt": mine.receipt})
        for receipt, key in (
            ("XXXXX", "receipt_unknown"),
            (asked.receipt, "receipt_unknown"),
            (annas.receipt, "undo_elsewhere"),
            (task.receipt, "undo_elsewhere"),
            (posted.receipt, "too_late"),
        ):
            assert undo_refused(conn, receipt) == (key, {"receipt": receipt})
        assert partner_money(conn) == held

    db.write_now(unit)


def test_taking_one_way_closes_the_other_and_no_third(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, BETA)
        alone = ask_top_up(conn, client_id, euro("7.00"))
        quote = ask_top_up(conn, client_id, euro("100.00"))
        assert quote.guard is not None
        assert (quote.other_id, quote.guard.other_id) == (quote.guard.id, quote.id)
        assert loaded(conn, quote.guard).quote.other_id == quote.id
        say_yes(conn, quote, now=LATER)
        closed = loaded(conn, quote.guard)
        assert (closed.state, closed.settled_at, closed.reason) == ("voided", LATER, "other way taken")
        assert loaded(conn, alone).state == "quote"
        facts = {"reason": "other way taken"}
        assert refused(lambda: say_yes(conn, quote.guard or quote, now=LATER)) == ("quote_cancelled", facts)

    db.write_now(unit)


def test_a_way_that_is_over_is_left_as_it_is(db: Database) -> None:
    """Undone by hand before the other was taken: its reason stays."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, BETA)
        quote = ask_top_up(conn, client_id, euro("100.00"))
        assert quote.guard is not None
        undo(conn, quote.guard)
        say_yes(conn, quote)
        assert loaded(conn, quote.guard).reason == "cancelled"

    db.write_now(unit)


def test_what_is_over_says_under_which_receipt_and_since_when(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        done, old = (ask_top_up(conn, client_id, euro(amount)) for amount in ("10.00", "20.00"))
        receipt = say_yes(conn, done).receipt
        end = NOW + BOOK.quote_lasts
        too_late = ("too_late", {"receipt": receipt})
        assert refused(lambda: undo(conn, done)) == too_late
        assert refused(lambda: billing.void(conn, done.id, "phone", NOW)) == too_late
        assert refused(lambda: say_yes(conn, old, now=end)) == ("quote_expired", {"expired_at": end.isoformat()})
        billing.expire_quotes(conn, end)
        assert refused(lambda: say_yes(conn, old)) == ("quote_expired", {"expired_at": end.isoformat()})
        assert loaded(conn, old).state == "expired"

    db.write_now(unit)


def test_what_does_not_exist_is_unknown(db: Database) -> None:
    def unit(conn: Connection) -> None:
        world(conn)
        unknown: tuple[str, dict[str, Any]] = ("quote_unknown", {})
        nowhere = TransferId("nowhere")
        who: dict[str, Any] = {"transfer_id": nowhere, "curator_id": ANNA, "address": ANNAS, "now": NOW}
        assert refused(lambda: billing.confirm(conn, **who)) == unknown
        assert refused(lambda: billing.cancel(conn, **who)) == unknown
        assert refused(lambda: billing.void(conn, nowhere, "phone", NOW)) == unknown
        assert refused(lambda: billing.receipt(conn, nowhere)) == unknown
        assert refused(lambda: billing.check_code(conn, ANNA, ANNAS, "0000", NOW)) == ("wrong_code", {})

    db.write_now(unit)


def test_a_purchase_and_a_change_wait_for_the_purchase_before_them_money_does_not(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, PAID)
        asked = Asked(NORD, client_id, NOW, ANNA, ANNAS)
        upgrade = subscribing.quote_upgrade(conn, BOOK, asked, "max")
        money = ask_top_up(conn, client_id, euro("10.00"))
        first, second = ask_renewal(conn, client_id), ask_renewal(conn, client_id)
        waiting = say_yes(conn, first, undo_seconds=60)
        pending = ("already_pending", {"receipt": waiting.receipt})
        assert refused(lambda: say_yes(conn, upgrade)) == pending
        assert refused(lambda: say_yes(conn, second)) == pending
        facts = {"receipt": waiting.receipt, "post_at": LATER.isoformat()}
        assert refused(lambda: ask_renewal(conn, client_id)) == ("already_pending", facts)
        assert say_yes(conn, money).state == "posted"

    db.write_now(unit)


def test_what_has_changed_since_is_named(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, PAID)
        first, second = ask_renewal(conn, client_id), ask_renewal(conn, client_id)
        say_yes(conn, first)
        assert refused(lambda: say_yes(conn, second)) == ("quote_stale", {"reason": "end_date"})

    db.write_now(unit)


def test_money_that_is_gone_since_the_quote_is_named_by_whose_it_was(db: Database) -> None:
    def unit(conn: Connection) -> None:
        paid, plain = world(conn, PAID, PLAIN, money="65.00")
        renewal = ask_renewal(conn, paid)
        assert renewal.client_gets == euro("0.00")
        one, other = (ask_top_up(conn, plain, euro(amount)) for amount in ("100.00", "99.00"))
        say_yes(conn, one)
        short = {"missing": as_json(euro("64.35")), "available": as_json(euro("0.00"))}
        assert refused(lambda: say_yes(conn, other)) == ("partner_short", short)
        billing.adjust_balance(conn, NORD, paid, euro("44.98"), reason="bank", by="operator", key="a", now=NOW)
        short = {"missing": as_json(euro("0.02")), "available": as_json(euro("44.98"))}
        assert refused(lambda: say_yes(conn, renewal)) == ("client_short", short)

    db.write_now(unit)


def test_all_that_is_due_is_settled_whatever_became_of_the_first(db: Database) -> None:
    """The first no longer fits and is voided; the two after it are posted, and all three are told of."""

    def unit(conn: Connection) -> None:
        paid, plain = world(conn, PAID, PLAIN)
        stale = ask_renewal(conn, paid)
        others = [ask_top_up(conn, plain, euro(amount)) for amount in ("10.00", "20.00")]
        for n, quote in enumerate((stale, *others), 1):
            say_yes(conn, quote, undo_seconds=n)
        billing.set_subscription(conn, NORD, paid, plan="Pro", end_date=NOW.date(), as_of=NOW, now=NOW)
        changes = billing.settle_due(conn, LATER)
        assert [(one.what, one.transfer_id) for one in changes] == [
            ("not_done", stale.id),
            ("topped_up", others[0].id),
            ("topped_up", others[1].id),
        ]
        assert (loaded(conn, stale).reason, loaded(conn, stale).settled_at) == ("stale: end_date", LATER)
        assert balance_of(conn, plain) == euro("30.00")
        assert not confirming.is_due(conn, LATER)

    db.write_now(unit)


@pytest.mark.parametrize("undo_seconds", [0, 60])
def test_the_receipt_says_what_was_left_right_after(db: Database, undo_seconds: int) -> None:
    """What comes later changes neither amount; while it waits the receipt says what can be spent now."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, PAID, money="100.00")
        quote = ask_top_up(conn, client_id, euro("100.00"))
        done = say_yes(conn, quote, undo_seconds=undo_seconds)
        if undo_seconds:
            waits = billing.receipt(conn, quote.id)
            assert (waits.state, waits.at) == ("pending", NOW)
            assert (waits.partner_left, waits.client_left) == (euro("35.00"), euro("45.00"))
            billing.settle_due(conn, LATER)
        give(conn, euro("7.00"), key="more")
        say_yes(conn, ask_renewal(conn, client_id), now=LATER)
        said = billing.receipt(conn, quote.id)
        assert (said.partner_left, said.client_left) == (euro("35.00"), euro("145.00"))
        assert (said.state, said.receipt) == ("posted", done.receipt)
        assert said.at == (LATER if undo_seconds else NOW)

    db.write_now(unit)


def test_a_receipt_of_a_renewal_names_what_was_bought(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, ALFA)
        quote = ask_renewal(conn, client_id, plan="pro", months=6)
        say_yes(conn, quote)
        said = billing.receipt(conn, quote.id)
        assert (said.plan, said.plan_title, said.months, said.channels) == ("pro", "Pro", 6, 5)
        assert (said.ends_before, said.ends_after) == (ALFA.ends, quote.ends_after)
        assert quote.ends_after is not None
        assert (said.price, said.keeps, said.asked_by) == (quote.price, quote.partner_keeps, ANNA)
        assert said.late_from is None

    db.write_now(unit)


@pytest.mark.parametrize(
    ("days", "by", "late_from"),
    [
        (0, None, None),
        (7, None, None),
        (8, None, date(2026, 12, 4)),
        (9, None, date(2026, 12, 5)),
        (9, ANNA, None),
    ],
)
def test_a_renewal_by_itself_says_from_when_it_is_late(
    db: Database, days: int, by: CuratorId | None, late_from: date | None
) -> None:
    """The last paid day is 3 December, seven days on; whoever asked for a late one knows."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn, ALFA)
        now, where = NOW + timedelta(days=days), ANNAS if by else None
        quote = billing.quote_renewal(
            conn, BOOK, partner_id=NORD, client_id=client_id, asked_by=by, asked_from=where, now=now
        )
        billing.confirm(conn, transfer_id=quote.id, curator_id=by, address=where, now=now)
        assert billing.receipt(conn, quote.id).late_from == late_from

    db.write_now(unit)


def test_only_the_asker_says_yes_or_no_and_from_the_same_address(db: Database) -> None:
    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        quote = ask_top_up(conn, client_id, euro("10.00"))
        not_yours: tuple[str, dict[str, Any]] = ("quote_not_yours", {})
        for curator_id, address in ((BORIS, ANNAS), (ANNA, BORISES)):
            who: dict[str, Any] = {"curator_id": curator_id, "address": address, "now": NOW}
            assert refused(lambda who=who: billing.confirm(conn, token=quote.token, **who)) == not_yours  # type: ignore[misc]
            assert refused(lambda who=who: billing.cancel(conn, token=quote.token, **who)) == not_yours  # type: ignore[misc]
        assert loaded(conn, quote).state == "quote"

    db.write_now(unit)


def test_what_another_system_carries_out_waits_and_moves_no_money(db: Database) -> None:
    """No window to undo it in, whatever is asked: there is a task from now on."""

    def unit(conn: Connection) -> None:
        (client_id,) = world(conn)
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        quote = ask_top_up(conn, client_id, euro("100.00"))
        done = say_yes(conn, quote, undo_seconds=60)
        assert (done.transfer.id, done.transfer.state, done.changes) == (quote.id, "pending", [])
        assert (done.transfer.confirmed_at, done.transfer.post_at) == (NOW, None)
        assert partner_money(conn) == (euro("5000.00"), euro("0.00"))

    db.write_now(unit)
