"""Find a million texts among a million others: two columns in, the place of each out, exactly.

Where all of the others are plain numbers, as payment IDs often are, they are compared as such,
which is three times as fast as comparing texts.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.coded import Codes, Mask, encode, flat

__all__ = ["find_places"]

_DIGITS: Final = 18  # any number of so many digits fits an int64
_SPARSE: Final = 20  # numbers that could be, for one that is, up to which a table is quickest


def find_places(
    values: pa.Array | pa.ChunkedArray, among: pa.Array | pa.ChunkedArray
) -> tuple[Codes, int]:
    """Find each value among distinct others.

    Returns
    -------
    tuple
        Places, -1 where a value is not there; and the place of the first text that stands among
        the others twice, -1 where there is none.

    Examples
    --------
    >>> places, repeated = find_places(pa.array(["b", None, "x"]), pa.array(["a", "b"]))
    >>> places.tolist(), repeated
    ([1, -1, -1], -1)
    >>> find_places(pa.array(["a"]), pa.array(["a", "b", "b"]))[1]
    1
    """
    wanted, known = flat(values), flat(among)
    found = _as_numbers(wanted, known)
    if found is not None:
        return found, -1
    _, (own, codes) = encode(known, wanted)
    repeated = np.flatnonzero(own != np.arange(len(own)))
    places = np.where(codes < len(own), codes, -1)
    return places, int(own[repeated[0]]) if len(repeated) else -1


def _as_numbers(wanted: pa.Array, known: pa.Array) -> Codes | None:
    """Find texts that are plain numbers: ``7``, but neither ``07`` nor ``7.0``."""
    if not len(known) or not _are_numbers(known).all():
        return None
    mask = _are_numbers(wanted)
    own = known.cast(pa.int64()).to_numpy()
    numbers = (wanted if mask.all() else wanted.filter(pa.array(mask))).cast(pa.int64()).to_numpy()
    lowest = int(own.min())
    span = int(own.max()) - lowest + 1
    if span <= _SPARSE * len(own):
        found = _in_table(numbers - lowest, own - lowest, span)
        return None if found is None else _scattered(found, mask)
    index = pd.Index(own)
    return _scattered(index.get_indexer(numbers), mask) if index.is_unique else None


def _in_table(wanted: Codes, known: Codes, span: int) -> Codes | None:
    """Find numbers that lie close together, by a table with a place for each that could be."""
    places = np.full(span, -1, dtype=np.int64)
    order = np.arange(len(known))
    places[known] = order
    if (places[known] != order).any():
        return None
    is_within = (wanted >= 0) & (wanted < span)
    return np.where(is_within, places[np.where(is_within, wanted, 0)], -1)


def _are_numbers(column: pa.Array) -> Mask:
    plain = pc.and_(pc.ascii_is_decimal(column), pc.less_equal(pc.binary_length(column), _DIGITS))
    padded = pc.and_(pc.starts_with(column, "0"), pc.greater(pc.binary_length(column), 1))
    mask = pc.fill_null(pc.and_(plain, pc.invert(padded)), False)
    return np.asarray(mask.to_numpy(zero_copy_only=False))


def _scattered(found: Any, mask: Mask) -> Codes:
    """Put what was found of some rows in their places."""
    if mask.all():
        return np.asarray(found, dtype=np.int64)
    places = np.full(len(mask), -1, dtype=np.int64)
    places[mask] = found
    return places
