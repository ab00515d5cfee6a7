"""What people write and tap: the webhook's fields, the window, and what happens while the product is away."""

import json

import pytest

from bot.simulator.settings import Person
from tests.contract.simulator_world import ANNA, IVAN, quick_reply, simulated

PICKER = {
    "twilio/list-picker": {"body": "Which Alfa?", "button": "Choose", "items": [{"item": "Alfa Dental", "id": "c1"}]}
}


async def test_a_typed_message_arrives_with_every_field_and_a_good_signature() -> None:
    async with simulated() as world:
        line = await world.simulator.say(ANNA, "  balance Alfa\n ")
        assert line.state == "delivered"
        [fields] = world.product.inbound
        assert world.product.signed
        metadata = json.loads(fields.pop("ChannelMetadata"))
        assert metadata == {"type": "whatsapp", "data": {"context": {"ProfileName": "Anna", "WaId": "37120000017"}}}
        assert fields == {
            "?": "",
            "AccountSid": world.account,
            "ApiVersion": "2010-04-01",
            "Body": "  balance Alfa\n ",
            "From": ANNA,
            "MessageSid": line.sid,
            "MessageType": "text",
            "NumMedia": "0",
            "NumSegments": "1",
            "ProfileName": "Anna",
            "ReferralNumMedia": "0",
            "SmsMessageSid": line.sid,
            "SmsSid": line.sid,
            "SmsStatus": "received",
            "To": "whatsapp:+14155238886",
            "WaId": "37120000017",
        }


async def test_a_tap_says_which_button_of_which_message() -> None:
    async with simulated() as world:
        template = await world.content(quick_reply("Finances: Alfa ends soon", "Renew", "Later"), "renewal_due")
        alert = await world.sent(ContentSid=template)
        await world.simulator.tap(ANNA, "Renew")
        loose = await world.sent(ContentSid=await world.content(quick_reply("Renew Alfa?", "Confirm", "Cancel")))
        await world.simulator.tap(ANNA, "Confirm")
        first, second = world.product.inbound
        assert (first["Body"], first["ButtonText"], first["ButtonPayload"]) == ("Renew", "Renew", "id-Renew")
        assert (first["MessageType"], first["OriginalRepliedMessageSid"]) == ("button", alert["sid"])
        assert first["OriginalRepliedMessageSender"] == "whatsapp:+14155238886"
        assert json.loads(first["ChannelMetadata"])["data"]["context"]["ButtonPayload"] == "id-Renew"
        assert (second["MessageType"], second["ButtonPayload"]) == ("interactive", "id-Confirm")
        assert second["OriginalRepliedMessageSid"] == loose["sid"]


async def test_a_chosen_list_item_arrives_as_a_list_reply() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "alfa")
        await world.sent(ContentSid=await world.content(PICKER))
        await world.simulator.tap(ANNA, "Alfa Dental")
        fields = world.product.inbound[-1]
        assert (fields["Body"], fields["ListId"], fields["ListTitle"]) == ("Alfa Dental", "c1", "Alfa Dental")
        assert "ButtonPayload" not in fields


async def test_an_old_button_can_still_be_sent_by_a_client_app() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "Confirm", payload="stale-token", replied_sid="SM" + "0" * 32)
        [fields] = world.product.inbound
        assert (fields["ButtonPayload"], fields["ButtonText"]) == ("stale-token", "Confirm")


async def test_a_missing_button_is_named_with_those_there_are() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "hi")
        await world.sent(ContentSid=await world.content(quick_reply("Renew Alfa?", "Confirm", "Cancel")))
        with pytest.raises(LookupError, match=r"no button 'Renew'; there is Confirm, Cancel"):
            await world.simulator.tap(ANNA, "Renew")
        with pytest.raises(LookupError, match="there is none"):
            await world.simulator.tap(IVAN, "Renew")


async def test_a_person_with_a_username_is_known_by_both_addresses() -> None:
    people = [
        Person("Olga", "whatsapp:+37120000033", external_user_id="whatsapp:LV.abc123"),
        Person("Ilze", "whatsapp:LV.def456"),
    ]
    async with simulated(people=people) as world:
        await world.simulator.say("whatsapp:+37120000033", "hi")
        await world.simulator.say("whatsapp:LV.def456", "hi")
        olga, ilze = world.product.inbound
        assert (olga["From"], olga["ExternalUserId"]) == ("whatsapp:+37120000033", "whatsapp:LV.abc123")
        assert (ilze["From"], ilze["ExternalUserId"]) == ("whatsapp:LV.def456", "whatsapp:LV.def456")


async def test_a_message_to_a_product_that_is_down_is_kept_and_listed() -> None:
    async with simulated() as world:
        world.simulator.webhook_url = "http://127.0.0.1:1/inbound"
        lost = await world.simulator.say(ANNA, "anybody there?")
        assert lost.state == "failed"
        world.product.status = 500
        world.simulator.webhook_url = f"http://127.0.0.1:{world.product.port}/inbound"
        refused = await world.simulator.say(ANNA, "and now?")
        assert refused.state == "failed"
        path = world.messages_url[len(world.simulator.url) :]
        _, body = await world.call("GET", path, params={"To": "whatsapp:+14155238886"})
        assert [(m["sid"], m["status"], m["direction"]) for m in body["messages"]] == [
            (refused.sid, "received", "inbound"),
            (lost.sid, "received", "inbound"),
        ]
        _, chat = await world.call("GET", f"/phone/api/chats/{ANNA}")
        assert [message["error"]["text"][:13] for message in chat["messages"]] == ["no connection", "HTTP 500"]


async def test_without_a_webhook_nothing_is_lost_silently() -> None:
    async with simulated(webhook_url="") as world:
        assert (await world.simulator.say(ANNA, "hi")).state == "failed"


async def test_inbound_messages_can_be_doubled_and_lost() -> None:
    async with simulated() as world:
        world.simulator.faults.add("inbound_duplicated")
        await world.simulator.say(ANNA, "twice")
        world.simulator.faults.add("inbound_lost")
        assert (await world.simulator.say(ANNA, "never")).state == "failed"
        assert [fields["Body"] for fields in world.product.inbound] == ["twice", "twice"]
        assert len({fields["MessageSid"] for fields in world.product.inbound}) == 1


@pytest.mark.parametrize(
    "text", ["🎉", "שלום עולם", "a\u200bb", "x" * 10_000, "<script>alert(1)</script>", "a&b=c+d %20"]
)
async def test_any_text_arrives_as_it_was_typed(text: str) -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, text)
        assert world.product.inbound[0]["Body"] == text
        assert world.product.signed


@pytest.mark.parametrize("text", ["", " \n", "x" * 65_537])
async def test_nothing_and_too_much_cannot_be_sent(text: str) -> None:
    async with simulated() as world:
        with pytest.raises(ValueError, match="a message"):
            await world.simulator.say(ANNA, text)


async def test_waiting_sees_changes_of_state_and_tells_what_it_saw_instead() -> None:
    async with simulated() as world:
        await world.simulator.say(ANNA, "hi")
        await world.send(Body="hello")
        line = await world.simulator.wait_for(lambda line: line.text == "hello" and line.state == "delivered")
        assert line.who == "Finances"
        with pytest.raises(TimeoutError, match="hello"):
            await world.simulator.wait_for(lambda line: line.text == "never", timeout_seconds=0.05)
        assert await world.simulator.transcript(after=line.seq) == []
