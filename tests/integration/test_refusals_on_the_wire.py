"""What is refused only after it was taken: other words, a slower sender, an account to be put right. On the wire."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.app.vital_signs import alarms, measure
from bot.clock import ManualClock
from bot.ids import Address
from bot.messaging.message import Outgoing
from bot.scheduler import entries
from bot.settings import OperationsSettings
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import ALFA, BETA, GAMMA, add_client
from tests.integration.messaging_support import BORIS, alert, put, until
from tests.integration.test_people_on_the_wire import ANNA, Wire, wired


async def write(wire: Wire, key: str, to: Address = ANNA, **changes: Any) -> None:
    out: Outgoing = alert(key, to, **changes)
    await wire.db.write(lambda conn: put(conn, out, wire.house.jobs, wire.house.clock.now()))  # type: ignore[arg-type]


async def alarm_names(wire: Wire) -> list[str]:
    signs = await wire.db.read(measure, wire.house.clock.now())
    return [one.name for one in alarms(signs, OperationsSettings())]


async def look_again(wire: Wire, clock: ManualClock, by: timedelta) -> None:
    clock.advance(seconds=by.total_seconds())
    await wire.db.write(lambda conn: wire.house.jobs.enqueue(conn, entries.SWEEP, "again", clock.now()))


def is_waiting(tries: int, row: Any) -> bool:
    return bool(row.state == "queued" and row.attempts == tries)


async def last_line(wire: Wire) -> Any:
    await wire.simulator.settle()
    return (await wire.simulator.transcript(ANNA))[-1]


@pytest.mark.parametrize("code", [63013, 63021, 63027, 63028, 63005, 21655, 21656, 92001])
async def test_a_text_refused_with_its_values_goes_as_a_notice_and_is_an_alarm(
    sqlite_db: Database, clock: ManualClock, code: int
) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        wire.simulator.faults.add("error", code=code, to=ANNA)
        await write(wire, "a1")
        row = await wire.until("a1", lambda row: row.state == "delivered")
        assert (row.template, row.attempts, row.buttons) == ("system/notice", 2, [])
        line = await last_line(wire)
        assert "Alfa Dental" in line.text
        assert "notice from your partner account" in line.text
        assert await alarm_names(wire) == ["unfit:alerts/ending:en"]


async def test_a_variable_that_is_missing_empty_or_too_many_stops_the_text_not_the_message(
    sqlite_db: Database, clock: ManualClock
) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        for key, change in (("missing", {"1": None}), ("empty", {"1": " "}), ("surplus", {"99": "x"})):

            def spoil(conn: Any, key: str = key, change: dict[str, Any] = change) -> None:
                put(conn, alert(key), wire.house.jobs, clock.now())  # type: ignore[arg-type]
                values = conn.execute(select(delivery.c.variables).where(delivery.c.key == key)).scalar_one()
                kept = {name: value for name, value in (values | change).items() if value is not None}
                conn.execute(update(delivery).where(delivery.c.key == key).values(variables=kept))

            await sqlite_db.write(spoil)
            row = await wire.until(key, lambda row: row.state == "delivered")
            assert (row.template, row.attempts) == ("system/notice", 2)
        texts = [line.text for line in await wire.simulator.transcript(ANNA)]
        assert len(texts) == 3
        assert all("Alfa Dental" in text and "notice" in text for text in texts)
        assert await alarm_names(wire) == ["unfit:alerts/ending:en"]


@pytest.mark.parametrize("code", [63021, 63041])
async def test_inside_the_window_the_words_go_whole_without_buttons(
    sqlite_db: Database, clock: ManualClock, code: int
) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        await wire.answer_to(ANNA, "help")
        wire.simulator.faults.add("error", code=code, to=ANNA)
        await write(wire, "a1")
        row = await wire.until("a1", lambda row: row.state == "delivered")
        assert (row.template, row.checksum, row.attempts) == ("alerts/ending", None, 2)
        line = await last_line(wire)
        assert (line.text, line.buttons) == (row.body, ())


async def test_what_counts_as_spam_is_not_said_in_other_words(sqlite_db: Database, clock: ManualClock) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        wire.simulator.faults.add("error", code=63026, to=ANNA)
        row = await wire.send("a1")
        assert (row.state, row.reason, row.attempts) == ("failed", "template", 1)
        assert await alarm_names(wire) == ["unfit:alerts/ending:en"]


async def test_too_fast_reported_later_slows_the_sender_and_the_message_is_kept_for_a_day(
    sqlite_db: Database, clock: ManualClock
) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        sender = Address(wire.house.settings.twilio.sender)
        full = wire.house.relay._bucket(sender).rate
        wire.simulator.faults.add("error", code=63018, times=None, to=ANNA)
        await write(wire, "a1")
        begun = clock.now()
        for tries in range(1, 11):
            await wire.until("a1", partial(is_waiting, tries))
            if tries == 1:
                await write(wire, "b", BORIS)
                await until(lambda: wire.house.relay._bucket(sender).rate <= full / 2)
                clock.advance(seconds=1)
                await wire.until("b", lambda row: row.state == "delivered")  # others go on, at half the pace
            await look_again(wire, clock, timedelta(hours=2, minutes=1))
        assert clock.now() - begun > timedelta(hours=20)
        wire.simulator.faults.clear()
        await look_again(wire, clock, timedelta(hours=2, minutes=1))
        await wire.until("a1", lambda row: row.state == "delivered")


async def test_a_locked_account_keeps_its_messages_and_is_an_alarm(sqlite_db: Database, clock: ManualClock) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        wire.simulator.faults.add("error", code=63020, to=ANNA)
        await write(wire, "a1")
        await wire.until("a1", lambda row: row.state == "queued" and row.error_code == 63020)
        assert await alarm_names(wire) == ["account:63020"]
        await look_again(wire, clock, timedelta(minutes=6))
        await wire.until("a1", lambda row: row.state == "delivered")


async def test_a_country_that_is_not_enabled_holds_up_nobody_else(sqlite_db: Database, clock: ManualClock) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        wire.simulator.faults.add("error", code=21408, times=None, to=ANNA)
        first = await wire.send("a1")
        assert (first.state, first.reason) == ("failed", "recipient")
        assert (await wire.send("b", BORIS)).state == "delivered"


async def test_a_picture_that_nobody_could_fetch_comes_as_the_list_it_shows(
    sqlite_db: Database, clock: ManualClock
) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.db.write(lambda conn: [add_client(conn, one) for one in (ALFA, BETA, GAMMA)])
        wire.simulator.faults.add("error", code=63019, to=ANNA)
        first = await wire.answer_to(ANNA, "picture")
        listed = await wire.simulator.wait_for(
            lambda line: line.address == ANNA and not line.inbound and "Alfa" in line.text, after=first.seq - 1
        )
        assert listed.text.splitlines() == [
            "*3 clients need you*",
            "1. Gamma Travel: €0.00, channels stopped",
            "2. Beta Kids: €9.00, money till 28 Nov",
            "3. Alfa Dental: €0.00, till 3 Dec",
            "The picture did not arrive, so here is the list as text.",
            "Answer with a number to see that client.",
        ]
        row = await wire.db.read(
            lambda conn: conn.execute(select(delivery).where(delivery.c.key.like("reply:%")).limit(1)).one()
        )
        assert (row.media, row.variables, row.body) == (None, {}, listed.text)
        assert (await wire.answer_to(ANNA, "3")).text.startswith("*Alfa Dental*")
