"""What a reader asked: values checked and bounded."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.ask import Ask, BadQuery

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)


def ask(**values: str) -> Ask:
    """A question asked now."""
    return Ask(NOW, values)


@pytest.mark.parametrize(("value", "limit"), [("", 50), ("1", 1), ("0", 1), ("200", 200), ("99999", 200)])
def test_a_limit_is_bounded(value: str, limit: int) -> None:
    assert ask(limit=value).limit() == limit


@pytest.mark.parametrize("value", ["-1", "1.5", "ten", "¹", "٣", "9999999", "1e3"])
def test_a_limit_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(BadQuery, match="limit"):
        ask(limit=value).limit()


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("", None),
        ("all", None),
        ("24h", NOW - timedelta(hours=24)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:00:00+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T10:00:00 02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_since_is_a_moment(value: str, moment: datetime | None) -> None:
    assert ask(since=value).since() == moment


@pytest.mark.parametrize("value", ["soon", "2026-13-01", "0001-01-01T00:00:00+14:00", "2026-11-20T25:00", "1e999"])
def test_since_that_is_no_moment_is_refused(value: str) -> None:
    with pytest.raises(BadQuery, match="since"):
        ask(since=value).since()


@given(st.text(max_size=250))
def test_any_text_is_taken_or_refused(value: str) -> None:
    question = ask(x=value, limit=value, since=value, days=value)
    for read in (lambda: question.text("x"), question.limit, question.since, lambda: question.days("days", 1, 9)):
        try:
            read()
        except BadQuery as error:
            assert error.name in ("x", "limit", "since", "days")  # noqa: PT017 - either is right
