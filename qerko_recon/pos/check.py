"""A golden pair in, what of it differs out: an export, and the lines that reading it must give.

Somebody who writes a profile for a till keeps one export, corrects by hand what was read of it,
and has both checked from then on: after a change of the till, or of this package.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.files import replace_when_done
from qerko_recon.money import from_units, trim
from qerko_recon.pos.amounts import encode, parse_amounts, vote_mark
from qerko_recon.pos.cells import or_null
from qerko_recon.pos.encoding import decode
from qerko_recon.pos.export import PosExport
from qerko_recon.pos.formats import load
from qerko_recon.pos.ids import read_ids
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.read import read_pos
from qerko_recon.pos.records import Records, read_head, read_records
from qerko_recon.pos.times import find_zone, parse_times
from qerko_recon.schema import TENDERS

__all__ = ["ProfileCheck", "check_profile", "write_golden"]

PathLike = str | os.PathLike[str]

_MONEY: Final = ("amount", "tip", "total")
_IDS: Final = ("tender_id", "payment_id", "bill_id")
_KEYS: Final = ("source_row", *_IDS)
_COLUMNS: Final = ("source_file", "source_row", "line", "column", "expected", "read")
_NOT_READ: Final = "(no such line was read)"
_NOT_EXPECTED: Final = "(a line that is not expected)"

_Line = dict[str, Any]


@dataclass(frozen=True, eq=False)
class ProfileCheck:
    """What checking a golden pair gave.

    Attributes
    ----------
    mismatches
        A row a cell that differs: ``source_file``, ``source_row``, ``line`` (what it was looked
        up by), ``column``, ``expected``, ``read``; a line that is missing or too many has no
        ``column``. All are text.
    checked
        How many lines were expected.
    columns
        Which columns were compared.
    export
        What was read.
    """

    mismatches: pd.DataFrame
    checked: int
    columns: tuple[str, ...]
    export: PosExport

    @property
    def passed(self) -> bool:
        """Whether every line is as expected."""
        return not len(self.mismatches)

    def __repr__(self) -> str:
        return f"ProfileCheck: {self.verdict}"

    @property
    def verdict(self) -> str:
        """One sentence."""
        lines = "1 line" if self.checked == 1 else f"{self.checked} lines"
        by = ", ".join(self.columns)
        if self.passed:
            return f"{lines} read as expected ({by})"
        count = len(self.mismatches)
        what = "1 thing differs" if count == 1 else f"{count} things differ"
        return f"{what} from the {lines} expected ({by})"

    def _repr_html_(self) -> str:
        table = self.mismatches.to_html(index=False, na_rep="") if not self.passed else ""
        return f"<p>{escape(self.verdict)}</p>{table}"


def check_profile(
    paths: PathLike | Iterable[PathLike],
    expected: PathLike,
    profile: Profile | PathLike | None = None,
    *,
    time_zone: str = "Europe/Prague",
) -> ProfileCheck:
    """Compare what is read of an export with what should be.

    Parameters
    ----------
    paths
        The export: a file, or several.
    expected
        A CSV of Qerko's lines: any columns of :data:`qerko_recon.schema.TENDERS`, among them
        ``source_row`` (with ``source_file`` for several files), ``tender_id``, ``payment_id`` or
        ``bill_id`` to look lines up by. An empty cell expects nothing to be there.
        :func:`write_golden` makes one to begin with; it may have been saved by a spreadsheet.
    profile, time_zone
        As for :func:`qerko_recon.pos.read_pos`.

    Raises
    ------
    PosExportError
        The export or the expected lines cannot be read.
    ConfigError
        The profile is malformed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export, golden = Path(folder) / "day.csv", Path(folder) / "golden.csv"
    ...     _ = export.write_text("ID platby;Částka\\n4711;12,50\\n", encoding="utf-8")
    ...     _ = golden.write_text("payment_id,amount\\n4711,12.05\\n", encoding="utf-8")
    ...     found = check_profile(export, golden)
    >>> found.passed, found.mismatches[["column", "expected", "read"]].values.tolist()
    (False, [['amount', '12.05', '12.50']])
    """
    export = read_pos(paths, profile, time_zone=time_zone)
    columns, wanted = _read_golden(Path(expected), time_zone)
    held = _lines(export.tenders)
    key = _key(columns, wanted, len({line["source_file"] for line in held}), Path(expected).name)
    compared = tuple(name for name in columns if name not in key)
    rows = list(_compare(held, wanted, key, compared))
    frame = pd.DataFrame(rows, columns=list(_COLUMNS), dtype="object").astype(
        pd.ArrowDtype(pa.string())
    )
    return ProfileCheck(frame, len(wanted), columns, export)


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
    for line in _lines(export.tenders):
        writer.writerow([_shown(line[name]) for name in names])
    with replace_when_done(path) as draft:
        draft.write_text(text.getvalue(), encoding="utf-8", newline="")
    return Path(path)


def _has_own_ids(export: PosExport) -> bool:
    return any("tender_id" in one.columns for one in export.all_sniffed)


def _lines(tenders: pd.DataFrame) -> list[_Line]:
    columns = {name: tenders[name].tolist() for name in TENDERS.names}
    rows = zip(*columns.values(), strict=True)
    return [
        {name: None if _is_null(cell) else cell for name, cell in zip(columns, row, strict=True)}
        for row in rows
    ]


def _is_null(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT


def _shown(cell: object) -> str:
    """Write a value as a golden file has it."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return str(trim(cell))
    return cell.isoformat() if isinstance(cell, pd.Timestamp) else str(cell)


def _read_golden(path: Path, time_zone: str) -> tuple[tuple[str, ...], list[_Line]]:
    """Read expected lines, from a CSV that a spreadsheet may have saved in its own way."""
    text = decode(load(path), path.name).text
    heads = {mark: read_head(text, mark, limit=1) for mark in (",", ";", "\t")}
    delimiter = max(
        heads,
        key=lambda mark: len(set(heads[mark][0].cells) & set(TENDERS.names)) if heads[mark] else 0,
    )
    records = read_records(text, delimiter, heads[delimiter][0].row, path.name)
    for name in records.header:
        if name not in TENDERS.names:
            msg = (
                f"{path.name}: there is no column {shorten(name)!r} in what is read; the columns "
                f"are {', '.join(TENDERS.names)}"
            )
            raise PosExportError(msg, file=path.name, row=records.header_row, column=name)
    if records.broken:
        row = records.broken[0].row
        msg = f"{path.name}, row {row}: the row has not as many cells as the header; correct it"
        raise PosExportError(msg, file=path.name, row=row)
    columns = {
        name: _typed(name, records, place, delimiter, path.name, time_zone)
        for place, name in enumerate(records.header)
    }
    cells = zip(*columns.values(), strict=True)
    return records.header, [dict(zip(columns, row, strict=True)) for row in cells]


def _typed(
    name: str, records: Records, place: int, delimiter: str, file: str, time_zone: str
) -> Sequence[Any]:
    """Give a column's values, of the types that the contract has."""
    column = records.columns[place]
    faults: Sequence[tuple[int, str]] = ()
    values: pa.Array
    if name in _MONEY:
        coded = encode(column)
        mark = "." if delimiter == "," else vote_mark([coded], delimiter).mark
        amounts = parse_amounts(coded, mark)
        values, faults = from_units(amounts.units, ~amounts.is_read), amounts.faults
    elif name == "paid_at":
        times = parse_times(column, None, find_zone(time_zone))
        values = times.moments
        faults = [(row, f"{cell!r} is no date and time") for row, cell in times.faults]
    elif name in _IDS:
        values = read_ids(column, name, name)[0]
    elif name == "source_row":
        return [
            _row_number(cell.as_py(), file, int(records.rows[row]))
            for row, cell in enumerate(column)
        ]
    else:
        values = or_null(column)
    for row, text in faults:
        number = int(records.rows[row])
        msg = f"{file}, row {number}, {name}: {text}; correct it"
        raise PosExportError(msg, file=file, row=number, column=name)
    return [
        None if _is_null(cell) else cell
        for cell in pd.Series(values, dtype=pd.ArrowDtype(values.type))
    ]


def _row_number(cell: str, file: str, row: int) -> int:
    if not cell.isdecimal():
        msg = f"{file}, row {row}, source_row: {shorten(cell)!r} is no row number; correct it"
        raise PosExportError(msg, file=file, row=row, column="source_row", value=cell)
    return int(cell)


def _key(
    columns: Sequence[str], wanted: Sequence[_Line], files: int, name: str
) -> tuple[str, ...]:
    """Choose what lines are looked up by: a column that tells all expected lines apart."""
    options: list[tuple[str, ...]] = [(one,) for one in _KEYS if one in columns]
    if "source_file" in columns and "source_row" in columns:
        options.insert(0, ("source_file", "source_row"))
    if files > 1 and ("source_row",) in options:
        options.remove(("source_row",))
    for option in options:
        values = [tuple(line[one] for one in option) for line in wanted]
        if len(set(values)) == len(values) and all(None not in value for value in values):
            return option
    msg = (
        f"{name}: nothing tells its lines apart; add a column source_row (and source_file for "
        "several files), or tender_id, payment_id or bill_id with a value of its own in each line"
    )
    raise PosExportError(msg, file=name)


def _compare(
    held: Sequence[_Line], wanted: Sequence[_Line], key: tuple[str, ...], compared: Sequence[str]
) -> Iterator[tuple[str | None, ...]]:
    """Go through the expected lines, then through those that nobody expected."""
    found: dict[tuple[Any, ...], list[_Line]] = {}
    for line in held:
        found.setdefault(tuple(line[one] for one in key), []).append(line)
    for line in wanted:
        value = tuple(line[one] for one in key)
        twins = found.pop(value, [])
        if not twins:
            yield _row(line, key, None, _said(line, compared), _NOT_READ)
            continue
        # Several lines of one bill or payment: the one that is most like it.
        best = min(twins, key=lambda one: sum(one[name] != line[name] for name in compared))
        for name in compared:
            if best[name] != line[name]:
                yield _row(best, key, name, _shown(line[name]), _shown(best[name]))
        for one in twins:
            if one is not best:
                yield _row(one, key, None, _NOT_EXPECTED, _said(one, compared))
    for lines in found.values():
        for one in lines:
            yield _row(one, key, None, _NOT_EXPECTED, _said(one, compared))


def _row(
    line: Mapping[str, Any], key: Sequence[str], column: str | None, expected: str, read: str
) -> tuple[str | None, ...]:
    name = ", ".join(f"{one} {_shown(line[one])}" for one in key)
    row = line.get("source_row")
    return (
        line.get("source_file"),
        None if row is None else str(row),
        name,
        column,
        expected,
        read,
    )


def _said(line: Mapping[str, Any], compared: Sequence[str]) -> str:
    return ", ".join(f"{name} {_shown(line[name])}" for name in compared if line[name] is not None)
