"""Texts that a program wrote wrongly throughout, mended where there is but one way to read them.

A whole line within quotes, as a spreadsheet leaves a file that it took for one column; and
amounts with a decimal comma in a file whose cells are parted by commas.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

import numpy as np
import pyarrow as pa

from qerko_recon.pos.encoding import Decoded
from qerko_recon.pos.records import Broken, Records
from qerko_recon.pos.strings import Strings

__all__ = ["join_commas", "unwrap"]

_LOOKED_AT: Final = 20
_WHOLE: Final = re.compile(r"[-\u2212]?\d{1,3}(?:[ .\u00a0\u202f]?\d{3})*")
_CENTS: Final = re.compile(r"\d{1,2}")


def unwrap(source: Decoded) -> Decoded | None:
    """Take the quotes away that each whole line stands in; ``None`` where they do not."""
    lines = source.text.splitlines()
    first = [line for line in islice(lines, _LOOKED_AT) if line.strip()]
    if not first or not all(_is_wrapped(line) for line in first):
        return None
    bare = "\n".join(next(csv.reader([line]), [""])[0] if line else "" for line in lines)
    return replace(source, data=bare.encode(), codec="utf-8")


def _is_wrapped(line: str) -> bool:
    cells = next(csv.reader([line]), [])
    return line.startswith('"') and len(cells) == 1 and any(mark in cells[0] for mark in ",;\t|")


def join_commas(records: Records, money: Sequence[int]) -> Records | None:
    """Join the two halves of each amount, where a comma parts cells and is the decimal mark.

    All rows have to be too long by as many cells as there are columns of amounts, and figures to
    stand in all those places; ``None`` where they do not.
    """
    width = len(records.header)
    if len(records) or not records.broken:
        return None
    rows = []
    for one in records.broken:
        cells = _joined(one, sorted(money), width)
        if cells is None:
            return None
        rows.append(cells)
    columns = tuple(Strings(pa.array(column, pa.string())) for column in zip(*rows, strict=True))
    numbers = np.array([one.row for one in records.broken], dtype=np.int64)
    return replace(records, columns=columns, rows=numbers, broken=())


def _joined(one: Broken, money: Sequence[int], width: int) -> list[str] | None:
    cells = list(one.cells)
    if len(cells) != width + len(money):
        return None
    for place in money:
        whole, cents = cells[place], cells.pop(place + 1)
        if not (_WHOLE.fullmatch(whole) and _CENTS.fullmatch(cents)):
            return None
        cells[place] = f"{whole},{cents}"
    return cells
