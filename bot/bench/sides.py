"""The two sides of a benchmark, and a crowd of workers that keeps one of them busy."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from time import perf_counter

from bot.bench.result import Round

Side = Callable[[float], Awaitable[Round]]
"""Works for so many seconds."""
Sides = AbstractAsyncContextManager[tuple[Side, Side]]
"""Ours and the reference, ready to work."""
CONCURRENCY = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """How often each side has its turn, and for how long."""

    rounds: int
    seconds: float


async def crowd(work: Callable[[], Awaitable[None]], seconds: float) -> Round:
    """As many workers as a busy server has, each doing the work again and again until the time is over."""
    start = perf_counter()
    done = 0

    async def worker() -> None:
        nonlocal done
        while perf_counter() - start < seconds:
            await work()
            done += 1

    async with asyncio.TaskGroup() as workers:
        for _ in range(CONCURRENCY):
            workers.create_task(worker())
    return Round(done, perf_counter() - start)
