"""What a poll session is doing, as it was at one moment; nothing in it changes afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["Reason", "Snapshot", "State", "Step"]

State = Literal["idle", "connecting", "waiting", "handling", "answering", "backing_off", "stopped"]

Reason = Literal["conflict", "restart", "trouble"]


@dataclass(frozen=True, slots=True)
class Step:
    """A method call and what became of it; without what a log may not hold either.

    ``outcome`` is ``ok``, ``error``, ``not_wanted`` (no answer was) or ``repeated`` (the answer
    given before was sent again); ``seconds`` is how long the POS took.
    """

    at: datetime
    method: str
    uuid: str | None
    payment_id: str | None
    bill_id: str | None
    outcome: str
    seconds: float
    args: Any
    answer: Any
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A poll session at one moment.

    Attributes
    ----------
    state
        ``idle``, ``connecting``, ``waiting`` (a poll is open), ``handling`` (the POS works),
        ``answering``, ``backing_off`` or ``stopped``.
    why
        Why it backs off or has stopped, for people.
    reason
        While it backs off: ``conflict`` (409, somebody else is connected), ``restart`` (503), or
        ``trouble``.
    since
        When this state began, UTC.
    until
        When the next try is due, while it backs off.
    started_at
        When the session was started.
    polls, calls, conflicts
        Polls sent, method calls received, polls refused because somebody else is connected.
    outcomes
        How many calls of each method had which outcome.
    last
        The latest calls, the newest last.
    log
        The file that is written to, if any.
    trouble
        Why nothing is recorded now; ``None`` where it is.
    """

    state: State = "idle"
    why: str = ""
    reason: Reason | None = None
    since: datetime | None = None
    until: datetime | None = None
    started_at: datetime | None = None
    polls: int = 0
    calls: int = 0
    conflicts: int = 0
    outcomes: Mapping[tuple[str, str], int] = field(default_factory=lambda: MappingProxyType({}))
    last: tuple[Step, ...] = ()
    log: Path | None = None
    trouble: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it has begun and not stopped."""
        return self.state not in {"idle", "stopped"}

    @property
    def errors(self) -> int:
        """Calls that were answered by an error."""
        return sum(many for (_, outcome), many in self.outcomes.items() if outcome == "error")
