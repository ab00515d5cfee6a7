"""The outbox on both databases: stable keys, order, window, retries, expiry, a crash in between."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.errors import PermanentError
from bot.ids import Address
from bot.messaging import contacts, inbox, outbox
from bot.messaging.attempts import Ended, record_attempts
from bot.messaging.claims import LEASE, claim, release
from bot.messaging.message import ErrorClass, Kind
from bot.messaging.status import State
from bot.messaging.transport import Accepted, Rejected, Result
from bot.messaging.window import Mode
from bot.storage.engine import Database
from bot.storage.tables import attempt, delivery
from tests.integration.messaging_support import (
    ANNA,
    BORIS,
    NO_ANSWER,
    NOW,
    SENDER,
    THROTTLED,
    RecordingJobs,
    alert,
    inbound,
    put,
    record,
    row_of,
    take,
)


async def test_a_key_enters_once_and_asks_for_the_relay(db: Database) -> None:
    jobs = RecordingJobs()

    def unit(conn: Connection) -> None:
        assert outbox.enqueue(conn, alert("k"), sender=SENDER, now=NOW, jobs=jobs)
        assert outbox.enqueue(conn, alert("k", to=BORIS), sender=SENDER, now=NOW, jobs=jobs) is None
        assert outbox.queue_length(conn) == (1, NOW)

    await db.write(unit)
    assert jobs.asked == [("relay", SENDER, NOW)]


async def test_a_text_that_cannot_be_made_writes_nothing(db: Database) -> None:
    def unit(conn: Connection) -> None:
        outbox.enqueue(conn, alert("k", buttons=()), sender=SENDER, now=NOW, jobs=RecordingJobs())

    with pytest.raises(PermanentError):
        await db.write(unit)
    assert await db.read(outbox.queue_length) == (0, None)


async def test_replies_overtake_alerts_and_a_person_gets_them_in_order(db: Database) -> None:
    def unit(conn: Connection) -> list[str]:
        put(conn, alert("a1"))
        put(conn, alert("a2"))
        put(conn, alert("b1", to=BORIS))
        put(conn, alert("r1", kind=Kind.REPLY))
        taken = take(conn)
        return [row_of(conn, one.id).key for one in taken]

    assert await db.write(unit) == ["r1", "a1", "a2", "b1"]


async def test_nobody_is_sent_two_at_a_time(db: Database) -> None:
    def unit(conn: Connection) -> None:
        put(conn, alert("a1"))
        (first,) = take(conn)
        put(conn, alert("a2"))
        put(conn, alert("b1", to=BORIS))
        assert [one.to for one in take(conn)] == [BORIS]
        record(conn, first, Accepted("SM1", "queued", 201))
        assert [row_of(conn, one.id).key for one in take(conn)] == ["a2"]

    await db.write(unit)


async def test_a_message_that_waits_for_its_next_try_is_not_overtaken(db: Database) -> None:
    def unit(conn: Connection) -> None:
        put(conn, alert("a1"))
        (first,) = take(conn)
        jobs = RecordingJobs()
        assert record(conn, first, THROTTLED, jobs=jobs) is State.QUEUED
        row = row_of(conn, first.id)
        assert NOW < row.not_before <= NOW + timedelta(seconds=1)
        assert jobs.asked == [("relay", SENDER, row.not_before)]
        put(conn, alert("a2"))
        put(conn, alert("r1", kind=Kind.REPLY))
        assert [row_of(conn, one.id).key for one in take(conn)] == ["r1"]

    await db.write(unit)


async def test_the_attempt_is_written_before_and_completed_after(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        assert (claimed.attempt, claimed.mode, claimed.is_content) == (1, Mode.TEMPLATE, True)
        row = row_of(conn, made)
        assert (row.state, row.attempts, row.claimed_until) == ("sending", 1, NOW + LEASE)
        before = conn.execute(select(attempt)).one()
        assert (before.outcome, before.finished_at, before.mode) == (None, None, "template")
        later = NOW + timedelta(seconds=1)
        assert record(conn, claimed, Accepted("SM1", "queued", 201), later) is State.SENT
        after = conn.execute(select(attempt)).one()
        assert (after.outcome, after.finished_at, after.provider_id) == ("accepted", later, "SM1")
        assert (after.http_status, after.duration_ms, after.error_code) == (201, 12, None)
        row = row_of(conn, made)
        assert (row.state, row.provider_id, row.sent_at) == ("sent", "SM1", later)

    await db.write(unit)


async def test_inside_the_window_it_goes_as_part_of_the_conversation(db: Database) -> None:
    def unit(conn: Connection) -> None:
        inbox.accept_many(conn, [inbound()], RecordingJobs())
        put(conn, alert())
        assert take(conn)[0].mode is Mode.SESSION
        put(conn, alert("b", to=BORIS))
        assert take(conn)[0].mode is Mode.TEMPLATE

    await db.write(unit)


async def test_too_late_is_never_sent(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert(expires_at=NOW + timedelta(minutes=5)))
        late = NOW + timedelta(minutes=5)
        found = claim(conn, SENDER, late, 10)
        assert (list(found.taken), found.dropped) == ([], 1)
        assert row_of(conn, made).state == "expired"
        other = put(conn, alert("2", expires_at=NOW + timedelta(minutes=5)))
        assert outbox.expire(conn, late) == 1
        assert row_of(conn, other).state == "expired"

    await db.write(unit)


async def test_not_before_its_time(db: Database) -> None:
    def unit(conn: Connection) -> None:
        jobs = RecordingJobs()
        later = NOW + timedelta(hours=1)
        put(conn, alert(not_before=later), jobs)
        assert jobs.asked == [("relay", SENDER, later)]
        assert take(conn) == []
        assert len(take(conn, later)) == 1

    await db.write(unit)


async def test_taken_back_while_it_waits_only(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = [put(conn, alert(str(n), to=to)) for n, to in enumerate([ANNA, BORIS])]
        assert outbox.cancel_queued(conn, keys=["0"]) == 1
        assert (row_of(conn, made[0]).state, row_of(conn, made[0]).reason) == ("cancelled", "settled")
        take(conn)
        assert outbox.cancel_queued(conn, ids=[made[1]]) == 0
        assert row_of(conn, made[1]).state == "sending"

    await db.write(unit)


async def test_a_crash_while_sending_is_unknown_not_queued(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        take(conn)
        assert outbox.sweep(conn, NOW + LEASE - timedelta(seconds=1), RecordingJobs()) == 0
        assert outbox.sweep(conn, NOW + LEASE, RecordingJobs()) == 1
        assert (row_of(conn, made).state, row_of(conn, made).reason) == ("unknown", "interrupted")
        assert conn.execute(select(attempt.c.outcome)).scalar_one() == "unknown"
        assert take(conn, NOW + timedelta(hours=1)) == []

    await db.write(unit)


async def test_no_answer_is_unknown(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        assert record(conn, claimed, NO_ANSWER) is State.UNKNOWN
        row = row_of(conn, made)
        assert (row.state, row.reason, row.claimed_until) == (
            "unknown",
            "no answer in time",
            NOW + timedelta(minutes=2),
        )

    await db.write(unit)


async def test_a_late_record_of_an_attempt_given_up_changes_nothing(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        outbox.sweep(conn, NOW + LEASE, RecordingJobs())
        conn.execute(delivery.update().values(state="queued", claimed_until=None))
        (again,) = take(conn, NOW + LEASE)
        record_attempts(conn, [Ended(claimed, Accepted("SM1", "queued", 201), NOW + LEASE, 5)], RecordingJobs())
        assert (row_of(conn, made).state, row_of(conn, made).provider_id) == ("sending", None)
        record(conn, again, Accepted("SM2", "queued", 201), NOW + LEASE)
        assert record(conn, claimed, THROTTLED, NOW + LEASE) is State.SENT
        assert row_of(conn, made).provider_id == "SM2"

    await db.write(unit)


async def test_somebody_unreachable_is_left_alone_until_they_write(db: Database) -> None:
    def unit(conn: Connection) -> None:
        put(conn, alert("1"))
        (claimed,) = take(conn)
        rejected = Rejected(ErrorClass.RECIPIENT, 21211, "Invalid 'To' Phone Number", 400)
        assert record(conn, claimed, rejected) is State.FAILED
        second = put(conn, alert("2"))
        assert claim(conn, SENDER, NOW, 10).dropped == 1
        assert (row_of(conn, second).state, row_of(conn, second).reason) == ("failed", "recipient")
        assert contacts.stopped(conn) == 1
        inbox.accept_many(conn, [inbound()], RecordingJobs())
        assert contacts.stopped(conn) == 0
        put(conn, alert("3"))
        assert len(take(conn)) == 1

    await db.write(unit)


async def test_released_messages_are_as_if_never_taken(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        taken = take(conn)
        release(conn, taken)
        row = row_of(conn, made)
        assert (row.state, row.attempts, row.claimed_until) == ("queued", 0, None)
        assert conn.execute(select(attempt)).all() == []
        assert [one.attempt for one in take(conn)] == [1]

    await db.write(unit)


async def test_the_sweep_forgets_no_sender(db: Database) -> None:
    def unit(conn: Connection) -> None:
        put(conn, alert())
        jobs = RecordingJobs()
        outbox.sweep(conn, NOW, jobs)
        assert jobs.asked == [("relay", SENDER, NOW)]
        other = Address("whatsapp:+37166000000")
        later, jobs = NOW + timedelta(hours=1), RecordingJobs()
        for n, when in enumerate([later, NOW, later]):
            message = alert(f"other {n}", not_before=when, priority=n)
            outbox.enqueue(conn, message, sender=other, now=NOW, jobs=RecordingJobs())
        outbox.sweep(conn, NOW, jobs)
        assert jobs.asked == [("relay", SENDER, NOW), ("relay", other, NOW)]
        take(conn)
        assert outbox.senders_with_work(conn, NOW) == [other]

    await db.write(unit)


async def test_everything_is_taken_exactly_once(db: Database) -> None:
    def fill(conn: Connection) -> None:
        for n in range(60):
            put(conn, alert(str(n), to=Address(f"whatsapp:+371200001{n:02d}")))

    await db.write(fill)
    taken: list[str] = []
    while batch := (await db.write(claim, SENDER, NOW, 7)).taken:
        taken += [one.id for one in batch]
    assert len(taken) == len(set(taken)) == 60


async def test_many_attempts_are_recorded_in_one_go(db: Database) -> None:
    def unit(conn: Connection) -> None:
        people = [Address(f"whatsapp:+3712000010{n}") for n in range(6)]
        made = [put(conn, alert(str(n), to=to)) for n, to in enumerate(people)]
        results: list[Result] = [Accepted(f"SM{n}", "queued", 201) for n in range(3)]
        results += [THROTTLED, NO_ANSWER, Rejected(ErrorClass.PERMANENT, 99_999, "new", 400)]
        ended = [Ended(claimed, result, NOW, 5) for claimed, result in zip(take(conn), results, strict=True)]
        assert record_attempts(conn, ended, RecordingJobs()) == [False, False, False, True, False, False]
        found = [row_of(conn, one).state for one in made]
        assert found == ["sent", "sent", "sent", "queued", "unknown", "failed"]
        assert row_of(conn, made[5]).error_code == 99_999

    await db.write(unit)
