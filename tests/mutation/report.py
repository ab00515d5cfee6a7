"""What `make mutate` prints."""

from collections import Counter
from collections.abc import Sequence

from tests.mutation.running import COUNTS, Outcome


def of_module(outcome: Outcome) -> str:
    """The survivors that nobody accepted, each with its change and the text that accepts it, and the counts."""
    lines: list[str] = []
    for mutant, record in sorted(outcome.survivors, key=lambda pair: pair[0].span):
        tried = f"{record['tried']} of {record['of']} tests" if record["of"] else "no test reaches it"
        lines += [f"{outcome.module} {mutant.function}   ({tried})"]
        lines += [f"  - {line}" for line in mutant.change.old]
        lines += [f"  + {line}" for line in mutant.change.new]
        lines += [f"    {mutant.name}"]
    counts = ", ".join(f"{name} {outcome.counts[name]}" for name in COUNTS)
    return "\n".join([*lines, f"{outcome.module}: {counts}", ""])


def table(outcomes: Sequence[Outcome], commit: str) -> str:
    """The counts of every module as docs/mutation.md shows them."""
    total = sum((outcome.counts for outcome in outcomes), Counter[str]())
    rows = [(outcome.module, outcome.counts) for outcome in outcomes if outcome.counts["all"]]
    empty = [outcome.module for outcome in outcomes if not outcome.counts["all"]]
    lines = [f"| {commit} | {' | '.join(COUNTS)} |", "|---" * (len(COUNTS) + 1) + "|"]
    lines += [_row(name, counts) for name, counts in [*rows, ("together", total)]]
    return "\n".join([*lines, f"no mutants: {', '.join(empty)}"] if empty else lines)


def _row(name: str, counts: Counter[str]) -> str:
    return f"| {name} | {' | '.join(str(counts[count]) for count in COUNTS)} |"
