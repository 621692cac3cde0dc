"""Work in, done on a thread of its own, one at a time: a page never freezes."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Worker"]


class Worker:
    """Does one piece of work at a time beside the page.

    Parameters
    ----------
    on_error
        Gets what a piece of work raised, on its thread.

    Examples
    --------
    >>> done = []
    >>> worker = Worker(on_error=print)
    >>> worker.start(lambda: done.append(1)), worker.wait(), done
    (True, True, [1])
    """

    def __init__(self, on_error: Callable[[Exception], object]) -> None:
        self._on_error = on_error
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being done."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self, work: Callable[[], object]) -> bool:
        """Begin; ``False``, and nothing is begun, while something else is being done."""
        with self._lock:
            if self.is_busy:
                return False
            self._thread = threading.Thread(target=self._do, args=(work,), daemon=True)
            self._thread.start()
            return True

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is done; tell whether it is."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(seconds)
        return not self.is_busy

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - all of it is told
            self._on_error(error)
