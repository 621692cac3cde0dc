"""Files in, the tables of payment lines that they hold out, each with how it was found.

Text, workbooks, JSON, Parquet and zip archives come to the same shape here: a layout, columns
with their meaning, and rows as text with the kind of each cell beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from qerko_recon.errors import PosExportError
from qerko_recon.pos.archive import unpack
from qerko_recon.pos.columns import map_columns
from qerko_recon.pos.findings import Finding, NoTable
from qerko_recon.pos.formats import Format, tell_format
from qerko_recon.pos.grids import Body, Grid
from qerko_recon.pos.joining import Beside, beside_of_grid, beside_of_text, join
from qerko_recon.pos.json_grids import read_json
from qerko_recon.pos.markup import read_markup
from qerko_recon.pos.parquet import read_parquet
from qerko_recon.pos.picking import Attempt, is_named, pick, wanted
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import Records
from qerko_recon.pos.rows import find_next_header
from qerko_recon.pos.sheets import read_workbook
from qerko_recon.pos.sniff import Layout, find_header
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.table import MONEY, Table, tell_apart
from qerko_recon.pos.texts import read_text
from qerko_recon.pos.typed import render

__all__ = ["find_tables", "grids_of"]

_WORKBOOKS: Final = ("xlsx", "xlsb", "xls", "ods")


def find_tables(
    data: bytes,
    name: str,
    profile: Profile,
    beside: Beside | None = None,
    *,
    whole: bool = True,
) -> list[Table]:
    """Find all tables of payment lines in a file.

    Parameters
    ----------
    data, name
        Its bytes, and what it is called.
    profile
        As stated.
    beside
        A table whose columns belong to its rows too, where the profile joins one.
    whole
        Whether a large text is looked at as a whole to tell its code page.

    Raises
    ------
    PosExportError
        The file is none that can be read, or has no such table.
    """
    form = tell_format(data, name)
    if form == "zip":
        return _of_archive(data, name, profile, whole=whole)
    if form != "csv":
        return _of_grids(grids_of(data, form, name), name, profile, beside)
    if profile.join and beside is None:
        raise _nothing_beside(name, profile, "archive")
    return read_text(data, name, profile, beside, whole=whole)


def _nothing_beside(name: str, profile: Profile, what: str) -> PosExportError:
    msg = (
        f"{name}: the profile joins {profile.join['file']!r}, which is not there; give the "
        f"{what} that has both"
    )
    return PosExportError(msg, file=name)


def grids_of(data: bytes, form: Format, name: str) -> list[Grid]:
    """Give the sheets of a workbook, or the tables of a page, of JSON or of Parquet."""
    if form in _WORKBOOKS:
        return read_workbook(data, form, name)
    if form == "html":
        return read_markup(data, name)
    return read_json(data, name) if form == "json" else read_parquet(data, name)


def _of_archive(data: bytes, name: str, profile: Profile, *, whole: bool) -> list[Table]:
    """Read the members of an archive that are exports, those that say most of payments."""
    members = dict(unpack(data, name))
    inner, beside = replace(profile, sheets=()), None
    if profile.join:
        title = _beside(members, name, profile, "archive")
        beside = beside_of_text(members.pop(title), title, name, profile)
    titles = wanted(list(members), profile, name, "file")
    attempts = [
        _attempt(
            title,
            partial(find_tables, held, f"{name} [{title}]", inner, beside, whole=whole),
            is_lone=len(titles) == 1,
        )
        for title, held in members.items()
        if title in titles
    ]
    picked = pick(attempts, name, "file", is_stated=bool(profile.sheets))
    return _with_notes(picked.tables, picked.notes)


def _beside(titles: Iterable[str], name: str, profile: Profile, what: str) -> str:
    """Find what a profile joins, by its name."""
    file = str(profile.join["file"])
    found = next((one for one in titles if is_named(one, file)), None)
    if found is None:
        raise _nothing_beside(name, profile, what)
    return found


def _of_grids(
    grids: Sequence[Grid], name: str, profile: Profile, beside: Beside | None = None
) -> list[Table]:
    """Read the sheets that have tables of payment lines."""
    held = [grid for grid in grids if not grid.is_empty]
    if not held:
        raise PosExportError(f"{name} has nothing in it; export it from the POS again", file=name)
    if profile.join and beside is None:
        title = _beside([grid.sheet or "" for grid in held], name, profile, "workbook")
        other = next(grid for grid in held if (grid.sheet or "") == title)
        beside = beside_of_grid(other, name, profile)
        grids, held = ([one for one in some if one is not other] for some in (grids, held))
    titles = wanted([grid.sheet or "" for grid in grids], profile, name, "sheet")
    if profile.sheets:
        held = [grid for grid in held if grid.sheet in titles]
    if len(held) == 1:
        return _of_sheet(held[0], name, name, profile, beside)
    attempts = [
        _attempt(
            grid.sheet or "",
            partial(_of_sheet, grid, f"{name} [{grid.sheet}]", name, profile, beside),
            is_hidden=grid.is_hidden,
        )
        for grid in held
    ]
    picked = pick(attempts, name, "sheet", is_stated=bool(profile.sheets))
    tables = picked.tables
    if len({table.sheet for table in tables}) == 1:
        tables = [replace(table, name=name) for table in tables]
    return _with_notes(tables, picked.notes)


def _of_sheet(
    grid: Grid, name: str, file: str, profile: Profile, beside: Beside | None
) -> list[Table]:
    """Read a sheet, and each table that begins further below with a header of its own."""
    tables: list[Table] = []
    while True:
        table = _of_grid(grid, name, file, profile, beside)
        cut = find_next_header(table.records, table.columns.places)
        if cut is None or grid.header is not None:
            return tell_apart([*tables, table])
        kept = table.records.rows < cut
        kinds = {place: kinds[kept] for place, kinds in table.kinds.items()}
        tables.append(replace(table, records=table.records.until(cut), kinds=kinds))
        grid = grid.from_row(cut, len(table.layout.header))


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


def _of_grid(grid: Grid, name: str, file: str, profile: Profile, beside: Beside | None) -> Table:
    """Read one sheet."""
    if grid.header is None:
        layout = find_header(grid.head, profile, name)
        body = grid.below(layout.last_header_row, len(layout.header))
    else:
        body = grid.below(0, len(grid.header))
        layout = Layout("", 0, 0, grid.header, (), ())
    header = layout.header
    more: list[str] = []
    if beside is not None:
        header, held, more = join(header, body.columns, beside, profile, name)
        body = Body(tuple(held), body.rows)
    columns = map_columns(header, body.sample(), profile, name, layout.header_row)
    money = [one for idea in MONEY for one in columns.every.get(idea, ())]
    vote, texts = render(body.columns, money, profile.decimal_mark, layout.delimiter)
    floats = [header[place] for place in money if header[place] in grid.floats]
    notes = [
        f"column {one!r} holds its amounts as binary fractions; each was read by its shortest text"
        for one in floats
    ]
    return Table(
        name=name,
        file=file,
        format=grid.format,
        sheet=grid.sheet,
        encoding=None,
        layout=layout,
        columns=columns,
        records=Records(header, layout.header_row, tuple(map(Strings, texts)), body.rows, ()),
        kinds={place: column.kinds for place, column in enumerate(body.columns)},
        vote=vote,
        findings=(*_form(grid, profile), *layout.findings),
        notes=(*grid.notes, *more, *notes),
        floats=frozenset(
            place
            for place, one in enumerate(header)
            if grid.format in _WORKBOOKS or one in grid.floats
        ),
    )


def _form(grid: Grid, profile: Profile) -> Iterator[Finding]:
    yield Finding("format", grid.format, "high", "its bytes say so")
    if grid.sheet is not None:
        if profile.sheets:
            yield Finding("sheet", grid.sheet, "stated", "the profile says so")
        else:
            yield Finding("sheet", grid.sheet, "high", "it has a table of payment lines")
