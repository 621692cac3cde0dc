"""Append-only JSON Lines whose every line vouches for the one before: records in, records out.

A line is a JSON object that begins with its ``seq`` and ends with its ``chain``: the SHA-256 of
the line before's ``chain`` and of its own content. So a line that was edited, taken out or moved
shows. A line that a crash tore costs itself alone: the next goes on from the last whole one.

What no chain can show is that the last lines are gone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, Self

import msgspec

__all__ = ["ChainedWriter", "Flaw", "Line", "read_chained", "verify_chained"]

_MARK: Final = b',"chain":"'
_END: Final = b'"}'
_DIGEST: Final = 64
_TAIL: Final = 64 * 1024
_FIRST: Final = "0" * _DIGEST


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
    before it are gone) and ``reordered`` are.
    """

    number: int
    kind: Literal["torn", "edited", "missing", "reordered"]


class ChainedWriter:
    """Appends records to a file, each with one write; one writer a file at a time.

    Parameters
    ----------
    path
        Made where there is none. A torn end is closed off, so that it costs itself alone.
    is_durable
        Whether each record is on the disk when :meth:`append` returns, safe from a power cut, and
        not only from a crash of the program.

    Raises
    ------
    OSError
        The file cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str], *, is_durable: bool = False) -> None:
        self._is_durable = is_durable
        is_new = not Path(path).exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o600)
        try:
            if is_new and is_durable:
                _keep_name(Path(path).parent)
            self._seq, self._chain = self._close_off()
        except BaseException:
            os.close(self._file)
            raise

    def append(self, record: Mapping[str, Any]) -> int:
        """Write a record; it is safe when this returns.

        Returns
        -------
        int
            Its ``seq``.

        Raises
        ------
        OSError
            It could not be written whole, and what was written of it is a torn line.
        ValueError
            It has a ``seq`` or a ``chain`` of its own.
        """
        if "seq" in record or "chain" in record:
            raise ValueError("`seq` and `chain` are the chain's own names")
        seq = self._seq + 1
        content = msgspec.json.encode({"seq": seq, **record})
        chain = _chain(self._chain, content)
        line = content[:-1] + _MARK + chain.encode() + _END + b"\n"
        if os.write(self._file, line) != len(line):
            self._seq, self._chain = self._close_off()
            raise OSError(0, "the disk is full")
        if self._is_durable:
            os.fsync(self._file)
        self._seq, self._chain = seq, chain
        return seq

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

    def _close_off(self) -> tuple[int, str]:
        """Find the last whole line; end a torn one, which no record may share a line with."""
        size = os.fstat(self._file).st_size
        length = _TAIL
        while True:
            start = max(0, size - length)
            os.lseek(self._file, start, os.SEEK_SET)
            tail = _read(self._file, size - start)
            whole = tail if not start else tail.partition(b"\n")[2]
            lines = [line for line in map(_parsed, whole.split(b"\n")) if line is not None]
            if lines or not start:
                break
            length *= 4
        if tail and not tail.endswith(b"\n"):
            os.write(self._file, b"\n")
        return (lines[-1].seq, lines[-1].chain) if lines else (0, _FIRST)


def read_chained(path: str | os.PathLike[str]) -> Iterator[Line | Flaw]:
    """Give a file's records one by one, and a :class:`Flaw` for each line that is torn.

    Neither order nor content is verified; see :func:`verify_chained`.
    """
    with Path(path).open("rb") as file:
        for number, raw in _numbered(file):
            yield _parsed(raw, number) or Flaw(number, "torn")


def verify_chained(path: str | os.PathLike[str]) -> Iterator[Flaw]:
    """Give every line that is not as it was written; nothing where all of them are."""
    seq, chain = 0, _FIRST
    with Path(path).open("rb") as file:
        for number, raw in _numbered(file):
            line = _parsed(raw, number)
            if line is None:
                yield Flaw(number, "torn")
                continue
            content = raw[: -len(_MARK) - _DIGEST - len(_END)] + b"}"
            if line.seq > seq + 1:
                yield Flaw(number, "missing")
            elif line.seq <= seq:
                yield Flaw(number, "reordered")
            elif _chain(chain, content) != line.chain:
                yield Flaw(number, "edited")
            seq, chain = line.seq, line.chain


def _numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(file, start=1):
        line = raw.rstrip(b"\r\n")
        if line:
            yield number, line


def _parsed(raw: bytes, number: int = 0) -> Line | None:
    """Read a line; ``None`` where it is not whole."""
    raw = raw.rstrip(b"\r")
    end = len(raw) - len(_END) - _DIGEST
    if raw[end - len(_MARK) : end] != _MARK or not raw.endswith(_END):
        return None
    try:
        record = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    seq, chain = record.pop("seq", None), record.pop("chain", None)
    if not isinstance(seq, int) or not isinstance(chain, str):
        return None
    return Line(number, seq, record, chain)


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
