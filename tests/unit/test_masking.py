"""What the delivery log keeps of requests and answers: secrets never, texts and numbers by policy."""

from typing import Any

import pytest

from bot.messaging.masking import Bodies, kept, private_of, told, without

ASKED = {
    "method": "POST",
    "url": "https://api.example.com/Messages.json",
    "Authorization": "Basic QUM6c2VjcmV0",
    "form": {
        "To": "whatsapp:+37120000017",
        "From": "whatsapp:LV.abcdefgh1234",
        "Body": "Alfa Dental ends",
        "ContentVariables": '{"1": "Alfa"}',
        "ContentSid": "HX1",
        "StatusCallback": "https://bot.example.com/webhooks/twilio/status?d=01M8",
        "Nothing": None,
    },
}


def test_masked_has_no_words_and_no_middles_of_numbers() -> None:
    assert kept(ASKED, Bodies.MASKED) == {
        "method": "POST",
        "url": "https://api.example.com/Messages.json",
        "Authorization": "***",
        "form": {
            "To": "whatsapp:+37*******17",
            "From": "whatsapp:LV.**********34",
            "Body": "(16 characters)",
            "ContentVariables": "(13 characters)",
            "ContentSid": "HX1",
            "StatusCallback": "https://bot.example.com/webhooks/twilio/status?d=01M8",
        },
    }


def test_masked_finds_numbers_inside_of_words_too() -> None:
    answer = {"status": 400, "body": {"code": 21211, "message": "The number whatsapp:+37120000017 is not valid."}}
    assert kept(answer, Bodies.MASKED) == {
        "status": 400,
        "body": {"code": 21211, "message": "The number whatsapp:+37*******17 is not valid."},
    }


def test_an_answer_that_is_no_object_counts_as_text() -> None:
    assert kept({"body": "<html>Anna</html>"}, Bodies.MASKED) == {"body": "(17 characters)"}
    assert kept({"text": ["a", "b"]}, Bodies.MASKED) == {"text": "***"}


def test_full_keeps_all_but_secrets() -> None:
    found = kept(ASKED, Bodies.FULL)
    assert found is not None
    assert (found["Authorization"], found["form"]["Body"]) == ("***", "Alfa Dental ends")
    assert found["form"]["To"] == "whatsapp:+37120000017"


@pytest.mark.parametrize("bodies", list(Bodies))
@pytest.mark.parametrize("name", ["auth_token", "apiKey", "api_key", "Password", "webhook_secret", "Authorization"])
def test_a_secret_is_never_kept(bodies: Bodies, name: str) -> None:
    assert "hunter2" not in repr(kept({"deep": [{name: "hunter2"}]}, bodies))


def test_none_keeps_nothing() -> None:
    assert kept(ASKED, Bodies.NONE) is None
    nothing: Any = None
    assert kept(nothing, Bodies.FULL) is None


def test_a_long_value_is_cut() -> None:
    assert kept({"page": "x" * 5_000}, Bodies.FULL) == {"page": "x" * 2_000}


def test_what_the_provider_repeats_of_a_message_is_hidden_wherever_it_stands() -> None:
    text = "Alfa Dental ends in 7 days\n1. Renew"
    private = private_of("whatsapp:+37120000017", text)
    answer = {
        "error": "VALIDATION_ERROR",
        "description": f"chat 37120000017: {text}",
        "data": {
            "chat_id": "37120000017",
            "phone": 37120000017,
            "n": 37120000017,
            "first": ["Alfa Dental ends in 7 days"],
        },
    }
    found = kept(answer, Bodies.MASKED, private)
    assert found == {
        "error": "VALIDATION_ERROR",
        "description": "chat 371******17: ***",
        "data": {"chat_id": "371******17", "phone": "371******17", "n": "***", "first": ["***"]},
    }
    assert told("no 37120000017, +37120000018", Bodies.MASKED, private) == "no 371******17, +37*******18"
    assert told("no 37120000017", Bodies.FULL, private) == "no 37120000017"


@pytest.mark.parametrize("bodies", [Bodies.FULL, Bodies.MASKED])
def test_what_no_database_takes_is_left_out(bodies: Bodies) -> None:
    assert kept({"de\x00scription": "half \ud800 and \x00"}, bodies) == {"description": "half ? and "}
    assert told("half \ud800\x00", bodies) == "half ?"


def test_a_secret_that_is_repeated_is_not_kept() -> None:
    assert without({"d": ["key abc", 5], "n": None}, ["abc"]) == {"d": ["key ***", 5], "n": None}
