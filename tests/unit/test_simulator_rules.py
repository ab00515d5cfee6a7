"""The simulator's pure rules: the window, addresses, contents, templates, fates, webhook overrides, signatures."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.simulator.content import check_content, parse_variables, placeholders, render
from bot.simulator.fate import fate_of_content, fate_of_text
from bot.simulator.faults import FaultKind, Faults
from bot.simulator.message import Approval, Content
from bot.simulator.postman import Postman
from bot.simulator.refusals import Refusal, error_body, refused_at_once
from bot.simulator.send_request import parse_send
from bot.simulator.settings import is_loopback
from bot.simulator.template_rules import check_submission, rejection_reason
from bot.simulator.webhook_url import split_overrides
from bot.simulator.window import closes_at, is_open

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
SENDER = "whatsapp:+14155238886"
GOOD = {"To": "whatsapp:+37120000017", "From": SENDER, "Body": "hello"}
SAMPLES = {"1": "Alfa", "2": "7"}
ALERT = "Finances: *{{1}}* ends in {{2}} days, ask the client first"


def content(types: dict[str, object], variables: dict[str, str] | None = None) -> Content:
    return Content("HX" + "0" * 32, "alert", "en", variables or {}, types, NOW)


def alert(*titles: str, body: str = ALERT, variables: dict[str, str] | None = None) -> Content:
    actions = [{"type": "QUICK_REPLY", "title": title, "id": title.lower()} for title in titles]
    types: dict[str, object] = {"twilio/quick-reply": {"body": body, "actions": actions}}
    return content(types, SAMPLES if variables is None else variables)


def approved(status: str = "approved") -> Approval:
    return Approval("HX" + "0" * 32, "alert", "UTILITY", "twilio/quick-reply", status)


def test_the_window_is_open_for_exactly_24_hours() -> None:
    assert is_open(NOW, NOW)
    assert is_open(NOW, NOW + timedelta(hours=24) - timedelta(microseconds=1))
    assert not is_open(NOW, NOW + timedelta(hours=24))
    assert not is_open(None, NOW)
    assert closes_at(NOW) == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"To": ""}, 21604),
        ({"From": ""}, 21603),
        ({"To": "whatsapp:371"}, 21211),
        ({"To": "whatsapp:+abc"}, 21211),
        ({"To": "+37120000017"}, 21910),
        ({"From": "whatsapp:+37120000001"}, 63007),
        ({"To": SENDER}, 63031),
        ({"Body": ""}, 21619),
        ({"Body": "x" * 1601}, 21617),
        ({"Body": "🎉" * 801}, 21617),
        ({"ContentSid": "HX1"}, 21655),
        ({"ContentSid": "HX" + "0" * 32, "ContentVariables": "{"}, 21656),
        ({"ContentSid": "HX" + "0" * 32, "ContentVariables": '{"1": ""}'}, 21656),
        ({"ContentSid": "HX" + "0" * 32, "ContentVariables": '{"1": null}'}, 21656),
        ({"ContentSid": "HX" + "0" * 32, "ContentVariables": '["x"]'}, 21656),
        ({"StatusCallback": "nowhere"}, 21609),
        ({"StatusCallback": "http://my_host/x"}, 21609),
        ({"ValidityPeriod": "36001"}, 20001),
        ({"ValidityPeriod": "0"}, 20001),
    ],
)
def test_a_bad_request_is_refused_with_twilios_code(change: dict[str, str], code: int) -> None:
    with pytest.raises(Refusal) as caught:
        parse_send(GOOD | change, SENDER)
    assert caught.value.code == code
    assert error_body(caught.value)["more_info"] == f"https://www.twilio.com/docs/errors/{code}"


def test_a_good_request_keeps_its_callback_and_drops_the_body_of_a_content() -> None:
    form = GOOD | {"StatusCallback": "http://h/x?d=1#rc=2", "ContentSid": "HX" + "a" * 32, "ValidityPeriod": "14400"}
    wanted = parse_send(form, SENDER)
    assert (wanted.body, wanted.status_callback) == ("", "http://h/x?d=1#rc=2")
    assert parse_send(GOOD | {"Body": "🎉" * 800}, SENDER).body
    assert parse_send({"To": "whatsapp:DE.abc123", "From": SENDER, "Body": "x"}, SENDER).to == "whatsapp:DE.abc123"
    service = {"To": GOOD["To"], "MessagingServiceSid": "MG" + "a" * 32, "Body": "x"}
    assert parse_send(service, SENDER).service_sid == "MG" + "a" * 32


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"types": {"twilio/text": {"body": "x"}}},
        {"language": "en"},
        {"language": "en", "types": {"twilio/flows": {"body": "x"}}},
        {"language": "en", "types": {"twilio/text": {"body": ""}}},
        {"language": "en", "types": {"twilio/text": {"body": "x"}}, "variables": {"1": 1}},
        {"language": "en", "types": {"twilio/quick-reply": {"body": "x", "actions": []}}},
        {"language": "en", "types": {"twilio/quick-reply": {"body": "x", "actions": [{"title": "y" * 21}]}}},
        {
            "language": "en",
            "types": {"twilio/quick-reply": {"body": "x", "actions": [{"title": "y", "id": "z" * 257}]}},
        },
        {"language": "en", "types": {"twilio/quick-reply": {"body": "x" * 1025, "actions": [{"title": "y"}]}}},
        {"language": "en", "types": {"twilio/quick-reply": {"body": "x", "actions": [{"title": "y"}] * 11}}},
        {"language": "en", "types": {"twilio/list-picker": {"body": "x", "button": "b", "items": [{"item": "i"}]}}},
        {"language": "en", "types": {"twilio/list-picker": {"body": "x", "button": "b", "items": []}}},
        {
            "language": "en",
            "types": {"twilio/call-to-action": {"body": "x", "actions": [{"type": "URL", "title": "y"}]}},
        },
        {
            "language": "en",
            "types": {"twilio/call-to-action": {"body": "x", "actions": [{"type": "FAX", "title": "y"}]}},
        },
    ],
)
def test_a_content_that_whatsapp_would_not_take_is_refused(body: object) -> None:
    with pytest.raises(Refusal) as caught:
        check_content(body)
    assert caught.value.code == 20001


def test_variables_fill_text_and_buttons_and_fall_back_to_samples() -> None:
    types: dict[str, object] = {
        "twilio/quick-reply": {
            "body": "{{1}} has {{ 2 }} days",
            "actions": [{"title": "Renew {{1}}", "id": "renew_{{3}}"}],
        }
    }
    made = render(content(types, {"2": "7"}), {"1": "Alfa"})
    assert made.body == "Alfa has 7 days"
    assert [(button.title, button.payload) for button in made.buttons] == [("Renew Alfa", "renew_{{3}}")]
    assert made.missing == ("3",)
    assert placeholders(types) == ["1", "2", "3"]
    assert parse_variables("") == {}


def test_a_list_and_links_keep_what_they_lead_to() -> None:
    item = {"id": "c1", "item": "Alfa", "description": "ends {{1}}"}
    listed = render(content({"twilio/list-picker": {"body": "x", "button": "Choose", "items": [item]}}), {"1": "Thu"})
    assert listed.list_label == "Choose"
    assert (listed.buttons[0].kind, listed.buttons[0].description) == ("item", "ends Thu")
    actions = [{"type": "URL", "title": "Pay", "url": "https://pay.example/{{1}}"}]
    link = render(content({"twilio/call-to-action": {"body": "x", "actions": actions}}), {"1": "7"})
    assert (link.buttons[0].kind, link.buttons[0].target) == ("url", "https://pay.example/7")


@pytest.mark.parametrize(
    ("body", "variables", "reason"),
    [
        (ALERT, SAMPLES, ""),
        ("{{1}} ends in {{2}} days, ask the client first", SAMPLES, "start or end"),
        ("The client's subscription will end in {{1}}", {"1": "7"}, "start or end"),
        ("Finances: your client {{1}} {{2}} ends very soon, ask", SAMPLES, "next to each other"),
        ("Finances: your client {{1}} ends in {{3}} days, ask", {"1": "x", "3": "x"}, "without gaps"),
        (ALERT, {"1": "Alfa"}, "no sample value for variable 2"),
        ("Hi {{1}} and {{2}} there", SAMPLES, "too many variables"),
        ("x" * 1025, {}, "longer than 1024"),
    ],
)
def test_templates_are_judged_as_whatsapp_judges_them(body: str, variables: dict[str, str], reason: str) -> None:
    assert reason in rejection_reason(alert("Renew", body=body, variables=variables))
    if not reason:
        assert rejection_reason(alert("Renew", body=body, variables=variables)) == ""


def test_a_submission_needs_a_good_name_and_category_and_no_list() -> None:
    assert check_submission(alert("Renew"), "renewal_due", "UTILITY") == ("renewal_due", "UTILITY")
    picker = content({"twilio/list-picker": {"body": "x", "button": "b", "items": [{"item": "i", "id": "1"}]}})
    for made, name, category in [
        (alert("x"), "Bad Name", "UTILITY"),
        (alert("x"), "ok", "NEWS"),
        (picker, "ok", "UTILITY"),
    ]:
        with pytest.raises(Refusal):
            check_submission(made, name, category)


def test_free_text_goes_out_only_inside_the_window() -> None:
    assert fate_of_text(True).fails_with is None
    assert fate_of_text(False).fails_with == 63016


@pytest.mark.parametrize(
    ("status", "window_open", "kind", "code"),
    [
        ("approved", False, "template", None),
        ("approved", True, "template", None),
        (None, True, "session", None),
        (None, False, "session", 63016),
        ("pending", False, "session", 63016),
        ("pending", True, "session", None),
        ("rejected", False, "template", 63040),
        ("paused", False, "template", 63041),
        ("disabled", False, "template", 63042),
    ],
)
def test_a_content_is_a_template_only_when_approved(
    status: str | None, window_open: bool, kind: str, code: int | None
) -> None:
    fate = fate_of_content(render(alert("A"), SAMPLES), approved(status) if status else None, window_open, SAMPLES)
    assert (fate.kind, fate.fails_with) == (kind, code)


def test_limits_differ_between_templates_and_session_messages() -> None:
    four = render(alert("A", "B", "C", "D"), SAMPLES)
    assert fate_of_content(four, approved(), False, SAMPLES).fails_with is None
    assert fate_of_content(four, None, True, SAMPLES).fails_with == 63013
    long = SAMPLES | {"1": "x" * 1020}
    assert fate_of_content(render(alert("A"), long), approved(), False, long).fails_with == 63021
    assert fate_of_content(render(alert("A"), long), None, True, long).fails_with == 63021
    lines = SAMPLES | {"1": "two\nlines"}
    assert fate_of_content(render(alert("A"), lines), approved(), False, lines).fails_with == 63013
    assert fate_of_content(render(alert("A"), lines), None, True, lines).fails_with is None
    bare = render(alert("A", variables={}), {"1": "Alfa"})
    assert fate_of_content(bare, approved(), False, {"1": "Alfa"}).fails_with == 63028


def test_overrides_are_read_from_the_fragment_and_senseless_ones_ignored() -> None:
    url, overrides = split_overrides("https://h/in?x=1#rc=5&rp=all&ct=2000&rt=4000")
    assert url == "https://h/in?x=1"
    assert (overrides.retries, overrides.connect_seconds, overrides.read_seconds) == (5, 2.0, 4.0)
    assert overrides.policy == {"4xx", "5xx", "ct", "rt"}
    _, plain = split_overrides("https://h/in")
    assert (plain.retries, plain.policy, plain.total_seconds) == (1, frozenset({"ct"}), 15.0)
    _, odd = split_overrides("https://h/in#rc=99&rp=moon,5xx&ct=x&tt=99999999")
    assert (odd.retries, odd.policy, odd.connect_seconds, odd.total_seconds) == (1, frozenset({"5xx"}), 5.0, 15.0)


def test_faults_count_down_and_hit_only_whom_they_are_for() -> None:
    faults = Faults()
    faults.add("429", times=2)
    faults.add("error", code=63024, to="whatsapp:+1", times=None)
    assert faults.take(FaultKind.ERROR, to="whatsapp:+2") is None
    assert [faults.take(FaultKind.ERROR, to="whatsapp:+1") is not None for _ in range(3)] == [True] * 3
    assert [faults.take(FaultKind.RATE_LIMITED) is not None for _ in range(3)] == [True, True, False]
    assert [fault.kind for fault in faults.active()] == [FaultKind.ERROR]
    assert faults.take(FaultKind.SERVER_ERROR, on="content") is None
    faults.clear()
    assert faults.active() == []


@pytest.mark.parametrize(
    "wrong", [{"kind": "rain"}, {"kind": "error"}, {"kind": "429", "times": 0}, {"kind": "429", "on": "x"}]
)
def test_a_senseless_fault_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Faults().add(**wrong)  # type: ignore[arg-type]


def test_codes_of_the_api_come_at_once_and_those_of_the_channel_later() -> None:
    assert [refused_at_once(code) for code in (21610, 21211, 63007)] == [True] * 3
    assert [refused_at_once(code) for code in (63016, 63024, 30008)] == [False] * 3


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("example.com", False),
    ],
)
def test_only_this_machine_counts_as_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com:80/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ],
)
def test_webhooks_are_signed_as_twilios_own_vectors_say(url: str, signature: str) -> None:
    form = {
        "CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "Caller": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    assert Postman("12345").signature(url, form) == signature
