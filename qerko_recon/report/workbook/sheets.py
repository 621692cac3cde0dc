"""Real Excel tables: declared columns with their values in, a formatted worksheet out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook

from qerko_recon.errors import QerkoReconError
from qerko_recon.report.workbook.cells import (
    DATES,
    FORMATS,
    NUMBERS,
    Formula,
    Kind,
    Link,
    as_units,
    encodable,
    fitting,
    is_fine,
    is_long,
    written_out,
)
from qerko_recon.wording import one_line

__all__ = ["LINKS", "Book", "Column", "Sheet", "check_rows", "line_count"]

_ROWS: Final = 1_048_576
LINKS: Final = 65_530
"""The most links that Excel takes on a sheet."""

_LINK_TEXT: Final = 200
_FIRST_YEAR: Final = 1900
_A4: Final = 9
_RULE: Final = "#D0D5DA"
_LINE: Final = 15
_BUTTON: Final = 3
_TALLEST: Final = 409
_HEADER: Final = 200
_WIDEST: Final = {"id": 26, "text": 30, "unit": 12, "link": 30}
_WIDTHS: Final = {"date": 13, "time": 21, "place": 8, "count": 9, "share": 9}
# A program without the workbook's font takes a wider one.
_SPARE: Final = 1.15

_SPECIAL: Final = frozenset({Formula, Link})

_Write = Callable[[int, int, Any], None]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    heading
        What stands above it.
    kind
        What it holds, which says how it is written.
    values
        ``None`` leaves a cell empty; an integer in a ``money`` column is millionths.
    width
        In characters; as wide as its values where not given.
    """

    heading: str
    kind: Kind
    values: Sequence[Any] = ()
    width: float | None = None


def check_rows(sheet: str, rows: int) -> None:
    """Refuse what no Excel sheet can hold, before anything is written.

    Raises
    ------
    QerkoReconError
        Names the sheet and its rows.
    """
    if rows >= _ROWS:
        raise QerkoReconError(
            f"the sheet {sheet} would need {rows + 1:,} rows, and Excel holds {_ROWS:,}; "
            "reconcile fewer days at once, or write the frames as Parquet or CSV"
        )


@dataclass
class Book:
    """A workbook being written.

    Parameters
    ----------
    workbook
        XlsxWriter's.
    zone
        Times are written in it, since Excel has no time zones.
    language
        Days are shown as it writes them.
    footer
        What stands at the bottom of each printed page.
    """

    workbook: Workbook
    zone: ZoneInfo
    language: str
    footer: str
    has_long_numbers: bool = False
    _formats: dict[str, Any] = field(default_factory=dict)

    def format(self, name: str) -> Any:
        """Give a cell format by its name, made once."""
        if name not in self._formats:
            shape = {"valign": "top", **FORMATS[name]}
            if name in {"date", "time"}:
                clock = " hh:mm:ss" if name == "time" else ""
                shape["num_format"] = DATES[self.language] + clock
            self._formats[name] = self.workbook.add_format(shape)
        return self._formats[name]

    @cached_property
    def ruled(self) -> Any:
        """The format that draws a line under a row."""
        return self.workbook.add_format({"bottom": 1, "bottom_color": _RULE})

    def sheet(self, name: str, header: str) -> Sheet:
        """Add a sheet that prints landscape, a page wide, with page numbers."""
        worksheet = self.workbook.add_worksheet(name)
        worksheet.set_landscape()
        worksheet.set_paper(_A4)
        worksheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.6)
        worksheet.fit_to_pages(1, 0)
        worksheet.set_header(f"&L{header[:_HEADER]}")
        worksheet.set_footer(self.footer)
        return Sheet(self, worksheet)


class Sheet:
    """A worksheet, written cell by cell or as a table."""

    def __init__(self, book: Book, worksheet: Any) -> None:
        self.book = book
        self.worksheet = worksheet
        self.widths: list[float] = []
        self._links = 0

    def table(
        self, name: str, columns: Sequence[Column], *, at: int = 0, frozen_columns: int = 1
    ) -> int:
        """Write a table whose header row stays in view and repeats on each page.

        Returns
        -------
        int
            The first row below it.
        """
        widths = self.widths = [_width(column) for column in columns]
        for place, (column, width) in enumerate(zip(columns, widths, strict=True)):
            self.worksheet.set_column(place, place, width, self.book.format(column.kind))
        below = self.plain_table(name, columns, widths, at=at, has_filter=True)
        self.worksheet.freeze_panes(at + 1, frozen_columns)
        self.worksheet.repeat_rows(at)
        return below

    def plain_table(
        self,
        name: str,
        columns: Sequence[Column],
        widths: Sequence[float],
        *,
        at: int,
        has_filter: bool = False,
    ) -> int:
        """Write a table among other things and give the first row below it."""
        rows = len(columns[0].values)
        last = at + max(rows, 1)  # an Excel table has at least one row
        self.worksheet.add_table(
            at,
            0,
            last,
            len(columns) - 1,
            {
                "name": name,
                "style": "Table Style Light 1",
                "banded_rows": False,
                "autofilter": has_filter,
                "columns": [
                    {"header": column.heading, "header_format": self._head(column, has_filter)}
                    for column in columns
                ],
            },
        )
        # Lines between the rows: not every program draws a table's own style.
        rule = {"type": "formula", "criteria": "=TRUE", "format": self.book.ruled}
        self.worksheet.conditional_format(at + 1, 0, last, len(columns) - 1, rule)
        for place, column in enumerate(columns):
            self.fill(at + 1, place, column.values, column.kind)
        self._set_heights(columns, widths, at, has_filter=has_filter)
        return last + 1

    def fill(self, first: int, place: int, values: Sequence[Any], kind: str) -> None:
        """Write values below each other."""
        write = self._writer(kind)
        if not _SPECIAL.isdisjoint(map(type, values)):
            write = self._or_special(kind, write)
        for row, value in enumerate(values, start=first):
            if value is not None:
                write(row, place, value)

    def write(self, row: int, place: int, value: Any, kind: str) -> None:
        """Write one cell."""
        self.fill(row, place, [value], kind)

    def _head(self, column: Column, has_filter: bool) -> Any:
        """Set a heading over its values, but clear of a filter's button."""
        if column.kind in NUMBERS:
            return self.book.format("head_filtered" if has_filter else "head_number")
        return self.book.format("head_unit" if column.kind in {"unit", "long"} else "head")

    def _set_heights(
        self, columns: Sequence[Column], widths: Sequence[float], at: int, *, has_filter: bool
    ) -> None:
        """Make rows high enough for wrapped text; not every program does so by itself."""
        button = _BUTTON if has_filter else 0
        highest = max(
            line_count(one.heading, width - button)
            for one, width in zip(columns, widths, strict=True)
        )
        self.worksheet.set_row(at, highest * _LINE + 6)
        wrapped = [
            [line_count(value, width - 1) for value in one.values]
            for one, width in zip(columns, widths, strict=True)
            if one.kind == "long"
        ]
        for number, lines in enumerate(zip(*wrapped, strict=True), start=at + 1):
            if max(lines) > 1:
                self.worksheet.set_row(number, min(max(lines) * _LINE, _TALLEST))

    def _writer(self, kind: str) -> _Write:
        """Choose, once for many cells, how they are written."""
        writers: dict[str, Callable[[str], _Write]] = {
            "money": self._money,
            "strong_money": self._money,
            "faint": self._money,
            "count": self._number,
            "share": self._share,
            "place": self._number,
            "date": self._time,
            "time": self._time,
        }
        plain = "id" if kind == "link" else kind  # what leads nowhere must not look as if it did
        return writers.get(kind, self._text)(plain)

    def _or_special(self, kind: str, plain: _Write) -> _Write:
        shape, linked = self.book.format(kind), "long_link" if kind == "long" else "link"

        def write(row: int, place: int, value: Any) -> None:
            if isinstance(value, Formula):
                number = float(value.value)
                self.worksheet.write_formula(row, place, value.text, shape, number)
            elif isinstance(value, Link):
                self._link(row, place, value, linked)
            else:
                plain(row, place, value)

        return write

    def _text(self, kind: str) -> _Write:
        # Not `write`, which would take "=1+1" for a formula and "http://…" for a link.
        put, shape = self.worksheet.write_string, self.book.format(kind)

        def write(row: int, place: int, value: Any) -> None:
            put(row, place, fitting(value), shape)

        return write

    def _number(self, kind: str) -> _Write:
        put, shape, text = self.worksheet.write_number, self.book.format(kind), self._text("id")

        def write(row: int, place: int, value: int) -> None:
            if isinstance(value, int) and not is_long(value):
                put(row, place, value, shape)
            else:
                text(row, place, value)

        return write

    def _share(self, kind: str) -> _Write:
        put, shape = self.worksheet.write_number, self.book.format(kind)

        def write(row: int, place: int, value: Decimal) -> None:
            put(row, place, float(value), shape)

        return write

    def _money(self, kind: str) -> _Write:
        put, text = self.worksheet.write_number, self._text("id")
        shape, fine = self.book.format(kind), self.book.format("fine")

        def write(row: int, place: int, value: Decimal | int) -> None:
            units = as_units(value)
            if is_long(units):
                self.book.has_long_numbers = True
                text(row, place, written_out(units))
            else:
                put(row, place, units / 1_000_000, fine if is_fine(units) else shape)

        return write

    def _time(self, kind: str) -> _Write:
        put, shape = self.worksheet.write_datetime, self.book.format(kind)
        text, zone = self._text(kind), self.book.zone

        def write(row: int, place: int, value: date) -> None:
            if isinstance(value, datetime):
                value = value.astimezone(zone).replace(tzinfo=None)
            if value.year < _FIRST_YEAR:
                text(row, place, str(value))
            else:
                put(row, place, value, shape)

        return write

    def _link(self, row: int, place: int, link: Link, kind: str) -> None:
        """Write a link; past what Excel takes of them on a sheet, its text alone."""
        if self._links >= LINKS:
            self.worksheet.write_string(row, place, fitting(link.text), self.book.format("text"))
            return
        self._links += 1
        # A link's text stands in an attribute too, where XlsxWriter does not escape as in a cell.
        text = one_line(encodable(link.text), _LINK_TEXT)
        target = f"internal:'{link.sheet}'!{link.cell}"
        self.worksheet.write_url(row, place, target, self.book.format(kind), string=text)


def _width(column: Column) -> float:
    """Give a width at which neither a value nor a word of the heading is broken."""
    least = _widest_word(column.heading)
    if column.width is not None:
        return max(column.width, least)
    if column.kind == "money":
        return max(_width_of_money(column.values), least)
    if column.kind in _WIDTHS:
        return max(_WIDTHS[column.kind], least)
    longest = max(map(_length, column.values), default=0)
    return max(min(longest * _SPARE + 2, _WIDEST[column.kind]), least)


def _length(value: Any) -> int:
    if isinstance(value, Link):
        return len(value.text)
    return 0 if value is None else len(str(value))


def _width_of_money(values: Iterable[Any]) -> float:
    """Give what the widest amount takes, which a program would show as ##### otherwise."""
    amounts = (one.value if isinstance(one, Formula) else one for one in values)
    units = [as_units(one) for one in amounts if one is not None]
    widest = max((abs(one) for one in units), default=0)
    decimals = 4 if any(map(is_fine, units)) else 0
    return (len(f"{widest // 1_000_000:,}.00") + 1 + decimals) * _SPARE + 2


def _widest_word(heading: str) -> float:
    """Give the width at which no word of a heading is broken."""
    return max(map(len, heading.split()), default=0) * _SPARE + _BUTTON + 1


def line_count(text: object, width: float) -> int:
    """Estimate how many lines a text takes in a column so many characters wide.

    >>> line_count("a plain sentence", 10), line_count(None, 10)
    (2, 1)
    """
    if isinstance(text, Link):
        text = text.text
    if not isinstance(text, str) or (len(text) <= width and "\n" not in text):
        return 1
    most = max(int(width), 1)
    lines = 0
    for paragraph in text.split("\n"):
        room = -1  # the next word begins a line
        for word in paragraph.split(" "):
            size = len(word)
            if size > room:
                lines += max(-(-size // most), 1)
                room = most - (size % most or most)
            else:
                room -= size
            room -= 1
    return lines
