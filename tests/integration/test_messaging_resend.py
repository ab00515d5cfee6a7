"""Sending again by hand, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot.ids import DeliveryId, PartnerId
from bot.messaging import contacts, outbox
from bot.messaging.message import ErrorClass
from bot.messaging.resend import recover, retry
from bot.messaging.transport import Accepted, Rejected
from bot.storage.engine import Database
from tests.integration.messaging_support import (
    ANNA,
    BORIS,
    NO_ANSWER,
    NOW,
    SENDER,
    RecordingJobs,
    alert,
    put,
    record,
    report,
    row_of,
    take,
)

TEMPLATE = Rejected(ErrorClass.TEMPLATE, 63013, "Channel policy violation", 400)
RECIPIENT = Rejected(ErrorClass.RECIPIENT, 21211, "Invalid 'To' Phone Number", 400)


def failed(conn: Connection, key: str, result: Rejected = TEMPLATE) -> DeliveryId:
    """A message that failed for good: the next best text in its place was refused as well."""
    made = put(conn, alert(key))
    for claimed in iter(lambda: next(iter(take(conn)), None), None):
        record(conn, claimed, result)
    return made


async def test_a_failed_message_goes_again_and_its_person_counts_as_reachable(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made, jobs, later = failed(conn, "1", RECIPIENT), RecordingJobs(), NOW + timedelta(hours=1)
        assert contacts.stopped(conn) == 1
        assert retry(conn, made, later, jobs)
        assert contacts.stopped(conn) == 0
        assert jobs.asked == [("relay", SENDER, later)]
        (again,) = take(conn, later)
        assert again.attempt == 2
        record(conn, again, Accepted("SM2", "queued", 201), later)
        row = row_of(conn, made)
        assert (row.state, row.reason, row.failed_at, row.error_code) == ("sent", None, None, None)

    await db.write(unit)


async def test_an_expired_one_goes_although_its_time_is_over(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert(expires_at=NOW))
        outbox.expire(conn, NOW)
        assert retry(conn, made, NOW, RecordingJobs())
        assert len(take(conn)) == 1

    await db.write(unit)


async def test_what_may_still_arrive_or_waits_is_left_alone(db: Database) -> None:
    def unit(conn: Connection) -> None:
        waiting = put(conn, alert("1"))
        assert not retry(conn, waiting, NOW, RecordingJobs())
        (claimed,) = take(conn)
        assert not retry(conn, waiting, NOW, RecordingJobs())
        record(conn, claimed, Accepted("SM1", "queued", 201))
        assert not retry(conn, waiting, NOW, RecordingJobs())
        assert not retry(conn, DeliveryId("NOBODY"), NOW, RecordingJobs())

    await db.write(unit)


async def test_an_unknown_one_goes_and_a_late_report_on_the_first_try_still_counts(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        record(conn, claimed, NO_ANSWER)
        assert retry(conn, made, NOW, RecordingJobs())
        report(conn, "delivered", d=made)
        assert row_of(conn, made).state == "delivered"
        assert take(conn) == []

    await db.write(unit)


async def test_recover_takes_what_can_succeed(db: Database) -> None:
    def unit(conn: Connection) -> None:
        hopeful = failed(conn, "template")
        hopeless = put(conn, alert("recipient", to=BORIS))
        (claimed,) = take(conn)
        record(conn, claimed, RECIPIENT)
        late = NOW + timedelta(hours=1)
        assert recover(conn, since=late, now=late, jobs=RecordingJobs()) == 0
        assert recover(conn, since=NOW, now=late, jobs=RecordingJobs(), partner_id=PartnerId("other")) == 0
        jobs = RecordingJobs()
        assert recover(conn, since=NOW, now=late, jobs=jobs) == 1
        assert jobs.asked == [("relay", SENDER, late)]
        assert (row_of(conn, hopeful).state, row_of(conn, hopeless).state) == ("queued", "failed")
        assert recover(conn, since=NOW, now=late, jobs=jobs) == 0

    await db.write(unit)


@pytest.mark.parametrize("first", ["delivered", "failed"])
async def test_what_arrived_after_all_is_not_recovered(db: Database, first: str) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert(to=ANNA))
        (claimed,) = take(conn)
        record(conn, claimed, Accepted("SM1", "queued", 201))
        for status in (first, "failed" if first == "delivered" else "delivered"):
            report(conn, status, d=made, code=63013 if status == "failed" else None)
        assert recover(conn, since=NOW, now=NOW, jobs=RecordingJobs()) == 0

    await db.write(unit)
