"""Tables in HTML and in the XML of old spreadsheets in, grids out.

Some tills call a web page ``.xls``, and a spreadsheet opens it. Cells are text, but for numbers
that the file itself marks as such.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from typing import Any, Final

from qerko_recon.errors import PosExportError
from qerko_recon.pos.encoding import decode
from qerko_recon.pos.grids import Grid
from qerko_recon.pos.sheets import Merge, grid_of_rows

__all__ = ["read_markup"]

_CHARSET: Final = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?([A-Za-z0-9_-]+)")
_LOOKED_AT: Final = 2048
_TABLES: Final = ("table", "worksheet")
_ROWS: Final = ("tr", "row")
_CELLS: Final = ("td", "th", "cell")
_BREAKS: Final = ("br", "p", "div")
_SILENT: Final = ("script", "style")
_MOST: Final = 100_000


def read_markup(data: bytes, name: str) -> list[Grid]:
    """Read all tables of a web page or of an XML spreadsheet.

    Raises
    ------
    PosExportError
        It has no table.
    """
    declared = _CHARSET.search(data[:_LOOKED_AT])
    reader = _Reader()
    reader.feed(_text(data, name, declared[1].decode() if declared else None))
    reader.close()
    tables = [table for table in reader.tables if any(map(any, table.rows))]
    if not tables:
        msg = (
            f"{name} is a web page or XML without a table of bills; export them as CSV or as a "
            "workbook from the POS instead"
        )
        raise PosExportError(msg, file=name)
    return [
        grid_of_rows("html", table.title or f"table {number}", table.rows, table.merges)
        for number, table in enumerate(tables, 1)
    ]


def _text(data: bytes, name: str, declared: str | None) -> str:
    if declared:
        try:
            return data.decode(declared)
        except (LookupError, UnicodeDecodeError):
            pass  # what it says of itself is wrong; then its letters tell
    return decode(data, name).text


class _Table:
    """A table being gathered; a cell over several columns or rows leaves the others empty."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[list[Any]] = []
        self.merges: list[Merge] = []
        self._taken: dict[int, int] = {}
        self._text: list[str] | None = None
        self._number: str | None = None
        self._span = (1, 1)

    def begin_row(self, index: int | None) -> None:
        self.end_cell()
        while index is not None and len(self.rows) < index - 1:
            self.rows.append([])
        self.rows.append([])
        self._skip()

    def begin_cell(self, said: dict[str, str]) -> None:
        self.end_cell()
        if not self.rows:
            self.begin_row(None)
        row, index = self.rows[-1], _number(said.get("index"), 0)
        row.extend([""] * (index - 1 - len(row)))
        self._text, self._number = [], said.get("x:num") or None
        self._span = (
            _number(said.get("colspan"), 1 + _number(said.get("mergeacross"), 0)),
            _number(said.get("rowspan"), 1 + _number(said.get("mergedown"), 0)),
        )

    def say(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def is_number(self) -> None:
        self._number = ""

    def end_cell(self) -> None:
        if self._text is None:
            return
        row, (across, down) = self.rows[-1], self._span
        text = " ".join("".join(self._text).split())
        place = (len(self.rows) - 1, len(row))
        if down > 1:
            self.merges.append((place, (place[0] + down - 1, place[1] + across - 1)))
            self._taken.update(dict.fromkeys(range(place[1], place[1] + across), down - 1))
        row.append(_value(text, self._number))
        row.extend([""] * (across - 1))
        self._text = self._number = None
        self._skip()

    def _skip(self) -> None:
        """Leave the places empty that a cell of a row above takes."""
        row = self.rows[-1]
        while self._taken.get(len(row)):
            self._taken[len(row)] -= 1
            row.append("")


class _Reader(HTMLParser):
    """Gathers tables, also those within the cells of others."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self._open: list[_Table] = []
        self._is_silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {key.removeprefix("ss:"): value or "" for key, value in attrs}
        table = self._open[-1] if self._open else None
        if tag in _SILENT:
            self._is_silent = True
        elif tag in _TABLES and not (tag == "table" and table and table.title):
            self._open.append(_Table(said.get("name", "")))
            self.tables.append(self._open[-1])
        elif table is None:
            return
        elif tag in _ROWS:
            table.begin_row(_number(said.get("index"), 0) or None)
        elif tag in _CELLS:
            table.begin_cell(said)
        elif tag == "data" and said.get("type") == "Number":
            table.is_number()
        elif tag in _BREAKS:
            table.say(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._is_silent = False
        if not self._open:
            return
        if tag in {*_CELLS, *_ROWS, *_TABLES}:
            self._open[-1].end_cell()
        if tag == "worksheet" or (tag == "table" and not self._open[-1].title):
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and not self._is_silent:
            self._open[-1].say(data)


def _value(text: str, number: str | None) -> Any:
    """Give a cell's number where the file marks one, and its text otherwise."""
    if number is None:
        return text
    try:
        value = Decimal(number or text)
    except InvalidOperation:
        return text
    return value if value.is_finite() else text


def _number(text: str | None, default: int) -> int:
    return min(int(text), _MOST) if text and text.isdecimal() else default
