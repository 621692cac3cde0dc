"""The simulator's clock: it follows the system's, or stands still until it is moved."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from qerko_recon.errors import ConfigError

__all__ = ["Clock"]


class Clock:
    """Tells the time to the server: three hours pass when somebody says so.

    Parameters
    ----------
    at
        Where the clock stands, with a time zone; ``None`` follows the system's clock.

    Examples
    --------
    >>> clock = Clock(datetime(2026, 11, 20, 19, 0, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=3, seconds=1))
    >>> clock.now().isoformat()
    '2026-11-20T22:00:01+00:00'
    """

    def __init__(self, at: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._at = None if at is None else _aware(at)
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Tell the time, UTC."""
        with self._lock:
            return (self._at or datetime.now(UTC)) + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the clock on, or back."""
        with self._lock:
            self._ahead += by

    def set(self, at: datetime) -> None:
        """Stop the clock at a moment."""
        with self._lock:
            self._at, self._ahead = _aware(at), timedelta(0)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ConfigError(f"{at.isoformat()} has no time zone; the simulator's clock needs one")
    return at.astimezone(UTC)
