"""A short visit to the installation: put a message into the inbox, see to it that it is handled, read the replies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from bot.app.clock_offset import read_offset
from bot.app.heartbeats import anybody_works
from bot.app.house import House, build
from bot.app.opening import open_database
from bot.app.simulation import embedded_simulator, pointed_at_simulator
from bot.clock import SystemClock
from bot.config import Settings
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import Address, InboxId
from bot.messaging import inbox as inbox_room
from bot.messaging.deliveries import Delivery, replies_to
from bot.messaging.message import Inbound
from bot.simulator.server import Simulator
from bot.storage.tables import inbox

_LOOK_SECONDS = 0.05


class Errand:
    """An installation that is visited by a command; a worker elsewhere does the work, or this process itself."""

    def __init__(self, house: House, works_here: bool) -> None:
        self._house = house
        self._works_here = works_here

    async def receive(self, address: Address, text: str, payload: str | None) -> InboxId:
        """What the webhook does with a message; returns its inbox id."""
        house = self._house
        row = Inbound(
            transport=house.transport.name,
            provider_id=f"CLI{new_id()}",
            from_address=address,
            to_address=Address(house.settings.twilio.sender),
            body=text,
            received_at=house.clock.now(),
            payload=payload,
        )
        await house.db.write(inbox_room.accept, row, house.jobs)
        return await house.db.read(_inbox_id, row.provider_id)

    async def replies(self, inbox_id: InboxId) -> list[Delivery]:
        """Wait until the message is handled, and give what was said in answer."""
        if self._works_here:
            await self._house.until_quiet()
        while not await self._house.db.read(_is_handled, inbox_id):  # noqa: ASYNC110 - only the table tells
            await asyncio.sleep(_LOOK_SECONDS)
        return await self._house.db.read(replies_to, inbox_id)


@asynccontextmanager
async def errand(settings: Settings) -> AsyncIterator[Errand]:
    """Open the installation. Without a live worker the work is done here; without an account, on a simulator."""
    db = open_database(settings)
    clock = SystemClock()
    clock.move_to_offset(await db.read(read_offset))
    works_here = not await db.read(anybody_works, datetime.now(UTC))
    simulator = await _simulator(settings, clock, works_here)
    if settings.twilio.account_sid is None:
        settings = pointed_at_simulator(settings, simulator.url if simulator else "http://127.0.0.1:1", payments=False)
    house = build(settings, db, clock=clock, role="worker")
    try:
        yield Errand(house, works_here)
    finally:
        await house.relay.close()
        await house.close_wires()
        if simulator is not None:
            await simulator.stop()
        await db.close()


async def _simulator(settings: Settings, clock: SystemClock, works_here: bool) -> Simulator | None:
    """The other end when there is no account; never beside the one that a running worker has."""
    if settings.twilio.account_sid is not None or not works_here:
        return None
    if not settings.database.url.startswith("sqlite"):
        raise UserError("no_account")
    simulator = embedded_simulator(settings, clock, people=(), partner_name="", move=None)
    await simulator.start()
    return simulator


def _inbox_id(conn: Connection, provider_id: str) -> InboxId:
    return InboxId(conn.execute(select(inbox.c.id).where(inbox.c.provider_id == provider_id)).scalar_one())


def _is_handled(conn: Connection, inbox_id: InboxId) -> bool:
    state: str = conn.execute(select(inbox.c.state).where(inbox.c.id == inbox_id)).scalar_one()
    return state != "received"
