"""Bars of a chart stay inside it and tell more from less."""

from hypothesis import given
from hypothesis import strategies as st

from bot.web.console.chart import bars


def test_nothing_has_no_bars() -> None:
    assert bars([]) == []


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40))
def test_bars_stand_side_by_side_inside_the_chart(values: list[int]) -> None:
    shown = bars(values, width=560, height=120)

    assert len(shown) == len(values)
    for bar in shown:
        assert 0 <= bar.x <= bar.x + bar.width <= 560.2
        assert -0.1 <= bar.y <= bar.y + bar.height <= 120.2
    for value, bar in zip(values, shown, strict=True):
        assert (bar.height > 0) == (value > 0)
    assert [one.height for _, one in sorted(zip(values, shown, strict=True), key=lambda pair: pair[0])] == sorted(
        one.height for one in shown
    )
