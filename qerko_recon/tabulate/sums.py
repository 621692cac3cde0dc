"""Exact products and sums over whole columns of millionths, in ``int64`` where it holds them.

Takes in amounts as whole millionths (:func:`qerko_recon.money.to_units`); gives out the same, and
says which could not be had. What ``int64`` does not hold is worked out number by number.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from qerko_recon.money import SCALE

__all__ = ["Held", "group_sums", "line_totals"]

Units = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_UNIT: Final = 10**SCALE
_LIMIT: Final = 10**18  # digits of a money column
_LARGEST: Final = 2**63 - 1
_HALF: Final = 32


class Held(NamedTuple):
    """Millionths, and where there are none because six decimals do not hold the value."""

    units: Units
    null: Flags


def group_sums(values: Units, counts: npt.NDArray[np.int64]) -> tuple[Units, Flags]:
    """Add up consecutive groups.

    Parameters
    ----------
    values
        Of all groups, one after the other; none is the smallest ``int64``.
    counts
        How many of them each group has; may be 0.

    Returns
    -------
    tuple of arrays
        The sums, and which of them are certain not to have run over.

    Examples
    --------
    >>> sums, certain = group_sums(np.array([1, 2, 3]), np.array([2, 0, 1]))
    >>> sums.tolist(), certain.tolist()
    ([3, 0, 3], [True, True, True])
    """
    # The running sum may run over; differences of it are right all the same, since both wrap
    # around at 2**64, as long as the sum of the group itself is held.
    sums = _by_group(values, counts)
    weights = _by_group((np.abs(values) >> _HALF) + 1, counts)
    return sums, weights < 1 << (63 - _HALF)


def line_totals(price: Units, quantity: Units, counts: npt.NDArray[np.int64]) -> tuple[Held, Held]:
    """Multiply price and quantity of each line, and add the products up by payment.

    Both inputs have six decimals, a product has twelve; it is held where the last six are zero.
    The sum is of the products in full.

    Returns
    -------
    tuple of Held
        One total for each line, one for each count.

    Examples
    --------
    >>> third, half = 333_333, 500_000
    >>> lines, sums = line_totals(np.array([third, third]), np.array([half, half]), np.array([2]))
    >>> lines.null.tolist(), sums.units.tolist(), sums.null.tolist()
    ([True, True], [333333], [False])
    """
    is_wide = np.abs(price) > _LARGEST // np.maximum(np.abs(quantity), 1)
    products = np.where(is_wide, 0, price * quantity)
    lines = _rescale(products)
    for row in np.flatnonzero(is_wide).tolist():
        _put(lines, row, int(price[row]) * int(quantity[row]))
    added, is_certain = group_sums(products, counts)
    sums = _rescale(added)
    ends = np.cumsum(counts)
    for group in np.flatnonzero(~is_certain | (_by_group(is_wide, counts) > 0)).tolist():
        rows = slice(ends[group] - counts[group], ends[group])
        pairs = zip(price[rows].tolist(), quantity[rows].tolist(), strict=True)
        _put(sums, group, sum(one * many for one, many in pairs))
    return lines, sums


def _by_group(values: npt.NDArray[np.generic], counts: npt.NDArray[np.int64]) -> Units:
    running = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=running[1:])
    ends = np.cumsum(counts)
    sums: Units = running[ends] - running[ends - counts]
    return sums


def _rescale(products: Units) -> Held:
    """Go from twelve decimals to six."""
    units, rest = np.divmod(products, _UNIT)
    return Held(units, rest != 0)


def _put(held: Held, place: int, product: int) -> None:
    units, rest = divmod(product, _UNIT)
    is_held = not rest and abs(units) < _LIMIT
    held.units[place] = units if is_held else 0
    held.null[place] = not is_held
