"""A column of payment IDs in, the single IDs in it out, where a cell may list several.

One POS line may pay several payments. Its cell stays as it is; what is fetched are the IDs in it.
Whether a mark parts IDs or belongs to one is told by the other cells of the column.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.ids import shape_of, split_ids

__all__ = ["single_ids"]

_MAY_PART: Final = r"[,;|&+/\s\x{a0}\x{202f}]"
_SURELY_PARTS: Final = frozenset(",;|&\n\r")
_PARTS_PERHAPS: Final = frozenset("+/ \t\u00a0\u202f")
_SUM: Final = re.compile(r"\d+(?:\s*\+\s*\d+)+")


def single_ids(column: pa.Array) -> tuple[str, ...]:
    """Give the payment IDs of a column, each once, in its order.

    A comma, a semicolon, a bar, an ampersand or a line break always parts IDs, and so does a
    plus between figures. A slash, a plus or a space does where the pieces look like other IDs of
    the column, and does not where other IDs have it too; where nothing tells, the whole and the
    pieces are given.

    >>> single_ids(pa.array(["4711", "4712, 4713", "4711/4714", None]))
    ('4711', '4712', '4713', '4714')
    >>> single_ids(pa.array(["2026/4711", "2026/4712"])), single_ids(pa.array(["10/11"]))
    (('2026/4711', '2026/4712'), ('10/11', '10', '11'))
    """
    held = column.drop_null().unique()
    may_part = np.asarray(pc.match_substring_regex(held, _MAY_PART).to_numpy(zero_copy_only=False))
    if not may_part.any():
        return tuple(held.to_pylist())
    cells = held.to_pylist()
    apart = {cell: _surely(cell) for cell in cells}
    every = [piece for pieces in apart.values() for piece in pieces]
    shapes = Counter(map(shape_of, every))
    alone = {shape for shape in shapes if not _PARTS_PERHAPS & set(shape)}
    found: dict[str, None] = {}
    for pieces in apart.values():
        for piece in pieces:
            found.update(dict.fromkeys(_meant(piece, alone, shapes)))
    return tuple(found)


def _surely(cell: str) -> tuple[str, ...]:
    """Part a cell where nothing but a list can be meant."""
    if _SURELY_PARTS & set(cell) or _SUM.fullmatch(cell):
        return split_ids(cell)
    return (cell,)


def _meant(cell: str, alone: set[str], shapes: Counter[str]) -> tuple[str, ...]:
    """Give the IDs that are meant where a mark parts them or belongs to one."""
    pieces = split_ids(cell)
    if all(shape_of(piece) in alone for piece in pieces):
        return pieces
    if shapes[shape_of(cell)] > 1 or len(set(map(shape_of, pieces))) > 1:
        return (cell,)
    return (cell, *pieces)
