"""The simulated Stripe with a shop at its other end that records every event, for tests of the simulator."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import stripe
from aiohttp import web

from bot.billing.payments.stripe_http import StripeHttp
from bot.clock import ManualClock
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import DEFAULT_STRIPE_KEY, DEFAULT_STRIPE_WEBHOOK_SECRET, SimulatorSettings
from tests.contract import specs
from tests.contract.simulator_world import START

SECRET = DEFAULT_STRIPE_WEBHOOK_SECRET


@dataclass
class Shop:
    """Records the events posted to it, each checked by Stripe's own helper. `statuses` are its next answers."""

    port: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        stripe.Webhook.construct_event(body, request.headers["Stripe-Signature"], SECRET)
        self.events.append(json.loads(body))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    @property
    def kinds(self) -> list[str]:
        """What the events were about, in the order they came."""
        return [event["type"] for event in self.events]


@dataclass
class StripeWorld:
    """Everything a test talks to: the SDK itself is the client."""

    simulator: Simulator
    shop: Shop
    clock: ManualClock
    client: stripe.StripeClient

    async def opened(self, minor: int = 50_000, **more: Any) -> Any:
        """A session as the product opens it."""
        return await self.client.v1.checkout.sessions.create_async(asked(minor, **more))

    async def settled(self) -> list[str]:
        """The kinds of all events, once every one is where it goes."""
        await self.simulator.settle()
        return self.shop.kinds


def asked(minor: int = 50_000, currency: str = "eur", **more: Any) -> Any:
    """What opens a session."""
    product = {"name": "Partner account"}
    price = {"currency": currency, "unit_amount": minor, "product_data": product}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "client_reference_id": "01J",
        "metadata": {"checkout": "01J"},
        "payment_intent_data": {"metadata": {"checkout": "01J"}},
        "success_url": "https://bot.example.com/pay/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://bot.example.com/pay/cancelled",
    } | more


@asynccontextmanager
async def stripe_simulated(**settings: Any) -> AsyncIterator[StripeWorld]:
    """A running simulator, and a shop that listens."""
    shop, clock = Shop(), ManualClock(START)
    app = web.Application()
    app.router.add_post("/hook", shop.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.port = runner.addresses[0][1]
    hook = f"http://127.0.0.1:{shop.port}/hook"
    simulator = create_simulator(SimulatorSettings(**({"stripe_webhook_url": hook} | settings)), clock)
    await simulator.start()
    http = StripeHttp(5)
    try:
        yield StripeWorld(simulator, shop, clock, client_of(simulator.url, http))
    finally:
        await http.close_async()
        await simulator.stop()
        await runner.cleanup()


def client_of(url: str, http: StripeHttp, key: str = DEFAULT_STRIPE_KEY) -> stripe.StripeClient:
    """Stripe's own client, pointed at a simulator."""
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0, http_client=http)


def check_shape(value: dict[str, Any], name: str) -> None:
    """Compare an object with Stripe's published example: the same fields, of the same types where both have a value."""
    example = specs.load("stripe_fixtures.checkout.json")["resources"][name]
    assert set(value) == set(example)
    for field_name, known in example.items():
        given = value[field_name]
        if known is not None and given is not None:
            assert type(given) is type(known), f"{name}.{field_name}"
