"""A sender's pace: never faster than its rate over any stretch, never slower than it need be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.messaging.pace import PERSON_BURST, Bucket, PeoplePace

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


def test_too_fast_halves_the_rate_which_comes_back_little_by_little() -> None:
    bucket = Bucket(80)
    bucket.available(NOW)
    bucket.slow_down(NOW)
    assert (bucket.rate, bucket.available(NOW)) == (40, 0)
    for _ in range(10):
        bucket.slow_down(NOW)
    assert bucket.rate == 4
    bucket.available(NOW + timedelta(seconds=10))
    assert bucket.rate == 20
    bucket.available(NOW + timedelta(minutes=5))
    assert bucket.rate == 80


def test_one_person_gets_a_burst_then_one_in_six_seconds() -> None:
    people = PeoplePace()
    assert [people.wait_until("anna", NOW) for _ in range(PERSON_BURST)] == [None] * PERSON_BURST
    assert people.wait_until("anna", NOW) == NOW + timedelta(seconds=6)
    assert people.wait_until("boris", NOW) is None
    assert people.wait_until("anna", NOW + timedelta(seconds=6)) is None


def test_people_not_written_to_lately_are_forgotten() -> None:
    people = PeoplePace()
    for n in range(25_000):
        people.wait_until(str(n), NOW + timedelta(seconds=n))
    assert len(people._buckets) <= 10_000
