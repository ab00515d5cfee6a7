"""A curator whom WhatsApp does not know, one who hides the number, a code nobody knows: the whole house on the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.app.house import House, build
from bot.app.simulation import bound_socket
from bot.app.vital_signs import alarms, measure
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.ids import Address, CuratorId
from bot.messaging import resend
from bot.messaging.message import Outgoing
from bot.settings import OperationsSettings, Settings
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, Person, SimulatorSettings
from bot.storage.engine import Database
from bot.storage.tables import attempt, delivery
from tests.integration.alert_world import NOW, RIGA, add_partner
from tests.integration.messaging_support import alert, put

ANNA = Address("whatsapp:+37120000017")
HIDDEN = Address("whatsapp:LV.abc123")


@dataclass(frozen=True, slots=True)
class Wire:
    """A house and the provider at the other end."""

    house: House
    simulator: Simulator
    db: Database
    anna: CuratorId

    async def send(self, key: str, to: Address = ANNA) -> Any:
        """An alert; its row once nothing is under way any more."""
        out: Outgoing = alert(key, to, partner_id=RIGA, curator_id=self.anna)
        made = await self.db.write(lambda conn: put(conn, out, self.house.jobs, self.house.clock.now()))  # type: ignore[arg-type]
        return await self.until(key, lambda row: row.id == made and row.state not in ("queued", "sending", "sent"))

    async def until(self, key: str, condition: Callable[[Any], bool]) -> Any:
        """The message once it meets a condition."""
        for _ in range(250):
            row = await self.db.read(lambda conn: conn.execute(select(delivery).where(delivery.c.key == key)).first())
            if row is not None and condition(row):
                return row
            await asyncio.sleep(0.02)
        raise AssertionError(f"{key}: {row}")

    async def answer_to(self, address: Address, text: str) -> Any:
        """What somebody is answered, as it arrived."""
        last = await self.simulator.transcript()
        await self.simulator.say(address, text)
        return await self.simulator.wait_for(
            lambda line: line.address == address and not line.inbound, after=last[-1].seq if last else 0
        )


@asynccontextmanager
async def wired(db: Database, clock: ManualClock) -> AsyncIterator[Wire]:
    people = [Person("Anna", ANNA, external_user_id=HIDDEN), Person("Anna again", HIDDEN, external_user_id=HIDDEN)]
    simulator = create_simulator(SimulatorSettings(people=people), clock)
    await simulator.start()
    sock = bound_socket("127.0.0.1", 0)
    public_url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    twilio = {
        "account_sid": DEFAULT_ACCOUNT_SID,
        "auth_token": DEFAULT_AUTH_TOKEN,
        "api_url": simulator.url,
        "content_url": simulator.url,
    }
    simulator.webhook_url = f"{public_url}/webhooks/twilio/inbound"

    def begin(conn: Connection) -> CuratorId:
        add_partner(conn)
        phone = ANNA.removeprefix("whatsapp:")
        return directory.add_curator(conn, RIGA, name="Anna", phone=phone, now=NOW, consent="asked").id

    anna = await db.write(begin)
    house = build(Settings.model_validate({"public_url": public_url, "twilio": twilio}), db, clock=clock, role="visit")
    await house.start(sock)
    try:
        yield Wire(house, simulator, db, anna)
    finally:
        await house.stop()
        await simulator.stop()


@pytest.mark.parametrize("code", [63003, 63024, 21211])
async def test_who_cannot_be_reached_is_left_alone_until_they_write(
    sqlite_db: Database, clock: ManualClock, code: int
) -> None:
    async with wired(sqlite_db, clock) as wire:
        wire.simulator.faults.add("error", code=code, times=None, to=ANNA)
        first = await wire.send("a1")
        assert (first.state, first.reason, first.error_code) == ("failed", "recipient", code)
        second = await wire.send("a2")
        assert (second.state, second.reason, second.attempts) == ("failed", "recipient", 0)
        wire.simulator.faults.clear()
        assert (await wire.send("a3")).attempts == 0, "nobody has said yet that it is well again"
        await wire.answer_to(ANNA, "START")
        assert (await wire.send("a4")).state == "delivered"


async def test_or_until_an_operator_says_so(sqlite_db: Database, clock: ManualClock) -> None:
    async with wired(sqlite_db, clock) as wire:
        wire.simulator.faults.add("error", code=63024, to=ANNA)
        first = await wire.send("a1")
        assert await sqlite_db.write(resend.retry, first.id, clock.now(), wire.house.jobs)
        await wire.until("a1", lambda row: row.state == "delivered")
        assert (await wire.send("a2")).state == "delivered"


async def test_a_hidden_number_is_learnt_and_used(sqlite_db: Database, clock: ManualClock) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.answer_to(ANNA, "help")
        person = await sqlite_db.read(directory.get_curator, wire.anna)
        assert person.addresses == (ANNA, HIDDEN), "the provider told both at once"
        answer = await wire.answer_to(HIDDEN, "due")
        assert answer.state in ("queued", "sent", "delivered")
        row = await sqlite_db.read(
            lambda conn: conn.execute(select(delivery).where(delivery.c.to_address == HIDDEN)).one()
        )
        assert (row.curator_id, row.partner_id) == (wire.anna, RIGA)
        assert (await wire.send("to the id itself", HIDDEN)).state == "delivered"


async def test_a_code_that_nobody_knows_is_final_and_an_alarm(sqlite_db: Database, clock: ManualClock) -> None:
    async with wired(sqlite_db, clock) as wire:
        wire.simulator.faults.add("error", code=63999, to=ANNA)
        row = await wire.send("a1")
        assert (row.state, row.reason, row.error_code, row.attempts) == ("failed", "permanent", 63999, 1)
        signs = await sqlite_db.read(measure, clock.now())
        (alarm,) = alarms(signs, OperationsSettings())
        assert (alarm.name, "63999" in alarm.title) == ("unknown_code:63999", True)
        assert "curatorbot deliveries --code 63999" in alarm.recipe
        assert "errors/63999" in alarm.recipe


async def test_a_text_that_is_paused_is_replaced_and_an_alarm(sqlite_db: Database, clock: ManualClock) -> None:
    async with wired(sqlite_db, clock) as wire:
        await wire.house.register_texts()
        wire.simulator.faults.add("error", code=63041, to=ANNA)
        made = await sqlite_db.write(lambda conn: put(conn, alert("a1"), wire.house.jobs, clock.now()))  # type: ignore[arg-type]
        await wire.until("a1", lambda row: row.state == "queued" and row.error_code == 63041)
        signs = await sqlite_db.read(measure, clock.now())
        assert [one.name for one in alarms(signs, OperationsSettings())] == ["text:alerts/ending:en"]
        tried = await sqlite_db.read(
            lambda conn: conn.execute(select(attempt.c.outcome).where(attempt.c.delivery_id == made)).scalars().all()
        )
        assert tried == ["accepted"]
