"""Texts in, the tables of payment lines that stand in them one below another out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from qerko_recon.errors import PosExportError
from qerko_recon.pos.columns import map_columns
from qerko_recon.pos.encoding import Decoded, decode
from qerko_recon.pos.findings import Confidence, Finding, NoTable
from qerko_recon.pos.grids import Body
from qerko_recon.pos.joining import Beside, join
from qerko_recon.pos.mending import join_commas, unwrap
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import read_records
from qerko_recon.pos.rows import find_next_header
from qerko_recon.pos.sniff import find_layout
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.table import MONEY, Table, tell_apart
from qerko_recon.pos.typed import TEXT, Column

__all__ = ["read_text"]

_JOINED: Final = (
    "amounts have a decimal comma in a file whose cells are parted by commas; as every row has it "
    "so, their halves were joined"
)


def read_text(
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
            return tell_apart(tables)
        source, base = source.below(cut), base + cut - 1


def _unread(name: str, row: int, error: NoTable) -> PosExportError:
    msg = (
        f"{name}, row {row}: another table begins here, and {error.short}; put it into a file of "
        "its own, or correct its header"
    )
    return PosExportError(msg, file=name, row=row)


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
        money = [one for idea in MONEY for one in columns.every.get(idea, ())]
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
