"""The inbox on both databases: kept once, in order, handed out one by one, dead after three tries."""

from datetime import timedelta

from sqlalchemy import Connection, select

from bot.ids import Address, CuratorId, PartnerId
from bot.messaging import contacts, inbox
from bot.storage.engine import Database
from bot.storage.tables import inbox as inbox_table
from tests.integration.messaging_support import ANNA, BORIS, NOW, SENDER, RecordingJobs, inbound


async def test_kept_once_and_handled_by_a_job_per_person(db: Database) -> None:
    jobs = RecordingJobs()

    def unit(conn: Connection) -> None:
        rows = [inbound("1"), inbound("2", BORIS), inbound("1"), inbound("3")]
        assert inbox.accept_many(conn, rows, jobs) == [True, True, False, True]
        assert inbox.accept_many(conn, [inbound("2", BORIS)], jobs) == [False]
        assert inbox.queue_length(conn) == (3, NOW)
        assert sorted(inbox.addresses_with_work(conn)) == [ANNA, BORIS]

    await db.write(unit)
    assert sorted(jobs.asked) == [("dispatch", ANNA, NOW), ("dispatch", BORIS, NOW)]


async def test_equal_rows_of_many_callers_go_together(db: Database) -> None:
    import asyncio
    from functools import partial

    accept = partial(inbox.accept_many, jobs=RecordingJobs())
    answers = await asyncio.gather(*(db.write_many(accept, inbound(str(n % 20))) for n in range(60)))
    assert sum(answers) == 20


async def test_handed_out_in_order(db: Database) -> None:
    def unit(conn: Connection) -> None:
        rows = [inbound(str(n), body=f"text {n}", now=NOW + timedelta(seconds=n // 2)) for n in range(4)]
        inbox.accept_many(conn, rows, RecordingJobs())
        seen = []
        while found := inbox.next_for(conn, ANNA):
            seen.append(found.body)
            inbox.finish(conn, found.id, "help", PartnerId("default"), CuratorId("C"), NOW)
        assert seen == ["text 0", "text 1", "text 2", "text 3"]
        row = conn.execute(select(inbox_table).limit(1)).one()
        assert (row.state, row.outcome, row.partner_id, row.curator_id) == ("handled", "help", "default", "C")

    await db.write(unit)


async def test_dead_after_three_tries(db: Database) -> None:
    def unit(conn: Connection) -> None:
        inbox.accept(conn, inbound(), RecordingJobs())
        found = inbox.next_for(conn, ANNA)
        assert found is not None
        assert [inbox.fail(conn, found.id, NOW) for _ in range(3)] == [False, False, True]
        assert inbox.next_for(conn, ANNA) is None

    await db.write(unit)


async def test_an_inbound_opens_the_window_and_an_older_one_does_not_close_it(db: Database) -> None:
    def unit(conn: Connection) -> None:
        assert not contacts.window(conn, SENDER, ANNA).is_open(NOW)
        inbox.accept_many(conn, [inbound("1")], RecordingJobs())
        assert contacts.window(conn, SENDER, ANNA).is_open(NOW)
        later = NOW + timedelta(minutes=1)
        contacts.close_windows(conn, [{"sender": SENDER, "address": ANNA, "closed_at": later}])
        assert not contacts.window(conn, SENDER, ANNA).is_open(later)
        inbox.accept_many(conn, [inbound("2", now=NOW - timedelta(hours=1))], RecordingJobs())
        assert contacts.window(conn, SENDER, ANNA).last_inbound_at == NOW
        inbox.accept_many(conn, [inbound("3", now=later + timedelta(minutes=1))], RecordingJobs())
        assert contacts.window(conn, SENDER, ANNA).is_open(later + timedelta(minutes=1))

    await db.write(unit)


async def test_the_sweep_asks_again_for_whatever_waits(db: Database) -> None:
    def unit(conn: Connection) -> None:
        inbox.accept_many(conn, [inbound()], RecordingJobs())
        jobs = RecordingJobs()
        assert inbox.sweep(conn, NOW, jobs) == 1
        assert jobs.asked == [("dispatch", ANNA, NOW)]

    await db.write(unit)


async def test_a_stop_is_lifted_by_hand(db: Database) -> None:
    def unit(conn: Connection) -> None:
        row = {"sender": SENDER, "address": Address(ANNA), "stopped_at": NOW, "stopped_reason": "recipient"}
        contacts.stop_contacts(conn, [row])
        assert contacts.try_again(conn, SENDER, ANNA)
        assert not contacts.try_again(conn, SENDER, ANNA)

    await db.write(unit)
