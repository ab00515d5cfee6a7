"""What the simulator reports about a message, and every way in which that can go wrong on demand."""

import asyncio

import aiohttp
import pytest

from bot.simulator.message import OUTBOUND, Message, new_sid
from bot.simulator.settings import Delays
from bot.simulator.store import Store
from tests.contract.simulator_world import ANNA, IVAN, START, World, simulated


async def opened(world: World) -> None:
    await world.simulator.say(ANNA, "hi")


async def test_states_are_reported_in_order_signed_and_with_our_query() -> None:
    async with simulated() as world:
        await opened(world)
        sent = await world.sent(Body="hello", StatusCallback=f"{world.callback_url}?d=01J%3A7&x=#rc=2")
        assert await world.simulator.read(ANNA) == 1
        await world.simulator.settle()
        assert world.product.states() == ["sending", "sent", "delivered", "read"]
        assert world.product.signed
        last = world.product.callbacks[-1]
        assert last.pop("?") == "d=01J%3A7&x=", "not a character of the query is changed"
        assert last == {
            "AccountSid": world.account,
            "ApiVersion": "2010-04-01",
            "ChannelPrefix": "whatsapp",
            "EventType": "READ",
            "From": "whatsapp:+14155238886",
            "MessageSid": sent["sid"],
            "MessageStatus": "read",
            "SmsSid": sent["sid"],
            "SmsStatus": "read",
            "To": ANNA,
        }
        assert await world.simulator.read(ANNA) == 0


async def test_readers_who_always_look_are_a_setting() -> None:
    async with simulated(auto_read=True) as world:
        await opened(world)
        await world.sent(Body="hello")
        assert world.product.states()[-1] == "read"
        world.simulator.auto_read = False
        await world.sent(Body="hello")
        assert world.product.states()[-1] == "delivered"


async def test_no_callback_without_an_address_for_it() -> None:
    async with simulated() as world:
        await opened(world)
        sent = await world.sent(Body="hello", StatusCallback="-")
        assert world.product.callbacks == []
        assert (await world.call("GET", sent["uri"]))[1]["status"] == "delivered"


async def test_a_refused_callback_is_not_repeated_unless_asked_for() -> None:
    async with simulated() as world:
        await opened(world)
        world.product.status = 500
        await world.sent(Body="hello")
        assert world.product.states() == ["sending", "sent", "delivered"]
        world.product.callbacks.clear()
        world.product.tokens.clear()
        await world.sent(Body="hello", StatusCallback=world.callback_url + "#rc=1&rp=5xx")
        assert world.product.states() == ["sending"] * 2 + ["sent"] * 2 + ["delivered"] * 2
        assert len(set(world.product.tokens)) == 3, "a repeat carries the token of the first attempt"


async def test_429_and_500_have_no_effect_and_end() -> None:
    async with simulated() as world:
        await opened(world)
        world.simulator.faults.add("429", times=2)
        world.simulator.faults.add("500")
        answers = [await world.send(Body="hello") for _ in range(4)]
        assert [status for status, _ in answers] == [429, 429, 500, 201]
        assert [body.get("code") for _, body in answers] == [20429, 20429, 20500, None]
        assert len(await world.simulator.transcript(ANNA)) == 2


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("timeout_after_accept", True),
        ("timeout_before_accept", False),
        ("connection_closed", False),
        ("connection_closed_after_accept", True),
    ],
)
async def test_silence_and_cut_lines_look_the_same_whether_or_not_it_was_taken(kind: str, taken: bool) -> None:
    async with simulated() as world:
        await opened(world)
        world.simulator.faults.add(kind)
        async with aiohttp.ClientSession(headers=world.http.headers, timeout=aiohttp.ClientTimeout(total=0.25)) as http:
            form = {"To": ANNA, "From": "whatsapp:+14155238886", "Body": "hello", "StatusCallback": world.callback_url}
            with pytest.raises((TimeoutError, aiohttp.ServerDisconnectedError)):
                await http.post(world.messages_url, data=form)
        await world.simulator.settle()
        assert [line.text for line in await world.simulator.transcript(ANNA)] == ["hi", "hello"][: 1 + taken]
        assert world.product.states() == (["sending", "sent", "delivered"] if taken else [])
        assert (await world.send(Body="the weather is fine again"))[0] == 201


async def test_contents_have_their_own_weather() -> None:
    async with simulated() as world:
        world.simulator.faults.add("429", on="content")
        body = {"language": "en", "types": {"twilio/text": {"body": "x"}}}
        assert (await world.send(Body="hello"))[0] == 201
        assert [(await world.call("POST", "/v1/Content", json=body))[0] for _ in range(2)] == [429, 201]


@pytest.mark.parametrize("code", [63016, 63024, 63018, 30008])
async def test_a_code_of_the_channel_fails_one_person_by_callback(code: int) -> None:
    async with simulated() as world:
        await opened(world)
        await world.simulator.say(IVAN, "привет")
        world.simulator.faults.add("error", code=code, to=ANNA, times=None)
        anna, ivan = await world.sent(Body="hello"), await world.sent(IVAN, Body="hello")
        assert world.product.states(anna["sid"]) == ["failed"]
        assert world.product.states(ivan["sid"])[-1] == "delivered"
        assert {fields["ErrorCode"] for fields in world.product.callbacks if "ErrorCode" in fields} == {str(code)}


async def test_a_code_of_the_api_is_refused_at_once() -> None:
    async with simulated() as world:
        await opened(world)
        world.simulator.faults.add("error", code=21610)
        status, body = await world.send(Body="hello")
        assert (status, body["code"], body["message"]) == (400, 21610, "Attempt to send to unsubscribed recipient")
        assert (await world.send(Body="hello"))[0] == 201


async def test_callbacks_come_twice_reversed_or_not_at_all_for_one_message_each() -> None:
    async with simulated() as world:
        await opened(world)
        for kind in ("callback_duplicated", "callback_out_of_order", "callback_lost"):
            world.simulator.faults.add(kind)
            sent = await world.sent(Body=kind)
            await world.simulator.read(ANNA)
            await world.simulator.settle()
            states = world.product.states(sent["sid"])
            assert (
                states
                == {
                    "callback_duplicated": ["sending"] * 2 + ["sent"] * 2 + ["delivered"] * 2 + ["read"],
                    "callback_out_of_order": ["delivered", "sent", "sending", "read"],
                    "callback_lost": ["read"],
                }[kind]
            )
        fine = await world.sent(Body="fine")
        assert world.product.states(fine["sid"]) == ["sending", "sent", "delivered"]


async def test_one_named_state_can_be_lost() -> None:
    async with simulated() as world:
        await opened(world)
        world.simulator.faults.add("callback_lost", status="delivered")
        await world.sent(Body="hello")
        assert world.product.states() == ["sending", "sent"]


async def test_late_callbacks_wait_for_the_simulators_clock() -> None:
    async with simulated() as world:
        await opened(world)
        world.simulator.faults.add("callback_late", seconds=600)
        _, body = await world.send(Body="hello")
        await world.simulator.wait_for(lambda line: line.sid == body["sid"] and line.state == "delivered")
        assert world.product.callbacks == []
        for _ in range(3):
            await asyncio.sleep(0.02)
            world.clock.advance(seconds=600)
        await world.simulator.settle()
        assert world.product.states() == ["sending", "sent", "delivered"]


async def test_slow_networks_are_a_setting() -> None:
    async with simulated(delays=Delays(answer_seconds=0.05, step_seconds=0.0)) as world:
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert (await world.send(Body="hello"))[0] == 201
        assert loop.time() - began >= 0.05


async def test_a_message_that_is_read_or_failed_never_changes_again() -> None:
    store = Store(None)
    await store.open()
    try:
        for last in ("read", "failed", "undelivered"):
            message = await store.add_message(
                Message(
                    seq=0, sid=new_sid("SM"), direction=OUTBOUND, address=ANNA, sender="whatsapp:+1", body="x",
                    status=last, created_at=START, updated_at=START,
                )
            )  # fmt: skip
            assert await store.set_status(message.sid, "delivered", START) is None
            kept = await store.message(message.sid)
            assert kept is not None
            assert kept.status == last
    finally:
        await store.close()
