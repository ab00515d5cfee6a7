"""Twilio's official signature vectors, and everything that must not pass."""

import json
from urllib.parse import urlencode

import pytest

from bot.messaging.transports.twilio_signature import SETTINGS, SIGNATURE, is_genuine

TOKEN = [b"12345"]
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "Caller": "+14158675309",
    "To": "+18005551212",
}
BODY = urlencode(FORM).encode()
GOOD = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def check(signature: str | None, url: str = URL, body: bytes = BODY, settings: str | None = None) -> bool:
    headers = {SIGNATURE: signature, SETTINGS: settings}
    given = {name: value for name, value in headers.items() if value is not None}
    return is_genuine(given, url, body, TOKEN)


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        (URL, GOOD),
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com:80/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ],
)
def test_official_vectors(url: str, signature: str) -> None:
    assert check(signature, url)


def test_signed_with_the_port_and_configured_without_and_the_other_way_round() -> None:
    assert check("kvajT1Ptam85bY51eRf/AJRuM3w=", URL)
    assert check("0ZXoZLH/DfblKGATFgpif+LLRf4=", "http://mycompany.com/myapp.php?foo=1&bar=2")
    assert check(GOOD, "https://mycompany.com:443/myapp.php?foo=1&bar=2")


def test_a_value_given_twice_counts_once() -> None:
    body = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234"
    assert check("IK+Dwps556ElfBT0I3Rgjkr1wJU=", body=body)


def test_json_body_by_its_hash() -> None:
    body = json.dumps({"property": "value", "boolean": True}).encode()
    digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    url = f"{URL}&bodySHA256={digest}"
    assert check("a9nBmqA0ju/hNViExpshrM61xv4=", url, body)
    assert not check("a9nBmqA0ju/hNViExpshrM61xv4=", url, body + b" ")


def test_sha256_by_a_shared_key() -> None:
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    signature = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="
    assert check(signature, settings=settings)
    assert not check(signature)
    assert not check(GOOD, settings=settings)
    assert not check(GOOD, settings="algorithm=HMAC_MD5")


@pytest.mark.parametrize("signature", [None, "", "x", "RSOYDt4T1cUTdK1PDd93/VVr8B9=", "né", GOOD + "="])
def test_a_missing_or_wrong_signature_is_refused(signature: str | None) -> None:
    assert not check(signature)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (URL + "&d=1", BODY),
        (URL.replace("mycompany", "mycompanY"), BODY),
        (URL, BODY + b"&More=1"),
        (URL, BODY.replace(b"1234", b"1235")),
        (URL, b"\xff\xfe"),
        (URL, b""),
    ],
)
def test_anything_changed_is_refused(url: str, body: bytes) -> None:
    assert not check(GOOD, url, body)


def test_a_token_in_rotation_still_passes() -> None:
    assert is_genuine({SIGNATURE: GOOD}, URL, BODY, [b"new", b"12345"])
    assert not is_genuine({SIGNATURE: GOOD}, URL, BODY, [b"new"])


def test_a_blank_value_is_signed_too() -> None:
    from twilio.request_validator import RequestValidator

    form = {"Body": "", "From": "whatsapp:+37120000017", "ProfileName": "Анна & Ко"}
    signature = RequestValidator("12345").compute_signature(URL, form)
    assert check(signature, body=urlencode(form).encode())
