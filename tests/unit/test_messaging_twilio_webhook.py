"""What Twilio's webhooks say, well-formed and not."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from bot.messaging.message import ErrorClass, Inbound, StatusUpdate
from bot.messaging.transports.twilio_webhook import parse

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
ACCOUNT = "AC" + "0" * 32
SID = "SM" + "1" * 32
TAP = {
    "OriginalRepliedMessageSender": "whatsapp:+14155238886",
    "ExternalUserId": "whatsapp:LV.abc123",
    "MessageType": "interactive",
    "WaId": "37120000017",
    "SmsStatus": "received",
    "Body": "Confirm",
    "ButtonText": "Confirm",
    "ButtonPayload": "confirm:T0KEN",
    "To": "whatsapp:+14155238886",
    "NumSegments": "1",
    "NumMedia": "0",
    "MessageSid": SID,
    "AccountSid": ACCOUNT,
    "OriginalRepliedMessageSid": "MM5c",
    "ChannelMetadata": '{"type":"whatsapp"}',
    "From": "whatsapp:+37120000017",
    "ProfileName": "Anna",
    "ApiVersion": "2010-04-01",
    "SomethingNew": "1",
}


def inbound(**changes: str) -> Inbound:
    (found,) = parse("/webhooks/twilio/inbound", urlencode({**TAP, **changes}).encode(), NOW, ACCOUNT)
    assert isinstance(found, Inbound)
    return found


def report(path: str = "/webhooks/twilio/status?d=D1", **changes: str) -> StatusUpdate:
    form = {"MessageSid": SID, "MessageStatus": "delivered", "AccountSid": ACCOUNT, **changes}
    (found,) = parse(path, urlencode(form).encode(), NOW, ACCOUNT)
    assert isinstance(found, StatusUpdate)
    return found


def test_a_tap() -> None:
    found = inbound()
    assert (found.transport, found.provider_id, found.received_at) == ("twilio", SID, NOW)
    assert (found.from_address, found.to_address) == ("whatsapp:+37120000017", "whatsapp:+14155238886")
    assert (found.body, found.payload, found.replied_to) == ("Confirm", "confirm:T0KEN", "MM5c")
    assert (found.other_address, found.profile_name, found.media) == ("whatsapp:LV.abc123", "Anna", 0)
    assert found.raw["SomethingNew"] == "1"
    assert "Body" not in found.raw


def test_typed_text_keeps_its_spaces_and_loses_what_no_database_takes() -> None:
    found = inbound(Body="  balance\nAlfa\x00 ", ButtonPayload="", NumMedia="2")
    assert (found.body, found.payload, found.media) == ("  balance\nAlfa ", None, 2)


def test_somebody_without_a_visible_number() -> None:
    found = inbound(From="whatsapp:LV.abc123", ExternalUserId="whatsapp:LV.abc123")
    assert (found.from_address, found.other_address) == ("whatsapp:LV.abc123", None)


def test_an_old_mexican_number_is_the_new_one() -> None:
    assert inbound(From="whatsapp:+5215512345678").from_address == "whatsapp:+525512345678"


@pytest.mark.parametrize(
    "changes",
    [
        {"MessageSid": ""},
        {"MessageSid": "SM 1"},
        {"MessageSid": "S" * 65},
        {"From": "somebody"},
        {"From": ""},
        {"To": "whatsapp:"},
        {"AccountSid": "AC" + "9" * 32},
    ],
)
def test_malformed_messages_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        inbound(**changes)


@pytest.mark.parametrize("body", [b"", b"\xff\xff", b"a=1", b"&" * 10, b"a=1&" * 501])
def test_bodies_that_are_no_form_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse("/", body, NOW, ACCOUNT)


def test_a_report_carries_our_id() -> None:
    found = report()
    assert (found.provider_id, found.status, found.delivery_id) == (SID, "delivered", "D1")
    assert (found.error_code, found.error_class) == (None, None)


def test_a_failure_is_classified() -> None:
    found = report(MessageStatus="failed", ErrorCode="63016")
    assert (found.error_code, found.error_class) == (63016, ErrorClass.WINDOW)


@pytest.mark.parametrize("code", ["", "0", "abc", "63016x", "²", "9" * 12])
def test_an_odd_error_code_is_none(code: str) -> None:
    assert report(ErrorCode=code).error_code is None


@pytest.mark.parametrize("path", ["/webhooks/twilio/status", "/webhooks/twilio/status?d=", "/s?d=" + "x" * 33])
def test_a_report_without_our_id(path: str) -> None:
    assert report(path).delivery_id is None


def test_a_report_with_an_odd_status_is_refused() -> None:
    with pytest.raises(ValueError):
        report(MessageStatus="a b")
