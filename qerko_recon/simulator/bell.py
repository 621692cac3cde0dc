"""A bell that any thread rings and that coroutines of any event loop wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

__all__ = ["Bell"]


class Bell:
    """Wakes held requests when something has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.is_silenced = False

    def ring(self) -> None:
        """Wake all that wait, to look again."""
        with self._lock:
            for loop, event in self._waiting:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    def silence(self) -> None:
        """Let nobody wait any longer: the server is closing."""
        self.is_silenced = True
        self.ring()

    def restore(self) -> None:
        """Let requests wait again."""
        self.is_silenced = False

    async def pause(self, seconds: float) -> None:
        """Let so many seconds pass, unless the server closes."""
        await self.wait_until(lambda: False, seconds)

    async def wait_until(
        self,
        is_so: Callable[[], bool],
        seconds: float | None,
        gone: asyncio.Future[None] | None = None,
    ) -> None:
        """Wait until something is so, the seconds are over, the client or the server is gone."""
        loop = asyncio.get_running_loop()
        deadline = None if seconds is None else loop.time() + seconds
        event = asyncio.Event()
        entry = (loop, event)
        with self._lock:
            self._waiting.add(entry)
        try:
            while not (self.is_silenced or is_so() or (gone is not None and gone.done())):
                left = None if deadline is None else deadline - loop.time()
                if left is not None and left <= 0:
                    return
                await _first(event, left, gone)
                event.clear()
        finally:
            with self._lock:
                self._waiting.discard(entry)


async def _first(
    event: asyncio.Event, seconds: float | None, gone: asyncio.Future[None] | None
) -> None:
    """Wait for the event, for the time, or for the client to go: whichever is first."""
    rung = asyncio.ensure_future(event.wait())
    waiting: set[asyncio.Future[object]] = {rung}  # type: ignore[arg-type]
    if gone is not None:
        waiting.add(gone)  # type: ignore[arg-type]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        rung.cancel()
