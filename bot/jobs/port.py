"""What the rest of the product knows of background jobs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.ids import JobId


@dataclass(frozen=True, slots=True)
class Job:
    """A chunk of work, as its handler sees it. `attempt` counts from 1."""

    id: JobId
    name: str
    key: str
    attempt: int
    payload: Any = None


Handler = Callable[[Job], Awaitable[None]]
"""Runs a job, at least once: it may come again after a crash, so its effects have stable keys. Raising means a later
attempt; PermanentError means none."""


class Jobs(Protocol):
    """Where work is left for later, in the same unit as the change that asks for it."""

    def enqueue(
        self, conn: Connection, name: str, key: str, run_after: datetime, priority: int = 0, payload: Any = None
    ) -> None:
        """Leave a job to be run once `run_after` has come, by whoever handles `name`; higher `priority` goes first.

        While one of the same name and key waits, no second is added: the waiting one takes the earlier time and the
        higher priority and keeps its payload (unless it waits after a failure: then its time stays). While one runs,
        one more may wait; it starts only after the first has ended.
        """
        ...

    def enqueue_many(self, conn: Connection, name: str, run_after: Mapping[str, datetime], priority: int = 0) -> None:
        """`enqueue` without payload for each key of `run_after`, in one go."""
        ...
