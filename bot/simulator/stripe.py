"""Stripe Checkout on loopback: its API, its payment page, its events; put together for the simulator."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from bot.clock import Clock
from bot.simulator.background import Background
from bot.simulator.faults import Faults
from bot.simulator.pay_page import PayPage
from bot.simulator.settings import SimulatorSettings
from bot.simulator.stripe_api import StripeApi
from bot.simulator.stripe_post import StripePost
from bot.simulator.stripe_store import StripeStore
from bot.simulator.stripe_till import StripeTill

_LOOK_SECONDS = 1.0


class StripeSimulator:
    """`till` is what tests and the demo press: pay, decline, refund, dispute."""

    def __init__(self, settings: SimulatorSettings, faults: Faults, background: Background, clock: Clock) -> None:
        self._store = StripeStore(settings.db_path)
        self._background = background
        self.post = StripePost(settings.stripe_webhook_url, settings.stripe_webhook_secret, faults, background)
        self.till = StripeTill(self._store, self.post, clock)
        self._api = StripeApi(settings.stripe_key, self._store, self.till, faults, background, clock)
        self._page = PayPage(self.till, settings.partner_name or settings.business_name)

    def routes(self) -> list[web.RouteDef]:
        """Every address of it."""
        return [*self._api.routes(), *self._page.routes()]

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Between start and stop of the simulator."""
        await self._store.open()
        await self.post.open()
        watch = asyncio.create_task(self._watch())
        yield
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await self._background.stop()
        await self.post.close()
        await self._store.close()

    async def _watch(self) -> None:
        """Sessions expire by the simulator's clock, which a demo moves."""
        while True:
            await self.till.expire_overdue()
            await asyncio.sleep(_LOOK_SECONDS)
