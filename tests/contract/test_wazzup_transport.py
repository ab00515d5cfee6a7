"""Wazzup's own ways: its request, its codes, its webhook, and its pace."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from bot.ids import Address, DeliveryId
from bot.messaging.message import ErrorClass, Inbound, StatusUpdate
from bot.messaging.transport import Accepted, OutMessage, Rejected, Unknown
from bot.messaging.transports.wazzup import SAME_TO_ALL, SAME_TO_ONE, WazzupTransport, sameness
from bot.messaging.transports.wazzup_errors import classify, spelled
from bot.messaging.transports.wazzup_webhook import ChannelNews, channel_news, parse
from bot.messaging.window import Mode
from tests.contract import wazzup_fake
from tests.contract.wazzup_fake import CHANNEL, HOOK, FakeWazzup, inbound, refusal, status, webhook

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
ANNA = Address("whatsapp:+37120000017")
BUTTONS = (("Renew", "renew:A1"), ("I'm on it", "claim:A1"))


@pytest.fixture
async def fake() -> AsyncIterator[FakeWazzup]:
    made = FakeWazzup()
    with respx.mock(assert_all_called=False) as wire:
        wire.post(f"{wazzup_fake.API}/v3/message").mock(side_effect=made.answer)
        yield made


def message(**changes: Any) -> OutMessage:
    values: dict[str, Any] = {
        "delivery_id": DeliveryId("D1"),
        "to": ANNA,
        "sender": Address(f"wazzup:{CHANNEL}"),
        "body": "Alfa Dental ends in 7 days",
        "validity_seconds": 3600,
    }
    return OutMessage(**(values | changes))


async def send(out: OutMessage, **settings: Any) -> Any:
    transport = WazzupTransport(wazzup_fake.settings(**settings))
    try:
        return await transport.send(out)
    finally:
        await transport.close()


async def test_the_request_is_as_documented(fake: FakeWazzup) -> None:
    assert await send(message()) == Accepted("m-1", "queued", 201)
    assert fake.sent == [
        {
            "channelId": CHANNEL,
            "chatType": "whatsapp",
            "chatId": "37120000017",
            "crmMessageId": "D1",
            "clearUnanswered": False,
            "text": "Alfa Dental ends in 7 days",
        }
    ]


async def test_buttons_are_numbers_on_a_personal_whatsapp(fake: FakeWazzup) -> None:
    await send(message(buttons=BUTTONS, content_id="x", variables={"1": "a"}))
    assert fake.sent[0]["text"] == "Alfa Dental ends in 7 days\n1. Renew\n2. I'm on it"
    assert "buttonsObject" not in fake.sent[0]


async def test_buttons_are_buttons_on_the_business_api(fake: FakeWazzup) -> None:
    await send(message(buttons=BUTTONS, content_id="t-1"), transport="wapi")
    assert fake.sent[0]["buttonsObject"] == {
        "buttons": [
            {"text": "Renew", "type": "text", "payload": "renew:A1"},
            {"text": "I'm on it", "type": "text", "payload": "claim:A1"},
        ]
    }
    assert "templateId" not in fake.sent[0]


async def test_outside_the_window_the_template_goes(fake: FakeWazzup) -> None:
    variables = {"1": "Alfa Dental", "2": "7 days", "3": "renew:A1", "4": "claim:A1"}
    out = message(buttons=BUTTONS, content_id="t-1", variables=variables, mode=Mode.TEMPLATE)
    await send(out, transport="wapi")
    assert (fake.sent[0]["templateId"], fake.sent[0]["templateValues"]) == ("t-1", ["Alfa Dental", "7 days"])
    assert "text" not in fake.sent[0]


async def test_the_same_message_again_is_taken_only_where_wazzup_names_it(fake: FakeWazzup) -> None:
    """Else nobody can say whether the request before was taken: the policy of its kind decides, after that minute."""
    await send(message())
    assert await send(message()) == Unknown("REPEATED_CRM_MESSAGE_ID", 400)
    fake.weather.append(httpx.Response(400, json={"error": "repeatedCrmMessageId", "data": {"messageId": "m-1"}}))
    assert await send(message()) == Accepted("m-1", "queued", 400)
    assert len(fake.sent) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal("BAD_CONTACT"), ErrorClass.RECIPIENT),
        (refusal("badContact"), ErrorClass.RECIPIENT),
        (refusal("CHANNEL_NO_MONEY"), ErrorClass.CONFIGURATION),
        (refusal("24_HOURS_EXCEEDED"), ErrorClass.WINDOW),
        (refusal("MESSAGES_TOO_LONG_WABA"), ErrorClass.TEMPLATE),
        (refusal("MESSAGES_IS_SPAM"), ErrorClass.THROTTLE),
        (refusal("SOMETHING_NEW"), ErrorClass.PERMANENT),
        (refusal("FORBIDDEN", 403), ErrorClass.CONFIGURATION),
        (httpx.Response(400), ErrorClass.PERMANENT),
        (httpx.Response(302), ErrorClass.PERMANENT),
        (httpx.Response(400, json={"error": {"code": "CHANNEL_BLOCKED"}}), ErrorClass.CONFIGURATION),
    ],
)
async def test_refusals_by_code(fake: FakeWazzup, answer: httpx.Response, expected: ErrorClass) -> None:
    fake.weather.append(answer)
    result = await send(message())
    assert isinstance(result, Rejected)
    assert result.error_class is expected


async def test_the_code_stands_in_the_message(fake: FakeWazzup) -> None:
    fake.weather.append(refusal("CHANNEL_NO_MONEY", description="the channel is in no subscription"))
    result = await send(message())
    assert isinstance(result, Rejected)
    assert result.message == "CHANNEL_NO_MONEY: the channel is in no subscription"


def test_both_spellings_of_every_code_mean_the_same() -> None:
    for code in ("CHANNEL_NO_MONEY", "MESSAGES_TOO_LONG_INSTAGRAM", "24_HOURS_EXCEEDED"):
        first, *rest = code.lower().split("_")
        assert classify(first + "".join(part.title() for part in rest)) is classify(code)


def test_one_webhook_may_hold_messages_and_reports() -> None:
    body = webhook(
        messages=[inbound("hi")], statuses=[status("m-1", "read"), status("m-2", "error", error={"error": "SPAM"})]
    )
    first, second, third = parse(body, NOW)
    assert isinstance(first, Inbound)
    assert isinstance(second, StatusUpdate)
    assert isinstance(third, StatusUpdate)
    assert (second.status, third.status, third.error_class) == ("read", "failed", ErrorClass.THROTTLE)
    assert third.raw["error"] == "SPAM"


@pytest.mark.parametrize(
    "item",
    [
        inbound(isEcho=True),
        inbound(status="sent"),
        inbound(chatType="telegram"),
        inbound(chatId="not-a-number"),
        inbound(messageId=None),
        inbound(channelId={"a": 1}),
        "text",
        None,
    ],
)
def test_what_is_not_a_persons_message_is_dropped(item: object) -> None:
    assert parse(webhook(messages=[item]), NOW) == []


def test_another_channel_of_the_account_is_not_ours() -> None:
    transport = WazzupTransport(wazzup_fake.settings())
    body = webhook(messages=[inbound(channelId="other"), inbound(messageId="in-2")])
    assert [one.provider_id for one in transport.parse(HOOK, body, NOW)] == ["in-2"]


def test_the_trial_post_is_nothing_and_no_mistake() -> None:
    assert parse(b'{"test": true}', NOW) == []
    assert channel_news(b'{"test": true}', NOW) == []


def test_states_of_channels_in_both_apis() -> None:
    at = int((NOW - timedelta(minutes=1)).timestamp() * 1000)
    v3 = webhook(channelsUpdates=[{"channelId": "c-1", "state": "notEnoughMoney", "timestamp": at}, {"state": "x"}])
    assert channel_news(v3, NOW) == [ChannelNews("c-1", "notenoughmoney", NOW - timedelta(minutes=1))]
    v2 = webhook(
        event="channel.status_update", data=[{"channel_id": "c-1", "status": "active", "reason": None}], meta={}
    )
    assert channel_news(v2, NOW) == [ChannelNews("c-1", "active", NOW)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
ITEM = st.dictionaries(
    st.sampled_from(
        ["messageId", "channelId", "chatId", "chatType", "status", "state", "text", "error", "timestamp", "contact"]
    ),
    JSON | st.sampled_from(["inbound", "whatsapp", "37120000017", "m-1"]),
)


@given(
    st.fixed_dictionaries(
        {"messages": st.lists(ITEM) | JSON, "statuses": st.lists(ITEM) | JSON, "channelsUpdates": st.lists(ITEM)}
    )
)
def test_no_json_breaks_the_reading(data: dict[str, Any]) -> None:
    body = json.dumps(data).encode()
    for one in parse(body, NOW):
        assert 0 < len(one.provider_id) <= 64
    assert all(one.at <= NOW for one in channel_news(body, NOW))


@given(
    st.lists(st.tuples(st.floats(0, 20), st.sampled_from(["anna", "boris"]), st.sampled_from(["a", "b"])), max_size=400)
)
def test_the_same_words_never_go_too_often(tries: list[tuple[float, str, str]]) -> None:
    pace, now = sameness(), NOW
    sent: list[tuple[datetime, str, str]] = []
    for seconds, person, words in tries:
        now += timedelta(seconds=seconds)
        if (until := pace.wait_until(person, words, now)) is None:
            sent.append((now, person, words))
        else:
            assert until > now
    for at, person, words in sent:
        same = [one for one in sent if one[2] == words]
        mine = [one for one in same if one[1] == person and at <= one[0] < at + SAME_TO_ONE.within]
        assert len(mine) <= SAME_TO_ONE.count
        assert len([one for one in same if at <= one[0] < at + SAME_TO_ALL.within]) <= SAME_TO_ALL.count


def test_a_text_to_many_people_waits_its_ten_seconds() -> None:
    pace = sameness()
    waits = [pace.wait_until(f"p{n}", "the same", NOW) for n in range(81)]
    assert waits[:80] == [None] * 80
    assert waits[80] == NOW + timedelta(seconds=10)
    assert pace.wait_until("p80", "the same", NOW + timedelta(seconds=10)) is None


def test_a_code_is_found_in_either_spelling() -> None:
    """As the filter of the delivery log is asked for it; Twilio's numbers stay as they are."""
    assert {spelled(one) for one in ("channelNoMoney", "CHANNEL_NO_MONEY", "channel_no_money")} == {"CHANNEL_NO_MONEY"}
    assert (spelled("63016"), spelled("repeatedCrmMessageId")) == ("63016", "REPEATED_CRM_MESSAGE_ID")
