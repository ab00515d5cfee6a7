"""The partner API on the wire: what exactly is asked, what each answer means, and when to come again."""

from base64 import b64encode
from datetime import timedelta

import httpx
import pytest
import respx
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.billing.gateways.wazzup.accounts_api import AccountsApi, AccountUnknown, Busy, LoginRefused, retry_at
from bot.errors import TransientError
from tests.integration.alert_world import NOW
from tests.integration.wazzup_world import LOGIN, PASSWORD, TECH, Hurried

BODY_MAX = 1_048_576
HALF_MINUTE = timedelta(seconds=30)


def api_at(url: str = TECH, clock: Hurried | None = None) -> AccountsApi:
    return AccountsApi(url, LOGIN, PASSWORD, clock or Hurried(NOW), timeout_seconds=7)


async def asked_of(answer: httpx.Response | Exception, url: str = TECH) -> tuple[bytes, list[httpx.Request]]:
    """What comes of one question, and every request that it took."""
    with respx.mock(assert_all_called=False) as wire:
        wire.route().mock(side_effect=answer if isinstance(answer, Exception) else [answer])
        api = api_at(url)
        try:
            return await api.account("48210033"), [call.request for call in wire.calls]
        finally:
            await api.close()


@pytest.mark.parametrize("url", [TECH, f"{TECH}/"])
async def test_one_question_is_one_signed_request_that_does_not_wait_for_ever(url: str) -> None:
    body, [request] = await asked_of(httpx.Response(200, content=b'{"data": {}}'), url)
    assert body == b'{"data": {}}'
    assert request.method == "GET"
    assert str(request.url) == f"{TECH}/v2/accounts/48210033?expand=billing%2Cchannels%2Csubscriptions"
    assert request.headers["Authorization"] == "Basic " + b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
    assert request.headers["Accept"] == "application/json"
    assert request.extensions["timeout"] == {"connect": 5.0, "read": 7, "write": 7, "pool": 7}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.Response(401), LoginRefused, "wazzup: login or password are refused"),
        (httpx.Response(402), AccountUnknown, "wazzup: HTTP 402"),
        (httpx.Response(404), AccountUnknown, "wazzup: HTTP 404"),
        (httpx.Response(429), Busy, "wazzup: HTTP 429"),
        (httpx.Response(430), AccountUnknown, "wazzup: HTTP 430"),
        (httpx.Response(499), AccountUnknown, "wazzup: HTTP 499"),
        (httpx.Response(500), TransientError, "wazzup: HTTP 500"),
        (httpx.Response(503), TransientError, "wazzup: HTTP 503"),
        (httpx.Response(201, content=b"{}"), AccountUnknown, "wazzup: HTTP 201"),
        (httpx.Response(200, content=b"x" * (BODY_MAX + 1)), AccountUnknown, "wazzup: HTTP 200"),
        (httpx.Response(302, headers={"Location": f"{TECH}/login"}), AccountUnknown, "wazzup: HTTP 302"),
        (httpx.ConnectError(f"no way to {PASSWORD}"), TransientError, "wazzup: ConnectError"),
    ],
)
async def test_every_answer_that_holds_no_account_says_what_it_was(
    answer: httpx.Response | Exception, kind: type[Exception], words: str
) -> None:
    """These words are what `wazzup status` shows of an account that was not read."""
    with pytest.raises(kind) as caught:
        await asked_of(answer)
    assert (type(caught.value), str(caught.value)) == (kind, words)
    assert caught.value.__cause__ is None


async def test_the_largest_answer_is_read() -> None:
    assert len((await asked_of(httpx.Response(200, content=b"x" * BODY_MAX)))[0]) == BODY_MAX


async def test_who_is_too_busy_says_until_when() -> None:
    with pytest.raises(Busy) as caught:
        await asked_of(httpx.Response(429, headers={"Retry-After": "77"}))
    assert caught.value.until == NOW + timedelta(seconds=77)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        (None, HALF_MINUTE),
        ("", HALF_MINUTE),
        ("  ", HALF_MINUTE),
        ("soon", HALF_MINUTE),
        ("٣", HALF_MINUTE),
        ("0", timedelta(seconds=1)),
        ("1", timedelta(seconds=1)),
        (" 90 ", timedelta(seconds=90)),
        ("21600", timedelta(hours=6)),
        ("21601", timedelta(hours=6)),
        ("9" * 40, timedelta(hours=6)),
        ("Thu, 26 Nov 2026 07:10:00 GMT", timedelta(minutes=10)),
        ("Thu, 26 Nov 2026 09:10:00 +0200", timedelta(minutes=10)),
        ("Thu, 26 Nov 2026 07:10:00 -0000", timedelta(minutes=10)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", timedelta(seconds=1)),
        ("Fri, 27 Nov 2026 07:00:00 GMT", timedelta(hours=6)),
    ],
)
def test_when_to_come_again(header: str | None, wait: timedelta) -> None:
    assert retry_at(header, NOW) - NOW == wait


async def test_the_login_goes_to_wazzup_alone_whatever_proxy_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({})

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "elsewhere.test")
    app = web.Application()
    app.router.add_get("/v2/accounts/{id}", answer)
    async with TestServer(app) as server:
        api = api_at(str(server.make_url("/")))
        assert await api.account("48210033") == b"{}"
        await api.close()


async def test_questions_go_a_tenth_of_a_second_apart_and_a_pause_is_not_made_up_for() -> None:
    clock = Hurried(NOW)
    with respx.mock as wire:
        wire.route().mock(return_value=httpx.Response(200))
        api = api_at(clock=clock)
        for _ in range(3):
            await api.account("1")
        assert clock.now() - NOW == timedelta(seconds=0.2)
        clock.advance(seconds=60)
        for _ in range(3):
            await api.account("1")
        assert clock.now() - NOW == timedelta(seconds=60.4)
        await api.close()
