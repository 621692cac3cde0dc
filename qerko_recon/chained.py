"""Append-only JSON Lines whose every line vouches for the one before: records in, records out.

A line is a JSON object that begins with its ``seq`` and ends with its ``chain``: the SHA-256 of
the line before's ``chain`` and of its own content. So a line that was edited, taken out or moved
shows. A line that a crash tore costs itself alone: the next goes on from the last whole one.

What no chain can show is that the last lines are gone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

import msgspec

__all__ = [
    "FIRST",
    "ChainCheck",
    "ChainedWriter",
    "Flaw",
    "Line",
    "chained_line",
    "ends_of",
    "parse_line",
    "read_chained",
    "verify_chained",
]

_START: Final = b'{"seq":'
_MARK: Final = b',"chain":"'
_END: Final = b'"}'
_DIGEST: Final = 64
_TAIL: Final = 64 * 1024
_MOST_FLAWS: Final = 10_000
FIRST: Final = "0" * _DIGEST
"""What the first line of all goes on from."""

FlawKind = Literal["torn", "edited", "missing", "reordered", "repeated"]


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line: where it stands, its record without ``seq`` and ``chain``, and those."""

    number: int
    seq: int
    record: dict[str, Any]
    chain: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """A line that is not as it was written, counted from 1, and what is wrong with it.

    ``torn`` is what a crash leaves, and no sign of tampering; ``edited``, ``missing`` (lines
    before it are gone), ``reordered`` (it stands before lines that came before it) and
    ``repeated`` are. ``file`` is the one it stands in, where several were verified.
    """

    number: int
    kind: FlawKind
    file: str | None = None


class ChainedWriter:
    """Appends records to a file, each with one write; one writer a file at a time.

    Parameters
    ----------
    path
        Made where there is none. A torn end is closed off, so that it costs itself alone.
    is_durable
        Whether each record is on the disk when :meth:`append` returns, safe from a power cut, and
        not only from a crash of the program; :meth:`append` may be told so for one.
    after
        The ``seq`` and ``chain`` of the last line of the file that an empty one continues.

    Raises
    ------
    OSError
        The file cannot be opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        is_durable: bool = False,
        after: tuple[int, str] = (0, FIRST),
    ) -> None:
        self._is_durable = is_durable
        is_new = not Path(path).exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)
        try:
            if is_new and is_durable:
                _keep_name(Path(path).parent)
            self._seq, self._chain = self._close_off(after)
            self._size = os.fstat(self._file).st_size
        except BaseException:
            os.close(self._file)
            raise

    @property
    def last(self) -> tuple[int, str]:
        """The ``seq`` and ``chain`` of the last line."""
        return self._seq, self._chain

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._size

    def is_at(self, path: str | os.PathLike[str]) -> bool:
        """Tell whether the file still has its name, or was moved or removed meanwhile."""
        try:
            return os.path.samestat(os.fstat(self._file), os.stat(path))  # noqa: PTH116 - fast
        except OSError:
            return False

    def append(self, record: Mapping[str, Any], *, is_durable: bool = False) -> int:
        """Write a record; it is safe when this returns.

        Returns
        -------
        int
            Its ``seq``.

        Raises
        ------
        OSError
            It could not be written whole; nothing of it stays, unless the system cannot even
            take it back, which leaves a torn line.
        ValueError
            It has a ``seq`` or a ``chain`` of its own.
        """
        seq = self._seq + 1
        raw, chain = chained_line(record, after=self.last)
        line = raw + b"\n"
        try:
            self._write(line)
            if is_durable or self._is_durable:
                os.fsync(self._file)
        except OSError:
            self._take_back()
            raise
        self._size += len(line)
        self._seq, self._chain = seq, chain
        return seq

    def sync(self) -> None:
        """Put all that was written on the disk."""
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, line: bytes) -> None:
        if os.write(self._file, line) != len(line):
            raise OSError(0, "the disk is full")

    def _take_back(self) -> None:
        """Cut off what was written of a record that is not whole: a full disk lets one do that."""
        with suppress(OSError):
            os.ftruncate(self._file, self._size)

    def _close_off(self, after: tuple[int, str]) -> tuple[int, str]:
        """Find the last whole line; end a torn one, which no record may share a line with."""
        size = os.fstat(self._file).st_size
        length = _TAIL
        while True:
            start = max(0, size - length)
            os.lseek(self._file, start, os.SEEK_SET)
            tail = _read(self._file, size - start)
            whole = tail if not start else tail.partition(b"\n")[2]
            lines = [line for line in map(parse_line, whole.split(b"\n")) if line is not None]
            if lines or not start:
                break
            length *= 4
        if tail and not tail.endswith(b"\n"):
            os.write(self._file, b"\n")
        return (lines[-1].seq, lines[-1].chain) if lines else after


def chained_line(record: Mapping[str, Any], after: tuple[int, str]) -> tuple[bytes, str]:
    """Write a record as the line that goes on from another; give it and its ``chain``.

    Raises
    ------
    ValueError
        It has a ``seq`` or a ``chain`` of its own.
    """
    if "seq" in record or "chain" in record:
        raise ValueError("`seq` and `chain` are the chain's own names")
    content = msgspec.json.encode({"seq": after[0] + 1, **record})
    chain = _chain(after[1], content)
    return content[:-1] + _MARK + chain.encode() + _END, chain


def read_chained(path: str | os.PathLike[str]) -> Iterator[Line | Flaw]:
    """Give a file's records one by one, and a :class:`Flaw` for each line that is torn.

    Neither order nor content is verified; see :func:`verify_chained`.
    """
    with Path(path).open("rb") as file:
        for number, raw in _numbered(file):
            yield parse_line(raw, number) or Flaw(number, "torn")


def verify_chained(path: str | os.PathLike[str]) -> list[Flaw]:
    """Give every line that is not as it was written; nothing where all of them are."""
    check = ChainCheck()
    with Path(path).open("rb") as file:
        for number, raw in _numbered(file):
            check.take(number, raw)
    return check.flaws()


class ChainCheck:
    """Takes a chain's lines one by one and finds those that are not as they were written.

    Parameters
    ----------
    after
        The ``seq`` and ``chain`` that the first line goes on from.
    """

    def __init__(self, after: tuple[int, str] = (0, FIRST)) -> None:
        self._seq, self._chain = after
        self._flaws: list[Flaw] = []
        self._unread: list[Flaw] = []
        self._holes: list[_Hole] = []
        self.lines = 0

    @property
    def last(self) -> tuple[int, str]:
        """The ``seq`` and ``chain`` of the last line in order."""
        return self._seq, self._chain

    def take(self, number: int, raw: bytes, file: str | None = None) -> None:
        """Take the next line, without its line break."""
        ends = ends_of(raw)
        if ends is None:
            self._unread.append(Flaw(number, "torn", file))
            return
        self.lines += 1
        seq, chain = ends
        gap = seq - self._seq - 1
        if gap < 0:
            self._found_before(seq, Flaw(number, "repeated", file))
            return
        is_next = not gap
        if gap and self._unread:
            # Lines that cannot be read stand where lines are gone: these are they.
            self._unread = [replace(flaw, kind="edited") for flaw in self._unread]
            gap = max(0, gap - len(self._unread))
        self._settle_unread()
        if gap:
            self._holes.append(_Hole(seq - gap, seq, len(self._flaws)))
            self._note(Flaw(number, "missing", file))
        elif is_next and _chain(self._chain, _content(raw)) != chain:
            self._note(Flaw(number, "edited", file))
        self._seq, self._chain = seq, chain

    def flaws(self) -> list[Flaw]:
        """Give what was found, in the order of the lines."""
        self._settle_unread()
        found = list(self._flaws)
        for hole in self._holes:
            if hole.place < len(found) and hole.found:
                found[hole.place] = replace(found[hole.place], kind="reordered")
        return found

    def _found_before(self, seq: int, flaw: Flaw) -> None:
        """Note a line whose number was passed: it fills a hole, or it is there twice."""
        hole = next((one for one in self._holes if one.first <= seq < one.end), None)
        if hole is None or seq in hole.found:
            self._note(flaw)
        else:
            hole.found.add(seq)

    def _settle_unread(self) -> None:
        for flaw in self._unread:
            self._note(flaw)
        self._unread.clear()

    def _note(self, flaw: Flaw) -> None:
        if len(self._flaws) < _MOST_FLAWS:
            self._flaws.append(flaw)


@dataclass(slots=True)
class _Hole:
    """Numbers that were passed over: where their flaw is noted, and which came later after all."""

    first: int
    end: int
    place: int
    found: set[int]

    def __init__(self, first: int, end: int, place: int) -> None:
        self.first, self.end, self.place, self.found = first, end, place, set()


def ends_of(raw: bytes) -> tuple[int, str] | None:
    """Give the ``seq`` and ``chain`` at a line's ends; ``None`` where it is not whole."""
    end = len(raw) - len(_END)
    start = end - _DIGEST
    comma = raw.find(b",", len(_START))
    digits = raw[len(_START) : comma]
    if not (
        raw.startswith(_START)
        and 0 < comma < start
        and raw.startswith(_MARK, start - len(_MARK))
        and raw.endswith(_END)
        and digits.isdigit()
    ):
        return None
    return int(digits), raw[start:end].decode("latin-1")


def _content(raw: bytes) -> bytes:
    return raw[: -len(_MARK) - _DIGEST - len(_END)] + b"}"


def _numbered(file: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(file, start=1):
        line = raw.rstrip(b"\r\n")
        if line:
            yield number, line


def parse_line(raw: bytes, number: int = 0) -> Line | None:
    """Read a line without its line break; ``None`` where it is not whole."""
    raw = raw.rstrip(b"\r")
    ends = ends_of(raw)
    if ends is None:
        return None
    try:
        record = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    seq, chain = record.pop("seq", None), record.pop("chain", None)
    if (seq, chain) != ends:
        return None
    return Line(number, ends[0], record, ends[1])


def _chain(before: str, content: bytes) -> str:
    return hashlib.sha256(before.encode() + content).hexdigest()


def _read(file: int, length: int) -> bytes:
    chunks = []
    while length and (chunk := os.read(file, length)):
        chunks.append(chunk)
        length -= len(chunk)
    return b"".join(chunks)


def _keep_name(folder: Path) -> None:
    """Put a new file's name on the disk, where the system has a way to."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
