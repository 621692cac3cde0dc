"""A workbook's bytes in, the cells whose formula gives an error out.

The reader of workbooks gives such cells as empty ones, and an amount that is ``#REF!`` would be
lost in silence. They are found in the file itself: XLSX, XLSB, XLS and ODS each have their way of
marking them.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

__all__ = ["Errors", "find_errors"]

Errors = dict[str, dict[tuple[int, int], str]]
"""Sheet name to the places of its errors, row and column from 0, each with what stands there."""

_CODES: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s([^>]*\bt=\"e\"[^>]*)>(.*?)</(?:\w+:)?c>", re.DOTALL)
_PLACE: Final = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE: Final = re.compile(rb"<(?:\w+:)?v>([^<]*)<")
_ODS: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_ODS_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p"
_ODS_TYPE: Final = (
    "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
)
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

# Records of XLSB.
_ROW, _CELL_ERROR, _FORMULA_ERROR = 0, 3, 11
_BUNDLE_SHEET: Final = 156
# Records of XLS.
_XLS_SHEET, _XLS_END, _XLS_ERROR, _XLS_FORMULA = 0x85, 0x0A, 0x205, 0x06
_LAST_SECTOR: Final = 0xFFFFFFFA


def find_errors(data: bytes) -> Errors:
    """Find the errors of all sheets; none where the file's form is not known."""
    try:
        if not data.startswith(b"PK"):
            return _in_xls(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "content.xml" in names:
                return _in_ods(archive.read("content.xml"))
            if "xl/workbook.xml" in names:
                return _in_xlsx(archive)
            return _in_xlsb(archive) if "xl/workbook.bin" in names else {}
    except (zipfile.BadZipFile, ET.ParseError, KeyError, IndexError, struct.error, ValueError):
        return {}  # the reader of the workbook says what is wrong with it


def _targets(archive: zipfile.ZipFile, book: str) -> dict[str, str]:
    """Give each relation of a workbook the part it points to."""
    tree = _tree(archive.read(f"xl/_rels/{book}.rels"))
    return {
        one.attrib["Id"]: posixpath.normpath(posixpath.join("/xl", one.attrib["Target"]))[1:]
        for one in tree
    }


def _tree(part: bytes) -> ET.Element:
    return ET.fromstring(part)  # noqa: S314 - expat refuses entities that grow


def _in_xlsx(archive: zipfile.ZipFile) -> Errors:
    targets = _targets(archive, "workbook.xml")
    tree = _tree(archive.read("xl/workbook.xml"))
    found: Errors = {}
    for sheet in tree.iter():
        if not sheet.tag.endswith("}sheet"):
            continue
        part = archive.read(targets[sheet.attrib[_RELATION]])
        if b't="e"' in part:
            found[sheet.attrib["name"]] = dict(_xlsx_cells(part))
    return found


def _xlsx_cells(part: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for cell in _CELL.finditer(part):
        place, value = _PLACE.search(cell[1]), _VALUE.search(cell[2])
        if place and value:
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - ord("A") + 1
            yield (int(place[2]) - 1, column - 1), value[1].decode()


def _in_ods(content: bytes) -> Errors:
    if b'value-type="error"' not in content:
        return {}
    found: Errors = {}
    for sheet in _tree(content).iter(f"{_ODS}table"):
        held = found.setdefault(sheet.attrib[f"{_ODS}name"], {})
        row = 0
        for one in sheet.iter(f"{_ODS}table-row"):
            column = 0
            for cell in one:
                if cell.attrib.get(_ODS_TYPE) == "error":
                    held[row, column] = "".join(
                        text for part in cell.iter(_ODS_TEXT) for text in part.itertext()
                    )
                column += int(cell.attrib.get(f"{_ODS}number-columns-repeated", 1))
            row += int(one.attrib.get(f"{_ODS}number-rows-repeated", 1))
    return found


def _in_xlsb(archive: zipfile.ZipFile) -> Errors:
    targets = _targets(archive, "workbook.bin")
    found: Errors = {}
    for kind, body in _xlsb_records(archive.read("xl/workbook.bin")):
        if kind != _BUNDLE_SHEET:
            continue
        relation, rest = _xlsb_text(body, 8)
        name, _ = _xlsb_text(body, rest)
        if cells := dict(_xlsb_cells(archive.read(targets[relation]))):
            found[name] = cells
    return found


def _xlsb_records(part: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(part):
        kind = part[place]
        place += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (part[place] << 7)
            place += 1
        size = 0
        for shift in range(0, 28, 7):
            byte = part[place]
            place += 1
            size |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
        yield kind, part[place : place + size]
        place += size


def _xlsb_text(body: bytes, place: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", body, place)
    end = place + 4 + 2 * length
    return body[place + 4 : end].decode("utf-16-le"), end


def _xlsb_cells(part: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    row = 0
    for kind, body in _xlsb_records(part):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", body)
        elif kind in {_CELL_ERROR, _FORMULA_ERROR}:
            (column,) = struct.unpack_from("<I", body)
            yield (row, column), _CODES.get(body[8], "#N/A")


def _in_xls(data: bytes) -> Errors:
    stream = _xls_stream(data)
    found: Errors = {}
    for kind, body in _xls_records(stream, 0):
        if kind == _XLS_END:
            break
        if kind == _XLS_SHEET:
            (offset,) = struct.unpack_from("<I", body)
            length, is_wide = body[6], body[7] & 1
            raw = body[8 : 8 + length * (2 if is_wide else 1)]
            name = raw.decode("utf-16-le" if is_wide else "latin-1")
            if cells := dict(_xls_cells(stream, offset)):
                found[name] = cells
    return found


def _xls_records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


def _xls_cells(stream: bytes, start: int) -> Iterator[tuple[tuple[int, int], str]]:
    for kind, body in _xls_records(stream, start):
        if kind == _XLS_END:
            return
        if kind == _XLS_ERROR and body[7]:
            code = body[6]
        elif kind == _XLS_FORMULA and body[6] == 2 and body[12:14] == b"\xff\xff":  # noqa: PLR2004
            code = body[8]
        else:
            continue
        row, column = struct.unpack_from("<HH", body)
        yield (row, column), _CODES.get(code, "#N/A")


def _xls_stream(data: bytes) -> bytes:
    """Take the workbook's stream out of its compound file."""
    file = _Compound(data)
    return next((file.read(name) for name in ("Workbook", "Book") if name in file.entries), b"")


class _Compound:
    """A compound file: streams in chains of sectors, small ones in a stream of their own."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size, self._small_size = (
            1 << struct.unpack_from("<H", data, at)[0] for at in (30, 32)
        )
        count, first, self._cutoff, small = (
            struct.unpack_from("<I", data, at)[0] for at in (44, 48, 56, 60)
        )
        sectors = struct.unpack_from("<109I", data, 76)[: min(count, 109)]
        self._next = _numbers(b"".join(map(self._sector, sectors)))
        self._small_next = _numbers(self._chain(small))
        folder = self._chain(first)
        self.entries = dict(
            _entry(folder[place : place + 128]) for place in range(0, len(folder), 128)
        )
        self._small = self._chain(self.entries["Root Entry"][0])

    def read(self, name: str) -> bytes:
        begin, length = self.entries[name]
        if length >= self._cutoff:
            return self._chain(begin)[:length]
        size = self._small_size
        parts: list[bytes] = []
        while begin < _LAST_SECTOR and len(parts) <= len(self._small_next):
            parts.append(self._small[begin * size : (begin + 1) * size])
            begin = self._small_next[begin]
        return b"".join(parts)[:length]

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _chain(self, number: int) -> bytes:
        parts: list[bytes] = []
        while number < _LAST_SECTOR and len(parts) <= len(self._next):
            parts.append(self._sector(number))
            number = self._next[number]
        return b"".join(parts)


def _numbers(held: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(held) // 4}I", held)


def _entry(held: bytes) -> tuple[str, tuple[int, int]]:
    """Give a stream's name, first sector and length."""
    (length,) = struct.unpack_from("<H", held, 64)
    begin, size = struct.unpack_from("<II", held, 116)
    return held[: max(length - 2, 0)].decode("utf-16-le", "replace"), (begin, size)
