"""What the phone page asks of the simulator, and who may ask."""

import asyncio
import json
from datetime import datetime, timedelta

import aiohttp
import pytest

from bot.clock import ManualClock
from bot.simulator.server import create_simulator
from bot.simulator.settings import SimulatorSettings
from tests.contract.simulator_world import ANNA, IVAN, START, quick_reply, simulated


async def test_the_state_names_everybody_with_their_last_message() -> None:
    async with simulated(partner_name="SIA Example", console_url="http://127.0.0.1:8080/deliveries") as world:
        await world.simulator.say(ANNA, "hi")
        await world.sent(Body="hello")
        _, state = await world.call("GET", "/phone/api/state")
        assert state["business"]["partner"] == "SIA Example"
        assert state["clock"] == {"now": "2026-11-26T07:00:00+00:00", "movable": False}
        anna, ivan = state["people"]
        assert (anna["unread"], anna["latest"]["text"], anna["latest"]["state"]) == (1, "hello", "delivered")
        assert anna["window_closes_at"] == "2026-11-27T07:00:00+00:00"
        assert (ivan["latest"], ivan["window_closes_at"], ivan["phone"]) == (None, None, "+7 926 111-00-22")


async def test_a_message_typed_on_the_page_is_taken_and_delivered_later() -> None:
    async with simulated() as world:
        status, body = await world.call("POST", "/phone/api/messages", json={"address": ANNA, "text": "hi"})
        assert (status, body["state"]) == (202, "sent")
        await world.simulator.settle()
        assert world.product.inbound[0]["Body"] == "hi"
        await world.sent(ContentSid=await world.content(quick_reply("Renew?", "Yes", "No")))
        status, _ = await world.call("POST", "/phone/api/taps", json={"address": ANNA, "title": "Yes"})
        await world.simulator.settle()
        assert (status, world.product.inbound[1]["ButtonPayload"]) == (202, "id-Yes")
        _, read = await world.call("POST", "/phone/api/read", json={"address": ANNA})
        assert read == {"read": 1}


async def test_long_chats_come_in_pages() -> None:
    async with simulated() as world:
        for n in range(105):
            await world.simulator.say(ANNA, f"n{n}")
        _, page = await world.call("GET", f"/phone/api/chats/{ANNA}")
        assert (len(page["messages"]), page["more"], page["messages"][-1]["text"]) == (100, True, "n104")
        _, page = await world.call("GET", f"/phone/api/chats/{ANNA}?before={page['messages'][0]['seq']}")
        assert ([m["text"] for m in page["messages"]], page["more"]) == (["n0", "n1", "n2", "n3", "n4"], False)


async def test_a_stranger_is_added_by_the_page_or_by_being_written_to() -> None:
    async with simulated() as world:
        status, body = await world.call("POST", "/phone/api/people", json={"name": "", "phone": "+371 20 000 099"})
        assert (status, body) == (201, {"address": "whatsapp:+37120000099", "name": "+371 20 000 099"})
        await world.send("whatsapp:+37120000088", Body="hello")
        _, state = await world.call("GET", "/phone/api/state")
        assert [person["name"] for person in state["people"][2:]] == ["+371 20 000 099", "+371 20 000 088"]
        status, body = await world.call("POST", "/phone/api/people", json={"name": "x", "phone": "12"})
        assert (status, body) == (400, {"error": "'12' is not a phone number"})


async def test_the_clock_is_moved_by_whoever_supplied_it() -> None:
    clock = ManualClock(START)

    async def move(delta: timedelta) -> datetime:
        clock.move_to(clock.now() + delta)
        return clock.now()

    async with simulated(clock, move_clock=move) as world:
        _, state = await world.call("GET", "/phone/api/state")
        assert state["clock"]["movable"]
        _, view = await world.call("POST", "/phone/api/clock", json={"days": 1, "hours": 2, "minutes": 3})
        assert view == {"now": "2026-11-27T09:03:00+00:00", "movable": True}
        for wrong in ({}, {"days": -1}, {"days": 400}, {"days": True}, {"minutes": "1"}):
            assert (await world.call("POST", "/phone/api/clock", json=wrong))[0] == 400
    async with simulated() as world:
        status, body = await world.call("POST", "/phone/api/clock", json={"days": 1})
        assert (status, body) == (400, {"error": "this clock cannot be moved from here"})


async def test_faults_are_switched_on_and_off() -> None:
    async with simulated() as world:
        status, fault = await world.call("POST", "/phone/api/faults", json={"kind": "429", "times": 3})
        assert (status, fault["kind"], fault["times"]) == (201, "429", 3)
        await world.call("POST", "/phone/api/faults", json={"kind": "error", "code": 63024, "to": ANNA, "times": None})
        assert (await world.send(Body="x"))[0] == 429
        _, active = await world.call("GET", "/phone/api/faults")
        assert [(fault["kind"], fault["times"]) for fault in active] == [("429", 2), ("error", None)]
        _, active = await world.call("DELETE", f"/phone/api/faults?id={fault['id']}")
        assert [fault["kind"] for fault in active] == ["error"]
        assert (await world.call("DELETE", "/phone/api/faults"))[1] == []
        for wrong in ({"kind": "rain"}, {"kind": "429", "tmies": 3}, {"kind": 4}):
            assert (await world.call("POST", "/phone/api/faults", json=wrong))[0] == 400


async def test_changes_are_streamed() -> None:
    async with simulated() as world:
        async with world.http.get(f"{world.simulator.url}/phone/api/events") as stream:
            assert stream.headers["Content-Type"] == "text/event-stream"
            events: list[tuple[str, dict[str, object]]] = []

            async def listen() -> None:
                name = ""
                async for raw in stream.content:
                    line = raw.decode().rstrip()
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: "):
                        events.append((name, json.loads(line[6:])))

            listener = asyncio.create_task(listen())
            await world.simulator.say(ANNA, "hi")
            await world.sent(Body="hello")
            world.simulator.faults.add("429")
            await world.call("DELETE", "/phone/api/faults")
            await asyncio.sleep(0.05)
            await world.simulator.stop()
            await asyncio.wait_for(listener, 2)
        assert events[0][0] == "clock"
        states = [(data["text"], data["state"]) for name, data in events if name == "message"]
        assert states == [
            ("hi", "sent"), ("hi", "delivered"),
            ("hello", "queued"), ("hello", "sending"), ("hello", "sent"), ("hello", "delivered"),
        ]  # fmt: skip
        assert events[-1] == ("faults", {"faults": []})


async def test_the_typing_indicator_marks_the_message_read_and_shows_that_an_answer_comes() -> None:
    async with simulated() as world:
        line = await world.simulator.say(ANNA, "hi")
        form = {"messageId": line.sid, "channel": "whatsapp"}
        status, body = await world.call("POST", "/v2/Indicators/Typing.json", data=form)
        assert (status, body) == (200, {"success": True})
        assert (await world.simulator.transcript(ANNA))[0].state == "read"
        assert (await world.call("POST", "/v2/Indicators/Typing.json", data=form | {"messageId": "SM0"}))[0] == 404
        assert (await world.call("POST", "/v2/Indicators/Typing.json", data=form | {"channel": "sms"}))[0] == 400


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", "127.0.0.1.evil.example"])
async def test_a_page_of_another_name_gets_nothing(host: str) -> None:
    async with simulated() as world:
        for path in ("/", "/phone/api/state", "/v1/Content"):
            status, _ = await world.call("GET", path, headers={"Host": host})
            assert status == 403


async def test_a_page_of_another_origin_cannot_write() -> None:
    async with simulated() as world:
        url = f"{world.simulator.url}/phone/api/messages"
        text = json.dumps({"address": ANNA, "text": "forged"})
        async with aiohttp.ClientSession() as http:
            for headers in (
                {"Content-Type": "text/plain"},
                {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"},
                {"Content-Type": "application/x-www-form-urlencoded"},
            ):
                async with http.post(url, data=text, headers=headers) as answer:
                    assert answer.status == 403
        assert await world.simulator.transcript() == []


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"address": 1, "text": "x"}', '{"text": "x"}', '{"address": "12", "text": "x"}']
)
async def test_a_malformed_request_gets_a_reason(body: str) -> None:
    async with simulated() as world:
        status, answer = await world.call(
            "POST", "/phone/api/messages", data=body, headers={"Content-Type": "application/json"}
        )
        assert status == 400
        assert answer["error"]


async def test_the_page_allows_nothing_from_elsewhere() -> None:
    async with simulated() as world, world.http.get(world.simulator.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
        text = await answer.text()
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<style" not in text
        assert " style=" not in text
        assert "<script>" not in text
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text


async def test_it_listens_on_this_machine_only() -> None:
    simulator = create_simulator(SimulatorSettings(), ManualClock(START))
    with pytest.raises(ValueError, match="this machine only"):
        await simulator.start(host="0.0.0.0")


async def test_two_people_do_not_share_a_chat() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "for Anna")
        await world.simulator.say(IVAN, "для Ивана")
        _, page = await world.call("GET", f"/phone/api/chats/{IVAN}")
        assert [message["text"] for message in page["messages"]] == ["для Ивана"]
