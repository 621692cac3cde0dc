"""A file's bytes in, what kind of file it is out; what cannot be read is named for what it is.

The bytes tell, not the file's name: a text export that is called ``.xls`` is read as text.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from pathlib import Path
from typing import Final, Literal

from qerko_recon.errors import PosExportError

__all__ = ["Format", "load", "tell_format"]

Format = Literal["csv", "xlsx", "xlsb", "xls", "ods", "json", "parquet", "zip", "html"]

_BILLS: Final = "export the bills as CSV or as a workbook from the POS instead"
_READ: Final[tuple[tuple[bytes, Format], ...]] = (
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"PAR1", "parquet"),
)
_REFUSED: Final = (
    (b"%PDF", f"a PDF; {_BILLS}"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"SQLite format 3", f"an SQLite database; {_BILLS}"),
    (b"\x89PNG", f"an image; {_BILLS}"),
    (b"\xff\xd8\xff", f"an image; {_BILLS}"),
    (b"{\\rtf", f"a rich-text document; {_BILLS}"),
)
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype|html|\?xml|table|workbook)", re.IGNORECASE)
_JSON: Final = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{\]])')
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BEGINNING: Final = 4096


def load(path: Path) -> bytes:
    """Read a file that may be an export.

    Raises
    ------
    PosExportError
        There is no such file, it is a folder or empty, or it cannot be opened.
    """
    name = path.name
    if path.is_dir():
        raise PosExportError(
            f"{path} is a folder; give the export's file, or a list of files", file=name
        )
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise PosExportError(f"{path} does not exist; check the path", file=name) from error
    except OSError as error:
        reason = error.strerror or str(error)
        msg = (
            f"{path} cannot be opened ({reason}); close it in other programs and check its rights"
        )
        raise PosExportError(msg, file=name) from error
    if not data:
        raise PosExportError(f"{name} is empty (0 bytes); export it from the POS again", file=name)
    return data


def tell_format(data: bytes, name: str) -> Format:
    """Tell what a file is.

    >>> tell_format(b"Bill;Amount", "day.csv"), tell_format(b'[{"bill": "B1"}]', "day.json")
    ('csv', 'json')

    Raises
    ------
    PosExportError
        It is a PDF, an image, an archive that is no zip, or another thing that is no export.
    """
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(data, name)
    for magic, form in _READ:
        if data.startswith(magic):
            return form
    for magic, what in _REFUSED:
        if data.startswith(magic):
            raise PosExportError(f"{name} is no POS export: it is {what}", file=name)
    beginning = _narrow(data[:_BEGINNING])
    if _MARKUP.match(beginning):
        return "html"
    return "json" if _JSON.match(beginning) else "csv"


def _narrow(data: bytes) -> bytes:
    """Take a mark in front away, and the zeros of UTF-16."""
    if data.startswith(_WIDE):
        return data[: len(data) // 2 * 2].decode("utf-16", "replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def _zipped(data: bytes, name: str) -> Format:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        msg = f"{name} is a damaged zip archive or workbook; export it from the POS again"
        raise PosExportError(msg, file=name) from error
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(one.startswith("xl/") for one in names):
        return "xlsx"
    return "ods" if "content.xml" in names else "zip"
