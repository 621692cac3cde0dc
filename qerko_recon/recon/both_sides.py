"""Payments beside their POS lines, summed: both sides in, exact sums of what stands together out.

For judging how the data are to be read, before anything is matched: a payment stands beside the
lines that name it, and what no ID brings together stands together by bill.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow.compute as pc

from qerko_recon.recon.coded import Mask, Units
from qerko_recon.recon.sides import Intake
from qerko_recon.threads import aside

__all__ = ["BothSides", "sum_both_sides"]


@dataclass(frozen=True, eq=False)
class BothSides:
    """What Qerko settles and what the POS posts, a row a payment or a bill, in millionths."""

    parts: Units
    gross: Units
    net: Units
    amount: Units
    tip: Units
    has_tip: Mask

    def __len__(self) -> int:
        return len(self.parts)


def sum_both_sides(intake: Intake) -> BothSides:
    """Sum what counts on both sides of each payment, and of each bill where no ID tells.

    Payments that settle for nothing, lines that do not count and all that stands beside an
    amount that cannot be read are left out.
    """
    paid, posted, owner = intake.payments, intake.tenders, intake.owner
    of_bills = aside(_by_bill, intake, owner)
    places = _Places(np.where(posted.counts & posted.readable, owner, -1), len(paid))
    unreadable = np.zeros(len(paid), dtype=bool)
    unreadable[owner[(owner >= 0) & ~posted.readable]] = True
    both = paid.settles & ~unreadable & places.mask(None)
    named = BothSides(
        paid.parts_total[both],
        paid.tip_gross[both],
        paid.tip_net[both],
        places.sum(posted.amount)[both],
        places.sum(posted.tip)[both],
        places.mask(posted.has_tip)[both],
    )
    by_bill = of_bills.result()
    return named if by_bill is None else _joined(named, by_bill)


def _by_bill(intake: Intake, owner: Units) -> BothSides | None:
    """Sum what no payment ID brings together, by bill and currency."""
    paid, posted = intake.payments, intake.tenders
    unnamed = np.asarray(pc.is_null(posted.table["payment_id"]).to_numpy())
    lines = np.flatnonzero(unnamed & posted.counts & (owner < 0))
    if not len(lines):
        return None
    is_open = paid.settles.copy()
    is_open[owner[owner >= 0]] = False
    payments = np.flatnonzero(is_open)
    _, left, right = intake.bill_keys(payments, lines)
    size = max(left.max(initial=-1), right.max(initial=-1)) + 1
    bills = _Places(left, size)
    readable = posted.readable[lines]
    booked = _Places(np.where(readable, right, -1), size)
    both = bills.mask(None) & booked.mask(None) & ~_Places(right, size).mask(~readable)
    return BothSides(
        bills.sum(paid.parts_total[payments])[both],
        bills.sum(paid.tip_gross[payments])[both],
        bills.sum(paid.tip_net[payments])[both],
        booked.sum(posted.amount[lines])[both],
        booked.sum(posted.tip[lines])[both],
        booked.mask(posted.has_tip[lines])[both],
    )


class _Places:
    """Where rows go in sums of some size; a row at −1 goes nowhere."""

    def __init__(self, places: Units, size: int) -> None:
        self._size = size
        self._rows = np.flatnonzero(places >= 0)
        self._goes = places[self._rows]

    def sum(self, units: Units) -> Units:
        """Sum a column, exactly."""
        sums = np.zeros(self._size, dtype=np.int64)
        np.add.at(sums, self._goes, units[self._rows])
        return sums

    def mask(self, held: Mask | None) -> Mask:
        """Tell where a mask holds for any row, or where there is any row."""
        goes = self._goes if held is None else self._goes[held[self._rows]]
        found = np.zeros(self._size, dtype=bool)
        found[goes] = True
        return found


def _joined(one: BothSides, other: BothSides) -> BothSides:
    return BothSides(
        *(
            np.concatenate([getattr(side, each.name) for side in (one, other)])
            for each in fields(BothSides)
        )
    )
