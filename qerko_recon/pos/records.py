"""An export's bytes in, its header and its rows as columns out, each with its line in the file.

A row of as many cells as the header is regular. The others are kept apart as broken, with their
text, so that no line is ever lost. Regular files are parsed by Arrow; what has quotes over
several lines, blank or broken rows goes through the :mod:`csv` module, with the same result.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as arrow_csv

from qerko_recon.errors import PosExportError
from qerko_recon.pos.encoding import Decoded
from qerko_recon.pos.strings import Strings
from qerko_recon.threads import at_once

__all__ = ["Broken", "HeadRow", "Records", "name_columns", "read_head", "read_records"]

_ABSURD: Final = 50
_TELLING_WIDTH: Final = 4
_BLOCK: Final = 1 << 20
_PARSED: Final = 1 << 22
_SENTINEL: Final = "\x01end\x01"

Rows = npt.NDArray[np.int64]


class HeadRow(NamedTuple):
    """A record near the beginning of a file: its line, and its cells."""

    row: int
    cells: list[str]


class Broken(NamedTuple):
    """A row of too few or too many cells."""

    row: int
    cells: tuple[str, ...]
    text: str


@dataclass(frozen=True, eq=False)
class Records:
    """An export's rows.

    Attributes
    ----------
    header
        Column names, surrounding space removed; a repeated one has ``" (2)"`` behind.
    header_row
        The file's line on which the header begins, from 1.
    columns
        Cells of the regular rows.
    rows
        The file's line on which each regular row begins.
    broken
        Rows of another width.
    end
        The row of another table's header, where one follows.
    """

    header: tuple[str, ...]
    header_row: int
    columns: tuple[Strings, ...]
    rows: Rows
    broken: tuple[Broken, ...]
    end: int | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def until(self, row: int) -> Records:
        """Keep the rows above one, where another table begins."""
        mask = self.rows < row
        return replace(
            self,
            columns=tuple(column.where(mask) for column in self.columns),
            rows=self.rows[mask],
            broken=tuple(one for one in self.broken if one.row < row),
            end=row,
        )

    def moved(self, by: int) -> Records:
        """Count the rows from further below."""
        return replace(
            self,
            header_row=self.header_row + by,
            rows=self.rows + by,
            broken=tuple(one._replace(row=one.row + by) for one in self.broken),
            end=None if self.end is None else self.end + by,
        )


def read_head(source: Decoded, delimiter: str, limit: int = 60) -> list[HeadRow]:
    """Read the first records of a file, blank ones left out."""
    reader = csv.reader(io.StringIO(source.head, newline=""), delimiter=delimiter)
    rows, start = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(HeadRow(start, cells))
            start = reader.line_num + 1
            if len(rows) == limit:
                break
    except csv.Error:  # a quote that never closes; reading the whole says where
        pass
    return rows


def read_records(
    source: Decoded,
    delimiter: str,
    header_row: int,
    name: str,
    *,
    header: tuple[str, ...] | None = None,
    needed: int | None = None,
) -> Records:
    """Read a file's rows from its header on.

    Parameters
    ----------
    source, delimiter, header_row, name
        The file's content, what parts its cells, the last line of its header, and what it is
        called.
    header
        The names of its columns; those in that line by default.
    needed
        How many of a row's cells have to be there; fewer make it broken. All by default.

    Raises
    ------
    PosExportError
        A quote opens and never closes.
    """
    lines = io.StringIO(source.head, newline="")
    for _ in range(header_row - 1):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter)
    last = name_columns(next(reader, []))
    header = last if header is None else header
    # The reader's lines are the buffer's, so the buffer stands where the body begins.
    begin = len(source.head[: lines.tell()].encode(source.codec))
    body = _Body(source, begin)
    place = _Place(name, header_row + reader.line_num)
    parsed = _fast(body, delimiter, len(header)) or _careful(
        body.text, delimiter, len(header), place, needed or len(header)
    )
    columns, rows, broken = parsed
    filled = _filled(columns, len(rows))
    if not filled.all():
        columns, rows = [column.where(filled) for column in columns], rows[filled]
    return Records(header, header_row, tuple(columns), rows + place.first_row, tuple(broken))


class _Body:
    """What stands below a file's header."""

    def __init__(self, source: Decoded, begin: int) -> None:
        self.source, self.begin = source, begin

    @property
    def text(self) -> str:
        """All of it as text."""
        return self.source.data[self.begin :].decode(self.source.codec)

    def has(self, letters: bytes) -> bool:
        return self.source.data.find(letters, self.begin) >= 0

    def count_lines(self) -> int:
        """Count its ends of lines."""
        held = np.frombuffer(self.source.data, dtype=np.uint8)

        def count(begin: int) -> int:
            return int(np.count_nonzero(held[begin : begin + _BLOCK] == ord("\n")))

        return sum(at_once(count, range(self.begin, len(held), _BLOCK)))

    @property
    def buffer(self) -> pa.Buffer:
        return pa.py_buffer(self.source.data).slice(self.begin)


def name_columns(cells: Sequence[str]) -> tuple[str, ...]:
    """Name the columns apart: a repeated name gets ``" (2)"``; empty ones at the end are cut."""
    names = [" ".join(cell.replace("\ufeff", "").split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)


def _filled(columns: Sequence[Strings], length: int) -> npt.NDArray[np.bool_]:
    """Tell which rows have anything in them."""
    filled = np.zeros(length, dtype=bool)
    for column in columns:
        filled |= ~column.is_empty
        if filled.all():
            break
    return filled


_Parsed = tuple[list[Strings], Rows, list[Broken]]


def _fast(body: _Body, delimiter: str, width: int) -> _Parsed | None:
    """Parse by Arrow where every record is one line of the header's width."""
    codec = body.source.codec
    if not delimiter.isascii() or not body.buffer.size:
        return None
    names = [str(number) for number in range(width)]
    kind = pa.string() if codec == "utf-8" else pa.binary()
    try:
        table = arrow_csv.read_csv(
            body.buffer,
            arrow_csv.ReadOptions(column_names=names, block_size=_PARSED),
            arrow_csv.ParseOptions(delimiter=delimiter),
            arrow_csv.ConvertOptions(
                check_utf8=False,  # that is known
                column_types=dict.fromkeys(names, kind),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, ValueError, TypeError):
        return None
    has_quotes = body.has(b'"')
    starts = _line_starts(body, table.num_rows, has_quotes=has_quotes)
    if starts is None or (has_quotes and _ends_open(body, delimiter)):
        return None
    return [Strings(column, codec) for column in table.columns], starts, []


def _ends_open(body: _Body, delimiter: str) -> bool:
    """Tell whether a quote is still open at the end of the last line."""
    data = body.source.data.rstrip(b"\r\n")
    last = data[max(data.rfind(b"\n") + 1, body.begin) :]
    return _is_open([last.decode(body.source.codec)], delimiter)


def _line_starts(body: _Body, count: int, *, has_quotes: bool) -> Rows | None:
    """Find the lines with anything on them; ``None`` where these are not as many as rows.

    A quote that is open at a line's end goes on in the next one, which is none of its own, and a
    lone return is an end that only old programs know.
    """
    data = body.source.data
    is_ended = data.endswith(b"\n")
    if not has_quotes and body.count_lines() + (not is_ended) == count:
        return np.arange(count, dtype=np.int64)
    held = np.frombuffer(data, dtype=np.uint8)[body.begin :]
    ends = np.flatnonzero(held == ord("\n"))
    if not is_ended:
        ends = np.append(ends, len(held))
    if has_quotes:
        quotes = np.flatnonzero(held == ord('"'))
        if (np.searchsorted(quotes, ends) & 1).any():
            return None
    begins = np.append(0, ends[:-1] + 1)
    lengths = ends - begins
    returns = held[np.maximum(ends - 1, 0)] == ord("\r")
    starts = np.flatnonzero(lengths - (returns & (lengths > 0)) > 0)
    return starts if len(starts) == count else None


@dataclass(frozen=True)
class _Place:
    """Where a body stands, for messages."""

    file: str
    first_row: int

    def unclosed(self, line: int) -> PosExportError:
        row = self.first_row + line
        msg = (
            f'{self.file}, row {row}: a quote (") opens in this row and does not close, so all '
            "that follows would be one cell; correct the row or export the file again"
        )
        return PosExportError(msg, file=self.file, row=row, value='"')


def _careful(body: str, delimiter: str, width: int, place: _Place, needed: int) -> _Parsed:
    """Parse by the csv module, record by record."""
    lines = list(io.StringIO(body, newline=""))
    reader = csv.reader(lines, delimiter=delimiter)
    rows: list[int] = []
    regular: list[list[str]] = []
    broken: list[Broken] = []

    def take(cells: list[str], line: int, last: int) -> None:
        fitted = _fit(cells, width, needed)
        if fitted is not None:
            rows.append(line)
            regular.append(fitted)
        elif any(cell.strip() for cell in cells):
            text = "".join(lines[line:last]).strip("\r\n")
            stripped = tuple(cell.strip() for cell in cells)
            broken.append(Broken(place.first_row + line, stripped, text))

    begin = start = 0
    try:
        for cells in reader:
            begin, end = start, reader.line_num
            if end - start > 1:
                _check_closed(lines, start, end, delimiter, place)
                if _has_swallowed(lines[start:end], cells, delimiter, width):
                    for line in range(start, end):
                        take(_alone(lines[line], delimiter), line, line + 1)
                    start = end
                    continue
            take(cells, start, end)
            start = end
    except csv.Error as error:  # a cell beyond the module's limit
        raise place.unclosed(start) from error
    if '"' in "".join(lines[begin:]) and _is_open(lines[begin:], delimiter):
        raise place.unclosed(begin)
    columns = list(zip(*regular, strict=True)) if regular else [()] * width
    strings = [Strings(pa.array(column, pa.string())) for column in columns]
    return strings, np.array(rows, dtype=np.int64), broken


def _fit(cells: list[str], width: int, needed: int) -> list[str] | None:
    """Bring a row to the header's width where only empty or unused cells make the difference."""
    if len(cells) == width:
        return cells
    if len(cells) > width:
        return None if any(cell.strip() for cell in cells[width:]) else cells[:width]
    if needed <= len(cells) and len(cells) > 1:
        return cells + [""] * (width - len(cells))
    return None


def _alone(line: str, delimiter: str) -> list[str]:
    """Parse one line as a record of its own."""
    return next(csv.reader([line], delimiter=delimiter), [])


def _has_swallowed(lines: list[str], cells: list[str], delimiter: str, width: int) -> bool:
    """Tell whether a record of several lines is an unclosed quote that swallowed whole rows."""
    if lines[0].count(delimiter) + 1 < width:
        return False  # the rest of the first row stands in the lines below
    whole = sum(len(_alone(line, delimiter)) == width for line in lines[1:])
    return whole > 0 and (width >= _TELLING_WIDTH or len(cells) != width)


def _check_closed(lines: list[str], start: int, end: int, delimiter: str, place: _Place) -> None:
    if end - start > _ABSURD or _is_open(lines[start:end], delimiter):
        raise place.unclosed(start)


def _is_open(lines: list[str], delimiter: str) -> bool:
    """Tell whether a quote is still open after these lines: one more would not be a new record."""
    held = [*lines[:-1], lines[-1].rstrip("\r\n") + "\n", _SENTINEL]
    return list(csv.reader(held, delimiter=delimiter))[-1] != [_SENTINEL]
