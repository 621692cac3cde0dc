"""A time that runs out, second by second, on a page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

import ipywidgets

from qerko_recon.widgets.parts.showing import line_html

__all__ = ["Countdown"]


class Countdown(ipywidgets.HTML):
    """A line that says how many seconds are left.

    Parameters
    ----------
    say
        Words the seconds left.
    on_end
        Called once when the time is over, on a thread of its own.
    clock
        Gives the time in UTC.

    Examples
    --------
    >>> left = Countdown(lambda seconds: f"{seconds} s left", lambda: None)
    >>> left.stop()
    >>> left.value
    ''
    """

    def __init__(
        self,
        say: Callable[[int], str],
        on_end: Callable[[], object],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._say, self._on_end, self._clock = say, on_end, clock
        self._turn = 0
        self._lock = threading.Lock()

    def start(self, until: datetime) -> None:
        """Count down to a moment; one that was counted to before is forgotten."""
        with self._lock:
            self._turn += 1
            turn = self._turn
        self._tick(turn, until)

    def stop(self) -> None:
        """Count no more."""
        with self._lock:
            self._turn += 1
        self.value = ""

    def _tick(self, turn: int, until: datetime) -> None:
        left = ceil((until - self._clock()).total_seconds())
        with self._lock:
            if turn != self._turn:
                return
            self.value = line_html(self._say(left)) if left > 0 else ""
        if left <= 0:
            self._on_end()
            return
        timer = threading.Timer(1, self._tick, (turn, until))
        timer.daemon = True
        timer.start()
