"""What of an export could not be read, gathered while reading goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from qerko_recon.errors import shorten
from qerko_recon.schema import PROBLEMS, to_frame

__all__ = ["Problem", "problems_frame"]


class Problem(NamedTuple):
    """One thing that could not be read: where it stands, what stands there, what to do.

    ``column`` is ``None`` where the row as a whole is at fault, ``row`` where the file is.
    """

    file: str
    row: int | None
    column: str | None
    value: str | None
    text: str


def problems_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """Put problems into the contract's frame, in the order of the rows within each file."""
    held = list(problems)
    order = {file: place for place, file in enumerate(dict.fromkeys(one.file for one in held))}
    held.sort(key=lambda one: (order[one.file], one.row or 0))
    rows = [
        (
            one.file,
            one.row,
            one.column,
            None if one.value is None else shorten(one.value),
            one.text,
        )
        for one in held
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(PROBLEMS)
    arrays = [
        pa.array(column, field.type) for column, field in zip(columns, PROBLEMS, strict=True)
    ]
    return to_frame(pa.table(arrays, schema=PROBLEMS))
