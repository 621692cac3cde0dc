"""Payments and lines that belong together, a million groups in a handful of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qerko_recon.recon.coded import Codes, Mask, Units
from qerko_recon.recon.days import Days

__all__ = ["RULES", "STATUSES", "Group", "Groups", "labels", "starts_of"]

_NEVER: Final = np.iinfo(np.int64).max

Labels = npt.NDArray[np.int8]

RULES: Final = (
    "accepted",  # a person said so
    "payment_id",  # the line names the payment
    "payment_ids",  # the line names several payments
    "payment_and_bill",  # as payment_id, and of its bill what makes both sides agree
    "bill_exact",  # bill and currency agree, amounts to the last digit
    "bill_sum",  # the same, several lines or payments summed
    "bill_tolerance",  # bill and currency agree, amounts within the tolerance
    "bill_only",  # what is left of a bill on both sides; amounts differ
    "day_total",  # a line for a whole day, and the payments of that day that no other line has
    "nothing_due",  # cancelled on one side, absent or cancelled on the other
    "bill_and_amount",  # only suggested: bill and amount agree, the line names another payment
    "time_window",  # only suggested: amount agrees, times are near, nothing else fits
)
"""Every rule by which a match is made, in the order of the passes."""

STATUSES: Final = ("confirmed", "ambiguous", "suggested")


@dataclass(frozen=True, slots=True)
class Group:
    """Payments and lines that belong together, as row numbers."""

    rule: str
    payments: tuple[int, ...]
    tenders: tuple[int, ...]
    status: str = "confirmed"


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups, each of at least one payment and one line.

    The payments of group ``n`` are ``payments[payment_starts[n]:payment_starts[n + 1]]``, its
    lines ``tenders[tender_starts[n]:tender_starts[n + 1]]``. ``rules`` and ``statuses`` are places
    in :data:`RULES` and :data:`STATUSES`.
    """

    payments: Codes
    payment_starts: Codes
    tenders: Codes
    tender_starts: Codes
    rules: Labels
    statuses: Labels

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Groups:
        """Put single groups into columns."""
        payments = [row for group in groups for row in group.payments]
        tenders = [row for group in groups for row in group.tenders]
        return cls(
            np.array(payments, dtype=np.int64),
            starts_of([len(group.payments) for group in groups]),
            np.array(tenders, dtype=np.int64),
            starts_of([len(group.tenders) for group in groups]),
            np.array([RULES.index(group.rule) for group in groups], dtype=np.int8),
            np.array([STATUSES.index(group.status) for group in groups], dtype=np.int8),
        )

    @classmethod
    def joined(cls, parts: Sequence[Groups]) -> Groups:
        """Put several together, in order."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.payments for part in parts]),
            starts_of(np.concatenate([part.payment_counts for part in parts])),
            np.concatenate([part.tenders for part in parts]),
            starts_of(np.concatenate([part.tender_counts for part in parts])),
            np.concatenate([part.rules for part in parts]),
            np.concatenate([part.statuses for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.rules)

    @property
    def payment_counts(self) -> Codes:
        """How many payments each has."""
        return np.diff(self.payment_starts)

    @property
    def tender_counts(self) -> Codes:
        """How many lines each has."""
        return np.diff(self.tender_starts)

    @cached_property
    def first(self) -> Codes:
        """The first payment of each."""
        return self.payments[self.payment_starts[:-1]]

    def settled(self, units: Units) -> Units:
        """Sum a column of the payments by group."""
        sums: Units = self._reduced(np.add, units[self.payments], self.payment_starts)
        return sums

    def posted(self, units: Units) -> Units:
        """Sum a column of the lines by group."""
        sums: Units = self._reduced(np.add, units[self.tenders], self.tender_starts)
        return sums

    def any_line(self, mask: Mask) -> Mask:
        """Tell where a mask holds for any line."""
        if mask.all() or not mask.any():
            return np.full(len(self), bool(len(mask)) and bool(mask[0]))
        held: Mask = self._reduced(np.logical_or, mask[self.tenders], self.tender_starts)
        return held

    def first_day(self, days: Days) -> Days:
        """Give the first business day of the lines of each; ``NaT`` where none has one."""
        numbers = days[self.tenders].astype(np.int64)
        numbers[np.isnat(days[self.tenders])] = _NEVER
        first = self._reduced(np.minimum, numbers, self.tender_starts).astype("datetime64[D]")
        first[first.astype(np.int64) == _NEVER] = "NaT"
        found: Days = first
        return found

    @staticmethod
    def _reduced(how: np.ufunc, values: Any, starts: Codes) -> Any:
        if len(values) == len(starts) - 1:
            return values
        return how.reduceat(values, starts[:-1]) if len(values) else values[:0]

    def group(self, place: int) -> Group:
        """Give one of them."""
        payments = self.payments[self.payment_starts[place] : self.payment_starts[place + 1]]
        tenders = self.tenders[self.tender_starts[place] : self.tender_starts[place + 1]]
        return Group(
            RULES[self.rules[place]],
            tuple(payments.tolist()),
            tuple(tenders.tolist()),
            STATUSES[self.statuses[place]],
        )

    def take(self, places: Codes | Mask) -> Groups:
        """Give some of them."""
        at = np.flatnonzero(places) if places.dtype == bool else places.astype(np.int64)
        payments, payment_starts = _taken(self.payments, self.payment_starts, at)
        tenders, tender_starts = _taken(self.tenders, self.tender_starts, at)
        return Groups(
            payments, payment_starts, tenders, tender_starts, self.rules[at], self.statuses[at]
        )

    def without(self, lines: Mask) -> Groups:
        """Leave out some lines; no group may lose its last one."""
        kept = ~lines[self.tenders]
        if kept.all():
            return self
        owners = np.repeat(np.arange(len(self)), self.tender_counts)[kept]
        counts = np.bincount(owners, minlength=len(self))
        return Groups(
            self.payments,
            self.payment_starts,
            self.tenders[kept],
            starts_of(counts),
            self.rules,
            self.statuses,
        )


def starts_of(counts: Sequence[int] | Codes) -> Codes:
    """Turn counts into the places where each group starts, and the end of the last."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def _taken(rows: Codes, starts: Codes, at: Codes) -> tuple[Codes, Codes]:
    counts = starts[at + 1] - starts[at]
    new = starts_of(counts)
    # The rows of each group stand in a row: its start, and one more each.
    steps = np.ones(int(new[-1]), dtype=np.int64)
    filled = counts > 0
    firsts, begins = new[:-1][filled], starts[at][filled]
    if len(firsts):
        steps[firsts] = begins
        ends = begins[:-1] + counts[filled][:-1] - 1
        steps[firsts[1:]] = begins[1:] - ends
    return rows[np.cumsum(steps)] if len(steps) else rows[:0], new


def labels(word: str, size: int) -> Labels:
    """Put the same rule or status on some groups."""
    words = RULES if word in RULES else STATUSES
    return np.full(size, words.index(word), dtype=np.int8)
