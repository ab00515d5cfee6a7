"""A simulator with a product at its other end that records every webhook, for tests of the simulator."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import jsonschema
from aiohttp import web
from twilio.request_validator import RequestValidator

from bot.clock import ManualClock
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_SENDER, Person, SimulatorSettings
from tests.contract import specs

ANNA = "whatsapp:+37120000017"
IVAN = "whatsapp:+79261110022"
PEOPLE = (Person("Anna", ANNA, "en", "Europe/Riga"), Person("Иван", IVAN, "ru", "Europe/Moscow"))
START = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


@dataclass
class Product:
    """Records what is posted to it. `status` is what it answers; `signed` whether every signature was right."""

    port: int = 0
    status: int = 200
    pause_seconds: float = 0.0
    inbound: list[dict[str, str]] = field(default_factory=list)
    callbacks: list[dict[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    signed: bool = True

    async def take(self, request: web.Request) -> web.Response:
        form = await request.post()
        url = f"http://127.0.0.1:{self.port}{request.raw_path}"
        right = RequestValidator(DEFAULT_AUTH_TOKEN).validate(url, form, request.headers.get("X-Twilio-Signature", ""))
        self.signed = self.signed and right
        self.tokens.append(request.headers.get("I-Twilio-Idempotency-Token", ""))
        fields = {name: str(value) for name, value in form.items()} | {"?": request.raw_path.partition("?")[2]}
        await asyncio.sleep(self.pause_seconds)
        (self.inbound if request.path == "/inbound" else self.callbacks).append(fields)
        return web.Response(text="<Response/>", content_type="text/xml", status=self.status)

    def states(self, sid: str | None = None) -> list[str]:
        """The states reported, in the order they came."""
        return [fields["MessageStatus"] for fields in self.callbacks if sid in (None, fields["MessageSid"])]


@dataclass
class World:
    """Everything a test talks to."""

    simulator: Simulator
    product: Product
    clock: ManualClock
    http: aiohttp.ClientSession
    account: str = DEFAULT_ACCOUNT_SID

    @property
    def messages_url(self) -> str:
        return f"{self.simulator.url}/2010-04-01/Accounts/{self.account}/Messages.json"

    @property
    def callback_url(self) -> str:
        return f"http://127.0.0.1:{self.product.port}/status"

    async def send(self, to: str = ANNA, **form: str) -> tuple[int, dict[str, Any]]:
        """POST a message; From and StatusCallback are filled in unless given; `-` leaves a field out."""
        whole = {"To": to, "From": DEFAULT_SENDER, "StatusCallback": f"{self.callback_url}?d=1"} | form
        async with self.http.post(
            self.messages_url, data={name: value for name, value in whole.items() if value != "-"}
        ) as answer:
            return answer.status, await answer.json()

    async def sent(self, to: str = ANNA, **form: str) -> dict[str, Any]:
        """The resource of an accepted message, after every callback."""
        status, body = await self.send(to, **form)
        assert status == 201, body
        await self.simulator.settle()
        return body

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Any request to the simulator, with the account's credentials; JSON answers are parsed."""
        async with self.http.request(method, self.simulator.url + path, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    async def content(self, types: dict[str, Any], name: str = "", **more: Any) -> str:
        """The sid of a new content; with a name it is submitted for approval."""
        status, body = await self.call(
            "POST", "/v1/Content", json={"friendly_name": name or "text", "language": "en", "types": types, **more}
        )
        assert status == 201, body
        if name:
            path = f"/v1/Content/{body['sid']}/ApprovalRequests/whatsapp"
            status, approval = await self.call("POST", path, json={"name": name, "category": "UTILITY"})
            assert status == 201, approval
        return str(body["sid"])


def quick_reply(body: str, *titles: str) -> dict[str, Any]:
    """The types of a content with reply buttons; each id is `id-` and the title."""
    actions = [{"type": "QUICK_REPLY", "title": title, "id": f"id-{title}"} for title in titles]
    return {"twilio/quick-reply": {"body": body, "actions": actions}}


@asynccontextmanager
async def simulated(clock: ManualClock | None = None, **settings: Any) -> AsyncIterator[World]:
    """A running simulator with Anna and Ivan, and a product that listens."""
    clock = clock or ManualClock(START)
    product = Product()
    app = web.Application()
    app.router.add_post("/inbound", product.take)
    app.router.add_post("/status", product.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    product.port = runner.addresses[0][1]
    move = settings.pop("move_clock", None)
    whole = {"webhook_url": f"http://127.0.0.1:{product.port}/inbound", "people": PEOPLE} | settings
    simulator = create_simulator(SimulatorSettings(**whole), clock, move_clock=move)
    await simulator.start()
    try:
        async with aiohttp.ClientSession(headers=credentials()) as http:
            yield World(simulator, product, clock, http)
    finally:
        await simulator.stop()
        await runner.cleanup()


def credentials(user: str = DEFAULT_ACCOUNT_SID, password: str = DEFAULT_AUTH_TOKEN) -> dict[str, str]:
    """The header of basic auth."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def check_schema(value: Any, file: str, name: str) -> None:
    """Check a value against a schema of the provider's OpenAPI description."""
    spec = specs.load(file)
    schema = _as_json_schema(spec["components"]["schemas"][name], spec)
    jsonschema.Draft202012Validator(schema).validate(value)
    missing = set(schema["properties"]) - set(value)
    assert not missing, f"fields of {name} that were not answered: {missing}"


def _as_json_schema(part: Any, spec: dict[str, Any]) -> Any:
    """OpenAPI 3.0 as JSON Schema: references put in place, `nullable` as a type."""
    if isinstance(part, list):
        return [_as_json_schema(item, spec) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _as_json_schema(spec["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]], spec)
    whole = {key: _as_json_schema(value, spec) for key, value in part.items() if key not in ("nullable", "format")}
    if part.get("nullable") and isinstance(part.get("type"), str):
        whole["type"] = [part["type"], "null"]
    return whole
