"""Real Excel tables: declared columns and plain rows in, a formatted worksheet out.

Data never become formulas: every text is written as a string. Amounts are doubles in an Excel
file, exact to fifteen digits; one with more digits is written as text, whole.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from qerko_recon.errors import QerkoReconError
from qerko_recon.money import trim
from qerko_recon.wording import one_line

__all__ = [
    "Book",
    "Column",
    "Formula",
    "Kind",
    "Link",
    "Sheet",
    "cell_name",
    "check_rows",
    "line_count",
]

_ROWS: Final = 1_048_576
_LINK_TEXT: Final = 200
_LINKS: Final = 65_530
_CHARACTERS: Final = 32_767
_DIGITS: Final = 15
_CENTS: Final = 2
_FIRST_YEAR: Final = 1900
_MONEY: Final = '#,##0.00;[Red]-#,##0.00;"–"'
_FINE_MONEY: Final = '#,##0.00####;[Red]-#,##0.00####;"–"'
_A4: Final = 9
_LINE: Final = 15
_BUTTON: Final = 3
_TALLEST: Final = 409
_NUMBERS: Final = frozenset({"money", "count"})

Kind = Literal["id", "text", "unit", "long", "money", "count", "place", "date", "time", "link"]

_HEAD: Final = {"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1}
_FORMATS: Final[Mapping[str, Mapping[str, object]]] = {
    "id": {"num_format": "@"},
    "text": {"num_format": "@"},
    "unit": {"num_format": "@", "align": "left", "indent": 1},
    "long": {"text_wrap": True},
    "money": {"num_format": _MONEY},
    "fine": {"num_format": _FINE_MONEY},
    "count": {"num_format": "#,##0"},
    "place": {"num_format": "0", "align": "left"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
    "time": {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"},
    "link": {"font_color": "#0563C1", "underline": 1},
    "title": {"bold": True, "font_size": 14},
    "strong": {"bold": True, "text_wrap": True},
    "heading": {"bold": True, "font_size": 12},
    "head": _HEAD,
    "head_unit": {**_HEAD, "align": "left", "indent": 1},
    "head_number": {**_HEAD, "align": "right"},
    "head_filtered": {**_HEAD, "align": "right", "indent": 2},
    "faint": {"font_color": "#808080", "num_format": "#,##0.00"},
    "faint_text": {"font_color": "#808080"},
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, what it holds, how wide it is in characters."""

    heading: str
    kind: Kind
    width: float = 12


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of ours, with the value that a preview shows."""

    text: str
    value: Decimal | int


@dataclass(frozen=True, slots=True)
class Link:
    """A jump to a cell of another sheet of the same file."""

    sheet: str
    cell: str
    text: str


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
            "reconcile fewer days at once"
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
    footer
        What stands at the bottom of each printed page.
    """

    workbook: Workbook
    zone: ZoneInfo
    footer: str
    has_long_numbers: bool = False
    _formats: dict[str, Any] = field(default_factory=dict)

    def format(self, name: str) -> Any:
        """Give a cell format by its name, made once."""
        if name not in self._formats:
            shape = {"valign": "top", **_FORMATS[name]}
            self._formats[name] = self.workbook.add_format(shape)
        return self._formats[name]

    def sheet(self, name: str, header: str) -> Sheet:
        """Add a sheet that prints landscape, a page wide, with page numbers."""
        worksheet = self.workbook.add_worksheet(name)
        worksheet.set_landscape()
        worksheet.set_paper(_A4)
        worksheet.set_margins(left=0.4, right=0.4, top=0.75, bottom=0.6)
        worksheet.fit_to_pages(1, 0)
        worksheet.set_header(f"&L{_cut(header, 200)}")
        worksheet.set_footer(self.footer)
        return Sheet(self, worksheet)


class Sheet:
    """A worksheet, written cell by cell or as a table."""

    def __init__(self, book: Book, worksheet: Any) -> None:
        self.book = book
        self.worksheet = worksheet
        self.links = 0

    def table(
        self,
        name: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[object]],
        *,
        at: int = 0,
        frozen_columns: int = 1,
    ) -> None:
        """Write a table with a header row, which stays in view and repeats on each page."""
        columns = [replace(one, width=max(one.width, _widest_word(one))) for one in columns]
        for place, column in enumerate(columns):
            self.worksheet.set_column(place, place, column.width)
        self.plain_table(name, columns, rows, at=at, has_filter=True)
        self.worksheet.freeze_panes(at + 1, frozen_columns)
        self.worksheet.repeat_rows(at)

    def plain_table(
        self,
        name: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[object]],
        *,
        at: int,
        has_filter: bool = False,
    ) -> int:
        """Write a table and give the first row below it."""
        # An Excel table has at least one row, so an empty one gets a blank row.
        last = at + max(len(rows), 1)
        self.worksheet.add_table(
            at,
            0,
            last,
            len(columns) - 1,
            {
                "name": name,
                "style": "Table Style Light 1",
                "autofilter": has_filter,
                "columns": [
                    {"header": column.heading, "header_format": self._head(column, has_filter)}
                    for column in columns
                ],
            },
        )
        for number, row in enumerate(rows, start=at + 1):
            for place, (column, value) in enumerate(zip(columns, row, strict=True)):
                self.write(number, place, value, column.kind)
        self._set_heights(columns, rows, at)
        return last + 1

    def _head(self, column: Column, has_filter: bool) -> Any:
        """Set a heading over its values, but clear of a filter's button."""
        if column.kind in _NUMBERS:
            return self.book.format("head_filtered" if has_filter else "head_number")
        return self.book.format("head_unit" if column.kind == "unit" else "head")

    def _set_heights(
        self, columns: Sequence[Column], rows: Sequence[Sequence[object]], at: int
    ) -> None:
        """Make rows high enough for wrapped text; not every program does so by itself."""
        highest = max(line_count(one.heading, one.width - _BUTTON) for one in columns)
        self.worksheet.set_row(at, highest * _LINE + 3)
        wrapped = [(place, one.width) for place, one in enumerate(columns) if one.kind == "long"]
        for number, row in enumerate(rows, start=at + 1):
            lines = max((line_count(row[place], width) for place, width in wrapped), default=1)
            if lines > 1:
                self.worksheet.set_row(number, min(lines * _LINE, _TALLEST))

    def write(self, row: int, place: int, value: object, kind: str) -> None:
        """Write one cell as what its column holds."""
        if isinstance(value, Formula):
            cell = self.book.format(kind)
            self.worksheet.write_formula(row, place, value.text, cell, float(value.value))
        elif isinstance(value, Link):
            self._link(row, place, value)
        elif value is None:
            self.worksheet.write_blank(row, place, None, self.book.format(kind))
        else:
            self._value(row, place, value, kind)

    def _value(self, row: int, place: int, value: object, kind: str) -> None:
        writers: dict[type, Callable[[int, int, Any, str], None]] = {
            Decimal: self._money,
            int: self._number,
            datetime: self._time,
            date: self._date,
        }
        writers.get(type(value), self._text)(row, place, value, kind)

    def _text(self, row: int, place: int, value: object, kind: str) -> None:
        # Not `write`, which would take "=1+1" for a formula and "http://…" for a link.
        text = _cut(_encodable(str(value)), _CHARACTERS)
        self.worksheet.write_string(row, place, text, self.book.format(kind))

    def _number(self, row: int, place: int, value: int, kind: str) -> None:
        if len(str(abs(value))) > _DIGITS:
            self._text(row, place, value, "id")
        else:
            self.worksheet.write_number(row, place, value, self.book.format(kind))

    def _money(self, row: int, place: int, value: Decimal, kind: str) -> None:
        exact = trim(value)
        _, digits, exponent = exact.as_tuple()
        if len(digits) > _DIGITS:
            self.book.has_long_numbers = True
            self._text(row, place, f"{exact:f}", "id")
            return
        fine = kind == "money" and int(exponent) < -_CENTS
        shape = self.book.format("fine" if fine else kind)
        self.worksheet.write_number(row, place, float(exact), shape)

    def _time(self, row: int, place: int, value: datetime, kind: str) -> None:
        local = value.astimezone(self.book.zone).replace(tzinfo=None)
        if local.year < _FIRST_YEAR:
            self._text(row, place, local.isoformat(" "), kind)
        else:
            self.worksheet.write_datetime(row, place, local, self.book.format(kind))

    def _date(self, row: int, place: int, value: date, kind: str) -> None:
        if value.year < _FIRST_YEAR:
            self._text(row, place, value.isoformat(), kind)
        else:
            self.worksheet.write_datetime(row, place, value, self.book.format(kind))

    def _link(self, row: int, place: int, link: Link) -> None:
        """Write a link; past what Excel takes of them on a sheet, its text alone."""
        if self.links >= _LINKS:
            self._text(row, place, link.text, "text")
            return
        self.links += 1
        xl_cell_to_rowcol(link.cell)
        # A link's text stands in an attribute too, where XlsxWriter does not escape as in a cell.
        text = one_line(_encodable(link.text), _LINK_TEXT)
        target = f"internal:'{link.sheet}'!{link.cell}"
        self.worksheet.write_url(row, place, target, self.book.format("link"), string=text)


def _widest_word(column: Column) -> float:
    """Give the width at which no word of a heading is broken."""
    return max(map(len, column.heading.split()), default=0) + _BUTTON + 1


def line_count(text: object, width: float) -> int:
    """Estimate how many lines a text takes in a column so many characters wide.

    >>> line_count("a plain sentence", 10), line_count(None, 10)
    (2, 1)
    """
    if not isinstance(text, str):
        return 1
    return max(len(textwrap.wrap(text[:_CHARACTERS], max(int(width), 1))), 1)


def cell_name(row: int, place: int) -> str:
    """Give a cell's name, such as ``B7``, from its row and column counted from 0."""
    return str(xl_rowcol_to_cell(row, place))


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cut(text: str, limit: int) -> str:
    """Cut a text to what a cell holds, counted as Excel counts, and say that it was cut."""
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    mark = f"… ({len(text)})"
    units = text.encode("utf-16-le")[: 2 * (limit - len(mark))]
    return units.decode("utf-16-le", "ignore") + mark
