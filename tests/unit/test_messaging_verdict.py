"""What follows a refusal, by its class."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.messaging.message import ErrorClass
from bot.messaging.status import State
from bot.messaging.transports.twilio_errors import CLASS_OF, classify, classify_answer, is_known
from bot.messaging.verdict import Verdict, refused
from bot.messaging.window import Mode

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)


def after(
    error_class: ErrorClass, attempt: int = 1, mode: Mode = Mode.SESSION, content: bool = True, at_once: bool = True
) -> Verdict:
    return refused(error_class, attempt=attempt, mode=mode, is_content=content, now=NOW, jitter=0.5, at_once=at_once)


def test_a_refused_connection_is_tried_again_later_and_later() -> None:
    waits = [after(ErrorClass.RETRY, attempt).retry_at for attempt in range(1, 20)]
    assert all(when is not None for when in waits)
    assert sorted(waits, key=lambda when: when or NOW) == waits
    assert waits[-1] is not None
    assert waits[-1] - NOW <= timedelta(minutes=10)
    assert after(ErrorClass.RETRY, 300).state is State.FAILED


@pytest.mark.parametrize("error_class", [ErrorClass.RETRY, ErrorClass.THROTTLE, ErrorClass.CONFIGURATION])
def test_what_certainly_was_not_sent_outlasts_an_outage_of_a_night(error_class: ErrorClass) -> None:
    assert _patience(error_class, at_once=True) >= timedelta(hours=18)


@pytest.mark.parametrize("error_class", [ErrorClass.THROTTLE, ErrorClass.CONFIGURATION])
def test_what_failed_for_the_tier_or_the_account_is_tried_for_a_day(error_class: ErrorClass) -> None:
    assert _patience(error_class, at_once=False) >= timedelta(hours=24)


def _patience(error_class: ErrorClass, *, at_once: bool) -> timedelta:
    tries = (after(error_class, attempt, at_once=at_once).retry_at for attempt in range(1, 400))
    return sum((when - NOW for when in tries if when is not None), timedelta())


@pytest.mark.parametrize("mode", list(Mode))
def test_the_next_best_text_takes_the_place_of_one_that_is_refused(mode: Mode) -> None:
    facts = {"mode": mode, "is_content": True, "now": NOW, "jitter": 0.5, "at_once": False, "replaceable": True}
    verdict = refused(ErrorClass.TEMPLATE, attempt=1, **facts)  # type: ignore[arg-type]
    assert (verdict.state, verdict.retry_at, verdict.other_text) == (State.QUEUED, NOW, True)
    paused = refused(ErrorClass.TEMPLATE, attempt=1, text_refused=True, **facts)  # type: ignore[arg-type]
    assert paused.other_text is (mode is Mode.SESSION), "outside the window the paused text itself is looked at again"


def test_what_the_provider_gave_up_is_tried_seldom() -> None:
    assert after(ErrorClass.RETRY, 2, at_once=False).state is State.QUEUED
    assert after(ErrorClass.RETRY, 3, at_once=False).state is State.FAILED
    first = after(ErrorClass.THROTTLE, 1, at_once=False).retry_at
    assert first is not None
    assert first - NOW >= timedelta(minutes=1)


def test_a_closed_window_sends_a_content_again_as_a_template() -> None:
    verdict = after(ErrorClass.WINDOW, mode=Mode.SESSION)
    assert (verdict.state, verdict.retry_at, verdict.closes_window) == (State.QUEUED, NOW, True)


@pytest.mark.parametrize(("mode", "content"), [(Mode.TEMPLATE, True), (Mode.SESSION, False)])
def test_a_closed_window_ends_the_rest(mode: Mode, content: bool) -> None:
    verdict = after(ErrorClass.WINDOW, mode=mode, content=content)
    assert (verdict.state, verdict.reason, verdict.closes_window) == (State.FAILED, "window_closed", True)


def test_an_unreachable_person_is_not_tried_any_more() -> None:
    verdict = after(ErrorClass.RECIPIENT)
    assert (verdict.state, verdict.stops_contact) == (State.FAILED, True)


def test_another_text_stands_in_for_one_that_is_refused() -> None:
    facts = {"mode": Mode.TEMPLATE, "is_content": True, "now": NOW, "jitter": 0.5, "at_once": False}
    again = refused(ErrorClass.TEMPLATE, attempt=1, text_refused=True, **facts)  # type: ignore[arg-type]
    assert (again.state, again.retry_at) == (State.QUEUED, NOW + timedelta(minutes=1))
    assert refused(ErrorClass.TEMPLATE, attempt=3, text_refused=True, **facts).state is State.FAILED  # type: ignore[arg-type]


@pytest.mark.parametrize("error_class", [ErrorClass.TEMPLATE, ErrorClass.PERMANENT])
def test_the_rest_is_final(error_class: ErrorClass) -> None:
    assert after(error_class) == Verdict(State.FAILED, error_class.value)


def test_no_code_stands_in_two_classes() -> None:
    assert CLASS_OF[63016] is ErrorClass.WINDOW
    assert CLASS_OF[20429] is ErrorClass.THROTTLE
    assert CLASS_OF[20003] is ErrorClass.CONFIGURATION
    assert classify(92_005) is ErrorClass.TEMPLATE
    assert classify(12_345) is ErrorClass.PERMANENT


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((20429, 30036, 63017, 63018, 63038, 63119, 30001, 14107, 63049, 63062), ErrorClass.THROTTLE),
        ((20500, 63009, 63010, 63011, 63012, 63023, 30008, 30410, 63022, 63029), ErrorClass.RETRY),
        ((21211, 21408, 21614, 63003, 63024, 21610, 63014, 63033, 63015, 63032), ErrorClass.RECIPIENT),
        ((63016,), ErrorClass.WINDOW),
        (
            (
                21617, 21654, 21655, 21656, 63028, 63005, 63006, 63013, 63021, 63030, 92_001, 63019, 63034, 63037,
                11751, 63026, 63027, 63040, 63041, 63042,
            ),
            ErrorClass.TEMPLATE,
        ),
        (
            (
                20003, 20404, 21606, 21212, 63007, 63002, 63031, 21910, 63020, 63001, 63008, 63051, 30002,
            ),
            ErrorClass.CONFIGURATION,
        ),
    ],
)  # fmt: skip
def test_every_code_of_the_providers_documents_has_its_class(codes: tuple[int, ...], expected: ErrorClass) -> None:
    assert {code: classify(code) for code in codes} == dict.fromkeys(codes, expected)
    assert all(map(is_known, codes))
    assert not is_known(63_999)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, None, ErrorClass.THROTTLE),
        (429, 20429, ErrorClass.THROTTLE),
        (401, 20003, ErrorClass.CONFIGURATION),
        (401, None, ErrorClass.CONFIGURATION),
        (400, 21211, ErrorClass.RECIPIENT),
        (400, 99_999, ErrorClass.PERMANENT),
        (400, None, ErrorClass.PERMANENT),
    ],
)
def test_answers(status: int, code: int | None, expected: ErrorClass) -> None:
    assert classify_answer(status, code) is expected
