"""The whole product with both simulated providers on real wires: WhatsApp and Stripe."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import stripe
from sqlalchemy import Connection

from bot.app.house import House, build
from bot.app.simulation import pointed_at_simulator
from bot.billing import service as billing
from bot.billing.payments import checkouts
from bot.billing.payments.news import Checkout
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.scheduler.entries import RECONCILE
from bot.settings import Settings
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import DEFAULT_STRIPE_WEBHOOK_SECRET, SimulatorSettings
from bot.simulator.views import Line
from bot.storage.engine import Database
from tests.integration.alert_world import NOW, RIGA, add_partner
from tests.integration.web_door import INBOUND

HOOK = "/webhooks/stripe"
ANNA = "whatsapp:+37120000017"


@dataclass
class Wire:
    """Everything a test talks to."""

    house: House
    simulator: Simulator
    clock: ManualClock
    http: aiohttp.ClientSession

    async def quiet(self) -> None:
        """Run what is due, and let everything arrive."""
        for _ in range(3):
            await self.simulator.settle()
            await self.house.until_quiet()

    async def says(self, text: str) -> list[Line]:
        """Anna writes; what she then has in her chat."""
        await self.simulator.say(ANNA, text)
        await self.quiet()
        return await self.lines()

    async def lines(self) -> list[Line]:
        """What Anna was sent."""
        return [line for line in await self.simulator.transcript(ANNA) if not line.inbound]

    async def firsts(self) -> list[str]:
        """The first line of each message to Anna."""
        await self.quiet()
        return [line.text.splitlines()[0] for line in await self.lines()]

    async def opened(self, amount: str = "500") -> str:
        """The session of a page that Anna asked for."""
        await self.says(f"replenish {amount}")
        page = (await self.pages())[0]
        assert page.session_id is not None
        return page.session_id

    async def pages(self) -> list[Checkout]:
        return await self.house.db.read(checkouts.latest, RIGA)

    async def account(self) -> str:
        """What the partner account has; the books are right."""
        report = await self.house.db.read(billing.check)
        assert report.ok, report.problems
        [found] = await self.house.db.read(billing.partner_accounts, RIGA)
        return str(found.available.decimal)

    async def reconcile(self) -> None:
        """Five minutes later."""
        self.clock.advance(minutes=5)

        def enqueue(conn: Connection) -> None:
            self.house.jobs.enqueue(conn, RECONCILE, RECONCILE, self.clock.now())

        await self.house.db.write(enqueue)
        await self.quiet()

    async def post(self, event: dict[str, Any] | str, signature: str | None = None) -> int:
        """An event at the webhook, signed unless a signature is given; the answer's status."""
        body = event if isinstance(event, str) else json.dumps(event)
        if signature is None:
            signature = stripe.WebhookSignature.generate_signature_header(body, DEFAULT_STRIPE_WEBHOOK_SECRET)
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        async with self.http.post(self.house.url + HOOK, data=body.encode(), headers=headers) as answer:
            return answer.status


@asynccontextmanager
async def wired(db: Database, *, payments: bool = True, **options: Any) -> AsyncIterator[Wire]:
    """A partner with 1,200 euro and Anna, an owner, at a product that runs. `options` are the simulator's."""
    clock = ManualClock(NOW)
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    whole = SimulatorSettings(webhook_url=url + INBOUND, stripe_webhook_url=url + HOOK, **options)
    simulator = create_simulator(whole, clock)
    await simulator.start()
    settings = pointed_at_simulator(Settings(public_url=url), simulator.url, payments=payments)
    house = build(settings, db, clock=clock, role="web")

    def people(conn: Connection) -> None:
        add_partner(conn)
        directory.add_curator(conn, RIGA, name="Anna", phone=ANNA, role="owner", now=NOW, consent="asked")

    await db.write(people)
    await house.start(sock)
    try:
        async with aiohttp.ClientSession() as http:
            yield Wire(house, simulator, clock, http)
    finally:
        await simulator.settle()
        await house.stop()
        await simulator.stop()
