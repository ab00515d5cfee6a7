"""Twilio's own client library works against the simulator with nothing but another base address."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from bot.simulator.settings import DEFAULT_SENDER
from tests.contract.simulator_world import ANNA, World, simulated


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    async with simulated() as running:
        yield running


@pytest.fixture
def client(world: World) -> Any:
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    made = Client(world.account, "simulator", http_client=TwilioHttpClient(timeout=5, pool_connections=False))
    made.api.base_url = made.content.base_url = made.messaging.base_url = world.simulator.url
    return made


async def test_the_sdk_sends_lists_and_fetches(world: World, client: Any) -> None:
    await world.simulator.say(ANNA, "hi")

    def send() -> Any:
        return client.messages.create(
            to=ANNA, from_=DEFAULT_SENDER, body="hello", status_callback=world.callback_url, validity_period=14400
        )

    message = await asyncio.to_thread(send)
    assert (message.status, message.error_code) == ("queued", None)
    await world.simulator.settle()
    fetched = await asyncio.to_thread(lambda: client.messages(message.sid).fetch())
    assert (fetched.status, fetched.date_sent) == ("delivered", datetime(2026, 11, 26, 7, 0, tzinfo=UTC))
    since = datetime(2026, 11, 26, tzinfo=UTC)
    listed = await asyncio.to_thread(lambda: client.messages.list(to=ANNA, date_sent_after=since))
    assert [found.sid for found in listed] == [message.sid]


async def test_the_sdk_pages_through_a_long_list(world: World, client: Any) -> None:
    for n in range(7):
        await world.simulator.say(ANNA, f"n{n}")
    listed = await asyncio.to_thread(lambda: client.messages.list(to=DEFAULT_SENDER, page_size=3))
    assert [found.body for found in listed] == [f"n{n}" for n in range(6, -1, -1)]


async def test_the_sdk_reports_errors_with_twilios_code(world: World, client: Any) -> None:
    from twilio.base.exceptions import TwilioRestException

    world.simulator.faults.add("429")
    for to, code, status in ((ANNA, 20429, 429), ("whatsapp:+abc", 21211, 400)):
        with pytest.raises(TwilioRestException) as caught:
            await asyncio.to_thread(client.messages.create, to=to, from_=DEFAULT_SENDER, body="x")
        assert (caught.value.code, caught.value.status) == (code, status)


async def test_the_sdk_makes_and_submits_a_template(world: World, client: Any) -> None:
    from twilio.rest.content.v1.content import ContentList
    from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

    body = {"friendly_name": "hello", "language": "en", "types": {"twilio/text": {"body": "Finances is here for you"}}}
    request = ContentList.ContentCreateRequest(body)
    made = await asyncio.to_thread(lambda: client.content.v1.contents.create(content_create_request=request))
    approval = ApprovalCreateList.ContentApprovalRequest({"name": "hello", "category": "UTILITY"})
    asked = client.content.v1.contents(made.sid)
    await asyncio.to_thread(lambda: asked.approval_create.create(content_approval_request=approval))
    state = await asyncio.to_thread(lambda: asked.approval_fetch().fetch())
    assert state.whatsapp["status"] == "approved"
    listed = await asyncio.to_thread(lambda: client.content.v1.contents.list(page_size=1))
    assert [content.sid for content in listed] == [made.sid]
