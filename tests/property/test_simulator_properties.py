"""Whatever is sent to the simulator is either understood or refused with a code; nothing else ever happens."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.simulator.content import check_content, parse_variables, render
from bot.simulator.message import Content
from bot.simulator.refusals import Refusal
from bot.simulator.send_request import parse_send
from bot.simulator.template_rules import rejection_reason
from bot.simulator.webhook_url import split_overrides
from bot.simulator.window import is_open

START = datetime(2026, 11, 26, tzinfo=UTC)
SENDER = "whatsapp:+14155238886"
FIELDS = ("To", "From", "Body", "ContentSid", "ContentVariables", "StatusCallback", "ValidityPeriod", "MediaUrl")
VALUES = st.one_of(
    st.text(max_size=40), st.sampled_from([SENDER, "whatsapp:+37120000017", "HX" + "0" * 32, "http://h/x"])
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
PARTS = st.fixed_dictionaries(
    {"body": st.text(max_size=60)}, optional={"actions": JSON, "button": JSON, "items": JSON, "extra": JSON}
)
TYPES = st.dictionaries(
    st.sampled_from(["twilio/text", "twilio/quick-reply", "twilio/list-picker", "twilio/call-to-action"]), PARTS | JSON
)


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_any_send_is_understood_or_refused(form: dict[str, str]) -> None:
    with suppress(Refusal):
        wanted = parse_send(form, SENDER)
        assert wanted.to != SENDER
        assert bool(wanted.content_sid) != bool(wanted.body) or form.get("MediaUrl")


@given(JSON | st.fixed_dictionaries({"language": st.just("en"), "types": TYPES}, optional={"variables": JSON}))
def test_any_content_is_understood_or_refused(body: object) -> None:
    with suppress(Refusal):
        check_content(body)
        assert isinstance(body, dict)
        content = Content("HX0", "", "en", body.get("variables") or {}, body["types"], START)
        rejection_reason(content)
        assert len(render(content, {}).buttons) <= 10


@given(st.text(max_size=60) | JSON.map(json.dumps))
def test_variables_are_a_map_of_texts_or_refused(text: str) -> None:
    with suppress(Refusal):
        values = parse_variables(text)
        assert all(isinstance(value, str) and value for value in values.values())


@given(st.text(max_size=60))
def test_overrides_stay_within_twilios_limits(fragment: str) -> None:
    url, overrides = split_overrides("http://h/x?d=1#" + fragment)
    assert url == "http://h/x?d=1"
    assert 0 <= overrides.retries <= 5
    assert 0.1 <= overrides.total_seconds <= 15


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)))
def test_a_window_once_closed_stays_closed(later: timedelta) -> None:
    assert is_open(START, START + later) == (later < timedelta(hours=24))
