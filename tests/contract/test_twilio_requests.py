"""Every request that we make of Twilio keeps to Twilio's own description."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import i18n
from bot.ids import Address, DeliveryId
from bot.messaging.message import TEXT_MAX, parts, text_length
from bot.messaging.templates import Button, registry
from bot.messaging.transport import Accepted, OutMessage
from bot.messaging.transports.twilio import TwilioTransport
from bot.messaging.window import Mode
from bot.settings import TwilioSettings
from tests.contract import specs, twilio_spec

ACCOUNT = "AC" + "0a" * 16
SENDER, ANNA = Address("whatsapp:+14155238886"), Address("whatsapp:+37120000017")
CONTENT_ID = "HX" + "0b" * 16
SENT_AT = "Thu, 26 Nov 2026 07:00:00 +0000"


@dataclass(slots=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))


@dataclass(slots=True)
class FakeApi:
    """Answers what Twilio's examples answer, and remembers every request."""

    seen: list[Seen] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(
            Seen(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        )
        if request.path.endswith("/whatsapp"):
            return web.json_response({"name": "n", "category": "UTILITY", "status": "received"}, status=201)
        if request.path.endswith("/ApprovalRequests"):
            return web.json_response({"sid": CONTENT_ID, "whatsapp": {"status": "approved", "rejection_reason": ""}})
        if request.path == "/v1/Content":
            return web.json_response({"sid": CONTENT_ID}, status=201)
        message = {"sid": "SM" + "1" * 32, "status": "sent", "to": ANNA, "body": "x", "date_created": SENT_AT}
        if request.method == "POST":
            return web.json_response(message | {"status": "queued"}, status=201)
        if request.path.endswith("Messages.json"):
            return web.json_response({"messages": [message], "page_size": 50, "next_page_uri": None})
        return web.json_response(message)


@pytest.fixture
async def api() -> AsyncIterator[tuple[FakeApi, TwilioTransport]]:
    fake, app = FakeApi(), web.Application()
    app.router.add_route("*", "/{path:.*}", fake.answer)
    async with TestServer(app) as server:
        base = str(server.make_url("")).rstrip("/")
        settings = TwilioSettings.model_validate(
            {"account_sid": ACCOUNT, "auth_token": "secret", "sender": SENDER, "api_url": base, "content_url": base}
        )
        transport = TwilioTransport(settings, "https://bot.example.com")
        yield fake, transport
        await transport.close()


def message(**changes: Any) -> OutMessage:
    values = {
        "delivery_id": DeliveryId("01M81WZMCBM84GQ1WBSP3KJR5Q"),
        "to": ANNA,
        "sender": SENDER,
        "body": "*Alfa Dental* – 1 440,00 €\nsecond line & more",
        "validity_seconds": 3600,
    }
    return OutMessage(**{**values, **changes})


def content_message(key: str, language: str) -> OutMessage:
    entry = registry().entry(key)
    buttons = [Button(action, f"{action}:01M81WZMCBM84GQ1WBSP3KJR5Q") for action in entry.buttons]
    text = registry().render(key, language, entry.sample, buttons)
    return message(body=text.body, content_id=CONTENT_ID, variables=text.variables)


async def sent(api: tuple[FakeApi, TwilioTransport], out: OutMessage) -> dict[str, str]:
    fake, transport = api
    assert await transport.send(out) == Accepted("SM" + "1" * 32, "queued", 201)
    (seen,) = fake.seen
    assert (seen.method, seen.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert base64.b64decode(seen.headers["Authorization"].removeprefix("Basic ")) == f"{ACCOUNT}:secret".encode()
    spec = specs.load("twilio_api_v2010.messages.json")
    schema = spec["paths"][twilio_spec.MESSAGES]["post"]["requestBody"]["content"][seen.headers["Content-Type"]][
        "schema"
    ]
    assert twilio_spec.problems(spec, schema, twilio_spec.typed(schema, seen.form)) == []
    return seen.form


async def test_free_text(api: tuple[FakeApi, TwilioTransport]) -> None:
    form = await sent(api, message())
    assert form == {
        "To": ANNA,
        "From": SENDER,
        "Body": "*Alfa Dental* – 1 440,00 €\nsecond line & more",
        "StatusCallback": "https://bot.example.com/webhooks/twilio/status?d=01M81WZMCBM84GQ1WBSP3KJR5Q",
        "ValidityPeriod": "3600",
    }


KEYS = sorted(registry().names())
ALL = [(key, language, mode) for key in KEYS for language in i18n.LANGUAGES for mode in Mode]


def texts_of(key: str, language: str, mode: Mode) -> list[OutMessage]:
    """Every message that a text makes in a language: a stored one in both modes, a free one inside the window only."""
    entry = registry().entry(key)
    if entry.content:
        outside = mode is Mode.TEMPLATE and not entry.needs_approval
        return [] if outside else [replace(content_message(key, language), mode=mode)]
    body = registry().render(key, language, entry.sample, ()).body
    return [message(body=part, mode=mode) for part in parts(body)] if mode is Mode.SESSION else []


@pytest.mark.parametrize("key", KEYS)
async def test_every_message(api: tuple[FakeApi, TwilioTransport], key: str) -> None:
    for out in [out for one in ALL if one[0] == key for out in texts_of(*one)]:
        api[0].seen.clear()
        form = await sent(api, out)
        assert ("Body" in form) is not ("ContentSid" in form)
        if "Body" in form:
            assert 0 < text_length(form["Body"]) <= TEXT_MAX
            continue
        variables = json.loads(form.get("ContentVariables", "{}"))
        assert all(isinstance(value, str) and value for value in variables.values())
        assert sorted(map(int, variables)) == list(range(1, len(variables) + 1))


def test_none_is_left_out() -> None:
    """Each text has a message inside the window, and each that opens conversations has one outside."""
    made = {(key, language, mode) for key, language, mode in ALL if texts_of(key, language, mode)}
    for key in KEYS:
        for language in i18n.LANGUAGES:
            assert (key, language, Mode.SESSION) in made
            entry = registry().entry(key)
            assert ((key, language, Mode.TEMPLATE) in made) is (entry.content and entry.needs_approval)
    assert any(mode is Mode.TEMPLATE for _, _, mode in made)
    assert len(KEYS) > 50


async def test_a_content_without_variables_goes_without_them(api: tuple[FakeApi, TwilioTransport]) -> None:
    assert "ContentVariables" not in await sent(api, message(content_id=CONTENT_ID))


@pytest.mark.parametrize(("wanted", "given"), [(-5, "1"), (0, "1"), (90_000, "36000")])
async def test_the_validity_stays_inside_its_limits(
    api: tuple[FakeApi, TwilioTransport], wanted: int, given: str
) -> None:
    assert (await sent(api, message(validity_seconds=wanted)))["ValidityPeriod"] == given


@pytest.mark.parametrize("key", [key for key in KEYS if registry().entry(key).content])
async def test_storing_and_submitting_a_text(api: tuple[FakeApi, TwilioTransport], key: str) -> None:
    for language in i18n.LANGUAGES:
        api[0].seen.clear()
        await stored_and_submitted(api, key, language)


async def stored_and_submitted(api: tuple[FakeApi, TwilioTransport], key: str, language: str) -> None:
    fake, transport = api
    spec = specs.load("twilio_content_v1.json")
    content = registry().content(key, language)
    assert await transport.create_content(content) == CONTENT_ID
    assert (await transport.request_approval(CONTENT_ID, content)).status == "received"
    assert (await transport.approval(CONTENT_ID)).status == "approved"
    create, submit, fetch = fake.seen
    assert (create.path, submit.path) == ("/v1/Content", f"/v1/Content/{CONTENT_ID}/ApprovalRequests/whatsapp")
    assert (fetch.method, fetch.path) == ("GET", f"/v1/Content/{CONTENT_ID}/ApprovalRequests")
    for seen, name in ((create, "ContentCreateRequest"), (submit, "ContentApprovalRequest")):
        assert seen.headers["Content-Type"] == "application/json"
        schema = {"$ref": f"#/components/schemas/{name}"}
        assert twilio_spec.problems(spec, schema, json.loads(seen.body)) == []
    stored = json.loads(create.body)
    assert stored["language"] == language
    ((kind, text),) = stored["types"].items()
    assert (kind, text["body"]) == ("twilio/quick-reply" if content.buttons else "twilio/text", content.body)
    assert [(one["title"], one["id"]) for one in text.get("actions", [])] == list(content.buttons)
    assert all(stored["variables"].values())
    assert json.loads(submit.body) == {"name": content.name, "category": content.category.upper()}


async def test_asking_what_became_of_messages(api: tuple[FakeApi, TwilioTransport]) -> None:
    fake, transport = api
    seen = await transport.lookup(ANNA, datetime(2026, 11, 26, 6, 59, tzinfo=UTC))
    assert [(one.provider_id, one.status) for one in seen] == [("SM" + "1" * 32, "sent")]
    assert seen[0].created_at == datetime(2026, 11, 26, 7, tzinfo=UTC)
    assert await transport.lookup(ANNA, datetime(2026, 11, 26, 7, 1, tzinfo=UTC)) == []
    assert await transport.fetch("SM" + "1" * 32) is not None
    listing, _, single = fake.seen
    assert (listing.query["To"], listing.query["From"]) == (ANNA, SENDER)
    spec = specs.load("twilio_api_v2010.messages.json")
    allowed = {one["name"] for one in spec["paths"][twilio_spec.MESSAGES]["get"]["parameters"]}
    assert set(listing.query) <= allowed
    assert single.path.endswith("/Messages/SM" + "1" * 32 + ".json")
