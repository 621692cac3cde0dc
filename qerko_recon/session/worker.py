"""Runs a POS's handler in a thread of its own, one call at a time, away from the connection."""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from contextlib import suppress

from qerko_recon.model import MethodCallRequest
from qerko_recon.session.handlers import Answered, Handler, answer_call

__all__ = ["Worker"]

_Work = tuple[MethodCallRequest, "Future[Answered]"]


class Worker:
    """A thread for a handler: always the same one, so that a handler may keep what is its own.

    Parameters
    ----------
    handler
        See :mod:`qerko_recon.session.handlers`.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._calls: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def answer(self, call: MethodCallRequest) -> Answered:
        """Have a call answered; whatever the handler raises is in the answer."""
        if self._thread is None:
            # A daemon, so that a handler that never ends does not keep a program alive.
            self._thread = threading.Thread(
                target=self._work, args=(self._calls,), name="qerko-handler", daemon=True
            )
            self._thread.start()
        future: Future[Answered] = Future()
        self._calls.put((call, future))
        return await asyncio.wrap_future(future)

    def is_current(self) -> bool:
        """Tell whether the handler itself is asking."""
        return threading.current_thread() is self._thread

    def abandon(self) -> None:
        """Let the thread end when its handler does; the next call gets a new one."""
        self._calls.put(None)
        self._calls = queue.SimpleQueue()
        self._thread = None

    def end(self) -> None:
        """Let the thread end, and wait for it where no handler is at work."""
        thread = self._thread
        self.abandon()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=0.2)

    def _work(self, calls: queue.SimpleQueue[_Work | None]) -> None:
        while (work := calls.get()) is not None:
            call, future = work
            if not future.set_running_or_notify_cancel():
                continue
            try:
                answered = answer_call(self._handler, call)
            except BaseException as error:  # noqa: BLE001 - a handler may even exit
                answered = Answered.failed(call, error)
            with suppress(RuntimeError):  # nobody waits any more
                future.set_result(answered)
