"""Payment IDs as people write them down, in files and cells; clean IDs in the same order out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from qerko_recon.errors import QerkoReconError, shorten

__all__ = ["read_ids", "shape_of", "split_ids"]

_MARKS: Final = (r"[,;|&\n\r]", r"[+/]", r"\s")
_AND: Final = frozenset({"a", "i", "u", "und", "and", "és", "es"})
_HEADERS: Final = frozenset({"id", "payment_id", "payment id", "id platby", "zahlungs-id"})


def read_ids(path: str | os.PathLike[str]) -> list[str]:
    r"""Read payment IDs, one a line; blank lines and lines that begin with ``#`` are left out.

    Returns
    -------
    list of str
        The IDs in the file's order, each once, without quotes and surrounding white space.

    Raises
    ------
    QerkoReconError
        The file cannot be read, is no text, or holds no ID.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise QerkoReconError(
            f"{file} cannot be read: {error.strerror}. Give a text file with one payment ID a line"
        ) from error
    ids = dict.fromkeys(_lines(_text(content, file)))
    if not ids:
        raise QerkoReconError(f"{file} holds no payment ID; put one on each line")
    return list(ids)


def _text(content: bytes, file: Path) -> str:
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise QerkoReconError(
            f"{file}, line {line}: not UTF-8 text. Save the list as plain text (UTF-8)"
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise QerkoReconError(
            f"{file}, line {line}: the file is not text, it begins with {shorten(text[:8])!r}. "
            "Save the list as plain text, one payment ID a line"
        )
    return text


def _lines(text: str) -> list[str]:
    found = []
    for number, line in enumerate(text.splitlines()):
        one = line.strip().strip("\"',;").strip()
        is_header = number == 0 and one.casefold() in _HEADERS
        if one and not one.startswith("#") and not is_header:
            found.append(one)
    return found


def split_ids(text: str) -> tuple[str, ...]:
    r"""Take a cell with the IDs of several payments apart.

    A POS line that pays several payments has them in one cell: ``4711, 4712``. IDs are opaque
    and may have such marks inside, so ask only about a cell that is no payment's ID as a whole:
    ``2026/4711`` is one payment wherever there is a payment of that name, and two pieces here.

    Parameters
    ----------
    text
        Commas, semicolons, bars, ampersands and line breaks part IDs first, then ``+`` and
        ``/``, then spaces; pieces that all look alike are taken as the IDs and not parted
        further. A word such as *und* between them is left out.

    Returns
    -------
    tuple of str
        The IDs, each once, in the order of the cell; one that has no such mark stays whole.

    Examples
    --------
    >>> split_ids("4711, 4712"), split_ids("4711+4712\n4713"), split_ids("a1b2-c3")
    (('4711', '4712'), ('4711', '4712', '4713'), ('a1b2-c3',))
    >>> split_ids("2026/4711; 2026/4712"), split_ids("QR 1 / QR 2")
    (('2026/4711', '2026/4712'), ('QR 1', 'QR 2'))
    """
    pieces = [text.strip()] if text.strip() else []
    for marks in _MARKS:
        if len(pieces) > 1 and len(set(map(shape_of, pieces))) == 1:
            break
        apart = (piece.strip() for whole in pieces for piece in re.split(marks, whole))
        pieces = [piece for piece in apart if piece]
    has_digit = any(map(_has_digit, pieces))
    kept = (one for one in pieces if not (has_digit and one.casefold() in _AND))
    return tuple(dict.fromkeys(kept))


def shape_of(text: str) -> str:
    """Reduce an ID to the kinds of its characters, so that IDs of one maker look alike.

    >>> shape_of("PAY-0012"), shape_of("2026/4711")
    ('A-9', '9/9')
    """
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "A", text.replace("9", "8")))


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)
