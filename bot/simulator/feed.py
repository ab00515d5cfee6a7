"""Tells whoever listens that something changed: the page's live stream, and scripts that wait."""

import asyncio
from typing import Any

_BACKLOG_MAX = 1_000

Event = tuple[str, dict[str, Any]]
"""A name and its data."""


class Feed:
    """Publishes named events to every listener; one that falls too far behind is dropped."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._changed = asyncio.Event()

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Hand an event to every listener and wake whoever waits for a change."""
        for queue in list(self._listeners):
            if queue.qsize() < _BACKLOG_MAX:
                queue.put_nowait((event, data))
            else:
                self._listeners.discard(queue)
                queue.put_nowait(None)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def listen(self) -> asyncio.Queue[Event | None]:
        """A queue of events; None in it means that the stream is over."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        return queue

    def forget(self, queue: asyncio.Queue[Event | None]) -> None:
        """This listener is gone."""
        self._listeners.discard(queue)

    def next_change(self) -> asyncio.Event:
        """An event that is set at the next publication; take it before looking, or a change is missed."""
        return self._changed

    def close(self) -> None:
        """End every stream."""
        for queue in self._listeners:
            queue.put_nowait(None)
        self._listeners.clear()
