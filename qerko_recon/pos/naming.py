"""Lines in, the same lines each with an ID of its own out.

Where the POS gives no ID, or gives one twice, it is made of what the line says, so it is the same
whatever the order of the rows, and in every run. Lines that say the same are numbered.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.parts import Part, flat
from qerko_recon.schema import TENDERS
from qerko_recon.threads import at_once

__all__ = ["name_lines"]

Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

_SAYS: Final = (
    "payment_id",
    "bill_id",
    "amount",
    "tip",
    "currency",
    "state",
    "tender_type",
    "provider",
    "paid_at",
)
_BLOCK: Final = 1 << 17
_LANE: Final = 8
_LONG: Final = 64
_NULL: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_PAIRS: Final = [b"%02x" % byte for byte in range(256)]
_HEX: Final = np.frombuffer(b"".join(low + high for high in _PAIRS for low in _PAIRS), np.uint32)
_FACTOR: Final = np.uint64(0x9FB21C651E98DF25)
_HALF: Final = np.uint64(32)
_PREFIX: Final = b"line-"
_NAME: Final = np.dtype([("prefix", f"V{len(_PREFIX)}"), ("number", f"V{2 * _LANE}")])
_WRITTEN: Final = 1 << 14


def name_lines(*tables: pa.Table) -> list[pa.Table]:
    """Give every line of some tables an ID that none of them has twice.

    Parameters
    ----------
    *tables
        Columns of :data:`qerko_recon.schema.TENDERS`, each in one piece; ``tender_id`` is the
        POS's own or null.
    """
    own = _together([flat(table["tender_id"]) for table in tables])
    needs = _needs(own)
    if not needs.any():
        return list(tables)
    begins = np.cumsum([0, *(table.num_rows for table in tables)]).tolist()
    some = [
        table if needs[begin:end].all() else table.filter(pa.array(needs[begin:end]))
        for table, (begin, end) in zip(tables, pairwise(begins), strict=True)
    ]
    digests = np.concatenate([_digests(table) for table in some])
    with ThreadPoolExecutor(1) as beside:
        times = _together([flat(table["paid_at"]) for table in some])
        may_repeat = beside.submit(_repeat, digests, times)
        names = _names(digests)
        if own.null_count < len(own) or may_repeat.result():
            names = _apart(own, needs, names.to_pylist())
    index = TENDERS.get_field_index("tender_id")
    return [
        table.set_column(index, TENDERS.field(index), names.slice(begin, table.num_rows))
        for table, begin in zip(tables, begins, strict=False)
    ]


def _together(columns: list[pa.Array]) -> pa.Array:
    held = [column for column in columns if len(column)] or columns[:1]
    return held[0] if len(held) == 1 else pa.concat_arrays(held)


def _needs(own: pa.Array) -> Mask:
    """Tell the lines without an ID, or with one that another line has too."""
    is_null = np.asarray(own.is_null().to_numpy(zero_copy_only=False))
    if is_null.all():
        return is_null
    counts = pc.value_counts(own.drop_null())
    often = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if not len(often):
        return is_null
    again = pc.is_in(own, value_set=often, skip_nulls=True)
    return np.asarray(pc.or_(own.is_null(), again).to_numpy(zero_copy_only=False))


def _apart(own: pa.Array, needs: Mask, digests: list[str]) -> pa.Array:
    """Tell lines that say the same apart by numbers, and from those with an ID of the POS's."""
    ids = np.array(own.to_pylist(), dtype=object)
    taken = set(ids[~needs].tolist())
    seen: Counter[str] = Counter()
    for place, digest in zip(np.flatnonzero(needs).tolist(), digests, strict=True):
        base = digest if ids[place] is None else f"{ids[place]}~{digest.removeprefix('line-')}"
        seen[base] += 1
        name = base if seen[base] == 1 else f"{base}-{seen[base]}"
        ids[place] = name if name not in taken else f"{name}~"
    return pa.array(ids.tolist(), pa.string())


def _digests(table: pa.Table) -> Hashes:
    """Make a number of what each line says, so many lines at a time as a processor holds."""
    found = np.zeros(table.num_rows, dtype=np.uint64)
    columns = at_once(lambda name: _said(flat(table[name])), _SAYS)

    def look(begin: int) -> None:
        some = found[begin : begin + _BLOCK]
        for column in columns:
            if column is None:
                some ^= _NULL
            else:
                column.mix_into(some, begin)
            _stir(some)
        _settle(some)

    at_once(look, range(0, len(found), _BLOCK))
    return found


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


def _repeat(digests: Hashes, times: pa.Array) -> bool:
    """Tell whether two lines say the same; those that do are of the same time."""
    if times.null_count == 0:
        moments = np.frombuffer(times.buffers()[1], dtype=np.int64)[times.offset :][: len(times)]
        digests = digests[_not_alone(moments)]
    ordered = np.sort(digests)
    return bool((ordered[1:] == ordered[:-1]).any())


def _not_alone(moments: npt.NDArray[np.int64]) -> slice | npt.NDArray[np.int64]:
    """Find the rows that may share their time with another; quickly, as exports are in order.

    >>> _not_alone(np.array([1, 2, 3, 3, 2, 4])).tolist()
    [1, 2, 3, 4]
    """
    if moments[0] > moments[-1]:  # the newest first
        count = len(moments)
        found = _not_alone(moments[::-1])
        return found if isinstance(found, slice) else count - 1 - found
    latest = np.maximum.accumulate(moments)
    late = np.flatnonzero(moments[1:] <= latest[:-1]) + 1
    if 2 * len(late) > len(moments):
        return slice(None)
    first = np.searchsorted(latest, moments[late])
    return np.union1d(late, first[moments[first] == moments[late]])


def _names(digests: Hashes) -> pa.Array:
    """Write the numbers as IDs.

    >>> _names(np.array([255], dtype=np.uint64)).to_pylist()
    ['line-00000000000000ff']
    """
    names = np.empty(len(digests), dtype=_NAME)
    prefix = np.frombuffer(_PREFIX, dtype=_NAME["prefix"])[0]

    def look(begin: int) -> None:
        some = digests[begin : begin + _WRITTEN].byteswap().view(np.uint16)
        held = names[begin : begin + _WRITTEN]
        held["prefix"] = prefix
        held["number"] = _HEX.take(some).view(_NAME["number"])

    at_once(look, range(0, len(names), _WRITTEN))
    width = _NAME.itemsize
    places = np.arange(0, (len(names) + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(len(names), pa.py_buffer(places), pa.py_buffer(names))
