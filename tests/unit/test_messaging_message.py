"""Cutting a long text into messages that fit."""

from hypothesis import given
from hypothesis import strategies as st

from bot.messaging.message import parts, text_length


def test_a_short_text_stays_whole() -> None:
    assert parts("One line\nand another") == ["One line\nand another"]
    assert parts("") == []


def test_a_long_text_is_cut_at_line_ends() -> None:
    lines = [f"line {n:03d}" for n in range(300)]
    pieces = parts("\n".join(lines), 100)
    assert [line for piece in pieces for line in piece.split("\n")] == lines


def test_emoji_count_as_twilio_counts_them() -> None:
    assert text_length("ab😀") == 4
    assert all(text_length(piece) <= 10 for piece in parts("😀" * 33, 10))
    assert "".join(parts("😀" * 33, 11)) == "😀" * 33


@given(st.text(max_size=300), st.integers(2, 50))
def test_nothing_is_lost_but_spaces_at_the_cuts(text: str, limit: int) -> None:
    pieces = parts(text, limit)
    assert all(0 < text_length(piece) <= limit or not piece for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
