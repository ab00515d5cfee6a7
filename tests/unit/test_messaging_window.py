"""The 24-hour window: open after an inbound, closed in good time, closed at once when the provider says so."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.messaging.window import Mode, Window, mode

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "is_open"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=49), True),
        (timedelta(hours=23, minutes=50), False),
        (timedelta(hours=25), False),
    ],
)
def test_open_for_a_day_less_ten_minutes(ago: timedelta, is_open: bool) -> None:
    assert Window(NOW - ago).is_open(NOW) is is_open


def test_never_written_is_closed() -> None:
    assert not Window().is_open(NOW)


def test_closed_by_the_provider_until_the_next_inbound() -> None:
    heard, closed = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    assert not Window(heard, closed).is_open(NOW)
    assert Window(NOW - timedelta(minutes=1), closed).is_open(NOW)


def test_mode() -> None:
    opened, closed = Window(NOW), Window()
    assert mode(opened, True, NOW) is Mode.SESSION
    assert mode(opened, False, NOW) is Mode.SESSION
    assert mode(closed, True, NOW) is Mode.TEMPLATE
    assert mode(closed, False, NOW) is None
