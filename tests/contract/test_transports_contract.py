"""What every road to WhatsApp must do alike: Twilio on the simulator, Wazzup on a fake of its API."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import httpx
import pytest
import respx
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.clock import ManualClock
from bot.ids import Address, DeliveryId
from bot.messaging.masking import Bodies, kept
from bot.messaging.message import ErrorClass, Inbound, StatusUpdate
from bot.messaging.status import State, meaning
from bot.messaging.transport import Accepted, OutMessage, Rejected, Transport, Unknown
from bot.messaging.transports.twilio import TwilioTransport
from bot.messaging.transports.wazzup import WazzupTransport
from bot.settings import TwilioSettings
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_SENDER, Person, SimulatorSettings
from tests.contract import wazzup_fake
from tests.contract.wazzup_fake import FakeWazzup

ANNA = Address("whatsapp:+37120000017")
NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Heard:
    """A webhook as it came."""

    headers: Mapping[str, str]
    path_qs: str
    body: bytes


class World(Protocol):
    """A transport with its other end."""

    transport: Transport
    stranger: Transport
    """The same with other credentials."""
    lonely: Transport
    """The same where nobody listens."""
    sender: Address

    def trouble(self, kind: str) -> None:
        """The next send meets `busy`, `broken`, `silent`, or a person who cannot be reached."""
        ...

    async def say(self, text: str) -> Heard:
        """Anna writes; the webhook that follows."""
        ...

    async def reports(self, provider_id: str) -> list[Heard]:
        """The webhooks about a message."""
        ...


@dataclass(slots=True)
class TwilioWorld:
    """Twilio is the simulator."""

    simulator: Simulator
    transport: Transport
    stranger: Transport
    lonely: Transport
    heard: list[Heard] = field(default_factory=list)
    sender: Address = field(default_factory=lambda: Address(DEFAULT_SENDER))

    def trouble(self, kind: str) -> None:
        if kind == "unreachable":
            return
        fault = {"busy": "429", "broken": "500", "silent": "timeout_before_accept"}[kind]
        self.simulator.faults.add(fault, seconds=2)

    async def say(self, text: str) -> Heard:
        await self.simulator.say(ANNA, text)
        return self.heard[-1]

    async def reports(self, provider_id: str) -> list[Heard]:
        await self.simulator.settle()
        return [one for one in self.heard if provider_id.encode() in one.body and b"MessageStatus" in one.body]


@dataclass(slots=True)
class WazzupWorld:
    """Wazzup is a fake."""

    fake: FakeWazzup
    transport: Transport
    stranger: Transport
    lonely: Transport
    sender: Address

    def trouble(self, kind: str) -> None:
        happening: dict[str, httpx.Response | Exception] = {
            "busy": httpx.Response(429),
            "broken": httpx.Response(502, text="<html>"),
            "silent": httpx.ReadTimeout("late"),
        }
        if kind in happening:
            self.fake.weather.append(happening[kind])

    async def say(self, text: str) -> Heard:
        return Heard({}, wazzup_fake.HOOK, wazzup_fake.webhook(messages=[wazzup_fake.inbound(text)]))

    async def reports(self, provider_id: str) -> list[Heard]:
        words = ("sent", "delivered")
        bodies = [wazzup_fake.webhook(statuses=[wazzup_fake.status(provider_id, word)]) for word in words]
        return [Heard({}, wazzup_fake.HOOK, body) for body in bodies]


@asynccontextmanager
async def twilio(clock: ManualClock) -> AsyncIterator[World]:
    heard: list[Heard] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(Heard(dict(request.headers), request.raw_path, await request.read()))
        return web.Response(text="<Response/>", content_type="text/xml")

    app = web.Application()
    app.router.add_post("/webhooks/twilio/{kind}", answer)
    async with TestServer(app) as server:
        public_url = str(server.make_url("")).rstrip("/")
        simulator = create_simulator(SimulatorSettings(people=[Person("Anna", ANNA)]), clock)
        simulator.webhook_url = public_url + "/webhooks/twilio/inbound"
        await simulator.start()
        made = [
            TwilioTransport(_twilio_settings(url, token), public_url)
            for url, token in (
                (simulator.url, DEFAULT_AUTH_TOKEN),
                (simulator.url, "other"),
                (f"http://127.0.0.1:{unused_port()}", DEFAULT_AUTH_TOKEN),
            )
        ]
        await simulator.say(ANNA, "hello")
        yield TwilioWorld(simulator, made[0], made[1], made[2], heard)
        for one in made:
            await one.close()
        await simulator.stop()


def _twilio_settings(url: str, token: str) -> TwilioSettings:
    return TwilioSettings.model_validate(
        {
            "account_sid": DEFAULT_ACCOUNT_SID,
            "auth_token": token,
            "sender": DEFAULT_SENDER,
            "api_url": url,
            "content_url": url,
            "timeout_seconds": 0.5,
        }
    )


@asynccontextmanager
async def wazzup(clock: ManualClock) -> AsyncIterator[World]:
    fake = FakeWazzup()
    lonely_url = "https://nobody.test"
    with respx.mock(assert_all_called=False) as wire:
        wire.post(f"{wazzup_fake.API}/v3/message").mock(side_effect=fake.answer)
        wire.post(f"{lonely_url}/v3/message").mock(side_effect=httpx.ConnectError("refused"))
        made = WazzupTransport(wazzup_fake.settings())
        stranger = WazzupTransport(wazzup_fake.settings(api_key="x" * 32, webhook_secret="another-secret-of-16"))
        lonely = WazzupTransport(wazzup_fake.settings(api_url=lonely_url))
        yield WazzupWorld(fake, made, stranger, lonely, made.sender)
        for one in (made, stranger, lonely):
            await one.close()


WORLDS: dict[str, Callable[[ManualClock], object]] = {"twilio": twilio, "wazzup": wazzup}


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[World]:
    async with WORLDS[request.param](clock) as made:  # type: ignore[attr-defined]
        yield made


def text(world: World, body: str = "hello", delivery_id: str = "D1", to: Address = ANNA) -> OutMessage:
    return OutMessage(DeliveryId(delivery_id), to, world.sender, body, 3600)


async def test_a_message_is_taken_and_named(world: World) -> None:
    sent = [await world.transport.send(text(world, delivery_id=f"D{n}")) for n in range(2)]
    assert all(isinstance(one, Accepted) for one in sent)
    assert len({one.provider_id for one in sent if isinstance(one, Accepted)}) == 2
    assert all(meaning(one.status) is State.SENT for one in sent if isinstance(one, Accepted))


async def test_too_fast_is_certainly_unsent_and_can_be_tried_again(world: World) -> None:
    world.trouble("busy")
    refused = await world.transport.send(text(world))
    assert isinstance(refused, Rejected)
    assert (refused.error_class, refused.http_status) == (ErrorClass.THROTTLE, 429)
    assert isinstance(await world.transport.send(text(world)), Accepted)


@pytest.mark.parametrize("kind", ["broken", "silent"])
async def test_a_lost_answer_is_unknown(world: World, kind: str) -> None:
    world.trouble(kind)
    assert isinstance(await world.transport.send(text(world)), Unknown)


async def test_what_was_asked_and_answered_is_told_without_credentials(world: World) -> None:
    taken, refused, lonely = (
        await world.transport.send(text(world, "a word for Anna")),
        await world.stranger.send(text(world)),
        await world.lonely.send(text(world)),
    )
    for result, status in ((taken, 201), (refused, 401), (lonely, None)):
        assert result.exchange is not None
        assert result.exchange.request["method"] == "POST"
        assert (result.exchange.response or {}).get("status") == status
        assert not any(word in repr(result.exchange) for word in ("Authorization", "Bearer", "Basic "))
    assert taken.exchange is not None
    assert "a word for Anna" in repr(taken.exchange.request)
    kept_of_it = kept(taken.exchange.request, Bodies.MASKED)
    assert "a word for Anna" not in repr(kept_of_it)
    assert ANNA.rpartition("+")[2] not in repr(kept_of_it)


async def test_nobody_there_is_certainly_unsent(world: World) -> None:
    refused = await world.lonely.send(text(world))
    assert isinstance(refused, Rejected)
    assert refused.error_class is ErrorClass.RETRY


async def test_other_credentials_are_a_matter_of_configuration(world: World) -> None:
    refused = await world.stranger.send(text(world))
    assert isinstance(refused, Rejected)
    assert (refused.error_class, refused.http_status) == (ErrorClass.CONFIGURATION, 401)


async def test_an_address_that_is_none_is_the_recipients_fault(world: World) -> None:
    refused = await world.transport.send(text(world, to=Address("whatsapp:+1")))
    assert isinstance(refused, Rejected)
    assert refused.error_class is ErrorClass.RECIPIENT


async def test_reports_lead_to_delivered(world: World) -> None:
    sent = await world.transport.send(text(world))
    assert isinstance(sent, Accepted)
    states = []
    for heard in await world.reports(sent.provider_id):
        assert world.transport.verify(heard.headers, heard.path_qs, heard.body)
        [report] = world.transport.parse(heard.path_qs, heard.body, NOW)
        assert isinstance(report, StatusUpdate)
        assert report.provider_id == sent.provider_id
        assert (report.delivery_id is not None) == world.transport.capabilities.carries_our_id
        states.append(meaning(report.status))
    assert states[-1] is State.DELIVERED


async def test_what_a_person_writes_comes_in_whole(world: World) -> None:
    heard = await world.say("баланс Альфа & Co 😀")
    assert world.transport.verify(heard.headers, heard.path_qs, heard.body)
    [row] = world.transport.parse(heard.path_qs, heard.body, NOW)
    assert isinstance(row, Inbound)
    assert (row.body, row.from_address, row.to_address) == ("баланс Альфа & Co 😀", ANNA, world.sender)
    assert row.transport == world.transport.name
    assert row.payload is None
    assert row.media == 0


async def test_a_webhook_of_somebody_else_is_refused(world: World) -> None:
    heard = await world.say("hello")
    assert not world.stranger.verify(heard.headers, heard.path_qs, heard.body)
    for path in ("", "/", "/webhooks", "/webhooks/wazzup/", "/webhooks/wazzup/%ff%00", heard.path_qs + "x"):
        assert not world.transport.verify({}, path, heard.body)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]" * 3, b"null"])
async def test_a_body_that_cannot_be_read_is_a_value_error(world: World, body: bytes) -> None:
    heard = await world.say("hello")
    with pytest.raises(ValueError):
        world.transport.parse(heard.path_qs, body, NOW)


async def test_unknown_codes_are_permanent(world: World) -> None:
    assert world.transport.classify(999_999) is ErrorClass.PERMANENT


async def test_who_cannot_be_asked_says_nothing(world: World) -> None:
    sent = await world.transport.send(text(world))
    assert isinstance(sent, Accepted)
    found = await world.transport.fetch(sent.provider_id)
    assert (found is not None) == world.transport.capabilities.lookup
