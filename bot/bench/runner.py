"""The benchmarks by name."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.bench import inbound, ledger, storm
from bot.bench.quiet import quiet_log
from bot.bench.result import BenchResult, Round, summary
from bot.bench.sides import Plan, Sides


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, in which unit, and how both sides are set up in a folder of their own; for a short run `quick`,
    where that needs less."""

    unit: str
    open: Callable[[Path], Sides]
    quick: Callable[[Path], Sides] | None = None


BENCHES: Mapping[str, Bench] = {
    "ledger": Bench("transfers/s", ledger.open_sides),
    "inbound": Bench("requests/s", inbound.open_sides),
    "storm": Bench("answers/min at p95", storm.open_sides, partial(storm.open_sides, alerts=storm.ALERTS_QUICK)),
}
QUICK = Plan(rounds=2, seconds=1.0)
FULL = Plan(rounds=5, seconds=4.0)


def run(name: str, quick: bool = False) -> BenchResult:
    """Run one benchmark, both sides in turn, on new databases that are thrown away. KeyError for an unknown name.

    Raises ConfigError when what the reference side needs is not installed.
    """
    bench = BENCHES[name]
    with TemporaryDirectory(prefix="curatorbot-bench-") as folder, quiet_log():
        rounds = asyncio.run(
            _measure(bench.quick or bench.open if quick else bench.open, Path(folder), QUICK if quick else FULL)
        )
    return summary(name, bench.unit, rounds)


async def _measure(opened: Callable[[Path], Sides], folder: Path, plan: Plan) -> list[tuple[Round, Round]]:
    async with opened(folder) as (ours, reference):
        for side in (ours, reference):
            await side(plan.seconds / 4)
        return [(await ours(plan.seconds), await reference(plan.seconds)) for _ in range(plan.rounds)]
