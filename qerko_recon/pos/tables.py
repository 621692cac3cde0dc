"""Files in, the tables of payment lines that they hold out, each with how it was found.

Text, workbooks, JSON, Parquet and zip archives come to the same shape here: a layout, columns
with their meaning, and rows as text with the kind of each cell beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from qerko_recon.errors import PosExportError
from qerko_recon.pos.amounts import MarkVote
from qerko_recon.pos.archive import unpack
from qerko_recon.pos.columns import Columns, Confidence, Finding, NoTable, map_columns
from qerko_recon.pos.encoding import Decoded, decode
from qerko_recon.pos.formats import Format, tell_format
from qerko_recon.pos.grids import Grid
from qerko_recon.pos.json_grids import read_json
from qerko_recon.pos.parquet import read_parquet
from qerko_recon.pos.picking import Attempt, pick, wanted
from qerko_recon.pos.problems import Problem
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import Records, read_records
from qerko_recon.pos.sheets import read_workbook
from qerko_recon.pos.sniff import Layout, find_header, find_layout
from qerko_recon.pos.typed import Kinds, render

__all__ = ["Table", "find_tables"]

_MONEY: Final = ("amount", "tip", "total")
_WORKBOOKS: Final = ("xlsx", "xlsb", "xls", "ods")


@dataclass(frozen=True, eq=False)
class Table:
    """A table of payment lines.

    Attributes
    ----------
    name
        What its rows are said to come from: the file, and the sheet where several are read.
    file
        The file alone, or the archive's member.
    format, sheet, encoding
        What it is; ``None`` where there is none.
    records
        Its rows as text; numbers of money columns with the decimal mark of ``vote``.
    kinds
        By column place, what kind each cell was; nothing for text files.
    vote
        Which decimal mark its text cells agree on; ``None`` where it is still to be found.
    findings, problems, notes
        What was found out of the file's form, what of it was damaged, what is to be said.
    """

    name: str
    file: str
    format: str
    sheet: str | None
    encoding: str | None
    layout: Layout
    columns: Columns
    records: Records
    kinds: Mapping[int, Kinds]
    vote: MarkVote | None
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def find_tables(data: bytes, name: str, profile: Profile) -> list[Table]:
    """Find all tables of payment lines in a file.

    Raises
    ------
    PosExportError
        The file is none that can be read, or has no such table.
    """
    form = tell_format(data, name)
    if form == "zip":
        return _of_archive(data, name, profile)
    if form == "csv":
        return [_of_text(data, name, profile)]
    return _of_grids(_grids(data, form, name), name, profile)


def _grids(data: bytes, form: Format, name: str) -> list[Grid]:
    if form in _WORKBOOKS:
        return read_workbook(data, form, name)
    return read_json(data, name) if form == "json" else read_parquet(data, name)


def _of_text(data: bytes, name: str, profile: Profile) -> Table:
    decoded = decode(data, name, profile.encoding)
    layout = find_layout(decoded.text, profile, name)
    columns = map_columns(layout.header, layout.sample, profile, name, layout.header_row)
    records = read_records(
        decoded.text,
        layout.delimiter,
        layout.header_row,
        name,
        needed=max(columns.places.values()) + 1,
    )
    return Table(
        name=name,
        file=name,
        format="csv",
        sheet=None,
        encoding=decoded.encoding,
        layout=layout,
        columns=columns,
        records=records,
        kinds={},
        vote=None,
        findings=(_encoding(decoded, profile), *layout.findings),
        problems=decoded.problems,
    )


def _encoding(decoded: Decoded, profile: Profile) -> Finding:
    if profile.encoding is not None:
        return Finding("encoding", decoded.encoding, "stated", "the profile says so")
    surely: Confidence = "high" if decoded.is_sure else "medium"
    return Finding("encoding", decoded.encoding, surely, decoded.reason)


def _of_archive(data: bytes, name: str, profile: Profile) -> list[Table]:
    """Read the members of an archive that are exports, those that say most of payments."""
    members = unpack(data, name)
    titles = wanted([title for title, _ in members], profile, name, "file")
    inner = replace(profile, sheets=())
    attempts = [
        _attempt(
            title,
            partial(find_tables, held, f"{name} [{title}]", inner),
            is_lone=len(titles) == 1,
        )
        for title, held in members
        if title in titles
    ]
    picked = pick(attempts, name, "file", is_stated=bool(profile.sheets))
    return _with_notes(picked.tables, picked.notes)


def _of_grids(grids: Sequence[Grid], name: str, profile: Profile) -> list[Table]:
    """Read the sheets that have tables of payment lines."""
    held = [grid for grid in grids if not grid.is_empty]
    if not held:
        raise PosExportError(f"{name} has nothing in it; export it from the POS again", file=name)
    titles = wanted([grid.sheet or "" for grid in grids], profile, name, "sheet")
    if profile.sheets:
        held = [grid for grid in held if grid.sheet in titles]
    if len(held) == 1:
        return [_of_grid(held[0], name, name, profile)]
    attempts = [
        _attempt(
            grid.sheet or "",
            partial(_of_sheet, grid, f"{name} [{grid.sheet}]", name, profile),
            is_hidden=grid.is_hidden,
        )
        for grid in held
    ]
    picked = pick(attempts, name, "sheet", is_stated=bool(profile.sheets))
    tables = picked.tables
    if len(tables) == 1:
        tables = [replace(tables[0], name=name)]
    return _with_notes(tables, picked.notes)


def _of_sheet(grid: Grid, name: str, file: str, profile: Profile) -> list[Table]:
    return [_of_grid(grid, name, file, profile)]


def _attempt(
    title: str,
    read: Callable[[], list[Table]],
    *,
    is_hidden: bool = False,
    is_lone: bool = False,
) -> Attempt[Table]:
    """Read what may be a table."""
    try:
        return Attempt(title, read(), is_hidden=is_hidden)
    except NoTable as error:
        if is_lone:
            raise
        return Attempt(title, [], error.short, is_hidden)


def _with_notes(tables: list[Table], notes: Sequence[str]) -> list[Table]:
    first = tables[0]
    return [replace(first, notes=(*notes, *first.notes)), *tables[1:]]


def _of_grid(grid: Grid, name: str, file: str, profile: Profile) -> Table:
    """Read one sheet."""
    if grid.header is None:
        layout = find_header(grid.head, profile, name)
        body = grid.below(layout.header_row, len(layout.header))
    else:
        body = grid.below(0, len(grid.header))
        layout = Layout("", 0, grid.header, (), ())
    columns = map_columns(layout.header, body.sample(), profile, name, layout.header_row)
    money = [place for idea, place in columns.places.items() if idea in _MONEY]
    vote, texts = render(body.columns, money, profile.decimal_mark, layout.delimiter)
    floats = [layout.header[place] for place in money if layout.header[place] in grid.floats]
    notes = [
        f"column {header!r} holds its amounts as binary fractions; each was read by its shortest "
        "text"
        for header in floats
    ]
    return Table(
        name=name,
        file=file,
        format=grid.format,
        sheet=grid.sheet,
        encoding=None,
        layout=layout,
        columns=columns,
        records=Records(layout.header, layout.header_row, tuple(texts), body.rows, ()),
        kinds={place: column.kinds for place, column in enumerate(body.columns)},
        vote=vote,
        findings=(*_form(grid, profile), *layout.findings),
        notes=(*grid.notes, *notes),
    )


def _form(grid: Grid, profile: Profile) -> Iterator[Finding]:
    yield Finding("format", grid.format, "high", "its bytes say so")
    if grid.sheet is not None:
        if profile.sheets:
            yield Finding("sheet", grid.sheet, "stated", "the profile says so")
        else:
            yield Finding("sheet", grid.sheet, "high", "it has a table of payment lines")
