"""What was asked of the server, and what it asked of the POS: written by it, read by tests.

Neither headers nor bodies of requests are kept, and so no key.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from qerko_recon.model import MethodCallResponse

__all__ = ["CallRecord", "Journal", "RequestRecord"]


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request.

    Attributes
    ----------
    number
        From 1, in the order of arrival.
    at
        Arrival, by the simulator's clock.
    method, path
        As received; the path is percent-encoded.
    route
        ``get``, ``cancel``, ``capture``, ``poll``, or ``None`` for what is none of them.
    payment_id, restaurant
        Where they are known.
    status
        Of the answer; ``None`` while it is owed, and where none was given.
    outcome
        ``open``, ``answered`` or ``dropped``.
    fault
        Titles of the faults that struck it.
    """

    number: int
    at: datetime
    method: str
    path: str
    route: str | None = None
    payment_id: str | None = None
    restaurant: str | None = None
    status: int | None = None
    outcome: str = "open"
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One method call of the POS, and how it fared.

    ``deliveries`` counts polls that were answered with it; ``answers`` has every answer that came
    for its uuid, the first of which counts.
    """

    uuid: str | None
    method: str
    args: tuple[object, ...]
    restaurant: str
    queued_at: datetime
    delivered_at: datetime | None = None
    deliveries: int = 0
    answered_at: datetime | None = None
    answers: tuple[MethodCallResponse, ...] = ()

    @property
    def answer(self) -> MethodCallResponse | None:
        """The answer, if one came."""
        return self.answers[0] if self.answers else None


class Journal:
    """Requests in the order of arrival; a reader may wait for what it expects."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[RequestRecord] = []

    def arrive(self, at: datetime, method: str, path: str) -> int:
        """Write down a request, and give its number."""
        with self._changed:
            number = len(self._requests) + 1
            self._requests.append(RequestRecord(number, at, method, path))
            return number

    def note(self, number: int, **facts: object) -> None:
        """Complete a request's record."""
        with self._changed:
            if number <= len(self._requests):
                old = self._requests[number - 1]
                self._requests[number - 1] = replace(old, **facts)  # type: ignore[arg-type]
            self._changed.notify_all()

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """Every request so far."""
        with self._changed:
            return tuple(self._requests)

    def changed(self) -> None:
        """Wake whoever waits for something."""
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, is_so: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so, looking again whenever something happens."""
        with self._changed:
            return self._changed.wait_for(is_so, timeout)
