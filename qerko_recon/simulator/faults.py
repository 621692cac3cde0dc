"""Faults on demand: which requests they strike, how often, and in which way.

A :class:`Fault` is a description; a :class:`FaultPlan` counts requests and says which of its
faults strike the next one.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from qerko_recon.errors import ConfigError

__all__ = ["Fault", "FaultPlan", "Kind", "Moment", "Route"]

Route = Literal["get", "cancel", "capture", "poll"]
Kind = Literal[
    "latency", "hang", "status", "drop", "truncated", "malformed", "html", "wrong_shape", "slow"
]
Moment = Literal["unread", "read", "done"]

_STATUSES: Final = range(400, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to go wrong, and when.

    Parameters
    ----------
    kind
        ``latency``: the answer comes ``seconds`` later. ``hang``: no answer ever comes.
        ``status``: this status in place of the answer, its body as Qerko's would be.
        ``drop``: the connection is closed without an answer. ``truncated``: the answer breaks
        off half-way. ``malformed``: JSON that is none. ``html``: a page of some proxy with
        status 200. ``wrong_shape``: JSON that is not what was asked for. ``slow``: the body
        comes in pieces over ``seconds``.
    route
        ``get``, ``cancel``, ``capture`` or ``poll``; ``None`` strikes all.
    payment_id
        The only payment it strikes; ``None`` strikes all.
    first
        Which of the matching requests is the first to be struck, from 1.
    times
        How many are struck; ``None`` is endless.
    one_in
        Strike one in so many payments, chosen by ``seed``, the same ones in any order.
    status
        For ``status``: 400 to 599.
    retry_after
        For ``status``: seconds in a ``Retry-After`` header.
    seconds
        For ``latency`` and ``slow``.
    moment
        When it strikes: ``unread`` before the body is read, ``read`` after the body is read and
        before anything is done, ``done`` after a payment was cancelled or captured or a method
        call was taken: the request took effect and its answer is lost. ``truncated`` and
        ``slow`` always strike the true answer.

    Raises
    ------
    ConfigError
        A setting is impossible.

    Examples
    --------
    >>> Fault(kind="status", status=503, route="get", times=2).title
    'status 503'
    """

    kind: Kind
    route: Route | None = None
    payment_id: str | None = None
    first: int = 1
    times: int | None = 1
    one_in: int = 1
    seed: int = 0
    status: int = 500
    retry_after: str | None = None
    seconds: float = 0.0
    moment: Moment = "read"

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("kind", self.kind, get_args(Kind)),
            ("route", self.route, (None, *get_args(Route))),
            ("moment", self.moment, get_args(Moment)),
        ):
            if value not in choices:
                known = ", ".join(str(choice) for choice in choices if choice)
                raise ConfigError(f"a fault's {name} is one of {known}, not {value!r}")
        if self.kind == "status" and self.status not in _STATUSES:
            raise ConfigError(f"a fault's status is 400 to 599, not {self.status}")
        if self.first < 1 or self.one_in < 1 or (self.times is not None and self.times < 1):
            raise ConfigError("a fault's first, one_in and times are 1 or more")
        if self.seconds < 0:
            raise ConfigError(f"a fault's seconds are 0 or more, not {self.seconds}")

    @property
    def title(self) -> str:
        """Name the fault in a word or two, for the journal."""
        return f"status {self.status}" if self.kind == "status" else self.kind

    @property
    def lets_through(self) -> bool:
        """Whether the request takes effect."""
        return self.kind in {"latency", "truncated", "slow"} or self.moment == "done"

    def strikes(self, route: str, payment_id: str | None) -> bool:
        """Whether a request is one that this fault is meant for."""
        if self.route not in {None, route} or self.payment_id not in {None, payment_id}:
            return False
        if self.one_in == 1:
            return True
        digest = hashlib.sha256(f"{self.seed}/{payment_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.one_in == 0

    def as_dict(self) -> dict[str, Any]:
        """Give the settings by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class FaultPlan:
    """Faults in the order they were added, with what they have seen and struck."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._entries = [_Entry(fault) for fault in faults]

    def add(self, fault: Fault) -> None:
        """Add a fault; it counts requests from now on."""
        with self._lock:
            self._entries.append(_Entry(fault))

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._entries.clear()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault that may still strike."""
        with self._lock:
            return tuple(entry.fault for entry in self._entries if not entry.is_spent)

    def next(self, route: str, payment_id: str | None) -> tuple[float, Fault | None]:
        """Count a request; say how many seconds it waits, and which fault strikes it then."""
        with self._lock:
            struck = [entry.fault for entry in self._entries if entry.count(route, payment_id)]
        wait = sum(fault.seconds for fault in struck if fault.kind == "latency")
        return wait, next((fault for fault in struck if fault.kind != "latency"), None)


@dataclass(slots=True)
class _Entry:
    """A fault with its counts."""

    fault: Fault
    seen: int = 0
    struck: int = 0

    @property
    def is_spent(self) -> bool:
        return self.fault.times is not None and self.struck >= self.fault.times

    def count(self, route: str, payment_id: str | None) -> bool:
        """Note a request, and say whether it is struck."""
        if self.is_spent or not self.fault.strikes(route, payment_id):
            return False
        self.seen += 1
        if self.seen < self.fault.first:
            return False
        self.struck += 1
        return True
