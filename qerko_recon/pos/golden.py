"""Golden lines: what was read of an export out as a CSV, a CSV corrected by hand in.

The file may have been saved by a spreadsheet in its own way: with semicolons, decimal commas, a
code page.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd
import pyarrow as pa

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.files import replace_when_done
from qerko_recon.money import from_units, trim
from qerko_recon.pos.amounts import parse_amounts, vote_mark
from qerko_recon.pos.cells import or_null
from qerko_recon.pos.encoding import Decoded, decode
from qerko_recon.pos.export import PosExport
from qerko_recon.pos.formats import load, tell_format
from qerko_recon.pos.ids import read_ids
from qerko_recon.pos.records import Records, read_head, read_records
from qerko_recon.pos.times import find_zone, parse_times
from qerko_recon.schema import TENDERS

__all__ = ["Golden", "Line", "lines_of", "read_golden", "shown", "write_golden"]

PathLike = str | os.PathLike[str]
Line = dict[str, Any]

_MONEY: Final = ("amount", "tip", "total")
_IDS: Final = ("tender_id", "payment_id", "bill_id")
_DELIMITERS: Final = (",", ";", "\t")


class Golden(NamedTuple):
    """Expected lines: the columns that were given, and a value of the contract's type for each."""

    columns: tuple[str, ...]
    lines: list[Line]


def write_golden(export: PosExport, path: PathLike) -> Path:
    """Write the lines that were read as a golden CSV, to be corrected by hand and kept.

    Line IDs that were made up because the POS has none are left out.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    names = [name for name in TENDERS.names if name != "tender_id" or _has_own_ids(export)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for line in lines_of(export.tenders):
        writer.writerow([shown(line[name]) for name in names])
    with replace_when_done(path) as draft:
        draft.write_text(text.getvalue(), encoding="utf-8", newline="")
    return Path(path)


def _has_own_ids(export: PosExport) -> bool:
    return any("tender_id" in one.columns for one in export.all_sniffed)


def lines_of(tenders: pd.DataFrame) -> list[Line]:
    """Give a frame of lines row by row, ``None`` where there is nothing."""
    columns = {name: tenders[name].tolist() for name in TENDERS.names}
    rows = zip(*columns.values(), strict=True)
    return [
        {name: None if _is_null(cell) else cell for name, cell in zip(columns, row, strict=True)}
        for row in rows
    ]


def _is_null(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT


def shown(cell: object) -> str:
    """Write a value as a golden file has it."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return str(trim(cell))
    return cell.isoformat() if isinstance(cell, pd.Timestamp) else str(cell)


def read_golden(path: Path, time_zone: str) -> Golden:
    """Read expected lines.

    Raises
    ------
    PosExportError
        The file cannot be read, has a column that is none of the contract's, or a cell that is
        none of its column's type.
    """
    file = path.name
    data = load(path)
    if tell_format(data, file) != "csv":
        msg = f"{file} is no CSV; save the expected lines as “CSV UTF-8” (File > Save As)"
        raise PosExportError(msg, file=file)
    records, delimiter = _records(decode(data, file), file)
    for name in records.header:
        if name not in TENDERS.names:
            msg = (
                f"{file}: there is no column {shorten(name)!r} in what is read; the columns "
                f"are {', '.join(TENDERS.names)}"
            )
            raise PosExportError(msg, file=file, row=records.header_row, column=name)
    if records.broken:
        row = records.broken[0].row
        msg = f"{file}, row {row}: the row has not as many cells as the header; correct it"
        raise PosExportError(msg, file=file, row=row)
    columns = {
        name: _typed(name, records, place, delimiter, file, time_zone)
        for place, name in enumerate(records.header)
    }
    cells = zip(*columns.values(), strict=True)
    return Golden(records.header, [dict(zip(columns, row, strict=True)) for row in cells])


def _records(source: Decoded, file: str) -> tuple[Records, str]:
    """Read its rows by the delimiter that gives most of the contract's columns."""
    heads = {mark: read_head(source, mark, limit=1) for mark in _DELIMITERS}

    def known(mark: str) -> int:
        cells = (cell.strip() for head in heads[mark] for cell in head.cells)
        return len(set(cells) & set(TENDERS.names))

    delimiter = max(_DELIMITERS, key=known)
    row = heads[delimiter][0].row if heads[delimiter] else 1
    return read_records(source, delimiter, row, file), delimiter


def _typed(
    name: str, records: Records, place: int, delimiter: str, file: str, time_zone: str
) -> Sequence[Any]:
    """Give a column's values, of the types that the contract has."""
    column = records.columns[place]
    faults: Sequence[tuple[int, str]] = ()
    values: pa.Array
    if name in _MONEY:
        mark = "." if delimiter == "," else vote_mark([column], delimiter).mark
        amounts = parse_amounts(column, mark)
        values, faults = from_units(amounts.units, ~amounts.is_read), amounts.faults
    elif name == "paid_at":
        times = parse_times(column, None, find_zone(time_zone))
        values = times.moments
        faults = [(row, f"{cell!r} is no date and time") for row, cell in times.faults]
    elif name in _IDS:
        values, wrong, *_ = read_ids(column, name, name)
        faults = [(fault.row, fault.text) for fault in wrong]
    elif name == "source_row":
        return [
            _row_number(cell, file, int(records.rows[row]))
            for row, cell in enumerate(column.text.to_pylist())
        ]
    else:
        values = or_null(column.text)
    for row, text in faults:
        number = int(records.rows[row])
        msg = f"{file}, row {number}, {name}: {text}; correct it"
        raise PosExportError(msg, file=file, row=number, column=name)
    return [
        None if _is_null(cell) else cell
        for cell in pd.Series(values, dtype=pd.ArrowDtype(values.type))
    ]


def _row_number(cell: str, file: str, row: int) -> int | None:
    if not cell:
        return None
    if not cell.isdecimal():
        msg = f"{file}, row {row}, source_row: {shorten(cell)!r} is no row number; correct it"
        raise PosExportError(msg, file=file, row=row, column="source_row", value=cell)
    return int(cell)
