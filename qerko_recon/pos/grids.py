"""What a file holds in typed cells: sheets, arrays of objects, tables; the same shape for all.

A grid's rows have the numbers that people see: a sheet's rows as the spreadsheet shows them, the
objects of an array and the rows of a table counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from qerko_recon.pos.records import HeadRow
from qerko_recon.pos.typed import Column

__all__ = ["Body", "Grid"]

_SAMPLE = 60


@dataclass(frozen=True, eq=False)
class Body:
    """A table's columns under its header, blank rows left out, and the number of each row."""

    columns: tuple[Column, ...]
    rows: npt.NDArray[np.int64]

    def filled(self) -> Body:
        """Leave out the rows with nothing in them."""
        has_any = np.zeros(len(self.rows), dtype=bool)
        for column in self.columns:
            has_any |= np.asarray(pc.not_equal(column.text, "").to_numpy(zero_copy_only=False))
        if has_any.all():
            return self
        return Body(tuple(column.take(has_any) for column in self.columns), self.rows[has_any])

    def sample(self) -> tuple[tuple[str, ...], ...]:
        """Give its first rows as text."""
        heads = [column.text.slice(0, _SAMPLE).to_pylist() for column in self.columns]
        return tuple(zip(*heads, strict=True))

    def says(self) -> tuple[list[str | None], ...]:
        """Give all its cells, to be compared with another's."""
        return tuple(column.text.to_pylist() for column in self.columns)


@dataclass(frozen=True, eq=False)
class Grid:
    """One table of a file, or one sheet that may have a table in it.

    Attributes
    ----------
    format
        ``xlsx``, ``xls``, ``xlsb``, ``ods``, ``json``, ``json lines`` or ``parquet``.
    sheet
        Its name; ``None`` where the file has but this one and no name for it.
    header
        The column names where the format has them; ``None`` for a sheet, whose rows are looked
        at to find them.
    head
        A sheet's first rows that are not blank.
    below
        Gives the columns below a row, as many as are asked for.
    is_hidden
        Whether people do not see the sheet.
    floats
        Names of columns that hold binary fractions where exact numbers would have been possible.
    notes
        What is to be said of it.
    """

    format: str
    sheet: str | None
    header: tuple[str, ...] | None
    head: tuple[HeadRow, ...]
    below: Callable[[int, int], Body]
    is_hidden: bool = False
    floats: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def from_row(self, row: int, width: int) -> Grid:
        """Give a sheet from a row on, which has a header."""
        body = self.below(row - 1, width)
        texts = [column.text.slice(0, _SAMPLE).to_pylist() for column in body.columns]
        head = tuple(
            HeadRow(number, list(cells))
            for number, cells in zip(body.rows.tolist(), zip(*texts, strict=True), strict=False)
        )
        return replace(self, head=head)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return not self.head and not self.header

    @classmethod
    def of_columns(
        cls,
        form: str,
        sheet: str | None,
        columns: dict[str, Column],
        rows: npt.NDArray[np.int64],
        floats: frozenset[str] = frozenset(),
    ) -> Grid:
        """Make a grid of columns that have names."""
        body = Body(tuple(columns.values()), rows)
        return cls(form, sheet, tuple(columns), (), lambda _row, _width: body, floats=floats)
