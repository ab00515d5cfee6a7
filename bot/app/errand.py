"""A short visit to the installation: a curator's message by the inbound path, and what is said in answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
from sqlalchemy import Connection, select

from bot.app.clock_offset import read_offset
from bot.app.heartbeats import anybody_works, phone_page
from bot.app.house import House, build
from bot.app.opening import open_database
from bot.app.settling import settle_first
from bot.app.simulation import bound_sockets, embedded_simulator, is_simulated, pointed_at_simulator
from bot.app.surroundings import surroundings
from bot.clock import SystemClock
from bot.errors import TransientError, UserError
from bot.id_generator import new_id
from bot.ids import Address, DeliveryId, InboxId
from bot.jobs.local import LocalJobs
from bot.messaging import inbox as inbox_room
from bot.messaging.deliveries import Delivery, Filter, list_deliveries, replies_to
from bot.messaging.message import Inbound
from bot.messaging.reconciliation import BY_HAND
from bot.messaging.status import State
from bot.settings import Settings
from bot.storage.engine import Database
from bot.storage.tables import inbox

_LOOK_SECONDS = 0.03
_SETTLE_SECONDS = 2.0
_LOOPBACK = "127.0.0.1"
_UNDER_WAY = (State.QUEUED, State.SENDING)
Say = Callable[[Address, str, str | None], Awaitable[str]]
"""Hands a message in; returns the provider's id of it."""


class Errand:
    """An installation that is visited by a command. `since`: when the visit began."""

    def __init__(self, db: Database, say: Say, since: datetime) -> None:
        self._db = db
        self._say = say
        self._since = since
        self._told: set[DeliveryId] = set()

    async def exchange(self, address: Address, text: str, payload: str | None) -> list[Delivery]:
        """Hand a message in, wait until it is handled, and give what was said in answer, with what became of it."""
        provider_id = await self._say(address, text, payload)
        while (inbox_id := await self._db.read(_handled, provider_id)) is None:  # noqa: ASYNC110 - the table tells
            await asyncio.sleep(_LOOK_SECONDS)
        until = asyncio.get_running_loop().time() + _SETTLE_SECONDS
        replies = await self._db.read(replies_to, inbox_id)
        while _under_way(replies) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            replies = await self._db.read(replies_to, inbox_id)
        self._told |= {one.id for one in replies}
        return replies

    async def news(self, address: Address) -> list[Delivery]:
        """What else was said to a person since the visit began, such as the receipt of a confirmation before it."""
        page = await self._db.read(list_deliveries, Filter(to=address, since=self._since))
        found = [one for one in reversed(page.deliveries) if one.id not in self._told]
        self._told |= {one.id for one in found}
        return found


@asynccontextmanager
async def errand(settings: Settings) -> AsyncIterator[Errand]:
    """Open the installation. Where no worker lives, this process does the work; without an account, on a simulator."""
    async with open_database(settings) as db:
        clock = SystemClock()
        clock.move_to_offset(await db.read(read_offset))
        if await db.read(anybody_works, datetime.now(UTC)):
            yield Errand(db, await _by_those_who_work(db, settings, clock), clock.now())
            return
        began = clock.now()
        settle_first(db, clock.now(), surroundings(settings, LocalJobs(db, clock, worker="visit")))
        if settings.twilio.account_sid is None:
            async with _on_a_simulator(db, settings, clock) as say:
                yield Errand(db, say, began)
        else:
            async with _working_here(db, settings, clock) as say:
                yield Errand(db, say, began)


async def _by_those_who_work(db: Database, settings: Settings, clock: SystemClock) -> Say:
    """To the phone of the simulator that the workers are on, or else straight into the inbox."""
    page = await db.read(phone_page, datetime.now(UTC))
    page = page or (settings.twilio.api_url if is_simulated(settings) else None)
    straight = _into_the_inbox(db, settings, clock, build(_with_account(settings), db, clock=clock, role="worker"))
    return straight if page is None else _by_phone(page, straight)


@asynccontextmanager
async def _on_a_simulator(db: Database, settings: Settings, clock: SystemClock) -> AsyncIterator[Say]:
    """The whole product with a simulator, on free ports, for as long as the visit lasts."""
    if not settings.database.url.startswith("sqlite"):
        raise UserError("no_account")
    product, other = bound_sockets(_LOOPBACK, 0)
    with product, other:
        here = settings.model_copy(update={"public_url": f"http://{_LOOPBACK}:{product.getsockname()[1]}"})
        simulator = embedded_simulator(here, clock, people=(), partner_name="", move=None)
        await simulator.start(sock=other)
        house = build(pointed_at_simulator(here, simulator.url, payments=False), db, clock=clock, role="visit")

        async def say(address: Address, text: str, payload: str | None) -> str:
            line = await simulator.say(address, text, payload)
            if line.state == "failed":
                raise TransientError("the webhook did not take the message")
            return line.sid

        try:
            await house.start(product)
            yield say
            await simulator.settle()
        finally:
            await house.stop()
            await simulator.stop()


@asynccontextmanager
async def _working_here(db: Database, settings: Settings, clock: SystemClock) -> AsyncIterator[Say]:
    house = build(settings, db, clock=clock, role="worker")
    await house.start()
    try:
        yield _into_the_inbox(db, settings, clock, house)
    finally:
        await house.stop()


def _into_the_inbox(db: Database, settings: Settings, clock: SystemClock, house: House) -> Say:
    """What the webhook does with a message. It opens no window with a real person, who has written nothing."""

    async def say(address: Address, text: str, payload: str | None) -> str:
        row = Inbound(
            transport=house.transport.name,
            provider_id=f"{BY_HAND}{new_id()}",
            from_address=address,
            to_address=Address(settings.twilio.sender),
            body=text,
            received_at=clock.now(),
            payload=payload,
            opens_window=is_simulated(settings),
        )
        await db.write(inbox_room.accept, row, house.jobs)
        return row.provider_id

    return say


def _by_phone(page: str, otherwise: Say) -> Say:
    """To the simulator's phone, which sends it on as a signed webhook; `otherwise` where nobody answers there."""

    async def say(address: Address, text: str, payload: str | None) -> str:
        body = {"address": address, "text": text} | ({"payload": payload} if payload else {})
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"{page}/phone/api/messages", json=body) as answer,
            ):
                if answer.status < 300:
                    return str((await answer.json())["sid"])
        except (aiohttp.ClientError, KeyError, ValueError):
            pass
        return await otherwise(address, text, payload)

    return say


def _with_account(settings: Settings) -> Settings:
    return pointed_at_simulator(settings, "http://127.0.0.1:1") if settings.twilio.account_sid is None else settings


def _under_way(replies: list[Delivery]) -> bool:
    return any(one.state in _UNDER_WAY for one in replies)


def _handled(conn: Connection, provider_id: str) -> InboxId | None:
    row = conn.execute(select(inbox.c.id, inbox.c.state).where(inbox.c.provider_id == provider_id)).one_or_none()
    return InboxId(row.id) if row is not None and row.state != "received" else None
