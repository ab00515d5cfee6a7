"""Time comes in through a Clock: what now is, and waiting until a moment."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

_RECHECK_SECONDS = 0.5
"""A sleeper looks again this often, so that a clock moved by another process wakes it."""


class Clock(Protocol):
    """What every loop and use case asks for the time. All times are aware and in UTC."""

    def now(self) -> datetime: ...

    async def sleep_until(self, when: datetime) -> None: ...


class SystemClock:
    """The machine's clock plus an offset that the demo may move forward, never backwards."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset
        self._moved = asyncio.Event()

    @property
    def offset(self) -> timedelta:
        """How far this clock is ahead of the machine's."""
        return self._offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def move_to_offset(self, offset: timedelta) -> None:
        """Move forward to this offset; an older or equal one is ignored. Wakes every sleeper."""
        if offset <= self._offset:
            return
        self._offset = offset
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep_until(self, when: datetime) -> None:
        while (left := (when - self.now()).total_seconds()) > 0:
            await _wait(self._moved, min(left, _RECHECK_SECONDS))


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware time")
        self._now = start.astimezone(UTC)
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def advance(self, **delta: float) -> None:
        """Move forward by a timedelta given in its keywords, and wake every sleeper whose time has come."""
        self.move_to(self._now + timedelta(**delta))

    def move_to(self, when: datetime) -> None:
        """Move forward to a moment; going back raises ValueError."""
        if when < self._now:
            raise ValueError("time does not go back")
        self._now = when.astimezone(UTC)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def sleep_until(self, when: datetime) -> None:
        while self._now < when:
            await self._moved.wait()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
