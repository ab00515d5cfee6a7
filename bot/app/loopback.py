"""The canary's other end: a simulator of its own on this machine, the usual transport to it, a door for its reports."""

import secrets

from aiohttp import web
from prometheus_client import CollectorRegistry

from bot.app.simulation import bound_sockets
from bot.billing.plan import PriceBook
from bot.clock import Clock
from bot.ids import Address
from bot.jobs.port import Jobs
from bot.messaging.contents import APPROVED, Stored
from bot.messaging.relay import Relay
from bot.messaging.templates import registry
from bot.messaging.transport import Transport
from bot.messaging.transports.twilio import TwilioTransport
from bot.settings import Settings, TwilioSettings
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import SimulatorSettings
from bot.storage.engine import Database
from bot.web.deps import WebDeps
from bot.web.metrics import WebMetrics
from bot.web.webhooks import add_webhooks

_HOST = "127.0.0.1"
_CONNECTIONS = 2


class Loopback:
    """Open from `opened` to `close`. Its account, its token and both its ports are made up for this one time."""

    def __init__(self, simulator: Simulator, transport: TwilioTransport, door: web.AppRunner, relay: Relay) -> None:
        self._simulator = simulator
        self._transport = transport
        self._door = door
        self.relay = relay

    async def close(self) -> None:
        """Finish what is under way and stop listening."""
        await self.relay.close()
        await self._transport.close()
        await self._simulator.settle()
        await self._simulator.stop()
        await self._door.cleanup()


async def opened(
    settings: Settings, db: Database, clock: Clock, jobs: Jobs, book: PriceBook, sender: Address
) -> Loopback:
    """Start all of it. OSError when this machine has no port left."""
    account, token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
    product, other = bound_sockets(_HOST, 0)
    simulator = create_simulator(SimulatorSettings(account_sid=account, auth_token=token, sender=sender), clock)
    await simulator.start(sock=other)
    twilio = TwilioSettings.model_validate(
        {"account_sid": account, "auth_token": token, "sender": sender}
        | {"api_url": simulator.url, "content_url": simulator.url}
    )
    transport = TwilioTransport(twilio, f"http://{_HOST}:{product.getsockname()[1]}", connections=_CONNECTIONS)
    app = web.Application(client_max_size=settings.web.body_bytes_max)
    add_webhooks(app, WebDeps(db, transport, clock, settings, jobs, book), WebMetrics(CollectorRegistry()))
    door = web.AppRunner(app, access_log=None)
    await door.setup()
    await web.SockSite(door, product).start()
    return Loopback(simulator, transport, door, Relay(db, transport, clock, jobs, _Contents(transport, clock)))


class _Contents:
    """The texts at that simulator, made when one is needed. The table of the real provider's is left alone."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._known: dict[tuple[str, str, str], Stored] = {}

    async def stored(self, template: str, language: str, checksum: str) -> Stored | None:
        """The wording; None when it is not the present one."""
        key = (template, language, checksum)
        if key not in self._known:
            wanted = registry().content(template, language)
            if wanted.checksum != checksum:
                return None
            content_id = await self._transport.create_content(wanted)
            await self._transport.request_approval(content_id, wanted)
            self._known[key] = Stored(template, language, checksum, content_id, APPROVED, self._clock.now())
        return self._known[key]

    async def recheck(self, known: Stored) -> Stored:
        """This simulator approves everything at once."""
        return known
