"""An export's first rows as they stand in the file: for people, who see where its header is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qerko_recon.errors import PosExportError
from qerko_recon.pos.archive import unpack
from qerko_recon.pos.encoding import decode
from qerko_recon.pos.formats import load, tell_format
from qerko_recon.pos.grids import Grid
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import HeadRow, name_columns, read_head
from qerko_recon.pos.sniff import DELIMITERS
from qerko_recon.pos.tables import grids_of

__all__ = ["Peek", "peek_pos"]

_ROWS: Final = 15


@dataclass(frozen=True, slots=True)
class Peek:
    """The first rows of a file, or of its first sheet.

    Attributes
    ----------
    format, sheet, encoding, delimiter
        As in :class:`~qerko_recon.pos.export.Sniffed`.
    rows
        The number of each row in the file, and its cells as text; blank rows are left out.
    """

    format: str
    sheet: str | None
    encoding: str | None
    delimiter: str | None
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def header(self, row: int) -> tuple[str, ...]:
        """Name the columns by a row, as a profile's ``columns`` do; empty where there is none."""
        return next((name_columns(cells) for number, cells in self.rows if number == row), ())


def peek_pos(
    path: str | os.PathLike[str], profile: Profile | None = None, *, rows: int = _ROWS
) -> Peek:
    """Look at the beginning of an export, whether or not it can be read.

    Parameters
    ----------
    path
        The file.
    profile
        Whose encoding, delimiter and sheet are taken where it states them.
    rows
        How many rows to show.

    Raises
    ------
    PosExportError
        The file cannot be opened, or is of no kind that holds tables.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "day.csv"
    ...     _ = path.write_text("Tržby dne\\n\\nDoklad;Zaplaceno\\n1;240,00\\n", encoding="utf-8")
    ...     seen = peek_pos(path)
    >>> seen.rows[1], seen.header(3)
    ((3, ('Doklad', 'Zaplaceno')), ('Doklad', 'Zaplaceno'))
    """
    place = Path(path)
    return _peek(load(place), place.name, profile or Profile(), rows)


def _peek(data: bytes, name: str, profile: Profile, rows: int) -> Peek:
    form = tell_format(data, name)
    if form == "zip":
        members = unpack(data, name)
        if not members:
            raise PosExportError(f"{name} has no file in it", file=name)
        title, held = members[0]
        return _peek(held, title, profile, rows)
    if form == "csv":
        return _of_text(data, name, profile, rows)
    grids = [grid for grid in grids_of(data, form, name) if not grid.is_empty]
    wanted = [grid for grid in grids if grid.sheet in profile.sheets]
    grid = next(iter(wanted or grids), None)
    if grid is None:
        return Peek(form, None, None, None, ())
    return Peek(grid.format, grid.sheet, None, None, _shown(_head(grid), rows))


def _of_text(data: bytes, name: str, profile: Profile, rows: int) -> Peek:
    source = decode(data, name, profile.encoding, whole=False)
    delimiters = (profile.delimiter,) if profile.delimiter else DELIMITERS
    heads = {one: read_head(source, one) for one in delimiters}
    delimiter = max(heads, key=lambda one: _cells(heads[one]))
    return Peek("csv", None, source.encoding, delimiter, _shown(heads[delimiter], rows))


def _cells(head: Sequence[HeadRow]) -> int:
    """Weigh a delimiter by the cells that it makes of rows, those of one cell apart."""
    return sum(len(row.cells) for row in head if len(row.cells) > 1)


def _head(grid: Grid) -> Sequence[HeadRow]:
    if grid.header is None:
        return grid.head
    body = grid.below(0, len(grid.header))
    lines = zip(body.rows.tolist(), body.sample(), strict=False)
    return [HeadRow(1, list(grid.header)), *(HeadRow(row, list(cells)) for row, cells in lines)]


def _shown(head: Sequence[HeadRow], rows: int) -> tuple[tuple[int, tuple[str, ...]], ...]:
    return tuple((row.row, tuple(cell.strip() for cell in row.cells)) for row in head[:rows])
