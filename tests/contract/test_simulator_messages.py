"""The Messages resource of the simulator: shapes of Twilio's own description, errors, lists and pages."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.simulator.settings import DEFAULT_SENDER, Delays
from tests.contract.simulator_world import ANNA, IVAN, START, check_schema, credentials, quick_reply, simulated

API = "twilio_api_v2010.messages.json"
ALERT = "Finances: *{{1}}* ends in {{2}} days, ask the client first"
SAMPLES = {"1": "Alfa", "2": "7"}


async def test_an_accepted_message_has_twilios_shape() -> None:
    async with simulated() as world:
        status, body = await world.send(Body="hello")
        assert status == 201
        check_schema(body, API, "api.v2010.account.message")
        assert (body["status"], body["date_sent"], body["direction"]) == ("queued", None, "outbound-api")
        assert (body["to"], body["from"]) == (ANNA, DEFAULT_SENDER)
        assert body["date_created"] == "Thu, 26 Nov 2026 07:00:00 +0000"


async def test_a_fetched_message_shows_how_it_went() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "hi")
        sent = await world.sent(Body="hello")
        status, body = await world.call("GET", sent["uri"])
        assert status == 200
        check_schema(body, API, "api.v2010.account.message")
        assert (body["status"], body["date_sent"]) == ("delivered", "Thu, 26 Nov 2026 07:00:00 +0000")


async def test_a_message_through_a_service_starts_as_accepted() -> None:
    async with simulated() as world:
        status, body = await world.send(From="-", MessagingServiceSid="MG" + "a" * 32, Body="hello")
        assert (status, body["status"], body["messaging_service_sid"]) == (201, "accepted", "MG" + "a" * 32)


async def test_lists_are_filtered_by_both_ends_and_by_day() -> None:
    async with simulated() as world:
        inbound = await world.simulator.say(ANNA, "hi")
        await world.simulator.say(IVAN, "привет")
        sent = await world.sent(Body="hello")
        queued_only = await world.send(IVAN, Body="x", StatusCallback="-")
        await world.simulator.settle()
        world.clock.advance(days=2)
        later = await world.sent(ANNA, Body="too late")

        async def found(**query: str) -> list[str]:
            status, body = await world.call("GET", world.messages_url[len(world.simulator.url) :], params=query)
            assert status == 200
            check_schema(body["messages"][0], API, "api.v2010.account.message")
            return [message["sid"] for message in body["messages"]]

        assert await found(To=DEFAULT_SENDER, From=ANNA) == [inbound.sid]
        assert await found(To=ANNA) == [later["sid"], sent["sid"]]
        assert await found(To=ANNA, DateSent="2026-11-26") == [sent["sid"]]
        assert set(await found(**{"DateSent>": "2026-11-26"})) >= {sent["sid"], queued_only[1]["sid"]}
        assert later["sid"] not in await found(**{"DateSent>": "2026-11-26T06:59:59Z"}), "a failed one was never sent"
        assert await found(**{"DateSent<": "2026-11-26T07:00:00Z", "To": ANNA}) == [sent["sid"]]


async def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    async with simulated() as world:
        sids = [(await world.send(Body=f"n{n}"))[1]["sid"] for n in range(5)]
        seen: list[str] = []
        path: str | None = world.messages_url[len(world.simulator.url) :] + "?PageSize=2"
        while path:
            _, body = await world.call("GET", path)
            seen += [message["sid"] for message in body["messages"]]
            await world.send(Body="arrives while somebody reads")
            path = body["next_page_uri"]
        assert seen == sids[::-1]


@pytest.mark.parametrize("query", [{"PageSize": "0"}, {"PageSize": "x"}, {"DateSent": "soon"}, {"PageToken": "PAx"}])
async def test_a_senseless_list_is_refused(query: dict[str, str]) -> None:
    async with simulated() as world:
        status, body = await world.call("GET", world.messages_url[len(world.simulator.url) :], params=query)
        assert (status, body["code"]) == (400, 20001)


async def test_errors_have_twilios_form() -> None:
    async with simulated() as world:
        status, body = await world.send("whatsapp:+abc", Body="x")
        assert status == 400
        assert body == {
            "code": 21211,
            "message": "The 'To' number whatsapp:+abc is not a valid phone number.",
            "more_info": "https://www.twilio.com/docs/errors/21211",
            "status": 400,
        }
        status, body = await world.send(ContentSid="HX" + "0" * 32)
        assert (status, body["code"]) == (400, 21655)
        status, body = await world.call("GET", world.messages_url[len(world.simulator.url) : -5] + "/SM0.json")
        assert (status, body["code"]) == (404, 20404)
        status, body = await world.call("DELETE", world.messages_url[len(world.simulator.url) :])
        assert (status, body["code"]) == (405, 20004)
        assert (await world.call("GET", "/v1/nothing"))[1]["code"] == 20404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        credentials(password="wrong"),
        credentials(user="AC" + "1" * 32),
        {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer x"},
    ],
)
async def test_nothing_is_answered_without_the_accounts_token(headers: dict[str, str]) -> None:
    async with simulated() as world, aiohttp.ClientSession(headers=headers) as stranger:
        async with stranger.post(world.messages_url, data={}) as answer:
            body = await answer.json()
        assert (answer.status, body["code"], body["status"]) == (401, 20003, 401)


async def test_another_accounts_address_is_not_found() -> None:
    async with simulated() as world:
        other = world.messages_url.replace("AC" + "0" * 32, "AC" + "1" * 32)
        status, body = await world.call("POST", other[len(world.simulator.url) :], data={})
        assert (status, body["code"]) == (404, 20404)


async def test_an_oversized_request_is_refused() -> None:
    async with simulated() as world:
        form = io.BytesIO(b"To=x&Body=" + b"x" * 1_100_000)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        path = world.messages_url[len(world.simulator.url) :]
        status, body = await world.call("POST", path, data=form, headers=headers)
        assert (status, body["status"]) == (413, 413)


async def test_outside_the_window_a_text_is_accepted_and_fails_later() -> None:
    async with simulated() as world:
        status, body = await world.send(Body="hello")
        assert (status, body["status"], body["error_code"]) == (201, "queued", None)
        await world.simulator.settle()
        assert world.product.states() == ["failed"]
        assert world.product.callbacks[0]["ErrorCode"] == "63016"
        assert "outside the allowed window" in world.product.callbacks[0]["ErrorMessage"]
        _, fetched = await world.call("GET", body["uri"])
        assert (fetched["status"], fetched["error_code"], fetched["date_sent"]) == ("failed", 63016, None)


async def test_the_window_closes_as_the_clock_moves() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "hi")
        assert (await world.simulator.transcript(ANNA))[0].state == "delivered"
        world.clock.advance(hours=23, minutes=59)
        inside = await world.sent(Body="still open")
        world.clock.advance(minutes=1)
        outside = await world.sent(Body="closed")
        await world.simulator.say(ANNA, "again")
        reopened = await world.sent(Body="open again")
        ends = [world.product.states(message["sid"])[-1] for message in (inside, outside, reopened)]
        assert ends == ["delivered", "failed", "delivered"]
        other = await world.sent(IVAN, Body="Ivan never wrote")
        assert world.product.states(other["sid"]) == ["failed"]


async def test_an_approved_template_goes_out_of_the_window_and_an_unapproved_content_does_not() -> None:
    async with simulated() as world:
        types = quick_reply(ALERT, "Renew", "Later")
        template = await world.content(types, "renewal_due", variables=SAMPLES)
        loose = await world.content(types, variables=SAMPLES)
        values = '{"1": "Alfa Dental", "2": "3"}'
        good = await world.sent(ContentSid=template, ContentVariables=values)
        assert good["body"] == "Finances: *Alfa Dental* ends in 3 days, ask the client first"
        assert good["sid"].startswith("MM")
        bad = await world.sent(ContentSid=loose, ContentVariables=values)
        await world.simulator.say(ANNA, "hi")
        inside = await world.sent(ContentSid=loose, ContentVariables=values)
        ends = [world.product.states(message["sid"])[-1] for message in (good, bad, inside)]
        assert ends == ["delivered", "failed", "delivered"]
        kinds = [(line.kind, line.template) for line in await world.simulator.transcript(ANNA) if not line.inbound]
        assert kinds == [("template", "renewal_due"), ("session", ""), ("session", "")]


async def test_many_messages_at_once_are_all_kept() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "hi")
        answers = await asyncio.gather(*(world.send(Body=f"n{n}") for n in range(40)))
        await world.simulator.settle()
        assert {status for status, _ in answers} == {201}
        assert len({body["sid"] for _, body in answers}) == 40
        assert world.product.states().count("delivered") == 40


async def test_a_slow_product_does_not_slow_the_api() -> None:
    async with simulated() as world:
        world.product.pause_seconds = 0.3
        loop = asyncio.get_running_loop()
        began = loop.time()
        for n in range(5):
            assert (await world.send(Body=f"n{n}"))[0] == 201
        assert loop.time() - began < 0.3


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "simulator.sqlite3"
    async with simulated(db_path=path) as world:
        sid = await world.content(quick_reply("One of two?", "Yes", "No"), "question")
        await world.simulator.say(ANNA, "hi")
        sent = await world.sent(ContentSid=sid)
        await world.simulator.add_person("Olga", "+371 20 000 099", "ru")
        clock = world.clock
    clock.advance(hours=1)
    async with simulated(clock, db_path=path) as world:
        assert (await world.call("GET", sent["uri"]))[1]["status"] == "delivered"
        assert [line.text for line in await world.simulator.transcript(ANNA)] == ["hi", "One of two?"]
        again = await world.sent(Body="the window is still open")
        assert world.product.states(again["sid"])[-1] == "delivered"
        assert (await world.simulator.tap(ANNA, "Yes")).state == "delivered"
        _, state = await world.call("GET", "/phone/api/state")
        assert [person["name"] for person in state["people"]] == ["Anna", "Иван", "Olga"]


async def test_what_was_on_its_way_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "simulator.sqlite3"
    async with simulated(db_path=path, delays=Delays(step_seconds=30)) as world:
        _, body = await world.send(Body="hello", StatusCallback="-")
        assert body["status"] == "queued"
    async with simulated(db_path=path) as world:
        await world.simulator.settle()
        _, fetched = await world.call("GET", body["uri"])
        assert (fetched["status"], fetched["error_code"]) == ("failed", 63016)


async def test_every_message_is_stamped_by_the_clock_it_was_given() -> None:
    async with simulated() as world:
        world.clock.advance(hours=5)
        assert (await world.simulator.say(ANNA, "hi")).at == START + timedelta(hours=5)


async def test_a_picture_is_fetched_kept_and_shown() -> None:
    async with simulated() as world, picture_server(PNG) as url:
        await world.simulator.say(ANNA, "picture")
        sent = await world.sent(Body="as you wished", MediaUrl=url)
        status, body = await world.call("GET", sent["uri"])
        check_schema(body, API, "api.v2010.account.message")
        assert (status, body["status"], body["num_media"]) == (200, "delivered", "1")
        status, chat = await world.call("GET", f"/phone/api/chats/{ANNA}")
        assert [one["media"] for one in chat["messages"]] == ["", f"/phone/api/media/{sent['sid']}"]


async def test_a_picture_that_cannot_be_had_fails_the_message() -> None:
    async with simulated() as world, picture_server(b"", status=404) as url:
        await world.simulator.say(ANNA, "picture")
        sent = await world.sent(Body="as you wished", MediaUrl=url)
        _, body = await world.call("GET", sent["uri"])
        assert (body["status"], body["error_code"]) == ("failed", 63019)
        status, refused = await world.send(Body="x", MediaUrl="ftp://nowhere")
        assert (status, refused["code"]) == (400, 21620)


PNG = b"\x89PNG\r\n\x1a\n"


@asynccontextmanager
async def picture_server(content: bytes, status: int = 200) -> AsyncIterator[str]:
    """The address of a picture on a server of its own."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=content, status=status, content_type="image/png")

    app = web.Application()
    app.router.add_get("/media/t.png", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/media/t.png"))
