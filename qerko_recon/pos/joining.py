"""Columns of a second table of the same archive or workbook, put beside the rows of the first.

Some exports have payments in one file and bills in another: amounts here, times and states
there. A profile says by which columns their rows belong together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.pos.encoding import decode
from qerko_recon.pos.grids import Grid
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import HeadRow, name_columns, read_head, read_records
from qerko_recon.pos.typed import TEXT, Column
from qerko_recon.pos.vocabulary import plain

__all__ = ["Beside", "beside_of_grid", "beside_of_text", "join"]

_DELIMITERS: Final = (";", ",", "\t", "|")
_BETWEEN: Final = "\x1f"


class Beside(NamedTuple):
    """A second table: what it is called, its column names and its columns."""

    title: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]


def beside_of_text(data: bytes, title: str, name: str, profile: Profile) -> Beside:
    """Read a text file for its columns.

    Raises
    ------
    PosExportError
        It has not the columns that join it.
    """
    source = decode(data, name, profile.encoding)
    for delimiter in (profile.delimiter,) if profile.delimiter else _DELIMITERS:
        row = _header_row(read_head(source, delimiter), profile)
        if row is not None:
            records = read_records(source, delimiter, row, name)
            columns = (_as_text(column.text) for column in records.columns)
            return Beside(title, records.header, tuple(columns))
    raise _no_columns(title, name, profile)


def beside_of_grid(grid: Grid, name: str, profile: Profile) -> Beside:
    """Read a sheet for its columns.

    Raises
    ------
    PosExportError
        It has not the columns that join it.
    """
    title = grid.sheet or ""
    if grid.header is not None:
        return Beside(title, grid.header, grid.below(0, len(grid.header)).columns)
    row = _header_row(grid.head, profile)
    if row is None:
        raise _no_columns(title, name, profile)
    header = name_columns(next(one.cells for one in grid.head if one.row == row))
    return Beside(title, header, grid.below(row, len(header)).columns)


def _as_text(column: pa.Array) -> Column:
    return Column(column, np.full(len(column), TEXT, dtype=np.uint8))


def _header_row(rows: Sequence[HeadRow], profile: Profile) -> int | None:
    on = set(map(plain, profile.join["on"] or ()))
    return next((one.row for one in rows if on <= set(map(plain, one.cells))), None)


def _no_columns(title: str, name: str, profile: Profile) -> PosExportError:
    wanted = ", ".join(repr(one) for one in profile.join["on"])
    msg = (
        f"{name}: {title!r} has not the columns {wanted}, by which the profile joins it; correct "
        "join.on in the profile"
    )
    return PosExportError(msg, file=name)


def join(
    header: tuple[str, ...], columns: Sequence[Column], beside: Beside, profile: Profile, name: str
) -> tuple[tuple[str, ...], list[Column], list[str]]:
    """Put the columns of a second table beside those of a first.

    Returns
    -------
    header, columns, notes
        The first table's, and behind them what the second has beyond them; rows without a
        counterpart have empty cells there, and a note counts them.

    Raises
    ------
    PosExportError
        The first table has not the columns to join by, or the second has rows alike in them.
    """
    keys = _keys(header, columns, profile)
    other = _keys(beside.header, beside.columns, profile)
    if keys is None or other is None:
        raise _no_columns(name if keys is None else beside.title, name, profile)
    repeated = pc.value_counts(other)
    often = repeated.filter(pc.greater(repeated.field("counts"), 1))
    if len(often):
        first = shorten(often[0].as_py()["values"].replace(_BETWEEN, ", "))
        msg = (
            f"{name}: {beside.title!r} has several rows {first}, so nothing says which one a "
            "payment belongs to; correct join.on in the profile"
        )
        raise PosExportError(msg, file=name, value=first)
    places = pc.index_in(keys, value_set=other)
    taken = set(map(plain, header))
    more = [place for place, one in enumerate(beside.header) if plain(one) not in taken]
    lone = places.null_count
    notes = [f"{lone} rows have no counterpart in {beside.title}"] if lone else []
    added = [_take(beside.columns[place], places) for place in more]
    return (*header, *(beside.header[place] for place in more)), [*columns, *added], notes


def _keys(header: Sequence[str], columns: Sequence[Column], profile: Profile) -> pa.Array | None:
    """Write down what tells each row apart."""
    places = {plain(one): place for place, one in reversed(list(enumerate(header)))}
    wanted = [plain(one) for one in profile.join["on"]]
    if not all(one in places for one in wanted):
        return None
    cells = [columns[places[one]].text for one in wanted]
    return pc.binary_join_element_wise(*cells, _BETWEEN)


def _take(column: Column, places: pa.Array) -> Column:
    text = pc.fill_null(column.text.take(places), "")
    is_lone = np.asarray(places.is_null())
    if not len(column.kinds):
        return _as_text(text)
    kinds = column.kinds[np.asarray(pc.fill_null(places, 0))]
    return Column(text, np.where(is_lone, TEXT, kinds).astype(np.uint8))
