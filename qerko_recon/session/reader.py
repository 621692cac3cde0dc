"""Reads a session log: files in, Arrow tables out, in bounded memory whatever its size.

A block of lines is read by Arrow at once where each is whole; a block that holds one that is not
is read line by line, and that line alone is a flaw.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from qerko_recon.chained import Flaw, ends_of
from qerko_recon.errors import SessionLogError
from qerko_recon.schema import LOG, TIME
from qerko_recon.session.files import LogFile, opened

__all__ = ["LogReader", "Wanted", "lines_of"]

_BLOCK: Final = 16 * 2**20
_CHUNK: Final = 4 * 2**20  # what one thread of Arrow takes
_LONGEST: Final = 256 * 2**20

_ERROR: Final = pa.struct({"code": pa.string(), "message": pa.string()})
_FROM_PAYLOAD: Final = (
    "run", "venue", "exchange", "uuid", "method", "payment_id", "bill_id", "status", "seconds",
    "state", "what", "why", "trouble", "was_sent", "timed_out", "wait", "times", "send", "verb",
    "path",
)  # fmt: skip
_LINE: Final = pa.schema(
    {
        "seq": pa.int64(),
        "at": TIME,
        "mono": pa.float64(),
        "kind": pa.string(),
        "payload": pa.struct(
            {
                **{name: LOG.field(name).type for name in _FROM_PAYLOAD},
                "error": _ERROR,
                "key_fingerprint": pa.string(),
            }
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records are wanted; nothing stated is everything.

    ``since`` is the first moment, ``until`` the first no longer; the others are sets of which a
    record has one.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    payment_ids: frozenset[str] = frozenset()
    uuids: frozenset[str] = frozenset()
    venues: frozenset[str] = frozenset()

    @property
    def needles(self) -> list[bytes]:
        """Texts of which a block that holds a wanted record holds one."""
        smallest = min((one for one in (self.payment_ids, self.uuids) if one), key=len, default=())
        return [msgspec.json.encode(one) for one in smallest]

    def mask(self, table: pa.Table) -> pa.ChunkedArray | None:
        """Tell which rows are wanted; ``None`` for all of them."""
        masks = []
        for name, values in (
            ("kind", self.kinds),
            ("method", self.methods),
            ("payment_id", self.payment_ids),
            ("uuid", self.uuids),
            ("venue", self.venues),
        ):
            if values:
                masks.append(pc.is_in(table[name], pa.array(sorted(values), pa.string())))
        if self.since is not None:
            masks.append(pc.greater_equal(table["at"], pa.scalar(self.since, TIME)))
        if self.until is not None:
            masks.append(pc.less(table["at"], pa.scalar(self.until, TIME)))
        if not masks:
            return None
        whole = masks[0]
        for mask in masks[1:]:
            whole = pc.and_(whole, mask)
        return whole


@dataclass(slots=True)
class _Carried:
    """What the header of a file, or the note that a run began, says of the records after it."""

    run: str | None = None
    venue: str | None = None


@dataclass(slots=True)
class LogReader:
    """Reads the files of one log in order; ``flaws`` grows with what is not whole."""

    files: list[LogFile]
    flaws: list[Flaw] = field(default_factory=list)

    def tables(self, wanted: Wanted | None = None) -> Iterator[pa.Table]:
        """Give the records in order, tables of :data:`qerko_recon.schema.LOG`."""
        wanted = wanted or Wanted()
        needles = wanted.needles
        carried = _Carried()
        for file in self.files:
            for first_line, block in blocks(file):
                is_of_use = not needles or any(needle in block for needle in needles)
                if not is_of_use and b'"run":"' not in block:
                    continue
                table = self._table(file, first_line, block, carried)
                mask = wanted.mask(table)
                if mask is not None:
                    table = table.filter(mask)
                if table.num_rows:
                    yield table

    def _table(self, file: LogFile, number: int, block: bytes, carried: _Carried) -> pa.Table:
        quick = _quickly(block)
        if quick is None:
            read, numbers, raws = self._surely(file, number, block)
        else:
            read, raws = quick
            numbers = pa.array(np.arange(number, number + read.num_rows))
        payload = pc.struct_field
        columns: dict[str, Any] = {name: read[name] for name in ("seq", "at", "mono", "kind")}
        columns |= {name: payload(read["payload"], [name]) for name in _FROM_PAYLOAD}
        columns["error_code"] = payload(read["payload"], ["error", "code"])
        columns["error_message"] = payload(read["payload"], ["error", "message"])
        columns["run"], carried.run = _carry(columns["run"], carried.run)
        key = payload(read["payload"], ["key_fingerprint"])
        key, carried.venue = _carry(key, carried.venue)
        columns["venue"] = pc.coalesce(_whole(columns["venue"]), key)
        source = pc.fill_null(pa.nulls(read.num_rows, pa.string()), str(file.path))
        columns |= {"source_file": source, "source_line": numbers, "raw": raws}
        return pa.table([columns[name] for name in LOG.names], schema=LOG)

    def _surely(
        self, file: LogFile, number: int, block: bytes
    ) -> tuple[pa.Table, pa.Array, pa.Array]:
        """Read line by line; a line that is no record is a flaw."""
        rows, numbers, raws = [], [], []
        for place, raw in enumerate(block.split(b"\n"), start=number):
            line = raw.rstrip(b"\r")
            if not line:
                continue
            row = _row(line)
            if row is None:
                self.flaws.append(Flaw(place, "torn", str(file.path)))
                continue
            rows.append(row)
            numbers.append(place)
            raws.append(line.decode("utf-8", "backslashreplace"))
        table = pa.Table.from_pylist(rows, schema=_LINE)
        return table, pa.array(numbers, pa.int64()), pa.array(raws, pa.large_string())


def blocks(file: LogFile) -> Iterator[tuple[int, bytes]]:
    """Give a file in blocks of whole lines, each with the number of its first line."""
    number, rest = 1, b""
    for piece in _pieces(file):
        cut = piece.rfind(b"\n") + 1
        if not cut:
            rest += piece
            if len(rest) > _LONGEST:
                raise SessionLogError(
                    f"{file.path} line {number}: longer than {_LONGEST // 2**20} MiB, so it is "
                    "no session log",
                    file=str(file.path),
                    line=number,
                )
            continue
        block = rest + piece[:cut]
        rest = piece[cut:]
        yield number, block
        number += block.count(b"\n")
    if rest:
        yield number, rest


def lines_of(file: LogFile) -> Iterator[tuple[int, bytes]]:
    """Give a file's lines without their line breaks, numbered from 1, empty ones left out."""
    for number, block in blocks(file):
        for place, raw in enumerate(block.split(b"\n"), start=number):
            line = raw.rstrip(b"\r")
            if line:
                yield place, line


def _pieces(file: LogFile) -> Iterator[bytes]:
    """Give a file's bytes; a packed one that breaks off gives what it has."""
    with opened(file.path) as source:
        while True:
            try:
                piece = source.read(_BLOCK)
            except (OSError, EOFError) as error:
                if isinstance(source, io.BufferedReader):
                    raise SessionLogError(
                        f"{file.path} cannot be read to its end: {error}", file=str(file.path)
                    ) from error
                return
            if not piece:
                return
            yield bytes(piece)


def _quickly(block: bytes) -> tuple[pa.Table, pa.Array] | None:
    """Read a block at once; ``None`` where not every line is a record."""
    if not block.endswith(b"\n"):
        block += b"\n"
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    try:
        table = pj.read_json(
            pa.BufferReader(block),
            read_options=pj.ReadOptions(block_size=_CHUNK),
            parse_options=pj.ParseOptions(
                explicit_schema=_LINE, unexpected_field_behavior="ignore"
            ),
        ).combine_chunks()
    except pa.ArrowInvalid:
        return None
    whole = table.num_rows == len(ends)
    if not whole or table["seq"].null_count or table["kind"].null_count or table["at"].null_count:
        return None
    offsets = np.concatenate(([0], ends + 1)).astype(np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block)]
    raws = pa.Array.from_buffers(pa.large_string(), len(ends), buffers)
    return table, pc.utf8_rtrim(raws, "\r\n")


class _Error(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Entry(msgspec.Struct):
    seq: int
    at: datetime
    kind: str
    mono: float | None = None
    payload: dict[str, Any] = {}


_ENTRY: Final = msgspec.json.Decoder(_Entry)


def _row(line: bytes) -> dict[str, Any] | None:
    """Read a line; what of its payload has another type than ours is left to its raw text."""
    if ends_of(line) is None:
        return None
    try:
        entry = _ENTRY.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    payload = {name: _typed(name, entry.payload) for name in _FROM_PAYLOAD}
    payload["error"] = _error(entry.payload.get("error"))
    key = entry.payload.get("key_fingerprint")
    payload["key_fingerprint"] = key if isinstance(key, str) else None
    return {
        "seq": entry.seq,
        "at": entry.at,
        "mono": entry.mono,
        "kind": entry.kind,
        "payload": payload,
    }


def _typed(name: str, payload: Mapping[str, Any]) -> Any:
    value, kind = payload.get(name), LOG.field(name).type
    if pa.types.is_string(kind):
        return value if isinstance(value, str) else None
    if pa.types.is_boolean(kind):
        return value if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if pa.types.is_integer(kind):
        return value if isinstance(value, int) and abs(value) < 2**31 else None
    return float(value) if isinstance(value, int | float) else None


def _error(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    return {
        name: value[name] if isinstance(value.get(name), str) else None
        for name in ("code", "message")
    }


def _carry(found: pa.Array, before: str | None) -> tuple[pa.Array, str | None]:
    """Give each record what the one before it last said; and what the last one says."""
    filled = pc.fill_null_forward(_whole(found))
    if before is not None:
        filled = pc.fill_null(filled, before)
    return filled, filled[-1].as_py() if len(filled) else before


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
