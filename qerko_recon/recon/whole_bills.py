"""Match by whole columns the bills that leave nothing to choose; the rest is searched.

A bill is plain where all its payments settle, all its lines are posted with amounts above zero,
and either both sides have the same amounts one by one, or their totals agree and no smaller sets
can, or a single payment stands beside a single line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from qerko_recon.recon.coded import Codes, Mask, Units
from qerko_recon.recon.groups import Groups, labels, starts_of

__all__ = ["BillSide", "PlainBills", "match_plain_bills"]

_TWO: Final = 2


@dataclass(frozen=True, eq=False)
class BillSide:
    """Rows of one side, in an order of bill, amount, tip (largest first) and ID.

    ``bills`` are numbers from 0, ``tips`` are 0 on bills whose lines do not say them;
    ``is_plain`` tells whether a row's money counts as it stands.
    """

    rows: Codes
    bills: Codes
    amounts: Units
    tips: Units
    is_plain: Mask

    def of(self, bills: Mask) -> BillSide:
        """Keep the rows of some bills."""
        kept = bills[self.bills]
        return BillSide(
            self.rows[kept],
            self.bills[kept],
            self.amounts[kept],
            self.tips[kept],
            self.is_plain[kept],
        )

    def with_tips_of(self, bills: Mask) -> BillSide:
        """Forget the tips of other bills."""
        tips = np.where(bills[self.bills], self.tips, 0)
        return replace(self, tips=tips)

    def counts(self, size: int) -> Codes:
        """Count the rows of each bill."""
        return np.bincount(self.bills, minlength=size)

    def sums(self, units: Units, size: int) -> Units:
        """Sum a column by bill."""
        sums = np.zeros(size, dtype=np.int64)
        if len(self.bills):
            firsts = np.flatnonzero(np.diff(self.bills, prepend=-1))
            sums[self.bills[firsts]] = np.add.reduceat(units, firsts)
        return sums

    def all_plain(self, size: int) -> Mask:
        """Tell for which bills every row is plain."""
        odd = np.bincount(self.bills[~self.is_plain], minlength=size)
        plain: Mask = odd == 0
        return plain


@dataclass(frozen=True, eq=False)
class PlainBills:
    """The matches found, and which bills they leave to be searched."""

    groups: list[Groups]
    is_done: Mask


def match_plain_bills(
    paid: BillSide, posted: BillSide, size: int, tolerance: int, *, searched: Mask
) -> PlainBills:
    """Match plain bills.

    Parameters
    ----------
    paid, posted
        Both sides.
    size
        How many bills there are.
    tolerance
        In millionths.
    searched
        Bills that are to be searched whatever they look like.
    """
    left, right = paid.counts(size), posted.counts(size)
    plain = (left > 0) & (right > 0) & ~searched
    plain &= paid.all_plain(size) & posted.all_plain(size)
    sums = paid.sums(paid.amounts, size), posted.sums(posted.amounts, size)
    tips = paid.sums(paid.tips, size), posted.sums(posted.tips, size)
    groups = []
    exact = plain & (left == right) & ~_differs(paid, posted, plain & (left == right), size)
    groups.append(_one_by_one(paid.of(exact), posted.of(exact), "bill_exact"))
    # Two by two without an equal pair have no smaller sets either.
    few = (left == 1) | (right == 1)
    few |= (left == _TWO) & (right == _TWO) & (tips[0] == tips[1])
    single = plain & ~exact & (left == 1) & (right == 1)
    whole = plain & ~exact & ~single & few & (sums[0] == sums[1])
    groups.append(_all_with_all(paid.of(whole), posted.of(whole), size, "bill_sum"))
    gap = np.abs(sums[0] - sums[1])
    for some, rule in (
        (single & (gap == 0), "bill_exact"),
        (single & (gap > 0) & (gap <= tolerance), "bill_tolerance"),
        (single & (gap > tolerance), "bill_only"),
    ):
        groups.append(_one_by_one(paid.of(some), posted.of(some), rule))
    return PlainBills([one for one in groups if len(one)], exact | whole | single)


def _differs(paid: BillSide, posted: BillSide, bills: Mask, size: int) -> Mask:
    """Tell which of some bills, alike in numbers, have an amount that the other side has not."""
    left, right = paid.of(bills), posted.of(bills)
    unlike_rows = (left.amounts != right.amounts) | (left.tips != right.tips)
    unlike = np.bincount(left.bills[unlike_rows], minlength=size)
    found: Mask = unlike > 0
    return found


def _one_by_one(left: BillSide, right: BillSide, rule: str) -> Groups:
    ones = np.ones(len(left.rows), dtype=np.int64)
    return _made(left.rows, ones, right.rows, ones, rule)


def _all_with_all(left: BillSide, right: BillSide, size: int, rule: str) -> Groups:
    counts = left.counts(size), right.counts(size)
    held = counts[0] > 0
    return _made(left.rows, counts[0][held], right.rows, counts[1][held], rule)


def _made(left: Codes, lefts: Codes, right: Codes, rights: Codes, rule: str) -> Groups:
    size = len(lefts)
    return Groups(
        left,
        starts_of(lefts),
        right,
        starts_of(rights),
        labels(rule, size),
        labels("confirmed", size),
    )
