"""What a benchmark says: two rates measured in one run, and their ratio."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did in one round."""

    done: int
    seconds: float

    @property
    def rate(self) -> float:
        """Per second."""
        return self.done / self.seconds


@dataclass(frozen=True, slots=True)
class BenchResult:
    """`ours` and `reference` are medians over the rounds, `ratio` the median of the rounds' own ratios.

    Compare ratios between machines, not rates. `n` counts what both sides did together.
    """

    name: str
    ours: float
    reference: float
    ratio: float
    unit: str
    n: int


def summary(name: str, unit: str, rounds: Sequence[tuple[Round, Round]]) -> BenchResult:
    """Summarise rounds of (ours, reference)."""
    return BenchResult(
        name=name,
        ours=round(median(ours.rate for ours, _ in rounds), 1),
        reference=round(median(reference.rate for _, reference in rounds), 1),
        ratio=round(median(ours.rate / reference.rate for ours, reference in rounds), 2),
        unit=unit,
        n=sum(ours.done + reference.done for ours, reference in rounds),
    )
