"""Work in, done on a thread of its own, one at a time: a page never freezes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Worker"]


class Worker:
    """Does one piece of work at a time beside the page.

    Parameters
    ----------
    on_error
        Gets what a piece of work raised, on its thread.
    on_busy
        Gets whether anything is being done, whenever that changes.

    Examples
    --------
    >>> done = []
    >>> worker = Worker(on_error=print)
    >>> worker.start(lambda: done.append(1)), worker.wait(), done
    (True, True, [1])
    >>> worker.queue(lambda: done.append(2)), worker.queue(lambda: done.append(3))
    (None, None)
    >>> worker.wait(), done
    (True, [1, 2, 3])
    """

    def __init__(
        self,
        on_error: Callable[[Exception], object],
        on_busy: Callable[[bool], object] = lambda _: None,
    ) -> None:
        self._on_error = on_error
        self._on_busy = on_busy
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None
        self._idle = threading.Event()
        self._idle.set()

    @property
    def is_busy(self) -> bool:
        """Whether something is being done, or waits to be."""
        return not self._idle.is_set()

    def start(self, work: Callable[[], object]) -> bool:
        """Begin; ``False``, and nothing is begun, while something else is being done."""
        with self._lock:
            if self.is_busy:
                return False
            self._begin(work)
        return True

    def queue(self, work: Callable[[], object]) -> None:
        """Do it once all that is being done, or waits, is done."""
        with self._lock:
            if self.is_busy:
                self._waiting.append(work)
            else:
                self._begin(work)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all is done; tell whether it is."""
        if self._thread is threading.current_thread():
            return False
        return self._idle.wait(seconds)

    def _begin(self, work: Callable[[], object]) -> None:
        self._idle.clear()
        self._waiting.append(work)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        self._tell(True)
        while True:
            with self._lock:
                work = self._waiting.popleft() if self._waiting else None
            if work is None and self._rest():
                return
            if work is not None:
                self._do(work)

    def _rest(self) -> bool:
        """End, unless something came meanwhile; what is seen is said before it is over."""
        self._tell(False)
        with self._lock:
            if self._waiting:
                self._tell(True)
                return False
            self._idle.set()
            return True

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - all of it is told
            self._on_error(error)

    def _tell(self, is_busy: bool) -> None:
        self._do(lambda: self._on_busy(is_busy))
