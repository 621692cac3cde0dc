"""A zip archive's bytes in, the files in it that may be exports out."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from typing import Final

from qerko_recon.errors import PosExportError, shorten
from qerko_recon.pos.formats import tell_format

__all__ = ["unpack"]

_MOST_BYTES: Final = 2 * 1024**3
_ENCRYPTED: Final = 0x1
_NO_EXPORTS: Final = (".xml", ".dtd", ".txt.sig", ".pdf", ".html", ".htm", ".md", ".png", ".jpg")


def unpack(data: bytes, name: str) -> list[tuple[str, bytes]]:
    """Take the files out of an archive, those left out that are certainly no exports.

    Raises
    ------
    PosExportError
        It is protected by a password, damaged or far too large, or nothing in it can be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if _may_be_export(one)]
            if any(one.flag_bits & _ENCRYPTED for one in entries):
                msg = (
                    f"{name} is protected by a password; unpack it and give the files that are "
                    "in it"
                )
                raise PosExportError(msg, file=name)
            if sum(one.file_size for one in entries) > _MOST_BYTES:
                msg = (
                    f"{name} unpacks to more than {_MOST_BYTES // 1024**3} GB, which is no export "
                    "of bills; unpack it and give the file that is meant"
                )
                raise PosExportError(msg, file=name)
            held = [(one.filename, archive.read(one)) for one in entries]
            inside = ", ".join(archive.namelist()[:3]) or "nothing"
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError) as error:
        msg = f"{name} is a damaged zip archive; export it from the POS again"
        raise PosExportError(msg, file=name) from error
    members = [(title, content) for title, content in held if _can_be_read(content, title)]
    if not members:
        msg = f"{name} is a zip archive with no export in it (it holds {shorten(inside)})"
        raise PosExportError(msg, file=name)
    return members


def _may_be_export(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    if entry.is_dir() or not entry.file_size or path.name.startswith("."):
        return False
    return path.parts[0] != "__MACOSX" and not path.name.lower().endswith(_NO_EXPORTS)


def _can_be_read(content: bytes, title: str) -> bool:
    try:
        return tell_format(content, title) != "zip"
    except PosExportError:
        return False
