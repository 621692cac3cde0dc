"""Exports written by the test itself, and a short way to read them."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
import xlsxwriter

from qerko_recon.pos import read_pos


class Desk:
    """A folder where exports are written and read."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, text, *, name="export.csv", encoding="utf-8"):
        path = self.folder / name
        data = text if isinstance(text, bytes) else text.encode(encoding)
        path.write_bytes(data)
        return path

    def read(self, text, profile=None, *, encoding="utf-8", **settings):
        return read_pos(self.write(text, encoding=encoding), profile, **settings)

    def book(self, sheets, *, name="day.xlsx", hidden=()):
        """Write a workbook: sheet names to rows of cells."""
        path = self.folder / name
        with xlsxwriter.Workbook(path) as book:
            for title, rows in sheets.items():
                sheet = book.add_worksheet(title)
                if title in hidden:
                    sheet.hide()
                for row, cells in enumerate(rows):
                    for column, cell in enumerate(cells):
                        put(book, sheet, (row, column), cell)
        return path

    def read_book(self, sheets, profile=None, **settings):
        return read_pos(self.book(sheets, **settings), profile)


class Broken(str):
    """A formula that gives an error."""

    __slots__ = ()


class Merged(str):
    """Text in a cell merged over two rows."""

    __slots__ = ()


def put(book, sheet, place, cell):
    if cell is None or cell == "":
        return
    if isinstance(cell, Broken):
        sheet.write_formula(*place, "=1/0", None, str(cell))
    elif isinstance(cell, Merged):
        sheet.merge_range(*place, place[0] + 1, place[1], str(cell))
    elif isinstance(cell, timedelta):
        sheet.write_datetime(*place, cell, book.add_format({"num_format": "[h]:mm:ss"}))
    elif isinstance(cell, datetime):
        sheet.write_datetime(*place, cell, book.add_format({"num_format": "d.m.yyyy h:mm:ss"}))
    elif isinstance(cell, date):
        sheet.write_datetime(*place, cell, book.add_format({"num_format": "d.m.yyyy"}))
    elif isinstance(cell, time):
        sheet.write_datetime(*place, cell, book.add_format({"num_format": "h:mm:ss"}))
    elif isinstance(cell, bool):
        sheet.write_boolean(*place, cell)
    elif isinstance(cell, str):
        sheet.write_string(*place, cell)
    else:
        sheet.write_number(*place, cell)


def record(kind, body):
    """Write one record of a binary workbook."""
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, sizes = len(body), b""
    while size > 0x7F:
        sizes, size = sizes + bytes([size & 0x7F | 0x80]), size >> 7
    return head + sizes + bytes([size]) + body


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def binary_cell(column, cell):
    at = struct.pack("<II", column, 0)
    if isinstance(cell, Broken):
        return record(11, at + b"\x17" + b"\0" * 10)
    if isinstance(cell, str):
        return record(6, at + wide(cell))
    return record(5, at + struct.pack("<d", cell))


def binary_book(rows, title="Platby"):
    """Write rows of text and numbers as an XLSB workbook."""
    sheet = record(129, b"") + record(148, struct.pack("<IIII", 0, len(rows), 0, len(rows[0])))
    sheet += record(145, b"")
    for number, cells in enumerate(rows):
        sheet += record(0, struct.pack("<I", number) + b"\0" * 21)
        for column, cell in enumerate(cells):
            sheet += b"" if cell == "" else binary_cell(column, cell)
    sheet += record(146, b"") + record(130, b"")
    sheets = (
        record(143, b"")
        + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide(title))
        + record(144, b"")
    )
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("xl/workbook.bin", record(131, b"") + sheets + record(132, b""))
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
    return held.getvalue()


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def broken():
    return Broken


@pytest.fixture
def merged():
    return Merged


@pytest.fixture
def xlsb():
    return binary_book


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A desk for all the examples of a property."""
    return Desk(tmp_path_factory.mktemp("many"))
