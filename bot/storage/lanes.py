"""The queue in front of the database: interactive units before bulk ones, bounded, rows of a kind gathered."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from bot.storage.unit import Overloaded, Rows, Unavailable, Unit, Waiter

ROWS_MAX = 500
"""So many rows at most go to one set-based call."""
_TURNS_BEFORE_BULK = 8
"""Bulk work gets a turn after so many interactive ones in a row, so that it never starves."""


class _Gathering:
    """Rows waiting for one set-based function. It stands in the lane once, and not while one batch is being run."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.rows: deque[tuple[Any, Waiter]] = deque()

    def unit(self) -> Rows:
        return Rows(self.fn, [self.rows.popleft() for _ in range(min(len(self.rows), ROWS_MAX))])


class Lanes:
    """Thread-safe. `limit` bounds each lane; `bulk_parallel` is how many bulk units may run at the same time."""

    def __init__(self, limit: int, bulk_parallel: int) -> None:
        self._limit = limit
        self._bulk_parallel = bulk_parallel
        self._ready = threading.Condition()
        self._interactive: deque[Unit | _Gathering] = deque()
        self._bulk: deque[Unit] = deque()
        self._gatherings: dict[Callable[..., Any], _Gathering] = {}
        self._rows_waiting = 0
        self._bulk_running = 0
        self._turns = 0
        self._closed = False

    def put(self, unit: Unit, *, bulk: bool) -> None:
        """Queue a unit. Raises Overloaded when the lane is full, Unavailable once closed."""
        with self._ready:
            lane: deque[Any] = self._bulk if bulk else self._interactive
            self._admit(len(lane))
            lane.append(unit)
            self._ready.notify()

    def put_row(self, fn: Callable[..., Any], row: Any, waiter: Waiter) -> None:
        """Queue a row for the next call of `fn`. Raises as `put` does."""
        with self._ready:
            self._admit(self._rows_waiting)
            gathering = self._gatherings.get(fn)
            if gathering is None:
                gathering = self._gatherings[fn] = _Gathering(fn)
                self._interactive.append(gathering)
                self._ready.notify()
            gathering.rows.append((row, waiter))
            self._rows_waiting += 1

    def take(self, most: int) -> tuple[list[Unit], bool]:
        """Wait for work: up to `most` interactive units, or one bulk unit (then True). No units: closed, go home."""
        with self._ready:
            while True:
                if self._bulk_is_next():
                    self._turns = 0
                    self._bulk_running += 1
                    return [self._bulk.popleft()], True
                if self._interactive:
                    self._turns += 1
                    return [self._next() for _ in range(min(most, len(self._interactive)))], False
                if self._closed:  # whoever runs the last bulk unit or rows takes what comes after them
                    return [], False
                self._ready.wait()

    def done(self, units: list[Unit], *, bulk: bool) -> None:
        """Say that what `take` gave has been run, so that the next rows of its kinds may go."""
        with self._ready:
            self._bulk_running -= bulk
            for unit in units:
                if isinstance(unit, Rows):
                    self._requeue(unit)
            if bulk:
                self._ready.notify()

    def close(self) -> None:
        """Take nothing more; what is queued will still be run."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def __len__(self) -> int:
        """Units and rows that wait."""
        return len(self._interactive) + len(self._bulk) + self._rows_waiting

    def _admit(self, waiting: int) -> None:
        if self._closed:
            raise Unavailable("the database is closed")
        if waiting >= self._limit:
            raise Overloaded(f"{waiting} units are waiting for the database")

    def _bulk_is_next(self) -> bool:
        if not self._bulk or self._bulk_running >= self._bulk_parallel:
            return False
        return not self._interactive or self._turns >= _TURNS_BEFORE_BULK

    def _next(self) -> Unit:
        item = self._interactive.popleft()
        if isinstance(item, Unit):
            return item
        unit = item.unit()
        self._rows_waiting -= len(unit.rows)
        return unit

    def _requeue(self, unit: Rows) -> None:
        gathering = self._gatherings[unit.fn]
        if gathering.rows:
            self._interactive.append(gathering)
            self._ready.notify()
        else:
            del self._gatherings[unit.fn]
