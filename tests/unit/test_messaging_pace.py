"""A sender's pace: never faster than its rate over any stretch, never slower than it need be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.messaging.pace import Bucket

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)


def test_a_second_at_once_then_at_the_rate() -> None:
    bucket = Bucket(80)
    assert bucket.available(NOW) == 80
    bucket.take(80, NOW)
    assert bucket.available(NOW) == 0
    assert bucket.next_at(4, NOW) == NOW + timedelta(seconds=0.05)
    assert bucket.available(NOW + timedelta(seconds=0.5)) == 40
    assert bucket.available(NOW + timedelta(hours=1)) == 80


def test_a_clock_that_stands_or_goes_back_gives_nothing() -> None:
    bucket = Bucket(10)
    bucket.take(10, NOW)
    assert bucket.available(NOW - timedelta(hours=1)) == 0


@given(st.floats(0.5, 500), st.lists(st.integers(1, 400), max_size=60))
def test_never_more_than_a_second_ahead(rate: float, steps: list[int]) -> None:
    bucket, now, taken = Bucket(rate), NOW, 0
    for milliseconds in steps:
        number = bucket.available(now)
        bucket.take(number, now)
        taken += number
        now += timedelta(milliseconds=milliseconds)
    assert taken <= rate * (now - NOW).total_seconds() + max(rate, 1) + 1
