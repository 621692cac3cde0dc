"""A workbook's bytes in, its sheets as grids of typed cells out.

XLSX, XLS, XLSB and ODS. Row numbers are those that the spreadsheet shows. Cells merged over
several rows say the same of each, but money in them is not multiplied.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from qerko_recon.errors import PosExportError
from qerko_recon.pos.grids import Body, Grid
from qerko_recon.pos.records import HeadRow
from qerko_recon.pos.sheet_errors import find_errors
from qerko_recon.pos.typed import column_of
from qerko_recon.pos.vocabulary import guess_idea

__all__ = ["Merge", "grid_of_rows", "read_workbook"]

_LOOKED_AT: Final = 60
_MONEY: Final = ("amount", "tip", "total")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")

Merge = tuple[tuple[int, int], tuple[int, int]]
_Places = dict[tuple[int, int], str]


def read_workbook(data: bytes, form: str, name: str) -> list[Grid]:
    """Read all sheets of a workbook.

    Raises
    ------
    PosExportError
        It is protected by a password or damaged.
    """
    if _ENCRYPTED in data or _is_locked(data):
        raise _locked(name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        errors = find_errors(data)
        return [
            _grid(book.get_sheet_by_index(place), one, form, errors.get(one.name, {}))
            for place, one in enumerate(book.sheets_metadata)
            if one.typ == SheetTypeEnum.WorkSheet
        ]
    except PasswordError as error:
        raise _locked(name) from error
    except (CalamineError, OSError, ValueError) as error:
        msg = (
            f"{name} is a damaged workbook and cannot be read; open it in the spreadsheet, save "
            "it anew and give that file"
        )
        raise PosExportError(msg, file=name) from error


def _locked(name: str) -> PosExportError:
    msg = (
        f"{name} is protected by a password; open it, save a copy without the password and give "
        "that file"
    )
    return PosExportError(msg, file=name)


def _is_locked(data: bytes) -> bool:
    """Tell whether an OpenDocument file is encrypted, which its manifest says."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return b"encryption-data" in archive.read("META-INF/manifest.xml")
    except (zipfile.BadZipFile, KeyError):
        return False


def _grid(sheet: CalamineSheet, about: Any, form: str, errors: _Places) -> Grid:
    rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    # Errors come as empty cells, and where they are last the sheet ends before them.
    for place in errors:
        rows += [[] for _ in range(place[0] + 1 - len(rows))]
    width = max((len(row) for row in rows), default=0)
    width = max([width, *(column + 1 for _, column in errors)]) if rows else 0
    for row in rows:
        row.extend([""] * (width - len(row)))
    for place, error in errors.items():
        rows[place[0]][place[1]] = error
    is_hidden = about.visible != SheetVisibleEnum.Visible
    return grid_of_rows(form, about.name, rows, _tall(sheet), errors, is_hidden=is_hidden)


def grid_of_rows(
    form: str,
    title: str,
    rows: list[list[Any]],
    merges: Sequence[Merge] = (),
    errors: Mapping[tuple[int, int], str] = MappingProxyType({}),
    *,
    is_hidden: bool = False,
) -> Grid:
    """Make a grid of rows of cells, as a sheet shows them.

    Parameters
    ----------
    form, title
        What it is, and its name.
    rows
        All rows from the first; they are made equally long.
    merges
        Merged cells that are higher than one row: their first and last places.
    errors
        Places of cells whose formula gives an error, and the error.
    is_hidden
        Whether people do not see it.
    """
    width = max(map(len, rows), default=0)
    for row in rows:
        row.extend([""] * (width - len(row)))
    return Grid(
        form,
        title,
        None,
        _head(rows),
        lambda header_row, columns: _below(rows, header_row, columns, errors, merges),
        is_hidden=is_hidden,
    )


def _tall(sheet: CalamineSheet) -> list[Merge]:
    """Give the merged cells that are higher than one row."""
    return [one for one in sheet.merged_cell_ranges or () if one[1][0] > one[0][0]]


def _head(rows: Sequence[Sequence[Any]]) -> tuple[HeadRow, ...]:
    found = []
    for number, row in enumerate(rows, 1):
        cells = column_of(row).text.to_pylist()
        if any(cells):
            while not cells[-1]:
                cells.pop()
            found.append(HeadRow(number, cells))
            if len(found) == _LOOKED_AT:
                break
    return tuple(found)


def _below(
    rows: Sequence[Sequence[Any]],
    header_row: int,
    width: int,
    errors: Mapping[tuple[int, int], str],
    merges: Sequence[Merge],
) -> Body:
    under = rows[header_row:]
    header = rows[header_row - 1]
    columns = []
    for place in range(width):
        cells = [row[place] for row in under]
        guess = guess_idea(str(header[place]))
        if guess is None or guess.idea not in _MONEY:
            _fill(cells, [one for one in merges if one[0][1] == place], header_row, under)
        wrong = [
            (row - header_row, error)
            for (row, column), error in errors.items()
            if column == place and row >= header_row
        ]
        columns.append(column_of(cells, wrong))
    numbers = np.arange(header_row + 1, header_row + 1 + len(under), dtype=np.int64)
    return Body(tuple(columns), numbers).filled()


def _fill(
    cells: list[Any], merges: Sequence[Merge], header_row: int, under: Sequence[Sequence[Any]]
) -> None:
    """Repeat what merged cells say on each row they cover that says anything else."""
    for (first, _), (last, _) in merges:
        begin = first - header_row
        if begin < 0:
            continue
        for row in range(begin + 1, min(last - header_row + 1, len(cells))):
            if any(cell != "" for cell in under[row]):
                cells[row] = cells[begin]
