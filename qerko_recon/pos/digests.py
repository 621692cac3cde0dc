"""Columns in, a number for each row out, which is the same for rows that say the same.

Two rows with different numbers say different things; two with the same number nearly always say
the same, which is then to be looked at.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.parts import Part, flat
from qerko_recon.threads import at_once

__all__ = ["Hashes", "any_twice", "digests_of"]

Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

_BLOCK: Final = 1 << 17
_LANE: Final = 8
_LONG: Final = 64
_NULL: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_FACTOR: Final = np.uint64(0x9FB21C651E98DF25)
_HALF: Final = np.uint64(32)


def digests_of(*columns: pa.Array | pa.ChunkedArray) -> Hashes:
    """Make a number of what each row says, so many rows at a time as a processor holds.

    Columns are of text, money or time; the numbers are the same on every machine and in every
    version, as names of lines are made of them.

    >>> digests = digests_of(pa.array(["a", "b", "a", None]))
    >>> bool(digests[0] == digests[2]), len(set(digests.tolist()))
    (True, 3)
    """
    found = np.zeros(len(columns[0]), dtype=np.uint64)
    said = at_once(lambda column: _said(flat(column)), columns)

    def look(begin: int) -> None:
        some = found[begin : begin + _BLOCK]
        for column in said:
            if column is None:
                some ^= _NULL
            else:
                column.mix_into(some, begin)
            _stir(some)
        _settle(some)

    at_once(look, range(0, len(found), _BLOCK))
    return found


def any_twice(digests: Hashes) -> bool:
    """Tell whether two rows have the same number; quicker than hashing what they say."""
    ordered = np.sort(digests)
    return bool((ordered[1:] == ordered[:-1]).any())


class _Numbers:
    """A column of numbers to be mixed in, ``shift`` of them to a row."""

    def __init__(self, column: pa.Array, shift: int) -> None:
        held = np.frombuffer(column.buffers()[1], dtype=np.uint64)
        self._numbers = held[column.offset * shift :: shift][: len(column)]
        self._nulls = _nulls(column)

    def mix_into(self, found: Hashes, begin: int) -> None:
        """Mix in what some rows say."""
        some = slice(begin, begin + len(found))
        if self._nulls is None:
            found ^= self._numbers[some]
        else:
            found ^= np.where(self._nulls[some], _NULL, self._numbers[some])


class _Letters:
    """A column of text to be mixed in, eight letters at a time."""

    def __init__(self, column: pa.Array) -> None:
        self._column = column
        part = Part(column, "utf-8")
        self._is_constant = not column.null_count and part.width <= _LONG and part.is_constant

    def mix_into(self, found: Hashes, begin: int) -> None:
        """Mix in what some rows say; each row's number depends on nothing but what it says."""
        some = self._column.slice(*((0, 1) if self._is_constant else (begin, len(found))))
        nulls = _nulls(some)
        if nulls is not None:
            found[nulls] ^= _NULL
            some = pc.fill_null(some, "")
        part = Part(some, "utf-8")
        if 0 < part.width <= _LONG:
            found ^= np.uint64(part.width)
            for letters in _even_lanes(part).T:
                _stir(found)
                found ^= letters
        else:
            _mix_uneven(found, part)


def _even_lanes(part: Part) -> Hashes:
    """Give cells of one width as numbers, eight letters each, those that lack filled with 0."""
    lanes = -(-part.width // _LANE)
    cell = f"V{part.width}"
    row = np.dtype({"names": ["cell"], "formats": [cell], "itemsize": lanes * _LANE})
    padded = np.zeros(len(part), dtype=row)
    padded["cell"] = part.own.view(cell)
    return padded.view("<u8").reshape(-1, lanes)


def _mix_uneven(found: Hashes, part: Part) -> None:
    """Mix in cells of several widths."""
    some, lengths = part.raw, part.lengths
    found ^= lengths.astype(np.uint64)
    is_long = lengths > _LONG
    if is_long.any():
        for row in np.flatnonzero(is_long).tolist():
            found[row] ^= _digest(some[row].as_py().encode())
        some = pc.if_else(pa.array(is_long), "", some)
        lengths = np.where(is_long, 0, lengths)
    lanes = -(-int(lengths.max()) // _LANE)
    if not lanes:
        return
    padded = pc.ascii_rpad(some, lanes * _LANE, padding="\0")
    table = Part(padded, "utf-8").own.view("<u8").reshape(-1, lanes)
    for lane in range(lanes):
        _mix_in(found, table[:, lane], lengths > lane * _LANE)


def _mix_in(found: Hashes, letters: Hashes, has_more: Mask) -> None:
    """Mix eight letters in where there are any."""
    if has_more.all():
        _stir(found)
        found ^= letters
        return
    rows = np.flatnonzero(has_more)
    part = found[rows]
    _stir(part)
    found[rows] = part ^ letters[rows]


def _digest(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(text, digest_size=_LANE).digest(), "little"))


def _nulls(column: pa.Array) -> Mask | None:
    if not column.null_count:
        return None
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))


def _said(column: pa.Array) -> _Numbers | _Letters | None:
    """Take a column of the contract apart; ``None`` where it says nothing."""
    if column.null_count == len(column):
        return None
    if pa.types.is_decimal(column.type):
        return _Numbers(column, 2)  # the low half is the number itself
    return _Numbers(column, 1) if pa.types.is_timestamp(column.type) else _Letters(column)


def _stir(found: Hashes) -> None:
    """Spread every bit over the others."""
    found *= _FACTOR
    found ^= found >> _HALF


def _settle(found: Hashes) -> None:
    """Spread every bit over all others, once and well."""
    found ^= found >> np.uint64(30)
    found *= _FIRST
    found ^= found >> np.uint64(27)
    found *= _SECOND
    found ^= found >> np.uint64(31)
