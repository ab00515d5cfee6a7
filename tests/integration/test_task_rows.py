"""The rows of dashboard tasks: who asked, who did it, when, what it came to; only a partner's own, in their order."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select, update

from bot.billing import service as billing
from bot.billing import transfers
from bot.billing.gateways.wazzup import tasks
from bot.billing.gateways.wazzup.evidence import Progress, Sight
from bot.billing.gateways.wazzup.gateway import WazzupGateway
from bot.billing.gateways.wazzup.tasks import Task
from bot.ids import ClientId, PartnerId, TaskId, TransferId
from bot.money import as_json
from bot.storage.engine import Database
from bot.storage.tables import client, dashboard_task, transfer
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    BORIS,
    GAMMA,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_renewal,
    ask_top_up,
    euro,
    give,
)

MINUTE = timedelta(minutes=1)
SUED = PartnerId("sued")


def world(conn: Connection) -> ClientId:
    add_partner(conn)
    give(conn, euro("5000.00"))
    return add_client(conn, Wanted("48210066"))


def task_of(conn: Connection, client_id: ClientId, amount: str = "100.00") -> Task:
    """The task of a top-up that Anna has confirmed."""
    quote = ask_top_up(conn, client_id, euro(amount))
    conn.execute(update(transfer).where(transfer.c.id == quote.id).values(state="pending", confirmed_at=NOW))
    return tasks.create(conn, moved(conn, quote.id), NOW)


def moved(conn: Connection, transfer_id: TransferId) -> transfers.Transfer:
    found = transfers.load(conn, transfer_id=transfer_id)
    assert found is not None
    return found


def sight(at: datetime, balance: str) -> Sight:
    return Sight(account_id="48210066", at=at, end=None, balance=euro(balance))


def test_a_task_comes_back_as_it_was_made(db: Database) -> None:
    def unit(conn: Connection) -> None:
        one = task_of(conn, world(conn))
        assert (one.asked_by, one.done_by, one.progress, one.name) == (ANNA, None, Progress(), "W-1")
        assert tasks.load(conn, one.id, NORD) == one
        assert tasks.of_transfer(conn, one.transfer_id) == one
        assert tasks.create(conn, moved(conn, one.transfer_id), NOW + MINUTE) == one
        assert one.facts["balance_at"] == NOW.isoformat()
        assert one.facts["daily"] == as_json(euro("0.00"))

    db.write_now(unit)


def test_what_channels_cost_a_day_and_when_the_balance_was_seen_are_kept(db: Database) -> None:
    def unit(conn: Connection) -> None:
        world(conn)
        daily = add_client(conn, Wanted("48210067", balance="9.00", channels=2, daily="4.00"))
        seen = NOW - 30 * MINUTE
        conn.execute(update(client).where(client.c.id == daily).values(as_of=seen))
        one = task_of(conn, daily)
        assert one.facts["daily"] == as_json(euro("4.00"))
        assert one.facts["balance_at"] == seen.isoformat()

    db.write_now(unit)


def test_who_did_it_and_when_stay_with_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        one = task_of(conn, world(conn))
        done = tasks.say_done(conn, one, BORIS, NOW + MINUTE)
        assert (done.state, done.done_by, done.progress.done_at) == ("done", BORIS, NOW + MINUTE)
        assert tasks.load(conn, one.id, NORD) == done
        assert tasks.say_done(conn, done, ANNA, NOW + 2 * MINUTE) == done
        gone = tasks.close(conn, done, "failed", NOW + 3 * MINUTE)
        assert (gone.asked_by, gone.done_by) == (ANNA, BORIS)
        assert gone.progress == replace(done.progress, state="failed")
        assert tasks.load(conn, one.id, NORD) == gone
        assert tasks.close(conn, gone, "cancelled", NOW + 4 * MINUTE) == gone
        row = conn.execute(select(dashboard_task.c.closed_at)).scalar_one()
        assert row == NOW + 3 * MINUTE

    db.write_now(unit)


def test_a_task_given_up_voids_its_transfer_and_says_why(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn)
        failed, cancelled = task_of(conn, client_id), task_of(conn, client_id, "200.00")
        tasks.close(conn, failed, "failed", NOW + MINUTE)
        tasks.close(conn, cancelled, "cancelled", NOW + 2 * MINUTE)
        for one, reason, at in ((failed, "did not work in the dashboard", 1), (cancelled, "cancelled", 2)):
            found = moved(conn, one.transfer_id)
            assert (found.state, found.reason, found.settled_at) == ("voided", reason, NOW + at * MINUTE)

    db.write_now(unit)


def test_only_a_partners_own_tasks_that_wait_are_listed_in_their_order(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn)
        add_partner(conn, SUED)
        first, second, third, over = (task_of(conn, client_id, f"{n}00.00") for n in (1, 2, 3, 4))
        tasks.close(conn, over, "cancelled", NOW)
        conn.execute(update(dashboard_task).where(dashboard_task.c.id == first.id).values(number=9))
        conn.execute(update(dashboard_task).where(dashboard_task.c.id == third.id).values(partner_id=SUED))
        tasks.say_done(conn, second, ANNA, NOW)
        assert [one.id for one in tasks.waiting(conn, NORD)] == [second.id, first.id]
        assert [one.id for one in tasks.waiting(conn, NORD, client_id)] == [second.id, first.id]
        assert tasks.waiting(conn, NORD, ClientId("other")) == []
        assert [one.id for one in tasks.waiting(conn, SUED)] == [third.id]
        assert tasks.load(conn, third.id, NORD) is None
        assert tasks.load(conn, TaskId("none"), NORD) is None
        found = tasks.load(conn, second.id, NORD)
        assert found is not None
        assert found.id == second.id

    db.write_now(unit)


def test_a_sight_turns_only_the_partners_tasks_made_before_it(db: Database) -> None:
    """The money is there: the older task is confirmed and its transfer posted; the one made later is not looked at."""

    def unit(conn: Connection) -> None:
        client_id = world(conn)
        add_partner(conn, SUED)
        late, other, early = task_of(conn, client_id), task_of(conn, client_id), task_of(conn, client_id)
        of_table = update(dashboard_task)
        conn.execute(of_table.where(dashboard_task.c.id == late.id).values(created_at=NOW + 5 * MINUTE))
        conn.execute(of_table.where(dashboard_task.c.id == other.id).values(partner_id=SUED))
        assert tasks.look(conn, NORD, [sight(NOW, "100.00")], NOW + MINUTE) == []
        (turn,) = tasks.look(conn, NORD, [sight(NOW + MINUTE, "100.00")], NOW + 2 * MINUTE)
        assert (turn.task.id, turn.what, turn.seen_at) == (early.id, "confirmed", NOW + MINUTE)
        posted = moved(conn, early.transfer_id)
        assert (posted.state, posted.settled_at) == ("posted", NOW + 2 * MINUTE)
        assert [moved(conn, one.transfer_id).state for one in (late, other)] == ["pending", "pending"]
        assert tasks.look(conn, NORD, [sight(NOW + 2 * MINUTE, "100.00")], NOW + 3 * MINUTE) == []

    db.write_now(unit)


def test_a_task_opened_again_unsettles_its_transfer_until_it_is_shown_done_at_last(db: Database) -> None:
    """Who counts what was settled in a week counts it in the week in which it really was."""

    def unit(conn: Connection) -> None:
        world(conn)
        quote = ask_renewal(conn, add_client(conn, GAMMA))
        conn.execute(update(transfer).where(transfer.c.id == quote.id).values(state="pending", confirmed_at=NOW))
        task = tasks.create(conn, moved(conn, quote.id), NOW)
        old, new = quote.ends_before, quote.ends_after

        def seen(days: int, end: date | None) -> tuple[str, str, datetime | None, datetime | None]:
            at = NOW + timedelta(days=days)
            tasks.look(conn, NORD, [Sight(GAMMA.account_id, at, end=end)], at + MINUTE)
            row = conn.execute(select(dashboard_task).where(dashboard_task.c.id == task.id)).one()
            one = moved(conn, quote.id)
            return row.state, one.state, one.settled_at, row.closed_at

        first, last = NOW + timedelta(days=1) + MINUTE, NOW + timedelta(days=9) + MINUTE
        assert seen(1, new) == ("confirmed", "posted", first, first)
        assert seen(2, old) == ("open", "pending", None, None)
        assert moved(conn, quote.id).confirmed_at == NOW
        assert seen(9, new) == ("confirmed", "posted", last, last)

    db.write_now(unit)


def test_money_beside_a_running_subscription_is_not_eaten_by_days(db: Database) -> None:
    def unit(conn: Connection) -> None:
        world(conn)
        alfa = add_client(conn, ALFA)
        one = task_of(conn, alfa)
        assert sum(moved(conn, one.transfer_id).effect["rates"].values()) > 0
        assert one.facts["daily"] == as_json(euro("0.00"))

    db.write_now(unit)


def test_a_confirmed_transfer_waits_from_its_confirmation_on_with_one_task(db: Database) -> None:
    def unit(conn: Connection) -> None:
        quote = ask_top_up(conn, world(conn), euro("100.00"))
        for at in (NOW + MINUTE, NOW + 2 * MINUTE):
            WazzupGateway().carry_out(conn, moved(conn, quote.id), locked={}, released={}, now=at)
            waits = moved(conn, quote.id)
            assert (waits.state, waits.confirmed_at, waits.settled_at) == ("pending", at, None)
        [task] = tasks.waiting(conn, NORD)
        assert (task.transfer_id, task.created_at) == (quote.id, NOW + MINUTE)

    db.write_now(unit)


def test_what_was_seen_stays_with_a_task_whatever_becomes_of_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        one = task_of(conn, world(conn))

        def closed_at() -> datetime | None:
            found: datetime | None = conn.execute(select(dashboard_task.c.closed_at)).scalar_one()
            return found

        assert tasks.look(conn, NORD, [sight(NOW + MINUTE, "50.00")], NOW + MINUTE) == []
        seen = tasks.load(conn, one.id, NORD)
        assert seen is not None
        assert (seen.progress, closed_at()) == (Progress("open", None, NOW + MINUTE, False), None)
        done = tasks.say_done(conn, seen, BORIS, NOW + 2 * MINUTE)
        assert (done.progress, closed_at()) == (Progress("done", NOW + 2 * MINUTE, NOW + MINUTE, False), None)
        assert tasks.load(conn, one.id, NORD) == done
        gone = tasks.close(conn, done, "cancelled", NOW + 3 * MINUTE)
        assert gone == replace(done, progress=replace(done.progress, state="cancelled"))
        assert (tasks.load(conn, one.id, NORD), closed_at()) == (gone, NOW + 3 * MINUTE)
        assert tasks.look(conn, NORD, [sight(NOW + 4 * MINUTE, "500.00")], NOW + 4 * MINUTE) == []
        assert (tasks.load(conn, one.id, NORD), closed_at()) == (gone, NOW + 3 * MINUTE)

    db.write_now(unit)


def test_a_confirmed_renewal_is_watched_for_thirty_days(db: Database) -> None:
    def unit(conn: Connection) -> None:
        world(conn)
        quote = ask_renewal(conn, add_client(conn, GAMMA))
        conn.execute(update(transfer).where(transfer.c.id == quote.id).values(state="pending", confirmed_at=NOW))
        tasks.create(conn, moved(conn, quote.id), NOW)

        def turns(at: datetime, end: date | None) -> list[str]:
            return [one.what for one in tasks.look(conn, NORD, [Sight(GAMMA.account_id, at, end=end)], at)]

        first = NOW + MINUTE
        assert turns(first, quote.ends_after) == ["confirmed"]
        assert turns(first + timedelta(days=20), quote.ends_after) == []
        late = first + tasks.WATCHED_FOR
        assert turns(late, quote.ends_before) == []
        assert turns(late - MINUTE, quote.ends_before) == ["reopened"]
        assert turns(late + 9 * MINUTE, quote.ends_after) == ["confirmed"]
        assert turns(late + tasks.WATCHED_FOR, quote.ends_before) == ["reopened"]

    db.write_now(unit)


def test_tasks_of_one_account_turn_in_the_order_of_their_numbers(db: Database) -> None:
    def unit(conn: Connection) -> None:
        client_id = world(conn)
        made = [task_of(conn, client_id) for _ in range(3)]
        for one, number in zip(made, (9, 7, 8), strict=True):
            conn.execute(update(dashboard_task).where(dashboard_task.c.id == one.id).values(number=number))
        turns = tasks.look(conn, NORD, [sight(NOW + MINUTE, "300.00")], NOW + MINUTE)
        assert [one.task.name for one in turns] == ["W-7", "W-8", "W-9"]

    db.write_now(unit)


def test_money_proves_one_task_first_those_that_somebody_says_are_done(db: Database) -> None:
    """Anna and Boris top the same client up: a hundred that came is not told to both as theirs."""

    def unit(conn: Connection) -> None:
        client_id = world(conn)
        one, two, three, large = (
            task_of(conn, client_id, amount) for amount in ("100.00", "100.00", "100.00", "250.00")
        )
        tasks.say_done(conn, two, BORIS, NOW + MINUTE)

        def turned(minutes: int, balance: str) -> list[str]:
            at = NOW + minutes * MINUTE
            return [turn.task.name for turn in tasks.look(conn, NORD, [sight(at, balance)], at)]

        assert turned(2, "100.00") == [two.name]
        assert turned(3, "100.00") == []
        assert turned(4, "199.99") == []
        assert turned(5, "200.00") == [one.name]
        tasks.say_done(conn, large, ANNA, NOW + 6 * MINUTE)
        assert turned(7, "450.00") == [large.name]
        assert turned(8, "550.00") == [three.name]
        conn.execute(update(client).where(client.c.id == client_id).values(as_of=NOW + 9 * MINUTE))
        late = task_of(conn, client_id)
        assert late.facts["balance_at"] == (NOW + 9 * MINUTE).isoformat()
        assert turned(10, "100.00") == [late.name]

    db.write_now(unit)


def test_a_renewal_that_was_proved_takes_nothing_from_a_top_up(db: Database) -> None:
    def unit(conn: Connection) -> None:
        world(conn)
        gamma = add_client(conn, GAMMA)
        quote = ask_renewal(conn, gamma)
        conn.execute(update(transfer).where(transfer.c.id == quote.id).values(state="pending", confirmed_at=NOW))
        renewal, money = tasks.create(conn, moved(conn, quote.id), NOW), task_of(conn, gamma)
        seen = Sight(GAMMA.account_id, NOW + MINUTE, end=quote.ends_after, balance=euro("100.00"))
        turns = tasks.look(conn, NORD, [seen], NOW + MINUTE)
        assert [turn.task.name for turn in turns] == [renewal.name, money.name]

    db.write_now(unit)


def test_what_proved_another_task_counts_only_if_it_came_after_this_ones_balance(db: Database) -> None:
    """A top-up after one that was proved, and after other clients': none of that money is missing for it."""

    def unit(conn: Connection) -> None:
        client_id = world(conn)
        other = add_client(conn, Wanted("48210067"))

        def turned(minutes: int, balance: str, account: str = "48210066") -> list[str]:
            at = NOW + minutes * MINUTE
            return [
                one.task.name
                for one in tasks.look(conn, NORD, [Sight(account, at, balance=euro(balance))], at + MINUTE)
            ]

        def seen_at(task: Task) -> datetime | None:
            found = tasks.load(conn, task.id, NORD)
            assert found is not None
            return found.progress.seen_at

        first, theirs = task_of(conn, client_id), task_of(conn, other)
        assert (turned(2, "100.00"), turned(3, "100.00", "48210067")) == ([first.name], [theirs.name])
        billing.adjust_balance(conn, NORD, client_id, euro("100.00"), reason="x", by="x", key="1", now=NOW)
        conn.execute(update(client).where(client.c.id == client_id).values(as_of=NOW + 2 * MINUTE))
        second = task_of(conn, client_id)
        assert (second.facts["balance"], second.facts["balance_at"]) == (
            as_json(euro("100.00")), (NOW + 2 * MINUTE).isoformat(),
        )  # fmt: skip
        assert turned(4, "150.00") == []
        assert seen_at(first) == NOW + 2 * MINUTE
        assert turned(5, "200.00") == [second.name]
        assert turned(1, "100.00") == []
        assert seen_at(first) == NOW + MINUTE

    db.write_now(unit)
