"""Payment IDs from a text file: one a line in, a clean list in the same order out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from qerko_recon.errors import QerkoReconError, shorten

__all__ = ["read_ids"]

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
