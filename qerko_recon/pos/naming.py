"""Lines in, the same lines each with an ID of its own out.

Where the POS gives no ID, or gives one twice, it is made of what the line says, so it is the same
whatever the order of the rows, and in every run. Lines that say the same are numbered.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.digests import Hashes, any_twice, digests_of
from qerko_recon.pos.parts import flat
from qerko_recon.schema import TENDERS
from qerko_recon.threads import aside, at_once

__all__ = ["name_lines"]

Mask = npt.NDArray[np.bool_]

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
_DIGITS: Final = 16
_PAIRS: Final = [b"%02x" % byte for byte in range(256)]
_HEX: Final = np.frombuffer(b"".join(low + high for high in _PAIRS for low in _PAIRS), np.uint32)
_PREFIX: Final = b"line-"
_NAME: Final = np.dtype([("prefix", f"V{len(_PREFIX)}"), ("number", f"V{_DIGITS}")])
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
    digests = np.concatenate([digests_of(*(table[name] for name in _SAYS)) for table in some])
    times = _together([flat(table["paid_at"]) for table in some])
    may_repeat = aside(_repeat, digests, times)
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
    if not any_twice(digests_of(own.drop_null())):
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


def _repeat(digests: Hashes, times: pa.Array) -> bool:
    """Tell whether two lines say the same; those that do are of the same time."""
    if times.null_count == 0:
        moments = np.frombuffer(times.buffers()[1], dtype=np.int64)[times.offset :][: len(times)]
        digests = digests[_not_alone(moments)]
    return any_twice(digests)


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
