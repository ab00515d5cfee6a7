"""Clients that renew by themselves: when, from whose money, within what was agreed; and who hears of it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select, update

from bot.alerts import service as alerts
from bot.billing import auto_renewal, renewing, subscribing
from bot.billing import service as billing
from bot.billing.subscribing import Asked, ChannelName
from bot.errors import UserError
from bot.ids import ClientId
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import auto_renewal as consents
from bot.storage.tables import channel, ledger_transaction, subscription, transfer
from tests.integration.alert_world import (
    ALFA,
    BOOK,
    ENV,
    NOW,
    RIGA,
    Wanted,
    add_client,
    add_curator,
    add_partner,
    charge,
    messages,
    raised,
    scan,
)

LAST_DAY = datetime(2026, 12, 3, tzinfo=UTC)
DUE = LAST_DAY.replace(hour=20)
"""Two hours before midnight in Riga."""


def agree(conn: Connection, client_id: ClientId, limit: str | None = None, *, now: datetime = NOW) -> None:
    stands = billing.standing(conn, client_id, now, BOOK)
    most = of(limit, "EUR") if limit else None
    changes = auto_renewal.switch_on(conn, BOOK, stands, limit=most, by="Olga", now=now)
    alerts.apply(conn, changes, now=now, env=ENV)


def work(conn: Connection, now: datetime) -> list[str]:
    """What the job does: renew what is due, look who must be told."""
    done: list[str] = []
    while renewing.is_due(conn, now):
        changes = renewing.renew_due(conn, BOOK, now)
        alerts.apply(conn, changes, now=now, env=ENV)
        done += [one.what for one in changes]
    return done


def ends(conn: Connection, client_id: ClientId, now: datetime = DUE) -> date | None:
    return billing.standing(conn, client_id, now, BOOK).next_end


def minute_by_minute(conn: Connection, start: datetime, end: datetime) -> dict[datetime, list[str]]:
    found, now = {}, start
    while now <= end:
        if done := work(conn, now):
            found[now] = done
        now += timedelta(minutes=1)
    return found


def test_it_renews_two_hours_before_the_end_and_once(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        done = minute_by_minute(conn, DUE - timedelta(hours=3), DUE + timedelta(hours=5))
        assert done == {DUE: ["renewed"]}
        assert ends(conn, client_id) == date(2027, 12, 3)
        assert billing.standing(conn, client_id, DUE, BOOK).balance == of("0.00", "EUR")
        (account,) = billing.partner_accounts(conn, RIGA)
        assert account.balance == of("264.00", "EUR")
        kinds = conn.execute(select(ledger_transaction.c.kind).order_by(ledger_transaction.c.id)).scalars().all()
        assert list(kinds) == ["deposit", "topup", "renew"]
        assert billing.check(conn).ok

    db.write_now(unit)


def test_nobody_else_renews_by_itself(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        auto_renewal.switch_off(conn, RIGA, client_id, by="Olga", now=NOW)
        assert minute_by_minute(conn, DUE - timedelta(minutes=5), DUE + timedelta(minutes=5)) == {}
        assert ends(conn, client_id) == date(2026, 12, 3)

    db.write_now(unit)


def test_reminders_soften_and_the_financial_curators_get_a_receipt(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        scan(conn)
        (soft,) = messages(conn, anna)
        assert soft.template == "alerts/renewing"
        assert soft.body.splitlines()[0] == "Finances: *Alfa Dental* renews by itself on 3 Dec 22:00"
        work(conn, DUE)
        assert [one.template for one in messages(conn, anna)] == ["alerts/renewing", "receipts/renewed_by"]
        assert raised(conn)[0] == ("ending", 7, "resolved")

    db.write_now(unit)


def test_short_of_money_is_told_a_day_ahead_and_put_right_it_goes_on(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn, "900.00")
        anna = add_curator(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        scan(conn)
        morning = LAST_DAY.replace(hour=7)
        for now in (morning - timedelta(days=1), LAST_DAY.replace(hour=6, minute=30)):
            work(conn, now)
        scan(conn, morning)
        assert messages(conn, anna)[-1].template == "alerts/not_renewed"
        assert "the partner account is short" in messages(conn, anna)[-1].body
        assert ("not_renewed", 0, "open") in raised(conn)
        money = of("36.00", "EUR")
        billing.deposit(conn, RIGA, money, reason="bank", by="operator", key="bank-2", now=morning)
        assert work(conn, DUE) == ["renewed", "auto_renewal"]
        assert ("not_renewed", 0, "resolved") in raised(conn)

    db.write_now(unit)


def test_money_that_comes_in_the_last_two_hours_is_still_in_time(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn, "900.00")
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        assert minute_by_minute(conn, DUE - timedelta(minutes=1), DUE + timedelta(minutes=30)) != {}
        assert ends(conn, client_id) == date(2026, 12, 3)
        late = DUE + timedelta(minutes=31)
        billing.deposit(conn, RIGA, of("36.00", "EUR"), reason="bank", by="operator", key="bank-2", now=late)
        assert list(minute_by_minute(conn, late, late + timedelta(minutes=10)).values()) == [
            ["renewed", "auto_renewal"]
        ]

    db.write_now(unit)


def test_never_for_more_than_was_agreed(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        asked = Asked(RIGA, client_id, NOW, None, None)
        quote = subscribing.quote_added_channels(conn, BOOK, asked, [ChannelName("vk", "shop")])
        billing.confirm(conn, transfer_id=quote.id, curator_id=None, address=None, now=NOW)
        work(conn, DUE)
        assert ends(conn, client_id) == date(2026, 12, 3)
        auto = billing.standing(conn, client_id, DUE, BOOK).auto
        assert auto is not None
        assert (auto.failed_for, auto.failed_why) == (date(2026, 12, 3), "over_limit")
        agree(conn, client_id, "2000.00", now=DUE)
        billing.deposit(conn, RIGA, of("500.00", "EUR"), reason="bank", by="operator", key="bank-2", now=DUE)
        assert work(conn, DUE) == ["renewed"]

    db.write_now(unit)


def test_a_standstill_over_the_end_is_made_up_for(db: Database) -> None:
    """Nothing ran from an hour before the renewal till the next morning: renewed late, from that day on, once; the day
    is not paid by the day too, and the receipt says it.
    """

    def unit(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        work(conn, DUE - timedelta(hours=1))
        morning = LAST_DAY.replace(hour=7) + timedelta(days=1)
        assert work(conn, morning) == ["renewed"]
        charge(conn, morning)
        assert work(conn, morning + timedelta(minutes=1)) == []
        assert ends(conn, client_id, morning) == date(2027, 12, 4)
        assert billing.standing(conn, client_id, morning, BOOK).stopped == 0
        kinds = conn.execute(select(ledger_transaction.c.kind).order_by(ledger_transaction.c.id)).scalars().all()
        assert list(kinds) == ["deposit", "topup", "renew"]
        assert "Done by the service, 4 Dec 09:00, late: from 4 Dec 2026 on, receipt" in messages(conn, anna)[-1].body
        assert billing.check(conn).ok

    db.write_now(unit)


def test_a_standstill_that_ends_before_midnight_loses_no_day(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        assert work(conn, DUE + timedelta(hours=1, minutes=59)) == ["renewed"]
        assert ends(conn, client_id) == date(2026 + 1, 12, 3)

    db.write_now(unit)


def test_money_that_comes_after_the_end_still_renews_within_the_days_of_grace(db: Database) -> None:
    """The channels stood, no money was there: once it comes they run again and nothing was charged by the day."""

    def unit(conn: Connection) -> None:
        add_partner(conn, "900.00")
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        minute_by_minute(conn, DUE, DUE + timedelta(minutes=10))
        noon = LAST_DAY.replace(hour=10) + timedelta(days=1)
        charge(conn, noon)
        assert work(conn, noon) == []
        assert billing.standing(conn, client_id, noon, BOOK).stopped == 5
        billing.deposit(conn, RIGA, of("36.00", "EUR"), reason="bank", by="operator", key="bank-2", now=noon)
        assert work(conn, noon + timedelta(hours=1)) == ["renewed", "resumed", "auto_renewal"]
        assert billing.standing(conn, client_id, noon, BOOK).stopped == 0
        assert ends(conn, client_id, noon) == date(2027, 12, 4)

    db.write_now(unit)


@pytest.mark.parametrize(("days", "late"), [(2, 2), (3, 2), (1, 0)])
def test_after_the_days_of_grace_an_end_is_over(db: Database, days: int, late: int) -> None:
    book = replace(BOOK, renews_late_days=late)

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        now = LAST_DAY + timedelta(days=days, hours=10)
        charge(conn, now)
        done = [one.what for one in renewing.renew_due(conn, book, now)]
        assert ("renewed" in done) == (days <= late)

    db.write_now(unit)


def test_what_was_replaced_after_the_end_is_not_renewed(db: Database) -> None:
    """Somebody renewed by hand the morning after: there is nothing left to make up for."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        morning = LAST_DAY.replace(hour=7) + timedelta(days=1)
        charge(conn, morning)
        quote = billing.quote_renewal(
            conn, BOOK, partner_id=RIGA, client_id=client_id, months=1, asked_by=None, asked_from=None, now=morning
        )
        billing.confirm(conn, transfer_id=quote.id, curator_id=None, address=None, now=morning)
        assert work(conn, morning) == []
        assert ends(conn, client_id, morning) == date(2027, 1, 4)

    db.write_now(unit)


def test_what_can_be_agreed_to(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        loose = add_client(conn, Wanted("48210025", "Beta Kids", channels=2))
        unknown = add_client(conn, Wanted("48210033", "Gamma Travel", ends=date(2026, 12, 3), channels=2))
        for client_id, limit, key in (
            (loose, None, "no_running_subscription"),
            (unknown, None, "price_unknown"),
            (unknown, "0.00", "amount_too_small"),
        ):
            with pytest.raises(UserError, match=key):
                agree(conn, client_id, limit)
        agree(conn, unknown, "100.00")
        work(conn, DUE)
        auto = billing.standing(conn, unknown, DUE, BOOK).auto
        assert auto is not None
        assert auto.failed_why == "plan_not_known"

    db.write_now(unit)


def test_an_unpaid_subscription_is_reminded_of_and_settled_by_the_payment(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        client_id = add_client(conn, Wanted("48210025", "Beta Kids", balance="9.00", channels=2))
        asked = Asked(RIGA, client_id, NOW, None, None)
        made = subscribing.create_unpaid(conn, BOOK, asked, plan="pro", months=1)
        alerts.apply(conn, made.changes, now=NOW, env=ENV)
        scan(conn)
        assert messages(conn, anna) == []
        last = NOW + timedelta(days=3)
        charge(conn, last)
        scan(conn, last)
        assert [kind for kind, _, _ in raised(conn)] == ["unpaid"]
        changes = billing.adjust_balance(
            conn, RIGA, client_id, of("90.00", "EUR"), reason="bank", by="operator", key="a", now=last
        )
        alerts.apply(conn, changes, now=last, env=ENV)
        assert ("unpaid", 0, "resolved") in raised(conn)

    db.write_now(unit)


A_DAY_BEFORE = DUE - timedelta(days=1)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


def look(conn: Connection, now: datetime) -> tuple[list[str], datetime]:
    """What one look came to, and when the next is due."""
    conn.execute(update(consents).values(look_at=now))
    done: list[str] = [one.what for one in renewing.renew_due(conn, BOOK, now)]
    return done, conn.execute(select(consents.c.look_at)).scalar_one()


@pytest.mark.parametrize(
    ("money", "now", "done", "again"),
    [
        ("900.00", A_DAY_BEFORE - SECOND, [], A_DAY_BEFORE),
        ("900.00", A_DAY_BEFORE, ["auto_renewal"], A_DAY_BEFORE + HOUR),
        ("1200.00", A_DAY_BEFORE, [], A_DAY_BEFORE + HOUR),
        ("1200.00", DUE - 30 * MINUTE, [], DUE),
        ("900.00", DUE - SECOND, ["auto_renewal"], DUE),
        ("900.00", DUE, ["auto_renewal"], DUE + 5 * MINUTE),
        ("1200.00", DUE, ["renewed"], DUE + DAY),
        ("900.00", DUE + DAY, ["auto_renewal"], DUE + DAY + HOUR),
        ("1200.00", DUE + DAY, ["renewed"], DUE + 2 * DAY),
        ("1200.00", DUE + 9 * DAY, [], DUE + 10 * DAY),
    ],
)
def test_when_it_is_looked_at_next(db: Database, money: str, now: datetime, done: list[str], again: datetime) -> None:
    """Tried without doing it from a day before on, each hour; done when due, tried again each five minutes; late each
    hour; else once a day. Only what was done leaves a transfer behind.
    """

    def unit(conn: Connection) -> None:
        add_partner(conn, money)
        agree(conn, add_client(conn, ALFA))
        assert look(conn, now) == (done, again)
        states = list(conn.execute(select(transfer.c.state)).scalars())
        assert states == (["posted"] if "renewed" in done else [])
        assert (look(conn, now)[0], done) != (done, ["auto_renewal"]), "the same reason is told of once"

    db.write_now(unit)


def test_a_renewal_that_somebody_has_confirmed_is_no_failure(db: Database) -> None:
    """It waits for its time to be undone: nothing is wrong, and nothing is renewed twice."""

    def unit(conn: Connection) -> None:
        add_partner(conn, "5000.00")
        client_id = add_client(conn, ALFA)
        agree(conn, client_id)
        who = {"asked_by": None, "asked_from": None, "now": DUE}
        quote = billing.quote_renewal(conn, BOOK, partner_id=RIGA, client_id=client_id, **who)  # type: ignore[arg-type]
        billing.confirm(conn, transfer_id=quote.id, curator_id=None, address=None, now=DUE, undo_seconds=60)
        assert look(conn, DUE) == ([], DUE + 5 * MINUTE)
        auto = billing.standing(conn, client_id, DUE, BOOK).auto
        assert auto is not None
        assert (auto.failed_for, auto.failed_why) == (None, None)
        assert [one.what for one in billing.settle_due(conn, DUE + MINUTE)] == ["renewed"]
        assert look(conn, DUE + 5 * MINUTE)[0] == []
        assert ends(conn, client_id) == date(2027, 12, 3)

    db.write_now(unit)


def test_of_several_that_end_together_each_is_renewed_for_itself(db: Database) -> None:
    """The first has a plan that nobody told: it fails and says so, the second is renewed all the same. One that ended
    long ago is no hindrance, and of two clients both are told of.
    """

    def unit(conn: Connection) -> None:
        add_partner(conn, "5000.00")
        client_id = add_client(conn, Wanted("48210025", "Beta Kids", channels=3))
        other = add_client(conn, Wanted("48210041", "Delta", ends=date(2026, 12, 3), plan="Pro", months=1, channels=1))
        made = []
        for n in range(3):
            names = [ChannelName("whatsapp", f"48210025-{n}")]
            asked = Asked(RIGA, client_id, NOW, None, None)
            quote = subscribing.quote_subscription(conn, BOOK, asked, plan="pro", months=1, channels=names)
            done = billing.confirm(conn, transfer_id=quote.id, curator_id=None, address=None, now=NOW)
            made.append(done.transfer.effect["subscription"]["id"])
        old, unknown, known = sorted(made)
        for one in (client_id, other):
            agree(conn, one, "200.00")
        for which, end, plan in (
            (old, "2026-11-01", "pro"),
            (unknown, "2026-12-03", None),
            (known, "2026-12-03", "pro"),
        ):
            conn.execute(update(subscription).where(subscription.c.id == which).values(end_date=end, plan=plan))
        conn.execute(update(consents).values(look_at=DUE))
        changes = renewing.renew_due(conn, BOOK, DUE)
        assert sorted((one.client_id == other, one.what) for one in changes) == [
            (False, "auto_renewal"),
            (False, "renewed"),
            (True, "renewed"),
        ]
        rows = {row.id: row.end_date for row in conn.execute(select(subscription))}
        assert [rows[one] for one in (old, unknown, known)] == ["2026-11-01", "2026-12-03", "2027-01-26"]
        auto = billing.standing(conn, client_id, DUE, BOOK).auto
        assert auto is not None
        assert (auto.failed_for, auto.failed_why) == (date(2026, 12, 3), "plan_not_known")

    db.write_now(unit)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (subscription, {"state": "unpaid", "due_minor": 3000}),
        (subscription, {"state": "closed"}),
        (channel, {"subscription_id": None}),
    ],
)
def test_what_ended_and_is_nobodys_wish_is_not_renewed_late(db: Database, table: Table, values: dict[str, Any]) -> None:
    """It waited for its payment in vain, was given up, or no channel waits in it any more."""

    def unit(conn: Connection) -> None:
        add_partner(conn, "5000.00")
        agree(conn, add_client(conn, ALFA))
        conn.execute(update(table).values(**values))
        assert look(conn, DUE + DAY) == ([], DUE + 2 * DAY)
        assert list(conn.execute(select(transfer.c.id)).scalars()) == []

    db.write_now(unit)
