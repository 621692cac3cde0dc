"""Snapshots in, as many a second as a page can draw out; the last one always."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

__all__ = ["Throttle"]

_EVERY: Final = 0.2

S = TypeVar("S")


class Throttle(Generic[S]):
    """Calls ``render`` with the newest snapshot, at most so often, one call at a time.

    Parameters
    ----------
    render
        Gets a snapshot.
    every
        Seconds between two calls, at least.

    Examples
    --------
    >>> seen = []
    >>> throttle = Throttle(seen.append, every=60)
    >>> throttle(1), throttle(2), throttle(3)
    (None, None, None)
    >>> seen
    [1]
    >>> throttle.flush()
    >>> seen
    [1, 3]
    """

    def __init__(self, render: Callable[[S], object], *, every: float = _EVERY) -> None:
        self._render = render
        self._every = every
        self._state = threading.Lock()
        self._drawing = threading.Lock()
        self._waiting: list[S] = []
        self._timer: threading.Timer | None = None
        self._last = float("-inf")
        self._is_closed = False

    def __call__(self, snapshot: S) -> None:
        """Take a snapshot; the one before it that was not drawn is forgotten."""
        with self._state:
            if self._is_closed:
                return
            self._waiting = [snapshot]
            if self._timer is not None:
                return
            wait = self._last + self._every - time.monotonic()
            if wait > 0:
                self._timer = threading.Timer(wait, self.flush)
                self._timer.daemon = True
                self._timer.start()
                return
        self.flush()

    def flush(self) -> None:
        """Draw now what waits."""
        with self._drawing:
            with self._state:
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                waiting, self._waiting = self._waiting, []
                self._last = time.monotonic()
            for snapshot in waiting:
                self._render(snapshot)

    def close(self) -> None:
        """Draw nothing any more."""
        with self._state:
            self._is_closed = True
            self._waiting = []
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
