"""Payments beside their POS lines, summed: both sides in, exact sums of what stands together out.

For judging how the data are to be read, before anything is matched: a payment stands beside the
lines that name it, and what no ID brings together stands together by bill.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.intake import Intake, Mask, Units

__all__ = ["BothSides", "owners_of", "sum_both_sides"]


@dataclass(frozen=True, eq=False)
class BothSides:
    """What Qerko settles and what the POS posts, a row a payment or a bill, in millionths."""

    parts: Units
    gross: Units
    net: Units
    amount: Units
    tip: Units
    has_tip: Mask

    def units(self) -> tuple[Units, Units, Units, Units, Units]:
        """Give the columns of money."""
        return self.parts, self.gross, self.net, self.amount, self.tip

    def __len__(self) -> int:
        return len(self.parts)


def owners_of(intake: Intake) -> Units:
    """Give each POS line the row of the payment that it names, −1 where it names none."""
    paid, posted = intake.payments.table["payment_id"], intake.tenders.table["payment_id"]
    found = pc.fill_null(pc.index_in(posted, value_set=paid), -1)
    return np.asarray(found.to_numpy()).astype(np.int64)


def sum_both_sides(intake: Intake, owner: Units) -> BothSides:
    """Sum what counts on both sides of each payment, and of each bill where no ID tells.

    Payments that settle for nothing, lines that do not count and all that stands beside an
    amount that cannot be read are left out.
    """
    paid, posted = intake.payments, intake.tenders
    active = posted.counts & posted.readable
    by_id = _sums(intake, np.arange(len(paid)), np.where(active, owner, -1), len(paid))
    unreadable = np.zeros(len(paid), dtype=bool)
    unreadable[owner[(owner >= 0) & ~posted.readable]] = True
    named = _taken(by_id, paid.settles & ~unreadable & (by_id.lines > 0))
    by_bill = _by_bill(intake, owner)
    if by_bill is None:
        return named
    return _joined(named, by_bill)


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
    left = _keys(paid.table, payments)
    right = _keys(posted.table, lines)
    keys = pc.unique(pc.drop_null(left))
    left_at = np.full(len(paid), -1, dtype=np.int64)
    right_at = np.full(len(posted), -1, dtype=np.int64)
    left_at[payments] = _places(left, keys)
    right_at[lines] = _places(right, keys)
    sums = _sums(intake, left_at, right_at, len(keys))
    unreadable = np.zeros(len(keys), dtype=bool)
    unreadable[right_at[(right_at >= 0) & ~posted.readable]] = True
    return _taken(sums, (sums.payments > 0) & (sums.lines > 0) & ~unreadable)


def _keys(table: pa.Table, rows: Units) -> pa.Array:
    """Name bill and currency of some rows in one text; nothing where there is no bill."""
    some = table.select(["bill_id", "currency"]).take(pa.array(rows)).combine_chunks()
    joined = pc.binary_join_element_wise(some["currency"], some["bill_id"], "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _places(values: pa.Array, among: pa.Array) -> Units:
    found = pc.fill_null(pc.index_in(values, value_set=among, skip_nulls=True), -1)
    return np.asarray(found.to_numpy(False)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Sums(BothSides):
    """Sums, and how many payments and lines went into each."""

    payments: Units
    lines: Units


def _sums(intake: Intake, left: Units, right: Units, size: int) -> _Sums:
    """Sum both sides at places; what is at −1 is left out."""
    paid, posted = intake.payments, intake.tenders
    has_tip = np.zeros(size, dtype=bool)
    has_tip[right[(right >= 0) & posted.has_tip]] = True
    one = np.ones(max(len(paid), len(posted)), dtype=np.int64)
    return _Sums(
        _sum_at(left, paid.parts_total, size),
        _sum_at(left, paid.tip_gross, size),
        _sum_at(left, paid.tip_net, size),
        _sum_at(right, posted.amount, size),
        _sum_at(right, posted.tip, size),
        has_tip,
        _sum_at(left, one[: len(paid)], size),
        _sum_at(right, one[: len(posted)], size),
    )


def _sum_at(places: Units, units: Units, size: int) -> Units:
    held = places >= 0
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, places[held], units[held])
    return sums


def _taken(sums: BothSides, mask: Mask) -> BothSides:
    parts, gross, net, amount, tip = (column[mask] for column in sums.units())
    return BothSides(parts, gross, net, amount, tip, sums.has_tip[mask])


def _joined(one: BothSides, other: BothSides) -> BothSides:
    pairs = zip(one.units(), other.units(), strict=True)
    parts, gross, net, amount, tip = (np.concatenate(pair) for pair in pairs)
    return BothSides(parts, gross, net, amount, tip, np.concatenate([one.has_tip, other.has_tip]))
