"""Golden pairs as folders: an export, the lines that it must give, and the profile that reads it.

The lines are ``tenders.csv``, the profile is ``profile.toml`` where there is one, and every other
file is the export; notes (``.md``) and hidden files beside them are left alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from qerko_recon.errors import PosExportError
from qerko_recon.pos.check import ProfileCheck, check_profile
from qerko_recon.pos.export import PosExport
from qerko_recon.pos.golden import write_golden
from qerko_recon.pos.profile import Profile

__all__ = ["GoldenPair", "check_pair", "find_pair", "write_pair"]

PathLike = str | os.PathLike[str]

_LINES: Final = "tenders.csv"
_PROFILE: Final = "profile.toml"


class GoldenPair(NamedTuple):
    """The files of one folder; ``profile`` is ``None`` where the export is to be sniffed."""

    export: tuple[Path, ...]
    lines: Path
    profile: Path | None


def find_pair(folder: PathLike) -> GoldenPair:
    """Find the files of a golden pair.

    Raises
    ------
    PosExportError
        The folder has no ``tenders.csv``, or no export beside it.
    """
    place = Path(folder)
    files = sorted(file for file in place.iterdir() if file.is_file()) if place.is_dir() else []
    lines, profile = place / _LINES, place / _PROFILE
    if lines not in files:
        msg = (
            f"{place} is no golden pair: it has no {_LINES} with the expected lines; "
            "make one with --write-golden"
        )
        raise PosExportError(msg, file=place.name)
    export = tuple(
        file
        for file in files
        if file not in {lines, profile} and file.name[0] != "." and file.suffix.lower() != ".md"
    )
    if not export:
        msg = f"{place} has no export beside {_LINES}; put the POS's file there"
        raise PosExportError(msg, file=place.name)
    return GoldenPair(export, lines, profile if profile in files else None)


def check_pair(
    folder: PathLike,
    profile: Profile | PathLike | None = None,
    *,
    time_zone: str = "Europe/Prague",
) -> ProfileCheck:
    """Check a folder's export against its expected lines.

    Parameters
    ----------
    folder
        It has the export, ``tenders.csv``, and ``profile.toml`` where one is needed;
        :func:`write_pair` makes one to begin with.
    profile
        Another profile than the folder's own.
    time_zone
        As for :func:`qerko_recon.pos.read_pos`.

    Raises
    ------
    PosExportError, ConfigError
        As :func:`qerko_recon.pos.check_profile` does, or the folder is no such pair.
    """
    pair = find_pair(folder)
    chosen = pair.profile if profile is None else profile
    return check_profile(pair.export, pair.lines, chosen, time_zone=time_zone)


def write_pair(export: PosExport, paths: Iterable[PathLike], folder: PathLike) -> Path:
    """Keep an export, what was read of it, and how, as a golden pair to be corrected by hand.

    Parameters
    ----------
    export
        What was read.
    paths
        The files that it was read from; they are copied.
    folder
        Where to; it is made where it is not there.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for path in paths:
        copy = place / Path(path).name
        if not (copy.exists() and copy.samefile(path)):
            shutil.copyfile(path, copy)
    export.profile.write(place / _PROFILE)
    write_golden(export, place / _LINES)
    return place
