"""Server-side SVG: the numbers of a bar chart as rectangles. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle of a chart, in the units of its view box."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[int], *, width: float = 560, height: float = 120, gap: float = 4) -> list[Bar]:
    """A bar for each value, side by side, the highest as high as the chart; a value above zero is always visible."""
    if not values:
        return []
    step = width / len(values)
    top = max(*values, 1)
    heights = [max(value / top * height, 3.0) if value > 0 else 0.0 for value in values]
    return [
        Bar(round(n * step + gap / 2, 1), round(height - bar, 1), round(step - gap, 1), round(bar, 1))
        for n, bar in enumerate(heights)
    ]
