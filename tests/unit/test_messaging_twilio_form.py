"""A webhook's form is read as the standard library reads it."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messaging.transports.twilio_form import fields

PIECES = st.lists(st.sampled_from(["&", "=", "+", "%", "%2B", "%D0%B6", "%00", "%zz", "a", "Ж", ";", " "])).map("".join)


@given(PIECES)
def test_as_the_standard_library(text: str) -> None:
    assert list(fields(text.encode())) == parse_qsl(text, keep_blank_values=True)


def test_limits() -> None:
    assert len(fields(b"&".join([b"a="] * 500))) == 500
    with pytest.raises(ValueError, match="fields"):
        fields(b"&".join([b"a="] * 501))
    with pytest.raises(ValueError, match="utf-8"):
        fields(b"a=\xff")
