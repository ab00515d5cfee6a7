"""A unit of work on its way through the database: what to run, who waits for it, how it ended."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Result, event

from bot.errors import TransientError

UNIT_SECONDS_MAX = 0.020
"""A unit that holds the writer longer is logged: everybody else waits meanwhile."""
_UNIT = "unit"
_here = threading.local()
_log = structlog.get_logger(__name__)


class Unavailable(TransientError):
    """The database cannot take this now: closed, unreachable, or held by another process. Try again later."""


class Overloaded(Unavailable):
    """Too much is waiting already; nothing was done. The web door answers 503."""


@dataclass(slots=True)
class Waiter:
    """Who waits for a unit: a coroutine of `loop`, or a thread when there is no loop."""

    future: "asyncio.Future[Any] | Future[Any]"
    loop: asyncio.AbstractEventLoop | None = None

    def settle(self, value: Any, error: BaseException | None) -> None:
        """Hand over how it ended; one who stopped waiting is passed over. Only on the loop's own thread."""
        if self.future.done():
            return
        if error is None:
            self.future.set_result(value)
        else:
            self.future.set_exception(error)


@dataclass(slots=True)
class Unit:
    """One function to run inside a transaction, for one waiter. Runs again from scratch after a failed commit."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    waiter: Waiter
    value: Any = None
    error: BaseException | None = None
    after: list[Callable[[], None]] = field(default_factory=list)
    parts: "list[Unit]" = field(default_factory=list)
    slow: bool = False

    def call(self, conn: Connection) -> Any:
        """Run the function itself."""
        return self.fn(conn, *self.args)

    def divide(self) -> "list[Unit]":
        """After a failure: smaller units to run one by one in this one's place; none when it cannot be divided."""
        return self.parts

    def outcomes(self) -> Iterator[tuple[Waiter, Any, BaseException | None]]:
        """Each waiter with its value or error."""
        yield self.waiter, self.value, self.error


class Rows(Unit):
    """Rows of many callers handed to one set-based function, which returns one result per row."""

    __slots__ = ("rows",)

    def __init__(self, fn: Callable[..., Any], rows: list[tuple[Any, Waiter]]) -> None:
        super().__init__(fn, (), rows[0][1])
        self.rows = rows

    def call(self, conn: Connection) -> Any:
        results = list(self.fn(conn, [row for row, _ in self.rows]))
        if len(results) != len(self.rows):
            raise RuntimeError(f"{_name(self.fn)} returned {len(results)} results for {len(self.rows)} rows")
        return results

    def divide(self) -> list[Unit]:
        self.parts = [Rows(self.fn, [one]) for one in self.rows] if len(self.rows) > 1 else []
        return self.parts

    def outcomes(self) -> Iterator[tuple[Waiter, Any, BaseException | None]]:
        values = self.value if self.error is None else [None] * len(self.rows)
        for (_, waiter), value in zip(self.rows, values, strict=True):
            yield waiter, value, self.error


def perform(unit: Unit, conn: Connection) -> bool:
    """Run the unit inside the transaction that is open; its error is kept in it. True when it succeeded."""
    unit.value, unit.error, unit.after, unit.parts = None, None, [], []
    conn.info[_UNIT] = unit
    _here.inside = True
    start = perf_counter()
    try:
        unit.value = unit.call(conn)
        if isinstance(unit.value, Result):
            raise TypeError(f"{_name(unit.fn)} returned an open result: fetch its rows inside the unit")
    except BaseException as error:
        unit.value, unit.error = None, _passable(error)
    finally:
        _here.inside = False
        conn.info.pop(_UNIT, None)
    if (took := perf_counter() - start) > UNIT_SECONDS_MAX and not unit.slow:
        _log.warning("unit.slow", unit=_name(unit.fn), milliseconds=round(took * 1000, 1))
    return unit.error is None


def after_commit(conn: Connection, callback: Callable[[], None]) -> None:
    """Call `callback` once the unit that runs on `conn` is durable; never if it fails. It runs on the writer's thread.

    For waking somebody up, not for work: it must return at once, and what it raises is only logged.
    """
    unit: Unit | None = conn.info.get(_UNIT)
    if unit is None:
        raise RuntimeError("after_commit belongs inside a unit of Database.write")
    unit.after.append(callback)


def forbid_commits(engine: Engine) -> None:
    """Make `commit` and `rollback` inside a unit fail: other units share its transaction."""

    def check(conn: Connection) -> None:
        if _UNIT in conn.info:
            raise RuntimeError("a unit never commits or rolls back: return, or raise")

    event.listen(engine, "commit", check)
    event.listen(engine, "rollback", check)


def finish(units: Iterable[Unit]) -> None:
    """Tell everybody how it ended, after the commit: first the hooks, then the waiters, one hop for each loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiter, Any, BaseException | None]]] = {}
    for unit in _leaves(units):
        if unit.error is None:
            _run_hooks(unit)
        for outcome in unit.outcomes():
            loop = outcome[0].loop
            if loop is None:
                outcome[0].settle(*outcome[1:])
            else:
                by_loop.setdefault(loop, []).append(outcome)
    for loop, outcomes in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_all, outcomes)


def _leaves(units: Iterable[Unit]) -> Iterator[Unit]:
    for unit in units:
        yield from unit.parts or [unit]


def _settle_all(outcomes: list[tuple[Waiter, Any, BaseException | None]]) -> None:
    for waiter, value, error in outcomes:
        waiter.settle(value, error)


def _run_hooks(unit: Unit) -> None:
    for callback in unit.after:
        try:
            callback()
        except Exception:
            _log.exception("unit.hook_failed", unit=_name(unit.fn))


def _passable(error: BaseException) -> BaseException:
    """A future cannot hold a StopIteration."""
    if isinstance(error, StopIteration):
        wrapped = RuntimeError("a unit raised StopIteration")
        wrapped.__cause__ = error
        return wrapped
    return error


def _name(fn: Callable[..., Any]) -> str:
    plain = fn.func if isinstance(fn, partial) else fn
    return getattr(plain, "__qualname__", type(plain).__qualname__)


def refuse_nesting() -> None:
    """Raise when this thread is inside a unit already: waiting for another one would never end."""
    if getattr(_here, "inside", False):
        raise RuntimeError("a unit never opens another one: call the function with the same conn")
