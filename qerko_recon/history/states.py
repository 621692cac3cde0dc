"""The state of a break that is carried from day to day, and what people said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from qerko_recon.history.found import Found
from qerko_recon.history.speaking import RunOrder

__all__ = ["STATUSES", "Carried", "Note", "Why", "sums_of"]

STATUSES: Final = ("open", "explained", "accepted", "handed_on", "closed")
"""``explained``, ``accepted``, ``handed_on`` are said by people and stay open money; ``closed`` is
said by people or follows by itself."""

Why = Literal[
    "counterpart_came",
    "settled_by",
    "not_found_again",
    "superseded",
    "nothing_due",
    "ruled_out",
    "by_person",
]


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody said of a break, the status they gave it, and the variance it had then."""

    seq: int
    at: str
    by: str
    key: str
    status: str | None
    text: str
    variance: Decimal


@dataclass(frozen=True, slots=True)
class Carried:
    """A break and what became of it.

    Attributes
    ----------
    found
        As the run has it that speaks for it, or that had it last.
    found_in, first_run, last_run
        Runs that have it: that one, the first, the last.
    status
        One of :data:`STATUSES`.
    why, closed_in, counterpart
        Of a closed one: why, by which run, and the break or match that closed it.
    notes
        What was said of it, in order.
    """

    found: Found
    found_in: RunOrder
    first_run: RunOrder
    last_run: RunOrder
    status: str = "open"
    why: Why | None = None
    closed_in: RunOrder | None = None
    counterpart: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def key(self) -> str:
        """What it is known by in every run."""
        return self.found.key

    @property
    def is_open(self) -> bool:
        """Whether its variance is carried on."""
        return self.status != "closed"

    @property
    def day(self) -> date | None:
        """The business day it belongs to: its own, else the last of the run that found it."""
        if self.found.day is not None or self.first_run.window is None:
            return self.found.day
        return self.first_run.window[1]


def sums_of(states: Iterable[Carried]) -> dict[str, Decimal]:
    """Sum variances by currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in states:
        sums[one.found.currency] += one.found.variance
    return dict(sorted(sums.items()))
