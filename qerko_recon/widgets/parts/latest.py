"""Work of which only the newest counts: what somebody asked for last is done, the rest is left."""

from __future__ import annotations

import threading
from collections.abc import Callable

from qerko_recon.widgets.parts.worker import Worker

__all__ = ["Latest"]


class Latest:
    """Does on a thread of its own what was asked for last.

    Parameters
    ----------
    on_error
        Gets what a piece of work raised.

    Examples
    --------
    >>> done = []
    >>> latest = Latest(print)
    >>> latest(lambda: done.append(1))
    >>> latest.wait(), done
    (True, [1])
    """

    def __init__(self, on_error: Callable[[Exception], object]) -> None:
        self._worker = Worker(on_error)
        self._lock = threading.Lock()
        self._turn = 0

    def __call__(self, work: Callable[[], object]) -> None:
        """Do it, unless something else is asked for before it begins."""
        with self._lock:
            self._turn += 1
            turn = self._turn

        def do() -> None:
            if turn == self._turn:
                work()

        self._worker.queue(do)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until what was asked for last is done."""
        return self._worker.wait(seconds)
