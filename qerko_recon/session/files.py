"""Which files a session log is made of: a path, a folder or a pattern in, files in order out.

A log is written to one file; when that is full it is set aside as ``name.0001.jsonl``,
``name.0002.jsonl`` and so on, perhaps packed as ``.gz`` or ``.zst``, and a new one begun.
"""

from __future__ import annotations

import glob
import gzip
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from qerko_recon.errors import SessionLogError

__all__ = ["LogFile", "Source", "aside", "find_logs", "next_number", "opened", "parts_of"]

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]

_PACKED: Final = (".gz", ".zst")
_NUMBERED: Final = re.compile(r"(?P<stem>.+)\.(?P<number>\d{4,})(?P<end>\.jsonl)")
_CURRENT: Final = 10**9


@dataclass(frozen=True, slots=True, order=True)
class LogFile:
    """One file of a log: which log it is of, its place in it, and where it is."""

    log: Path
    number: int
    path: Path


def aside(log: Path, number: int) -> Path:
    """Name the file that a full one is set aside as.

    >>> aside(Path("evening.jsonl"), 3).name
    'evening.0003.jsonl'
    """
    return log.with_name(f"{log.stem}.{number:04d}{log.suffix or '.jsonl'}")


def parts_of(log: Path) -> list[LogFile]:
    """Give the files of one log in order, those set aside first."""
    numbered: dict[int, LogFile] = {}
    pattern = f"{glob.escape(log.stem)}.*"
    for path in sorted(log.parent.glob(pattern)) if log.parent.is_dir() else ():
        file = _as_part(path)
        is_part = file.log == log and file.number < _CURRENT
        # One that is being packed is there twice; the whole one counts.
        if is_part and (file.number not in numbered or path.suffix not in _PACKED):
            numbered[file.number] = file
    found = [numbered[number] for number in sorted(numbered)]
    return [*found, LogFile(log, _CURRENT, log)] if log.is_file() else found


def next_number(log: Path) -> int:
    """Give the number that the next file set aside gets."""
    parts = [part.number for part in parts_of(log) if part.number < _CURRENT]
    return max(parts, default=0) + 1


def find_logs(source: Source) -> list[list[LogFile]]:
    """Give the logs that a path, a folder, a pattern or a list of these means.

    A path of a log brings what was set aside of it; one of a file set aside is that file alone.

    Raises
    ------
    SessionLogError
        There is no such file, or none that is a log.
    """
    if isinstance(source, str | os.PathLike):
        found = _named(os.fspath(source))
    else:
        found = [file for one in source for file in _named(os.fspath(one))]
    logs: dict[Path, dict[Path, LogFile]] = {}
    for file in sorted(set(found)):
        logs.setdefault(file.log, {})[file.path] = file
    return [list(files.values()) for files in logs.values()]


def _named(name: str) -> list[LogFile]:
    path = Path(name)
    if path.is_dir():
        found = [_as_part(one) for one in sorted(path.iterdir()) if _is_log(one)]
        if not found:
            raise SessionLogError(
                f"{path} holds no session log: none of its files ends in .jsonl, .jsonl.gz or "
                ".jsonl.zst",
                file=name,
            )
        return _without_doubles(found)
    if path.is_file():
        part = _as_part(path)
        return parts_of(part.log) if part.number == _CURRENT and part.log == path else [part]
    if parts := parts_of(path):
        return parts
    found = [_as_part(Path(one)) for one in sorted(glob.glob(name)) if Path(one).is_file()]  # noqa: PTH207 - a pattern may be absolute
    if not found:
        raise SessionLogError(
            f"there is no session log {name}: name the file that `qerko-recon poll --log` or "
            "`qerko-recon proxy --log` wrote, a folder of such files or a pattern",
            file=name,
        )
    return _without_doubles([one for one in found if not one.path.name.endswith(".lock")])


def _without_doubles(files: list[LogFile]) -> list[LogFile]:
    whole = {(one.log, one.number) for one in files if one.path.suffix not in _PACKED}
    return [
        one
        for one in files
        if one.path.suffix not in _PACKED or (one.log, one.number) not in whole
    ]


def _is_log(path: Path) -> bool:
    return path.is_file() and bool(re.search(r"\.jsonl(\.gz|\.zst)?$", path.name))


def _as_part(path: Path) -> LogFile:
    name = path.name.removesuffix(path.suffix) if path.suffix in _PACKED else path.name
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return LogFile(path.with_name(name), _CURRENT, path)
    log = path.with_name(f"{numbered['stem']}{numbered['end']}")
    return LogFile(log, int(numbered["number"]), path)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes] | Any]:
    """Open a file of a log to be read, unpacked where it is packed.

    Raises
    ------
    SessionLogError
        It cannot be opened.
    """
    try:
        if path.suffix == ".zst":
            file: Any = pa.input_stream(str(path), compression="zstd")
        elif path.suffix == ".gz":
            file = gzip.open(path, "rb")  # noqa: SIM115 - closed below
        else:
            file = path.open("rb")
    except OSError as error:
        reason = error.strerror or error
        raise SessionLogError(
            f"{path} cannot be read: {reason}. Check the name and the permissions", file=str(path)
        ) from error
    with file:
        yield file
