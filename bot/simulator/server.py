"""Puts the simulator together: one aiohttp application, and the methods that tests and the demo call."""

import socket
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from bot.clock import Clock
from bot.simulator import page
from bot.simulator.background import Background
from bot.simulator.callbacks import StatusCallbacks
from bot.simulator.chats import Chats
from bot.simulator.content_api import ContentApi
from bot.simulator.delivery import Delivery
from bot.simulator.faults import Faults
from bot.simulator.feed import Feed
from bot.simulator.guard import middlewares
from bot.simulator.inbound import Inbound
from bot.simulator.message import Approval
from bot.simulator.messages_api import MessagesApi
from bot.simulator.people import People
from bot.simulator.phone_api import MoveClock, PhoneApi
from bot.simulator.postman import Postman
from bot.simulator.settings import BODY_BYTES_MAX, Person, SimulatorSettings, is_loopback
from bot.simulator.store import Store
from bot.simulator.stripe import StripeSimulator
from bot.simulator.typing_api import TypingApi
from bot.simulator.views import Line

_SHUTDOWN_SECONDS = 1.0


class Simulator:
    """Twilio on loopback. Make it with `create_simulator`; use it between `start` and `stop`."""

    def __init__(self, settings: SimulatorSettings, clock: Clock, move_clock: MoveClock | None) -> None:
        self.settings = settings
        self.faults = Faults()
        """`faults.add("429", times=3)` and so on: see FaultKind."""
        self._store = Store(settings.db_path)
        self._feed = Feed()
        self._background = Background()
        self._postman = Postman(settings.auth_token)
        self._people = People(self._store, settings.people)
        callbacks = StatusCallbacks(settings.account_sid, self._postman, self.faults, self._background, clock)
        self._delivery = Delivery(
            self._store,
            self._feed,
            callbacks,
            self._background,
            clock,
            settings.delays,
            settings.auto_read,
            self._postman,
        )
        self._inbound = Inbound(settings, self._store, self._feed, self._people, self._postman, self.faults, clock)
        self._chats = Chats(settings, self._store, self._feed, self._people, self._inbound)
        self._content = ContentApi(settings, self._store, self.faults, self._background, clock)
        self._messages = MessagesApi(
            settings, self._store, self._people, self._delivery, self.faults, self._background, clock
        )
        self._phone = PhoneApi(
            settings, self._store, self._chats, self._inbound, self._delivery, self._people, self.faults, self._feed,
            self._background, clock, move_clock,
        )  # fmt: skip
        self.stripe = StripeSimulator(settings, self.faults, self._background, clock)
        """`stripe.till` pays, refuses, refunds; `stripe.post.url` is where its events go."""
        self.app = self._build_app()
        self._runner: web.AppRunner | None = None

    async def start(self, *, sock: socket.socket | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on a bound socket, or on a port of this machine (0: any free one). ValueError off loopback."""
        bound = sock.getsockname()[0] if sock else host
        if not is_loopback(bound):
            raise ValueError(f"the simulator listens on this machine only, not on {bound}")
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        self._runner = runner
        site = web.SockSite(runner, sock) if sock else web.TCPSite(runner, host, port)
        await site.start()

    async def stop(self) -> None:
        """Stop listening and close the file; what was on its way goes on at the next start."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Base address of the API and the page, such as `http://127.0.0.1:8081`."""
        assert self._runner is not None, "the simulator is not started"
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def webhook_url(self) -> str:
        """Where inbound messages are posted; may be set at any time."""
        return self._inbound.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self._inbound.webhook_url = url

    @property
    def auto_read(self) -> bool:
        """Whether every delivered message counts as read; may be set at any time."""
        return self._delivery.auto_read

    @auto_read.setter
    def auto_read(self, value: bool) -> None:
        self._delivery.auto_read = value

    async def say(self, address: str, text: str, payload: str | None = None, replied_sid: str | None = None) -> Line:
        """Somebody writes; returns once the product's webhook has answered. `line.state` is delivered or failed.

        With `payload` it is a tap on a button titled `text`, even on one that was never shown.
        """
        kept = await self._inbound.keep(address, text, payload or "", text if payload else "", replied_sid or "")
        await self._inbound.deliver(kept)
        return await self._line(kept.sid)

    async def tap(self, address: str, button_title: str) -> Line:
        """Somebody taps the latest button of that title. LookupError names the buttons there are."""
        kept = await self._chats.keep_tap(address, button_title)
        await self._inbound.deliver(kept)
        return await self._line(kept.sid)

    async def read(self, address: str) -> int:
        """Somebody looks at the chat; answers how many messages became read."""
        return await self._delivery.read(address)

    async def add_person(self, name: str, address: str, language: str = "en", time_zone: str = "UTC") -> Person:
        """One more phone on the page. ValueError when the address is no WhatsApp address or phone number."""
        person = await self._people.add(Person(name, address, language, time_zone))
        self._feed.publish("people", {"address": person.address})
        return person

    async def transcript(self, address: str | None = None, after: int = 0) -> list[Line]:
        """What was said, oldest first; `after` is the `seq` of the last line already known."""
        return await self._chats.transcript(address, after)

    async def wait_for(self, predicate: Callable[[Line], bool], timeout_seconds: float = 5.0, after: int = 0) -> Line:
        """The first line (newer than `after`) that meets the predicate; TimeoutError after real seconds."""
        return await self._chats.wait_for(predicate, timeout_seconds, after)

    async def settle(self) -> None:
        """Wait until every message is where it goes and every callback is posted."""
        await self._background.settle()

    async def set_approval(self, content_sid: str, status: str, reason: str = "") -> Approval:
        """Change WhatsApp's mind about a template: approved, pending, rejected, paused, disabled."""
        return await self._content.set_approval(content_sid, status, reason)

    async def _line(self, sid: str) -> Line:
        return await self._chats.wait_for(lambda line: line.sid == sid)

    def _build_app(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=middlewares(self.settings))
        typing = TypingApi(self._store, self._feed)
        for part in (self._messages, self._content, typing, self._phone, self.stripe):
            app.add_routes(part.routes())
        app.add_routes(page.routes())
        app.cleanup_ctx.append(self._running)
        app.cleanup_ctx.append(self.stripe.running)
        app.on_shutdown.append(self._end_streams)
        return app

    async def _running(self, app: web.Application) -> AsyncIterator[None]:
        self._background.stopping.clear()
        await self._store.open()
        await self._postman.open()
        await self._people.load()
        await self._delivery.resume()
        yield
        await self._background.stop()
        await self._postman.close()
        await self._store.close()

    async def _end_streams(self, app: web.Application) -> None:
        self._background.stopping.set()
        self._feed.close()


def create_simulator(settings: SimulatorSettings, clock: Clock, *, move_clock: MoveClock | None = None) -> Simulator:
    """A simulator that is not listening yet. `move_clock` makes the page's "Next day" button work."""
    return Simulator(settings, clock, move_clock)
