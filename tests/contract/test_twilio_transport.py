"""The transport against the simulator's wire: acceptance, refusals, silence, reports, texts, messages that come in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.clock import ManualClock
from bot.errors import ConfigError, PermanentError, TransientError
from bot.ids import Address, DeliveryId
from bot.messaging import deliveries, inbox
from bot.messaging.content_sync import ContentSync
from bot.messaging.message import ErrorClass, Inbound, Kind, StatusUpdate
from bot.messaging.reconciliation import recover_inbound
from bot.messaging.relay import Relay
from bot.messaging.settler import Settler
from bot.messaging.status import State
from bot.messaging.statuses import apply_statuses
from bot.messaging.templates import registry
from bot.messaging.transport import Accepted, OutMessage, Rejected, Unknown
from bot.messaging.transports.twilio import TwilioTransport, read_answer
from bot.settings import TwilioSettings
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_SENDER, Person, SimulatorSettings
from bot.storage.engine import Database
from tests.integration.messaging_support import BUTTONS, RecordingJobs, alert, put, row_of

ANNA = Address("whatsapp:+37120000017")
SENDER = Address(DEFAULT_SENDER)
EXAMPLE = registry().content("alerts/ending", "en")


@dataclass(slots=True)
class Webhook:
    """Our side of the webhooks, as plain as can be."""

    db: Database
    clock: ManualClock
    jobs: RecordingJobs = field(default_factory=RecordingJobs)
    transport: TwilioTransport | None = None
    heard: list[Inbound | StatusUpdate] = field(default_factory=list)
    refused: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        assert self.transport is not None
        body = await request.read()
        if not self.transport.verify(request.headers, request.path_qs, body):
            self.refused += 1
            return web.Response(status=403)
        for item in self.transport.parse(request.path_qs, body, self.clock.now()):
            self.heard.append(item)
            if isinstance(item, Inbound):
                await self.db.write(inbox.accept_many, [item], self.jobs)
            else:
                await self.db.write(apply_statuses, [item], self.jobs)
        return web.Response(text="<Response/>", content_type="text/xml")


@dataclass(slots=True)
class World:
    """A simulator, a transport that speaks with it, and a relay on top."""

    simulator: Simulator
    transport: TwilioTransport
    webhook: Webhook
    db: Database
    clock: ManualClock
    relay: Relay
    settler: Settler
    contents: ContentSync

    async def enqueue(self, key: str = "alert:1", **changes: object) -> DeliveryId:
        return await self.db.write(partial(put, now=self.clock.now()), alert(key, ANNA, **changes))

    async def drain(self) -> None:
        await self.relay.drain(SENDER)
        await self.simulator.settle()

    async def show(self, delivery_id: DeliveryId) -> deliveries.Shown:
        shown = await self.db.read(deliveries.show, delivery_id)
        assert shown is not None
        return shown


@pytest.fixture
async def world(sqlite_db: Database, clock: ManualClock) -> AsyncIterator[World]:
    webhook = Webhook(sqlite_db, clock)
    app = web.Application()
    app.router.add_post("/webhooks/twilio/{kind}", webhook.answer)
    async with TestServer(app) as server:
        public_url = str(server.make_url("")).rstrip("/")
        simulator = create_simulator(SimulatorSettings(people=[Person("Anna", ANNA)]), clock)
        simulator.webhook_url = public_url + "/webhooks/twilio/inbound"
        await simulator.start()
        transport = TwilioTransport(settings(simulator.url), public_url)
        webhook.transport = transport
        contents = ContentSync(sqlite_db, transport, clock)
        relay = Relay(sqlite_db, transport, clock, webhook.jobs, contents, jitter=lambda: 0.5)
        settler = Settler(sqlite_db, transport, clock, webhook.jobs)
        yield World(simulator, transport, webhook, sqlite_db, clock, relay, settler, contents)
        await relay.close()
        await transport.close()
        await simulator.stop()


def settings(url: str, **changes: object) -> TwilioSettings:
    values = {
        "account_sid": DEFAULT_ACCOUNT_SID,
        "auth_token": DEFAULT_AUTH_TOKEN,
        "sender": SENDER,
        "api_url": url,
        "content_url": url,
        "timeout_seconds": 0.5,
    }
    return TwilioSettings.model_validate({**values, **changes})


def text(body: str = "hello", **changes: object) -> OutMessage:
    values: dict[str, object] = {
        "delivery_id": DeliveryId("D1"),
        "to": ANNA,
        "sender": SENDER,
        "body": body,
        "validity_seconds": 3600,
    }
    return OutMessage(**{**values, **changes})  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the other side is a server
            await asyncio.sleep(0.01)


async def test_an_alert_from_outbox_to_read(world: World) -> None:
    made = await world.enqueue()
    await world.drain()
    assert (await world.show(made)).delivery.state is State.DELIVERED
    await world.simulator.read(ANNA)
    await world.simulator.settle()
    shown = await world.show(made)
    assert shown.delivery.state is State.READ
    assert [one.status for one in shown.reports][-1] == "read"
    assert [(one.outcome, one.mode, one.http_status) for one in shown.attempts] == [("accepted", "template", 201)]
    (line,) = await world.simulator.transcript(ANNA)
    assert line.text == shown.delivery.body
    assert [button.title for button in line.buttons] == ["Renew", "I'm on it", "Remind me later"]


async def test_the_log_keeps_what_was_asked_and_answered(world: World) -> None:
    made = await world.enqueue()
    await world.drain()
    (tried,) = (await world.show(made)).attempts
    assert tried.request is not None
    assert tried.response is not None
    assert (tried.request["method"], tried.request["form"]["To"]) == ("POST", "whatsapp:+37*******17")
    assert tried.request["form"]["ContentSid"].startswith("HX")
    assert tried.request["form"]["StatusCallback"].endswith(f"?d={made}")
    assert tried.request["form"]["ContentVariables"].endswith(" characters)")
    assert (tried.response["status"], tried.response["body"]["sid"]) == (201, tried.provider_id)
    kept = repr((tried.request, tried.response))
    assert not any(word in kept for word in ("Alfa", ANNA.removeprefix("whatsapp:"), DEFAULT_AUTH_TOKEN, "Basic"))


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("500", 500), ("timeout_before_accept", None)])
async def test_it_keeps_refusals_and_silence_too(world: World, fault: str, status: int | None) -> None:
    await world.contents.sync()
    world.simulator.faults.add(fault, seconds=2)
    made = await world.enqueue()
    await world.drain()
    (tried,) = (await world.show(made)).attempts
    assert tried.request is not None
    assert (tried.response or {}).get("status") == status


async def test_a_tap_comes_back_with_its_payload_and_opens_the_window(world: World) -> None:
    made = await world.enqueue()
    await world.drain()
    line = await world.simulator.tap(ANNA, "Renew")
    assert line.state == "delivered"
    message = await world.db.read(inbox.next_for, ANNA)
    assert message is not None
    assert (message.payload, message.body) == (BUTTONS[0].payload, "Renew")
    assert message.replied_to == (await world.show(made)).delivery.provider_id
    second = await world.enqueue("alert:2")
    await world.drain()
    assert [one.mode for one in (await world.show(second)).attempts] == ["session"]


async def test_a_typed_message_is_verified_and_kept_once(world: World) -> None:
    world.simulator.faults.add("inbound_duplicated")
    await world.simulator.say(ANNA, "баланс Альфа & Co 😀")
    assert [item.body for item in world.webhook.heard if isinstance(item, Inbound)] == ["баланс Альфа & Co 😀"] * 2
    assert (await world.db.read(inbox.queue_length))[0] == 1
    assert world.webhook.refused == 0


async def test_another_token_is_refused_until_it_is_an_accepted_old_one(world: World) -> None:
    public_url = world.simulator.webhook_url.removesuffix("/webhooks/twilio/inbound")
    world.webhook.transport = TwilioTransport(settings(world.simulator.url, auth_token="other"), public_url)
    await world.simulator.say(ANNA, "hello")
    assert (world.webhook.refused, world.webhook.heard) == (1, [])
    rotated = settings(world.simulator.url, auth_token="other", old_auth_tokens=[DEFAULT_AUTH_TOKEN])
    world.webhook.transport = TwilioTransport(rotated, public_url)
    await world.simulator.say(ANNA, "hello")
    assert len(world.webhook.heard) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("429", Rejected),
        ("500", Unknown),
        ("timeout_after_accept", Unknown),
        ("timeout_before_accept", Unknown),
        ("connection_closed", Unknown),
        ("connection_closed_after_accept", Unknown),
    ],
)
async def test_bad_weather(world: World, fault: str, expected: type) -> None:
    world.simulator.faults.add(fault, seconds=2)
    result = await world.transport.send(text())
    assert type(result) is expected
    if isinstance(result, Rejected):
        assert (result.error_class, result.code, result.http_status) == (ErrorClass.THROTTLE, 20429, 429)
    assert isinstance(await world.transport.send(text()), Accepted)


async def test_nobody_there_is_certainly_unsent() -> None:
    transport = TwilioTransport(settings(f"http://127.0.0.1:{unused_port()}"), "http://127.0.0.1")
    result = await transport.send(text())
    assert isinstance(result, Rejected)
    assert result.error_class is ErrorClass.RETRY
    with pytest.raises(TransientError):
        await transport.fetch("SM" + "0" * 32)
    await transport.close()


@pytest.mark.parametrize(
    ("out", "code", "error_class"),
    [
        (text("x" * 1601), 21617, ErrorClass.TEMPLATE),
        (text(to=Address("whatsapp:+1")), 21211, ErrorClass.RECIPIENT),
        (text(sender=Address("whatsapp:+37100000000")), 63007, ErrorClass.CONFIGURATION),
        (text(content_id="HX" + "9" * 32), 21655, ErrorClass.TEMPLATE),
    ],
)
async def test_refusals_keep_their_code(world: World, out: OutMessage, code: int, error_class: ErrorClass) -> None:
    result = await world.transport.send(out)
    assert isinstance(result, Rejected)
    assert (result.code, result.error_class) == (code, error_class)


async def test_a_wrong_token_is_a_matter_of_configuration(world: World) -> None:
    transport = TwilioTransport(settings(world.simulator.url, auth_token="wrong"), "http://127.0.0.1")
    result = await transport.send(text())
    assert isinstance(result, Rejected)
    assert (result.error_class, result.http_status) == (ErrorClass.CONFIGURATION, 401)
    with pytest.raises(PermanentError):
        await transport.create_content(EXAMPLE)
    await transport.close()


@pytest.mark.parametrize("fault", ["timeout_after_accept", "connection_closed_after_accept"])
async def test_a_lost_answer_is_settled_by_the_report(world: World, fault: str) -> None:
    world.simulator.faults.add(fault, seconds=2)
    made = await world.enqueue()
    await world.drain()
    shown = await world.show(made)
    assert shown.delivery.state is State.DELIVERED
    assert len(await world.simulator.transcript(ANNA)) == 1


async def test_a_lost_answer_and_lost_reports_are_settled_by_asking(world: World) -> None:
    world.simulator.faults.add("callback_lost", times=None)
    world.simulator.faults.add("timeout_after_accept", seconds=2)
    made = await world.enqueue()
    await world.drain()
    assert (await world.show(made)).delivery.state is State.UNKNOWN
    world.clock.advance(minutes=2)
    assert await world.settler.settle() == {State.DELIVERED: 1}
    assert len(await world.simulator.transcript(ANNA)) == 1


async def test_what_never_arrived_is_sent_again_once(world: World) -> None:
    world.simulator.faults.add("timeout_before_accept", seconds=2)
    made = await world.enqueue()
    await world.drain()
    world.clock.advance(minutes=2)
    assert await world.settler.settle() == {State.QUEUED: 1}
    await world.drain()
    assert (await world.show(made)).delivery.state is State.DELIVERED
    assert len(await world.simulator.transcript(ANNA)) == 1


async def test_reports_twice_and_out_of_order(world: World) -> None:
    world.simulator.faults.add("callback_duplicated")
    world.simulator.faults.add("callback_out_of_order")
    first = await world.enqueue("1")
    await world.drain()
    second = await world.enqueue("2")
    await world.drain()
    for made in (first, second):
        delivery = (await world.show(made)).delivery
        assert (delivery.state, delivery.contradicted) == (State.DELIVERED, False)


async def test_a_window_that_closed_unseen_sends_it_again_as_a_template(world: World) -> None:
    await world.simulator.say(ANNA, "hello")
    await world.contents.sync()
    world.simulator.faults.add("error", code=63016)
    made = await world.enqueue()
    await world.drain()
    await world.drain()
    shown = await world.show(made)
    assert shown.delivery.state is State.DELIVERED
    assert [one.mode for one in shown.attempts] == ["session", "template"]


async def test_a_blocked_person_fails_with_the_code(world: World) -> None:
    world.simulator.faults.add("error", code=63024)
    made = await world.enqueue()
    await world.drain()
    delivery = (await world.show(made)).delivery
    assert (delivery.state, delivery.error_code, delivery.reason) == (State.FAILED, 63024, "recipient")


async def test_every_text_of_the_product_is_taken_and_approved(world: World) -> None:
    report = await world.contents.sync()
    assert report.problems == []
    assert report.created == len(registry().contents())


async def test_a_template_paused_by_whatsapp_is_stood_in_for_outside_the_window(world: World) -> None:
    await world.contents.sync()
    stored = await world.contents.stored(EXAMPLE.template, EXAMPLE.language, EXAMPLE.checksum)
    assert stored is not None
    await world.simulator.set_approval(stored.content_id, "paused")
    world.simulator.faults.add("error", code=63041)
    made = await world.enqueue()
    await world.drain()
    delivery = (await world.show(made)).delivery
    assert (delivery.state, delivery.error_code) == (State.QUEUED, 63041)
    world.clock.advance(minutes=1)
    await world.drain()
    shown = await world.show(made)
    assert shown.delivery.state is State.DELIVERED
    assert shown.attempts[1].error_message == "sent as system/notice; alerts/ending: WhatsApp says paused"
    line = (await world.simulator.transcript(ANNA))[-1]
    assert line.text.startswith(
        "A notice from your partner account: Finances: *Alfa Dental* ends in 7 days; ID 48210017"
    )
    assert line.buttons == ()


async def test_looking_up_and_fetching(world: World) -> None:
    sent = await world.transport.send(text("find me"))
    assert isinstance(sent, Accepted)
    await world.simulator.settle()
    fetched = await world.transport.fetch(sent.provider_id)
    assert fetched is not None
    assert (fetched.to, fetched.body) == (ANNA, "find me")
    found = await world.transport.lookup(ANNA, world.clock.now() - timedelta(seconds=5))
    assert [one.provider_id for one in found] == [sent.provider_id]
    assert await world.transport.fetch("SM" + "0" * 32) is None


async def test_what_came_in_during_an_outage_is_found_again(world: World) -> None:
    await world.simulator.say(ANNA, "before")
    world.clock.advance(hours=2)
    url, world.simulator.webhook_url = world.simulator.webhook_url, "http://127.0.0.1:1/nobody"
    await world.simulator.say(ANNA, "during")
    world.simulator.webhook_url = url
    world.clock.advance(hours=1)
    jobs = RecordingJobs()
    assert await recover_inbound(world.db, world.transport, world.clock, jobs) == 1
    assert await recover_inbound(world.db, world.transport, world.clock, jobs) == 0
    assert jobs.asked == [("dispatch", ANNA, world.clock.now() - timedelta(hours=1))]
    assert (await world.db.read(inbox.queue_length))[0] == 2


async def test_a_reply_overtakes_and_free_text_is_cut(world: World) -> None:
    await world.simulator.say(ANNA, "hello")
    alerted = await world.enqueue("alert")
    replied = await world.enqueue("reply", kind=Kind.REPLY)
    await world.drain()
    rows = [await world.db.read(row_of, one) for one in (alerted, replied)]
    lines = await world.simulator.transcript(ANNA)
    ours = [line.sid for line in lines if line.sid in {row.provider_id for row in rows}]
    assert ours == [rows[1].provider_id, rows[0].provider_id]


def test_without_an_account_there_is_no_transport() -> None:
    with pytest.raises(ConfigError):
        TwilioTransport(TwilioSettings.model_validate({}), "http://127.0.0.1")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (201, b'{"sid":"SM1","status":"accepted"}', Accepted("SM1", "accepted", 201)),
        (201, b"{}", Unknown("HTTP 201 without a sid", 201)),
        (200, b"<html>", Unknown("HTTP 200 without a sid", 200)),
        (503, b"", Unknown("HTTP 503", 503)),
        (400, b'{"code":21211,"message":"bad"}', Rejected(ErrorClass.RECIPIENT, 21211, "bad", 400)),
        (400, b"[]", Rejected(ErrorClass.PERMANENT, None, "HTTP 400", 400)),
        (302, b"", Rejected(ErrorClass.PERMANENT, None, "HTTP 302", 302)),
    ],
)
def test_reading_answers(status: int, body: bytes, expected: object) -> None:
    assert read_answer(status, body) == expected
