"""A signal that any thread may give and one coroutine waits for."""

import asyncio
import threading


class Wakeup:
    """Remembers a signal that comes while nobody waits; several become one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given = False
        self._waiting: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def give(self) -> None:
        """Wake the waiter, now or when it comes to wait."""
        with self._lock:
            self._given = True
            if self._waiting is not None:
                loop, event = self._waiting
                self._waiting = None
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Return at the next signal, at once if one has come since the last `wait`. A cancelled wait takes none."""
        while not self._taken():
            event = asyncio.Event()
            with self._lock:
                if not self._given:
                    self._waiting = (asyncio.get_running_loop(), event)
                else:
                    continue
            try:
                await event.wait()
            finally:
                with self._lock:
                    self._waiting = None

    def _taken(self) -> bool:
        with self._lock:
            taken, self._given = self._given, False
            return taken
