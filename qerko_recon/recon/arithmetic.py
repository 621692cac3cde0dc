"""What a payment is made of: its items, discount, tip and parts in, what does not add up out.

Qerko documents neither how these add up nor how it rounds, so a policy says how they are read.
All is ``int64`` millionths, whole columns at a time.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import to_units
from qerko_recon.recon.coded import Mask, Units
from qerko_recon.recon.policy import Policy
from qerko_recon.recon.sides import PaymentSide

__all__ = ["Arithmetic", "arithmetic_gap", "settled_base", "settled_tip"]

_CENT: Final = 10_000  # millionths
_UNIT: Final = 1_000_000
_ALL: Final = slice(None)
_LARGEST: Final = float(2**62)
_LIMIT: Final = 10**18  # digits of a money column


def settled_base(side: PaymentSide, policy: Policy) -> Units:
    """Give what each payment settles for without its tip, were it paid."""
    return side.parts_total - side.tip_gross if policy.tip_in_parts else side.parts_total


def settled_tip(side: PaymentSide, policy: Policy) -> Units:
    """Give the tip that the POS is to book for each payment."""
    if policy.tip_basis == "net":
        return side.tip_net
    return side.tip_gross if policy.tip_basis == "gross" else np.zeros_like(side.tip_gross)


def arithmetic_gap(side: PaymentSide, policy: Policy) -> Units:
    """Give parts − (items − discount + tip) of each payment, 0 where it adds up."""
    return Arithmetic(side).gap(policy)


class Arithmetic:
    """Adds up payments under any reading; what readings share is worked out once.

    Parameters
    ----------
    side
        Qerko's side.
    """

    def __init__(self, side: PaymentSide) -> None:
        self._side = side

    def gap(self, policy: Policy, rows: slice = _ALL) -> Units:
        """Give parts − (items − discount + tip) of each payment, 0 where it adds up.

        It is 0 as well where the items are not known, and where an item's price × quantity has
        fractions of a cent and rounding of each line can make the gap. A discount is what is
        taken off, whatever sign Qerko gives it.
        """
        totals = self._unit_totals if policy.price == "unit" else self._line_totals
        gap = self._side.parts_total[rows] - totals[rows]
        if policy.discount_in_parts is not True:
            gap += self.discount[rows]
        if policy.tip_in_parts:
            gap -= self._side.tip_gross[rows]
        gap[~self.known[rows]] = 0
        far = 2 * np.abs(gap)
        suspects = np.flatnonzero((far != 0) & (far <= _CENT * self._most_inexact[rows]))
        if len(suspects):
            inexact = self._inexact(suspects + (rows.start or 0), policy.price)
            gap[suspects[far[suspects] <= _CENT * inexact]] = 0
        return gap

    @cached_property
    def discount(self) -> Units:
        """What is taken off each payment, never below 0."""
        return np.abs(to_units(self._side.table["discount_total"]))

    @cached_property
    def known(self) -> Mask:
        """Tell of which payments the items are known."""
        return self._has_total | (self._counts > 0)

    @cached_property
    def _has_total(self) -> Mask:
        return np.asarray(pc.is_valid(self._side.table["items_total"]).to_numpy())

    @cached_property
    def _owners(self) -> Units:
        """Give each item the row of its payment, −1 where it has none."""
        items, payments = self._side.items["payment_id"], self._side.table["payment_id"]
        if not len(items):
            return np.empty(0, dtype=np.int64)
        held = items.combine_chunks()
        begins = np.ones(len(held), dtype=bool)
        begins[1:] = ~np.asarray(pc.fill_null(pc.equal(held[1:], held[:-1]), False))
        heads = held.take(pa.array(np.flatnonzero(begins)))
        rows: Units = self._rows_of(heads, payments)[np.cumsum(begins) - 1]
        return rows

    def _rows_of(self, heads: pa.Array, payments: pa.ChunkedArray) -> Units:
        """Find payments by ID; where items stand in the payments' order, without a search."""
        for mask in (None, to_units(self._side.table["items_total"]) != 0):
            rows = np.arange(len(payments)) if mask is None else np.flatnonzero(mask)
            if len(rows) != len(heads):
                continue
            ids = payments if mask is None else payments.take(pa.array(rows))
            if pc.all(pc.fill_null(pc.equal(ids, heads), False), min_count=0).as_py():
                return rows
        found = pc.fill_null(pc.index_in(heads, value_set=payments), -1)
        return np.asarray(found.to_numpy(False)).astype(np.int64)

    @cached_property
    def _owned(self) -> Mask:
        return self._owners >= 0

    @cached_property
    def _counts(self) -> Units:
        """Count each payment's items."""
        owners = self._owners[self._owned]
        return np.bincount(owners, minlength=len(self._side)).astype(np.int64)

    @cached_property
    def _most_inexact(self) -> Units:
        """Give how many lines with fractions of a cent each payment can have at most."""
        if len(self._owners):
            return self._counts
        is_cut: Mask = to_units(self._side.table["items_total"]) % _CENT != 0
        return is_cut.astype(np.int64)

    @cached_property
    def _unit_totals(self) -> Units:
        """Sum price × quantity of each payment's items."""
        totals = to_units(self._side.table["items_total"])
        lacking = np.flatnonzero(~self._has_total & (self._counts > 0))
        if len(lacking):
            rows = self._items_of(lacking)
            totals[lacking] = 0
            np.add.at(totals, self._owners[rows], self._products(rows)[0])
        return totals

    @cached_property
    def _line_totals(self) -> Units:
        """Sum the prices of each payment's items; what there is where the items are not."""
        if not len(self._owners):
            return self._unit_totals
        totals = np.zeros(len(self._side), dtype=np.int64)
        prices = to_units(self._side.items["price"])
        np.add.at(totals, self._owners[self._owned], prices[self._owned])
        return totals

    def _inexact(self, payments: Units, price: str) -> Units:
        """Count, of some payments, the lines that have fractions of a cent."""
        counts = np.zeros(len(self._side), dtype=np.int64)
        if not len(self._owners):
            return self._most_inexact[payments]
        rows = self._items_of(payments)
        if price == "unit":
            lines, cut = self._products(rows)
        else:
            lines, cut = self._column("price", rows), np.zeros(len(rows), dtype=bool)
        np.add.at(counts, self._owners[rows], cut | (lines % _CENT != 0))
        return counts[payments]

    def _items_of(self, payments: Units) -> Units:
        among = np.zeros(len(self._side), dtype=bool)
        among[payments] = True
        rows = np.flatnonzero(self._owned)
        found: Units = rows[among[self._owners[rows]]]
        return found

    def _column(self, name: str, rows: Units) -> Units:
        return to_units(self._side.items[name].take(pa.array(rows)))

    def _products(self, rows: Units) -> tuple[Units, Any]:
        """Give price × quantity of some items, and where it has more than six decimals."""
        return _times(self._column("price", rows), self._column("quantity", rows))


def _times(price: Units, quantity: Units) -> tuple[Units, Mask]:
    """Multiply millionths by millionths; what lies below a millionth is cut off.

    In halves that do not run over ``int64``; what even these do not hold is worked out number by
    number, and what no money column holds is left at its limit.
    """
    whole, part = np.divmod(price, _UNIT)
    low, rest = np.divmod(part * quantity, _UNIT)
    lines, cut = whole * quantity + low, rest != 0
    about = np.abs(price.astype(float)) * np.abs(quantity.astype(float))
    wide = (about >= _LARGEST * _UNIT) | (np.abs(quantity) >= _LARGEST / _UNIT)
    for row in np.flatnonzero(wide).tolist():
        product, over = divmod(int(price[row]) * int(quantity[row]), _UNIT)
        lines[row], cut[row] = max(min(product, _LIMIT), -_LIMIT), over != 0
    return lines, cut
