"""What faces the world and what does not; headers, health, metrics, static files, errors."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from yarl import URL

from bot.clock import ManualClock
from bot.storage.engine import Database
from bot.web.static_files import load_static
from tests.integration.web_door import INBOUND, message, open_door, post, settings

STATIC = Path(__file__).parents[2] / "bot/web/static"
CLOSED = ["/", "/deliveries", "/api/deliveries", "/metrics", "/openapi.json", "/nothing", "/static/console.css"]
LOOPBACK_HOSTS = ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080"]
FOREIGN_HOSTS = ["bot.example.com", "127.0.0.1.example.com", "localhost@example.com", "", "127.0.0.1:x", "[::1", "0"]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("path", CLOSED)
async def test_a_foreign_host_name_sees_nothing(sqlite_db: Database, clock: ManualClock, path: str, host: str) -> None:
    async with open_door(sqlite_db, clock) as client:
        answer = await client.get(path, headers={"Host": host})
        assert answer.status in (400, 403)


@pytest.mark.parametrize("host", LOOPBACK_HOSTS)
async def test_loopback_names_see_the_console(sqlite_db: Database, clock: ManualClock, host: str) -> None:
    async with open_door(sqlite_db, clock) as client:
        assert (await client.get("/deliveries", headers={"Host": host})).status == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host"])
async def test_a_proxy_in_front_closes_the_console(sqlite_db: Database, clock: ManualClock, header: str) -> None:
    async with open_door(sqlite_db, clock) as client:
        assert (await client.get("/deliveries", headers={header: "127.0.0.1"})).status == 403


async def test_a_configured_console_host_is_the_only_one(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock, settings=settings(console_host="console.lan")) as client:
        inside = await client.get("/deliveries", headers={"Host": "console.lan:8080", "X-Forwarded-For": "10.0.0.1"})
        assert inside.status == 200
        assert (await client.get("/deliveries", headers={"Host": "127.0.0.1"})).status == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_answers_the_world(sqlite_db: Database, clock: ManualClock, path: str) -> None:
    async with open_door(sqlite_db, clock) as client:
        assert (await client.get(path, headers={"Host": "bot.example.com"})).status == 200


@pytest.mark.parametrize(
    "path", ["/webhooks/../deliveries", "/webhooks/%2e%2e/deliveries", "//deliveries", "/r/../metrics"]
)
async def test_no_detour_leads_to_the_console(sqlite_db: Database, clock: ManualClock, path: str) -> None:
    async with open_door(sqlite_db, clock) as client:
        url = URL(str(client.make_url("/")).rstrip("/") + path, encoded=True)
        answer = await client.session.get(url, headers={"Host": "bot.example.com"})
        assert answer.status in (403, 404)


async def test_ready_names_what_is_not(sqlite_db: Database, clock: ManualClock) -> None:
    async def yes() -> bool:
        return True

    async def no() -> bool:
        raise ConnectionError("gone")

    async with open_door(sqlite_db, clock, ready={"database": yes, "relay": no}) as client:
        answer = await client.get("/readyz")
        assert answer.status == 503
        assert await answer.json() == {"ok": False, "checks": {"database": True, "relay": False}, "paused": []}


async def test_metrics_count_by_route_and_outcome(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock, registry=CollectorRegistry()) as client:
        await post(client, INBOUND, message())
        await post(client, INBOUND, message(), X_Twilio_Signature="forged")
        await client.get("/deliveries/one")
        await client.request("PROPFIND", "/coffee")
        text = await (await client.get("/metrics")).text()

    found = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["curatorbot_webhooks_total", "inbound", "accepted"] == 1
    assert found["curatorbot_webhooks_total", "inbound", "forged"] == 1
    assert found["curatorbot_http_requests_total", "GET", "/deliveries/{id}", "200"] == 1
    assert found["curatorbot_http_requests_total", "other", "none", "404"] == 1


async def test_every_answer_carries_the_security_headers(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock) as client:
        for path in ("/deliveries", "/api/deliveries", "/nothing", "/healthz", "/static/console.css"):
            headers = (await client.get(path)).headers
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Server"] == "curatorbot"
            assert len(headers["X-Request-Id"]) == 26


async def test_errors_fit_who_asks(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock) as client:
        page = await client.get("/nothing")
        twin = await client.get("/api/nothing")
        assert (page.status, twin.status) == (404, 404)
        assert page.content_type == "text/html"
        request = page.headers["X-Request-Id"]
        assert request in await page.text()
        assert (await twin.json())["error"]["status"] == 404


async def test_a_broken_page_shows_its_request_and_no_detail(
    sqlite_db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(sqlite_db, "read", explode)
    async with open_door(sqlite_db, clock) as client:
        page, twin = await client.get("/deliveries"), await client.get("/api/deliveries")
        texts = await page.text(), await twin.text()

    assert (page.status, twin.status) == (500, 500)
    assert page.headers["X-Request-Id"] in texts[0]
    assert not any("secret" in text for text in texts)


async def test_static_files_are_served_with_their_mark(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock) as client:
        html = await (await client.get("/deliveries")).text()
        addresses = re.findall(r'"(/static/[^"]+)"', html)
        assert len(addresses) >= 3
        for address in addresses:
            answer = await client.get(address)
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
        for path in ("/static/VENDORED.md", "/static/..%2fapp.py", "/static/nothing.css"):
            assert (await client.get(path)).status == 404


def vendored() -> Iterator[tuple[str, str]]:
    """File and sum, as VENDORED.md tells them."""
    yield from re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (STATIC / "VENDORED.md").read_text(), re.MULTILINE)


def test_vendored_files_are_what_they_say() -> None:
    listed = dict(vendored())
    assert set(listed) == {name for name in load_static() if name.endswith(".js")}
    for name, digest in listed.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest


def test_the_style_sheet_stays_small() -> None:
    assert len((STATIC / "console.css").read_bytes()) < 16_000


async def test_openapi_describes_every_twin(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock) as client:
        document = json.loads(await (await client.get("/openapi.json")).text())
        assert document["openapi"].startswith("3.1")
        for path in document["paths"]:
            assert path.startswith("/api/")
            assert (await client.get(path.replace("{id}", "x"))).status == 404
