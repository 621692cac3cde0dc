"""How commands that run until they are told to stop are told so."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

__all__ = ["asked_to_end", "wait_for"]

_LOOK: Final = 0.2  # seconds; an interrupt is noticed between two looks on every system


@contextmanager
def asked_to_end() -> Iterator[threading.Event]:
    """Take the signals by which people and services end a program for a wish to stop in order."""
    asked = threading.Event()

    def note(_: int, __: FrameType | None) -> None:
        asked.set()

    is_main = threading.current_thread() is threading.main_thread()
    wanted = (signal.SIGINT, signal.SIGTERM) if is_main else ()
    before = {one: signal.signal(one, note) for one in wanted}
    try:
        yield asked
    finally:
        for one, former in before.items():
            signal.signal(one, former)


def wait_for(
    has_ended: Callable[[float], bool], asked: threading.Event, seconds: float | None
) -> None:
    """Wait until something has ended by itself, somebody asked, or the time is over.

    Parameters
    ----------
    has_ended
        Waits for some seconds and says whether it has.
    """
    until = None if seconds is None else time.monotonic() + seconds
    while not asked.is_set():
        left = _LOOK if until is None else min(_LOOK, until - time.monotonic())
        if left <= 0 or has_ended(left):
            return
