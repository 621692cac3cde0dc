"""Files in, the tables of payment lines that they hold out, each with how it was found.

Text, workbooks, JSON, Parquet and zip archives come to the same shape here: a layout, columns
with their meaning, and rows as text with the kind of each cell beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from qerko_recon.errors import PosExportError
from qerko_recon.pos.amounts import MarkVote
from qerko_recon.pos.archive import unpack
from qerko_recon.pos.columns import Columns, Confidence, Finding, NoTable, map_columns
from qerko_recon.pos.encoding import Decoded, decode
from qerko_recon.pos.formats import Format, tell_format
from qerko_recon.pos.grids import Body, Grid
from qerko_recon.pos.joining import Beside, beside_of_grid, beside_of_text, join
from qerko_recon.pos.json_grids import read_json
from qerko_recon.pos.markup import read_markup
from qerko_recon.pos.mending import join_commas, unwrap
from qerko_recon.pos.parquet import read_parquet
from qerko_recon.pos.picking import Attempt, is_named, pick, wanted
from qerko_recon.pos.problems import Problem
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import Records, read_records
from qerko_recon.pos.rows import find_next_header
from qerko_recon.pos.sheets import read_workbook
from qerko_recon.pos.sniff import Layout, find_header, find_layout
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.typed import TEXT, Column, Kinds, render

__all__ = ["Table", "find_tables"]

_MONEY: Final = ("amount", "tip", "total")
_JOINED: Final = (
    "amounts have a decimal comma in a file whose cells are parted by commas; as every row has it "
    "so, their halves were joined"
)
_WORKBOOKS: Final = ("xlsx", "xlsb", "xls", "ods")


_YEAR: Final = re.compile(r"(?<!\d)20\d\d(?!\d)")


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
    floats
        Places of columns whose numbers are binary fractions, which keep some fifteen digits.
    aside
        How many rows of summaries below it were left out.
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
    floats: frozenset[int] = frozenset()
    aside: int = 0

    @property
    def year(self) -> int | None:
        """The year that titles, sheet or file name, if they agree on one."""
        texts = (*self.layout.titles, self.sheet or "", self.file)
        years = {year for text in texts for year in _YEAR.findall(text)}
        return int(years.pop()) if len(years) == 1 else None


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
        return _of_grids(_grids(data, form, name), name, profile, beside)
    if profile.join and beside is None:
        raise _nothing_beside(name, profile, "archive")
    return _of_text(data, name, profile, beside, whole=whole)


def _nothing_beside(name: str, profile: Profile, what: str) -> PosExportError:
    msg = (
        f"{name}: the profile joins {profile.join['file']!r}, which is not there; give the "
        f"{what} that has both"
    )
    return PosExportError(msg, file=name)


def _grids(data: bytes, form: Format, name: str) -> list[Grid]:
    if form in _WORKBOOKS:
        return read_workbook(data, form, name)
    if form == "html":
        return read_markup(data, name)
    return read_json(data, name) if form == "json" else read_parquet(data, name)


def _of_text(
    data: bytes, name: str, profile: Profile, beside: Beside | None, *, whole: bool
) -> list[Table]:
    """Read a text, and each table that begins further below with a header of its own."""
    source = decode(data, name, profile.encoding, whole=whole)
    tables: list[Table] = []
    base = 0
    while True:
        try:
            table = _of_section(source, name, profile, beside)
        except NoTable as error:
            if not tables:
                raise
            raise _unread(name, base + 1, error) from error
        cut = find_next_header(table.records, table.columns.places)
        if cut is not None:
            table = replace(table, records=table.records.until(cut))
        tables.append(
            replace(table, layout=table.layout.moved(base), records=table.records.moved(base))
        )
        if cut is None:
            return _told_apart(tables)
        source, base = source.below(cut), base + cut - 1


def _unread(name: str, row: int, error: NoTable) -> PosExportError:
    msg = (
        f"{name}, row {row}: another table begins here, and {error.short}; put it into a file of "
        "its own, or correct its header"
    )
    return PosExportError(msg, file=name, row=row)


def _told_apart(tables: list[Table]) -> list[Table]:
    """Keep the tables that say of what their amounts are, as the first one does."""
    first, kept, notes, aside = tables[0], [], [], 0
    for one in tables:
        row = one.layout.header_row
        if _names_less(one.columns.places, first.columns.places):
            aside += len(one.records) + len(one.records.broken) + 1
            notes.append(f"the table that begins in row {row} sums others up and is not read")
            continue
        kept.append(one)
        if one is not first:
            text = "with a header of its own, and is read by it"
            notes.append(f"another table begins in row {row}, {text}")
    kept[0] = replace(first, notes=(*first.notes, *notes), aside=aside)
    return kept


def _names_less(places: Mapping[str, int], first: Mapping[str, int]) -> bool:
    """Tell a table that has neither bill nor ID, or no time, where the first has."""
    for some in (("payment_id", "bill_id", "tender_id"), ("paid_at",)):
        if any(idea in first for idea in some):
            return not any(idea in places for idea in some)
    return False


def _of_section(source: Decoded, name: str, profile: Profile, beside: Beside | None) -> Table:
    try:
        layout = find_layout(source, profile, name)
    except NoTable:
        bare = unwrap(source)
        if bare is None:
            raise
        return _of_section(bare, name, profile, beside)
    delimiter, row, last = layout.delimiter, layout.header_row, layout.last_header_row
    notes: list[str] = []
    if beside is None:
        columns = map_columns(layout.header, layout.sample, profile, name, row)
        needed = max(one for places in columns.every.values() for one in places) + 1
        records = read_records(source, delimiter, last, name, header=layout.header, needed=needed)
        money = [one for idea in _MONEY for one in columns.every.get(idea, ())]
        if delimiter == "," and (mended := join_commas(records, money)) is not None:
            records = mended
            notes.append(_JOINED)
    else:
        own = read_records(source, delimiter, last, name, header=layout.header)
        kinds = np.full(len(own), TEXT, dtype=np.uint8)
        header, held, notes = join(
            own.header, [Column(one.text, kinds) for one in own.columns], beside, profile, name
        )
        strings = tuple(Strings(one.text) for one in held)
        records = replace(own, header=header, columns=strings)
        sample = Body(tuple(held), own.rows).sample()
        columns = map_columns(header, sample, profile, name, row)
    return Table(
        name=name,
        file=name,
        format="csv",
        sheet=None,
        encoding=source.encoding,
        layout=layout,
        columns=columns,
        records=records,
        kinds={},
        vote=None,
        findings=(_encoding(source, profile), *layout.findings),
        problems=source.problems,
        notes=tuple(notes),
    )


def _encoding(decoded: Decoded, profile: Profile) -> Finding:
    if profile.encoding is not None:
        return Finding("encoding", decoded.encoding, "stated", "the profile says so")
    surely: Confidence = "high" if decoded.is_sure else "medium"
    return Finding("encoding", decoded.encoding, surely, decoded.reason)


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
            return _told_apart([*tables, table])
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
    money = [one for idea in _MONEY for one in columns.every.get(idea, ())]
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
