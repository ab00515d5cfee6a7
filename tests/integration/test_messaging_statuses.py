"""Provider's reports on both databases: forward only, never lost, never against an attempt that came later."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from bot.ids import DeliveryId
from bot.messaging import contacts, deliveries, inbox
from bot.messaging.message import StatusUpdate
from bot.messaging.status import Applied, State
from bot.messaging.statuses import apply_statuses
from bot.messaging.transport import Accepted
from bot.storage.engine import Database
from bot.storage.tables import attempt, delivery, status_event
from tests.integration.messaging_support import (
    ANNA,
    NO_ANSWER,
    NOW,
    SENDER,
    RecordingJobs,
    alert,
    inbound,
    put,
    record,
    report,
    row_of,
    take,
)

ACCEPTED = Accepted("SM1", "queued", 201)


def sent(conn: Connection) -> DeliveryId:
    """A message that the provider has taken as SM1."""
    made = put(conn, alert())
    (claimed,) = take(conn)
    record(conn, claimed, ACCEPTED)
    return made


async def test_forward_only_with_the_time_of_each(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = sent(conn)
        times = [NOW + timedelta(seconds=n) for n in range(1, 5)]
        assert report(conn, "delivered", d=made, now=times[0]) is Applied.APPLIED
        assert report(conn, "sent", d=made, now=times[1]) is Applied.OLDER
        assert report(conn, "read", d=made, now=times[2]) is Applied.APPLIED
        row = row_of(conn, made)
        assert (row.state, row.sent_at, row.delivered_at, row.read_at) == ("read", NOW, times[0], times[2])
        assert not row.contradicted

    await db.write(unit)


async def test_the_same_report_twice_is_kept_once(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = sent(conn)
        row = StatusUpdate("SM1", "delivered", NOW, made)
        assert apply_statuses(conn, [row, row], RecordingJobs()) == [Applied.APPLIED, Applied.OLDER]
        assert report(conn, "delivered", d=made) is Applied.OLDER
        assert len(conn.execute(select(status_event)).all()) == 1

    await db.write(unit)


async def test_found_by_the_provider_id_when_ours_is_missing(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = sent(conn)
        assert report(conn, "delivered") is Applied.APPLIED
        assert row_of(conn, made).state == "delivered"

    await db.write(unit)


async def test_a_report_before_our_own_record_is_not_lost(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        assert report(conn, "delivered", d=made) is Applied.APPLIED
        assert (row_of(conn, made).state, row_of(conn, made).provider_id) == ("delivered", "SM1")
        assert record(conn, claimed, ACCEPTED) is State.DELIVERED
        assert row_of(conn, made).state == "delivered"
        assert conn.execute(select(attempt.c.outcome)).scalar_one() == "accepted"

    await db.write(unit)


async def test_a_report_closes_the_attempt_of_a_process_that_died_before_it_recorded(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        take(conn)
        report(conn, "delivered", d=made, now=NOW + timedelta(seconds=3))
        tried = conn.execute(select(attempt)).one()
        assert (tried.outcome, tried.provider_id) == ("accepted", "SM1")
        assert tried.finished_at == NOW + timedelta(seconds=3)

    await db.write(unit)


async def test_neither_is_one_that_carries_no_id_of_ours(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        assert report(conn, "sent") is Applied.ORPHAN
        assert report(conn, "delivered", now=NOW + timedelta(seconds=1)) is Applied.ORPHAN
        assert record(conn, claimed, ACCEPTED) is State.DELIVERED
        shown = deliveries.show(conn, made)
        assert shown is not None
        assert [(one.status, one.applied) for one in shown.reports] == [("sent", "applied"), ("delivered", "applied")]

    await db.write(unit)


async def test_an_unknown_send_is_settled_by_a_report(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        record(conn, claimed, NO_ANSWER)
        report(conn, "sent", d=made)
        row = row_of(conn, made)
        assert (row.state, row.provider_id, row.reason) == ("sent", "SM1", None)
        assert conn.execute(select(attempt.c.provider_id)).scalar_one() == "SM1"

    await db.write(unit)


@pytest.mark.parametrize("order", [["failed", "delivered"], ["delivered", "failed"]])
async def test_a_contradiction_is_flagged(db: Database, order: list[str]) -> None:
    def unit(conn: Connection) -> None:
        made = sent(conn)
        for status in order:
            report(conn, status, d=made, code=63024 if status == "failed" else None)
        row = row_of(conn, made)
        assert (row.state, row.contradicted) == ("delivered", True)

    await db.write(unit)


async def test_outside_the_window_after_all_it_goes_again_as_a_template(db: Database) -> None:
    def unit(conn: Connection) -> None:
        inbox.accept_many(conn, [inbound()], RecordingJobs())
        made = sent(conn)
        later, jobs = NOW + timedelta(seconds=5), RecordingJobs()
        assert report(conn, "failed", d=made, code=63016, now=later, jobs=jobs) is Applied.APPLIED
        row = row_of(conn, made)
        assert (row.state, row.provider_id, row.not_before, row.error_code) == ("queued", None, later, 63016)
        assert not contacts.window(conn, SENDER, ANNA).is_open(later)
        assert jobs.asked == [("relay", SENDER, later)]
        report(conn, "sent", d=made, now=later)
        assert row_of(conn, made).state == "queued", "a late report on the first attempt does not stop the second"
        (again,) = take(conn, later)
        assert (again.attempt, again.mode) == (2, "template")
        report(conn, "undelivered", d=made, now=later)
        assert row_of(conn, made).state == "sending"
        record(conn, again, Accepted("SM2", "queued", 201), later)
        report(conn, "delivered", sid="SM2", d=made, now=later)
        assert (row_of(conn, made).state, row_of(conn, made).provider_id) == ("delivered", "SM2")

    await db.write(unit)


async def test_the_failure_may_come_before_our_own_record(db: Database) -> None:
    def unit(conn: Connection) -> None:
        inbox.accept_many(conn, [inbound()], RecordingJobs())
        made = put(conn, alert())
        (claimed,) = take(conn)
        report(conn, "failed", d=made, code=63016)
        assert record(conn, claimed, ACCEPTED) is State.QUEUED
        report(conn, "sent", d=made)
        assert row_of(conn, made).state == "queued"
        (again,) = take(conn)
        record(conn, again, Accepted("SM2", "queued", 201))
        assert row_of(conn, made).state == "sent"

    await db.write(unit)


async def test_a_late_failure_of_an_unknown_try_does_not_stop_the_next_one(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = put(conn, alert())
        (claimed,) = take(conn)
        record(conn, claimed, NO_ANSWER)
        conn.execute(delivery.update().values(state="queued", claimed_until=None))
        assert report(conn, "failed", d=made, code=63024) is Applied.OLDER
        assert row_of(conn, made).state == "queued"
        assert contacts.stopped(conn) == 0
        assert report(conn, "sent", sid="SM1b", d=made) is Applied.APPLIED
        assert row_of(conn, made).state == "sent", "it was taken after all: nothing is sent twice"

    await db.write(unit)


async def test_a_second_refusal_as_a_template_is_final(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = sent(conn)
        report(conn, "failed", d=made, code=63016)
        row = row_of(conn, made)
        assert (row.state, row.reason, row.failed_at) == ("failed", "window_closed", NOW)

    await db.write(unit)


async def test_a_person_who_blocked_us_is_not_tried_again(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = sent(conn)
        report(conn, "undelivered", d=made, code=63033)
        assert (row_of(conn, made).state, row_of(conn, made).reason) == ("undelivered", "recipient")
        assert contacts.stopped(conn) == 1

    await db.write(unit)


async def test_what_the_provider_could_not_do_is_tried_later(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made, when = sent(conn), NOW
        for n in (1, 2):
            assert report(conn, "failed", sid=f"SM{n}", d=made, code=63018, now=when) is Applied.APPLIED
            when = row_of(conn, made).not_before
            (again,) = take(conn, when)
            record(conn, again, Accepted(f"SM{n + 1}", "queued", 201), when)
        assert when - NOW >= timedelta(minutes=3)
        report(conn, "read", sid="SM1", d=made, now=when)
        assert row_of(conn, made).state == "read", "it had arrived after all"

    await db.write(unit)


async def test_a_report_on_nothing_is_kept(db: Database) -> None:
    def unit(conn: Connection) -> None:
        assert report(conn, "delivered", d=DeliveryId("NOBODY")) is Applied.ORPHAN
        event = conn.execute(select(status_event)).one()
        assert (event.delivery_id, event.applied, event.raw) == (None, "orphan", {"MessageStatus": "delivered"})

    await db.write(unit)


async def test_the_log_lists_filters_pages_and_shows(db: Database) -> None:
    def unit(conn: Connection) -> None:
        made = sent(conn)
        report(conn, "delivered", d=made)
        for n in range(3):
            put(conn, alert(f"later:{n}"), now=NOW + timedelta(minutes=n + 1))
        first = deliveries.list_deliveries(conn, size=2)
        rest = deliveries.list_deliveries(conn, after=first.after, size=2)
        keys = [one.key for one in [*first.deliveries, *rest.deliveries]]
        assert keys == ["later:2", "later:1", "later:0", "alert:1"]
        assert rest.after is None
        wanted = deliveries.Filter(state=State.DELIVERED, to=ANNA, kind="alert", since=NOW)
        (found,) = deliveries.list_deliveries(conn, wanted).deliveries
        assert (found.id, found.buttons[0]) == (made, ("Renew", "renew:A1"))
        shown = deliveries.show(conn, made)
        assert shown is not None
        assert [one.outcome for one in shown.attempts] == ["accepted"]
        assert [one.status for one in shown.reports] == ["delivered"]
        assert deliveries.show(conn, DeliveryId("NOBODY")) is None
        assert deliveries.by_provider_id(conn, "SM1") == found

    await db.write(unit)
