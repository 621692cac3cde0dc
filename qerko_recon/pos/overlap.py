"""Lines of several files in, those that repeat another file's line out: windows overlap.

Within one file a repeated line is data. Between files it is the same line exported twice only
where that is sure: it has an ID that the POS gives, or its bill or payment and its time to the
second are the same, and with either all that it says. Where it is likely and not sure, both
count and a note says so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.parts import flat
from qerko_recon.pos.problems import Problem

__all__ = ["Overlap", "find_overlap"]

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

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
_ADVICE: Final = "give files of days that do not overlap, or take the lines out of one of them"


@dataclass(frozen=True, eq=False)
class Overlap:
    """Which lines stay, and what is to be said of each file, by its number.

    ``problems`` are lines with the ID of another file's line that say something else.
    """

    kept: Mask
    notes: dict[int, tuple[str, ...]]
    problems: tuple[Problem, ...]


def find_overlap(
    table: pa.Table, files: Codes, has_second: Mask, is_tip: Mask, names: Sequence[str]
) -> Overlap:
    """Find the lines that an earlier file has too.

    Parameters
    ----------
    table
        Lines of all files, columns of :data:`qerko_recon.schema.TENDERS`; ``tender_id`` is the
        POS's own or null.
    files
        The number of each line's file, in the order of reading.
    has_second
        Which lines say to the second when they were paid.
    is_tip
        Which are nothing but a tip.
    names
        What each file is called.
    """
    count = table.num_rows
    kept = np.ones(count, dtype=bool)
    if len(names) < 2 or not count:  # noqa: PLR2004 - one file overlaps nothing
        return Overlap(kept, {}, ())
    says = _codes([*(_text(table[name]) for name in _SAYS), pa.array(is_tip).cast(pa.string())])
    is_known = _valid(table, "amount")
    own = _own_ids(table, files)
    by_place = has_second & (_valid(table, "bill_id") | _valid(table, "payment_id"))
    ids = _codes([_text(table["tender_id"])])
    # Both ways need all that the line says; an ID of its own tells equal lines apart.
    keys = _codes([pa.array(says), pa.array(np.where(own, ids + 1, 0))])
    is_sure = is_known & (own | by_place)
    repeats = _repeats(keys, files, is_sure)
    kept[list(repeats)] = False
    notes: dict[int, list[str]] = defaultdict(list)
    _tell_repeats(repeats, table, files, names, notes)
    likely = _repeats(says, files, is_known & ~is_sure & _is_placed(table))
    _tell_likely(likely, files, names, notes)
    problems = _changed(table, files, own & kept, says, ids)
    return Overlap(kept, {file: tuple(held) for file, held in notes.items()}, problems)


def _text(column: pa.ChunkedArray) -> pa.Array:
    column = flat(column)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return column.cast(pa.string())


def _valid(table: pa.Table, name: str) -> Mask:
    return np.asarray(pc.is_valid(table[name]).to_numpy())


def _codes(columns: Sequence[pa.Array]) -> Codes:
    """Give each distinct combination of cells a number."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        coded = column.dictionary_encode(null_encoding="encode")
        own = np.asarray(coded.indices.to_numpy(zero_copy_only=False)).astype(np.int64)
        both = code * (len(coded.dictionary) + 1) + own
        code = np.unique(both, return_inverse=True)[1].astype(np.int64)
    return code


def _own_ids(table: pa.Table, files: Codes) -> Mask:
    """Tell which lines have an ID of the POS's: one that counts a file's rows is none."""
    column = _text(table["tender_id"])
    own = np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False)).copy()
    for file in np.unique(files).tolist():
        mine = np.flatnonzero((files == file) & own)
        ids = column.take(pa.array(mine)).to_pylist()
        if {str(number) for number in range(1, len(ids) + 1)} == set(ids):
            own[mine] = False
    return own


def _is_placed(table: pa.Table) -> Mask:
    """Tell lines that say when or for which bill or payment."""
    return _valid(table, "bill_id") | _valid(table, "payment_id") | _valid(table, "paid_at")


def _repeats(keys: Codes, files: Codes, among: Mask) -> dict[int, int]:
    """Give each line that an earlier file has too, and a line of that file which it repeats.

    Of a line that a file has three times and another twice, there are three.
    """
    held: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = np.flatnonzero(among)
    counts = np.bincount(keys[rows]) if len(rows) else np.zeros(0, dtype=np.int64)
    for row in rows[counts[keys[rows]] > 1].tolist():
        held[int(keys[row])][int(files[row])].append(row)
    found: dict[int, int] = {}
    for by_file in held.values():
        seen: list[int] = []
        for lines in by_file.values():
            found.update(zip(lines, seen, strict=False))
            seen += lines[len(seen) :]
    return found


def _tell_repeats(
    repeats: dict[int, int],
    table: pa.Table,
    files: Codes,
    names: Sequence[str],
    notes: dict[int, list[str]],
) -> None:
    rows = table["source_row"].to_pylist()
    pairs: dict[tuple[int, int], list[int]] = defaultdict(list)
    for line, first in repeats.items():
        pairs[int(files[line]), int(files[first])].append(line)
    for (file, first), lines in sorted(pairs.items()):
        lines.sort()
        count = len(lines)
        words = "1 line repeats one" if count == 1 else f"{count} lines repeat those"
        where = f"row {rows[lines[0]]}"
        if count > 1:
            where = f"rows {rows[lines[0]]} to {rows[lines[-1]]}"
        whose = "the line is" if count == 1 else "the lines are"
        notes[file].append(
            f"{names[file]}: {words} of {names[first]} and did not count again ({where}): "
            f"{whose} the same in all, with an ID of the POS or with bill and second"
        )


def _tell_likely(
    likely: dict[int, int], files: Codes, names: Sequence[str], notes: dict[int, list[str]]
) -> None:
    pairs = Counter((int(files[line]), int(files[first])) for line, first in likely.items())
    for (file, first), count in sorted(pairs.items()):
        words = "1 line is like one" if count == 1 else f"{count} lines are like those"
        notes[file].append(
            f"{names[file]}: {words} of {names[first]}, but no ID and no second shows that they "
            f"are the same, so both count; if the files overlap, {_ADVICE}"
        )


def _changed(
    table: pa.Table, files: Codes, among: Mask, says: Codes, ids: Codes
) -> tuple[Problem, ...]:
    """Report lines that have the ID of an earlier file's line and say something else."""
    rows = np.flatnonzero(among)
    first: dict[int, int] = {}
    problems = []
    source, numbers = table["source_file"], table["source_row"]
    places = [table[name].to_pylist() for name in ("payment_id", "bill_id", "paid_at")]
    for row in rows.tolist():
        earlier = first.setdefault(int(ids[row]), row)
        if files[earlier] == files[row] or says[earlier] == says[row]:
            continue
        if not any(cells[row] is not None and cells[row] == cells[earlier] for cells in places):
            continue  # an ID that a till gives anew each day
        name = table["tender_id"][row].as_py()
        text = (
            f"line {name} stands in {source[earlier].as_py()}, row {numbers[earlier].as_py()}, "
            "too and says something else there, so both count; take the older one out"
        )
        problems.append(Problem(source[row].as_py(), numbers[row].as_py(), None, name, text))
    return tuple(problems)
