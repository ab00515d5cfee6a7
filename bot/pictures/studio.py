"""Draws pictures in one process of their own: drawing takes a processor, and the web door must go on answering."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from bot.errors import TransientError
from bot.pictures.drawing import png_of

_LONGEST_SECONDS = 10.0
_KEPT_MAX = 8


class Studio:
    """Makes its process at the first picture. Give it back with `close`."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._kept: dict[str, bytes] = {}

    async def draw(self, name: str, svg: str) -> bytes:
        """The PNG of an SVG; asked again by the same name soon after, it is not drawn twice.

        TransientError when it takes too long or the process has died: the next call makes a new one.
        """
        if name not in self._kept:
            png = await self._drawn(svg)
            if len(self._kept) >= _KEPT_MAX:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = png
        return self._kept[name]

    async def close(self) -> None:
        """End the process."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    async def _drawn(self, svg: str) -> bytes:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._pool, png_of, svg)
        except (BrokenProcessPool, TimeoutError) as error:
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)
            raise TransientError(f"the picture was not drawn: {type(error).__name__}") from error
