"""The relay on both databases: what is sent, in which order, and what becomes of it when the provider balks."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.clock import ManualClock
from bot.errors import PermanentError, TransientError
from bot.ids import Address, DeliveryId
from bot.messaging import contents, inbox, outbox
from bot.messaging.content_sync import ContentSync
from bot.messaging.message import ErrorClass, Kind, Outgoing
from bot.messaging.pace import PERSON_BURST
from bot.messaging.reconciliation import recover_inbound
from bot.messaging.relay import Relay
from bot.messaging.settler import Settler
from bot.messaging.status import State
from bot.messaging.templates import Button, registry
from bot.messaging.transport import OutMessage, Rejected, Result, Seen
from bot.storage.engine import Database
from bot.storage.tables import attempt
from tests.integration.messaging_support import (
    ANNA,
    BORIS,
    BUTTONS,
    NO_ANSWER,
    REFUSED_CONNECTION,
    SENDER,
    THROTTLED,
    RecordingJobs,
    ScriptedTransport,
    alert,
    inbound,
    put,
    row_of,
    states,
    until,
)

Script = Callable[[OutMessage], Result | None]


class Bench:
    """A relay with everything around it."""

    def __init__(
        self,
        db: Database,
        clock: ManualClock,
        script: Script | None = None,
        per_second: float = 1000,
        people_per_day: int | None = None,
        patience_seconds: float = 0.05,
    ) -> None:
        self.db, self.clock, self.jobs = db, clock, RecordingJobs()
        self.transport = ScriptedTransport(script)
        self.contents = ContentSync(db, self.transport, clock)
        self.relay = Relay(
            db,
            self.transport,
            clock,
            self.jobs,
            self.contents,
            per_second=per_second,
            people_per_day=people_per_day,
            jitter=lambda: 0.5,
            patience_seconds=patience_seconds,
        )
        self.settler = Settler(db, self.transport, clock, self.jobs)

    async def put(self, *messages: Outgoing) -> list[DeliveryId]:
        def unit(conn: Connection) -> list[DeliveryId]:
            return [put(conn, one, self.jobs, self.clock.now()) for one in messages]

        return await self.db.write(unit)

    def has_sent(self, number: int) -> bool:
        return len(self.transport.sent) >= number

    async def drain(self) -> int:
        return await self.relay.drain(SENDER)


def always(result: Result) -> Script:
    return lambda message: result


def once(result: Result) -> Script:
    left = [result]
    return lambda message: left.pop() if left else None


async def test_a_content_goes_by_its_id_with_its_variables(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    (made,) = await bench.put(alert(expires_at=clock.now() + timedelta(hours=1)))
    assert await bench.drain() == 1
    (message,) = bench.transport.sent
    content = registry().content("alerts/ending", "en")
    assert (message.delivery_id, message.to, message.sender) == (made, ANNA, SENDER)
    assert message.content_id == "HX" + "0" * 31 + "1"
    assert message.variables["1"] == "Alfa Dental"
    assert [message.variables[n] for n in ("8", "9", "10")] == [button.payload for button in BUTTONS]
    assert set(message.variables) == set(content.samples)
    assert message.validity_seconds == 3600
    assert await states(db) == {"alert:1": "sent"}


async def test_each_wording_is_stored_once(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    await bench.put(*[alert(str(n), to=Address(f"whatsapp:+3712000010{n}")) for n in range(9)])
    await bench.drain()
    assert len(bench.transport.created) == 1
    stored = await db.read(contents.all_stored)
    assert [(one.template, one.language, one.approval) for one in stored] == [("alerts/ending", "en", "approved")]


async def test_one_person_in_order_others_meanwhile(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    await bench.put(*[alert(f"a{n}") for n in range(5)], alert("b", to=BORIS))
    await bench.drain()
    keys = [row.key for row in [await db.read(row_of, one.delivery_id) for one in bench.transport.sent]]
    assert [key for key in keys if key.startswith("a")] == ["a0", "a1", "a2", "a3", "a4"]
    assert set((await states(db)).values()) == {"sent"}


async def test_when_one_must_wait_those_after_it_wait_too(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, once(THROTTLED))
    await bench.put(alert("a0"), alert("a1"), alert("b", to=BORIS, priority=60))
    await bench.drain()
    assert await states(db) == {"a0": "queued", "a1": "queued", "b": "sent"}
    clock.advance(seconds=1)
    await bench.drain()
    assert set((await states(db)).values()) == {"sent"}
    order = [(await db.read(row_of, one.delivery_id)).key for one in bench.transport.sent]
    assert order == ["a0", "b", "a0", "a1"]


@pytest.mark.parametrize("result", [THROTTLED, REFUSED_CONNECTION])
async def test_certainly_unsent_is_tried_until_it_works(db: Database, clock: ManualClock, result: Result) -> None:
    bench = Bench(db, clock, always(result))
    await bench.put(alert())
    for _ in range(5):
        await bench.drain()
        clock.advance(minutes=5)
    assert len(bench.transport.sent) == 5
    bench.transport.script = None
    await bench.drain()
    assert await states(db) == {"alert:1": "sent"}


async def test_no_answer_is_never_posted_again_by_itself(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, always(NO_ANSWER))
    await bench.put(alert())
    for _ in range(3):
        await bench.drain()
        clock.advance(hours=1)
    assert len(bench.transport.sent) == 1
    assert await states(db) == {"alert:1": "unknown"}


async def test_an_unknown_send_is_found_at_the_provider(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, always(NO_ANSWER))
    (made,) = await bench.put(alert())
    await bench.drain()
    body = (await db.read(row_of, made)).body
    bench.transport.remembers = [
        Seen("SMother", ANNA, "something else", "delivered", clock.now()),
        Seen("SMold", ANNA, body, "delivered", clock.now() - timedelta(hours=1)),
        Seen("SM77", ANNA, body, "delivered", clock.now()),
    ]
    assert await bench.settler.settle() == {}, "a callback gets two minutes"
    clock.advance(minutes=2)
    await db.write(outbox.sweep, clock.now(), bench.jobs)
    assert bench.jobs.asked[-1] == ("ask_provider", "messages", clock.now())
    assert await bench.settler.settle() == {State.DELIVERED: 1}
    assert (await db.read(row_of, made)).provider_id == "SM77"
    assert await bench.settler.settle() == {}


async def test_an_alert_that_the_provider_does_not_have_is_sent_again_once(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, always(NO_ANSWER))
    await bench.put(alert())
    for expected in (State.QUEUED, State.UNKNOWN):
        await bench.drain()
        clock.advance(minutes=2)
        assert await bench.settler.settle() == {expected: 1}
    clock.advance(hours=1)
    await bench.drain()
    assert await bench.settler.settle() == {}
    assert len(bench.transport.sent) == 2
    row = await db.read(row_of, bench.transport.sent[0].delivery_id)
    assert (row.state, row.reason, row.unconfirmed) == ("unknown", "unsettled", True)


@pytest.mark.parametrize(("language", "marked"), [("en", "*Alfa Dental (repeat)*"), ("ru", "*Alfa Dental (повтор)*")])
async def test_a_receipt_is_sent_again_and_says_so(
    db: Database, clock: ManualClock, language: str, marked: str
) -> None:
    bench = Bench(db, clock, once(NO_ANSWER))
    (made,) = await bench.put(alert(kind=Kind.RECEIPT, language=language))
    await bench.drain()
    clock.advance(minutes=2)
    await bench.settler.settle()
    await bench.drain()
    first, second = bench.transport.sent
    assert (first.variables["1"], second.variables["1"]) == ("Alfa Dental", marked.strip("*"))
    row = await db.read(row_of, made)
    assert row.state == "sent"
    assert marked in row.body


async def test_a_reply_is_not(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, always(NO_ANSWER))
    await bench.put(alert(kind=Kind.REPLY))
    await bench.drain()
    clock.advance(minutes=2)
    assert await bench.settler.settle() == {State.UNKNOWN: 1}
    await bench.drain()
    assert len(bench.transport.sent) == 1


async def test_missing_reports_are_asked_for(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    (made,) = await bench.put(alert())
    await bench.drain()
    body = (await db.read(row_of, made)).body
    bench.transport.remembers = [Seen("SM1", ANNA, body, "sent", clock.now())]
    clock.advance(minutes=9)
    assert await bench.settler.settle() == {}
    clock.advance(minutes=1)
    assert await bench.settler.settle() == {State.SENT: 1}
    bench.transport.remembers = [Seen("SM1", ANNA, body, "delivered", clock.now())]
    clock.advance(minutes=20)
    assert await bench.settler.settle() == {State.DELIVERED: 1}
    assert (await db.read(row_of, made)).delivered_at == clock.now()


async def test_a_report_that_never_comes_makes_it_unconfirmed(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    (made,) = await bench.put(alert())
    await bench.drain()
    bench.transport.remembers = [Seen("SM1", ANNA, "", "sent", clock.now())]
    for _ in range(12):
        clock.advance(hours=3)
        await bench.settler.settle()
    row = await db.read(row_of, made)
    assert (row.state, row.unconfirmed, row.claimed_until) == ("sent", True, None)


async def test_free_text_outside_the_window_is_not_sent(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)

    def unit(conn: Connection) -> DeliveryId:
        made = put(conn, alert(), bench.jobs)
        from bot.storage.tables import delivery

        conn.execute(delivery.update().values(checksum=None, buttons=[], variables={}))
        return made

    made = await db.write(unit)
    await bench.drain()
    assert bench.transport.sent == []
    row = await db.read(row_of, made)
    assert (row.state, row.reason) == ("failed", "window_closed")


async def test_a_template_not_yet_approved_waits_and_a_rejected_one_fails(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    bench.transport.initial_approval = "pending"
    await bench.put(alert())
    await bench.drain()
    assert bench.transport.sent == []
    assert await states(db) == {"alert:1": "queued"}
    assert (await db.read(attempts_of)) == []
    clock.advance(minutes=5)
    bench.transport.approvals = dict.fromkeys(bench.transport.approvals, "approved")
    await bench.drain()
    assert await states(db) == {"alert:1": "sent"}


async def test_a_text_meant_for_the_conversation_only_goes_inside_it(db: Database, clock: ManualClock) -> None:
    key = next(key for key in registry().names() if registry().entry(key).only_in_window)
    entry = registry().entry(key)
    buttons = [Button(action, action) for action in entry.buttons]
    bench = Bench(db, clock)
    await db.write(inbox.accept, inbound(sender=BORIS, now=clock.now()), bench.jobs)
    words: dict[str, Any] = {"template": key, "facts": entry.sample, "buttons": buttons, "kind": Kind.REPLY}
    await bench.put(alert("outside", **words), alert("inside", to=BORIS, **words))
    await bench.drain()
    assert await states(db) == {"outside": "failed", "inside": "sent"}


async def test_a_rejected_template_fails_outside_and_goes_inside_the_window(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    bench.transport.initial_approval = "rejected"
    await db.write(inbox.accept, inbound(sender=BORIS), bench.jobs)
    await bench.put(alert("a"), alert("b", to=BORIS))
    await bench.drain()
    assert await states(db) == {"a": "failed", "b": "sent"}


def attempts_of(conn: Connection) -> list[str | None]:
    return list(conn.execute(select(attempt.c.outcome)).scalars())


async def test_a_refused_account_stops_the_sender_and_keeps_the_outbox(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, always(Rejected(ErrorClass.CONFIGURATION, 20003, "Authenticate", 401)))
    await bench.put(alert("a"))
    await bench.drain()
    await bench.put(alert("b", to=BORIS))
    await bench.drain()
    assert len(bench.transport.sent) == 1
    clock.advance(minutes=2)
    bench.transport.script = None
    await bench.drain()
    assert set((await states(db)).values()) == {"sent"}


async def test_a_transport_that_breaks_leaves_the_message_unknown(db: Database, clock: ManualClock) -> None:
    def broken(message: OutMessage) -> Result:
        raise RuntimeError("bug")

    bench = Bench(db, clock, broken)
    await bench.put(alert())
    await bench.drain()
    assert await states(db) == {"alert:1": "unknown"}


async def test_never_faster_than_the_sender_may(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, per_second=5, patience_seconds=5)
    await bench.put(*[alert(str(n), to=Address(f"whatsapp:+3712000010{n}")) for n in range(8)])
    draining = asyncio.create_task(bench.drain())
    await until(partial(bench.has_sent, 5))
    await asyncio.sleep(0.05)
    assert len(bench.transport.sent) == 5
    for expected in (6, 7, 8):
        clock.advance(seconds=0.2)
        await until(partial(bench.has_sent, expected))
    clock.advance(seconds=1)
    assert await draining == 8


async def test_one_person_is_not_flooded_and_keeps_the_order(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    await bench.put(*[alert(f"{n:02d}") for n in range(PERSON_BURST + 3)])
    await bench.drain()
    assert len(bench.transport.sent) == PERSON_BURST
    for expected in range(1, 4):
        clock.advance(seconds=6)
        await bench.drain()
        assert len(bench.transport.sent) == PERSON_BURST + expected
    keys = [(await db.read(row_of, one.delivery_id)).key for one in bench.transport.sent]
    assert keys == sorted(keys)


async def test_no_more_new_people_in_a_day_than_whatsapp_allows(db: Database, clock: ManualClock) -> None:
    people = [Address(f"whatsapp:+3712000010{n}") for n in range(5)]
    first = Bench(db, clock, people_per_day=2)
    await db.write(inbox.accept, inbound(sender=people[4], now=clock.now()), first.jobs)
    await first.put(*[alert(str(n), to=people[n]) for n in range(2)])
    await first.drain()
    started = clock.now()
    clock.advance(hours=1)
    second = Bench(db, clock, people_per_day=2)
    await second.put(*[alert(f"again {n}", to=to) for n, to in enumerate(people)])
    await second.drain()
    sent = {key for key, state in (await states(db)).items() if state == "sent"}
    assert sent == {"0", "1", "again 0", "again 1", "again 4"}, "the last one has written: that is no new conversation"
    assert second.jobs.asked[-1][2] >= started + timedelta(hours=24)
    clock.move_to(started + timedelta(hours=24))
    await second.drain()
    assert second.has_sent(3)
    assert not second.has_sent(4), "those two were written to again an hour later"
    clock.advance(hours=1)
    await second.drain()
    assert set((await states(db)).values()) == {"sent"}


async def test_too_fast_slows_the_sender_down(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, once(THROTTLED), per_second=10)
    await bench.put(*[alert(str(n), to=Address(f"whatsapp:+3712000010{n}")) for n in range(3)])
    assert await bench.drain() == 3
    await bench.put(alert("later", to=BORIS))
    assert await bench.drain() == 0
    assert bench.jobs.asked[-1] == ("relay", SENDER, clock.now() + timedelta(seconds=0.2))
    clock.advance(seconds=2)
    await bench.drain()
    assert set((await states(db)).values()) == {"sent"}


async def test_a_slow_send_does_not_hold_up_a_reply_to_somebody_else(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    free = asyncio.Event()
    original = bench.transport.send

    async def send(message: OutMessage) -> Result:
        if message.to == ANNA:
            await free.wait()
        return await original(message)

    bench.transport.send = send  # type: ignore[method-assign]
    await bench.put(alert("slow"))
    draining = asyncio.create_task(bench.drain())
    await asyncio.sleep(0.05)
    await bench.put(alert("reply", to=BORIS, kind=Kind.REPLY))
    await until(partial(bench.has_sent, 1))
    assert (await states(db))["slow"] == "sending"
    free.set()
    assert await draining == 2


async def test_two_relays_send_everything_once(db: Database, clock: ManualClock) -> None:
    first, second = Bench(db, clock), Bench(db, clock)
    await first.contents.sync()
    await first.put(*[alert(str(n), to=Address(f"whatsapp:+371200001{n % 20:02d}")) for n in range(60)])
    await asyncio.gather(first.drain(), second.drain())
    await asyncio.gather(first.drain(), second.drain())
    ids = [one.delivery_id for one in first.transport.sent + second.transport.sent]
    assert len(ids) == len(set(ids)) == 60
    assert set((await states(db)).values()) == {"sent"}


async def test_texts_are_synchronised_and_problems_named(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    wanted = registry().contents()
    report = await bench.contents.sync()
    assert (report.created, report.problems) == (len(wanted), [])
    found = contents.status(await db.read(contents.all_stored), wanted)
    assert [one.name for one in found if not one.is_usable] == []
    again = await bench.contents.sync()
    assert (again.created, again.submitted, again.checked) == (0, 0, 0)
    await db.write(contents.refused, *wanted_key(), "paused")
    (paused,) = [one for one in contents.status(await db.read(contents.all_stored), wanted) if not one.is_usable]
    assert (paused.template, paused.approval) == ("alerts/ending", "paused")
    bench.transport.approvals = dict.fromkeys(bench.transport.approvals, "paused")
    third = await bench.contents.sync()
    assert (third.checked, third.problems) == (1, [f"{paused.name}: WhatsApp says paused"])


def wanted_key() -> tuple[str, str, str]:
    content = registry().content("alerts/ending", "en")
    return content.template, content.language, content.checksum


def test_nothing_is_usable_before_it_is_stored() -> None:
    assert not any(one.is_usable for one in contents.status([], registry().contents()))
    free = [one for one in registry().contents() if not one.needs_approval]
    assert all(one.content_id is None for one in contents.status([], free))


async def test_messages_lost_in_an_outage_are_taken_in_once(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    bench.transport.heard = [inbound(str(n), body=f"text {n}", now=clock.now()) for n in range(3)]
    recover = partial(recover_inbound, db, bench.transport, clock, bench.jobs)
    assert await recover() == 0, "an empty inbox knows of no outage"
    await db.write(inbox.accept, inbound("1", now=clock.now()), bench.jobs)
    clock.advance(minutes=10)
    assert await recover() == 2
    assert await recover() == 0
    assert (await db.read(inbox.queue_length))[0] == 3


async def test_what_came_by_another_road_hides_no_outage(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock)
    await db.write(inbox.accept, inbound("SMknown", now=clock.now()), bench.jobs)
    clock.advance(hours=1)
    bench.transport.heard = [inbound("SMlost", now=clock.now())]
    clock.advance(hours=1)
    by_hand, elsewhere = inbound("CLI1", now=clock.now()), inbound("W1", now=clock.now())
    await db.write(inbox.accept_many, [by_hand, replace(elsewhere, transport="wazzup")], bench.jobs)
    assert await recover_inbound(db, bench.transport, clock, bench.jobs) == 1


async def test_a_question_that_the_provider_refuses_holds_up_no_other(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, always(NO_ANSWER))
    await bench.put(alert("a", to=ANNA), alert("b", to=BORIS))
    await bench.drain()
    asked: list[str] = []

    async def lookup(to: Address, since: datetime) -> list[Seen]:
        asked.append(to)
        if to == ANNA:
            raise PermanentError("To is not a valid filter")
        return []

    bench.transport.lookup = lookup  # type: ignore[method-assign]
    clock.advance(minutes=3)
    await bench.settler.settle()
    assert (asked, await states(db)) == ([ANNA, BORIS], {"a": "unknown", "b": "queued"})
    await bench.settler.settle()
    assert asked == [ANNA, BORIS], "not at once again"
    clock.advance(minutes=10)
    await bench.settler.settle()
    assert asked[2:] == [ANNA]


async def test_a_provider_that_cannot_be_asked_stops_nothing(db: Database, clock: ManualClock) -> None:
    bench = Bench(db, clock, always(NO_ANSWER))
    await db.write(inbox.accept, inbound(now=clock.now()), bench.jobs)
    await bench.put(alert())
    await bench.drain()
    clock.advance(hours=1)

    async def away(*_: object) -> list[Any]:
        raise TransientError("away")

    bench.transport.lookup = away  # type: ignore[method-assign,assignment]
    bench.transport.received = away  # type: ignore[method-assign,assignment]
    assert await recover_inbound(db, bench.transport, clock, bench.jobs) == 0
    assert await bench.settler.settle() == {}
    assert (await states(db))["alert:1"] == "unknown"
