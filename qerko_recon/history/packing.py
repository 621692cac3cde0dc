"""A result in, what a file can keep of it out; and back, as it was.

Frames become compressed Arrow streams, cut to a bounded size; all else becomes JSON, in which
amounts are text. So nothing is rounded, and a result that was kept can be written again to the
byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final, cast, get_type_hints

import msgspec
import pandas as pd
import pyarrow as pa

from qerko_recon import schema
from qerko_recon.errors import HistoryError
from qerko_recon.history.hashes import as_table, content_sha256, hash_of
from qerko_recon.recon import Policy, Reconciliation, Source, Summary
from qerko_recon.recon.result import Details
from qerko_recon.report import Result

__all__ = ["Input", "Packed", "pack", "read_frame", "unpack"]

_ROWS: Final = 250_000
"""Rows of one stream: SQLite holds no cell beyond a gigabyte."""

_NOT_TOLD: Final = ("fetched_at",)
"""When a payment was looked at is no part of what it is."""

_SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    "matches": schema.MATCHES,
    "breaks": schema.BREAKS,
    "bridge": schema.BRIDGE,
    "bridge_by_day": schema.DAY_BRIDGE,
    "candidates": schema.CANDIDATES,
    "failures": schema.FAILURES,
    "payments": schema.PAYMENTS,
    "parts": schema.PARTS,
    "tenders": schema.TENDERS,
    "others": schema.TENDERS,
    "problems": schema.PROBLEMS,
}

_PLAIN: Final[Mapping[str, Any]] = {"unexplained": Decimal}
"""Types of what is no frame."""

_DETAILS: Final = tuple(name for name, held in vars(Details).items() if isinstance(held, property))
"""Frames that a result makes when they are first asked for."""


class Input(msgspec.Struct, frozen=True):
    """Something a run was fed with, and the hash of what it says.

    ``sha256`` is the file's; where there was no file, the hash of the frame's content.
    """

    kind: str
    name: str
    rows: int
    sha256: str
    is_file: bool


@dataclass(frozen=True, slots=True)
class Packed:
    """A result as a file keeps it."""

    identity: str  # the same for the same inputs, policy and results
    inputs: tuple[Input, ...]
    summary: bytes
    policy: bytes
    rest: bytes
    frames: Mapping[str, tuple[bytes, ...]]


def pack(result: Reconciliation) -> Packed:
    """Bring a result to what a file keeps."""
    tables: dict[str, pa.Table] = {}
    rest: dict[str, object] = {}
    for name in (*(field.name for field in fields(result)), *_DETAILS):
        value = getattr(result, name)
        if isinstance(value, pd.DataFrame):
            tables[name] = as_table(value)
        elif name not in {"summary", "policy"} and _can_be_kept(value):
            rest[name] = value
    inputs = tuple(_inputs(result.summary, tables))
    results = (content_sha256(tables[name]) for name in ("matches", "breaks", "bridge"))
    identity = hash_of(
        (result.summary.venue or "").encode(),
        *(hash_of(one.kind.encode(), one.sha256.encode()).encode() for one in _in_order(inputs)),
        msgspec.json.encode(result.policy, enc_hook=_plain, order="deterministic"),
        *(one.encode() for one in results),
    )
    return Packed(
        identity=identity,
        inputs=inputs,
        summary=_encode(result.summary),
        policy=_encode(result.policy),
        rest=_encode(rest),
        frames={name: tuple(_streams(table)) for name, table in tables.items()},
    )


def unpack(
    summary: bytes, policy: bytes, rest: bytes, frames: Mapping[str, Sequence[bytes]]
) -> Result:
    """Give a result back as it was."""
    kept = msgspec.json.decode(rest)
    values: dict[str, Any] = {}
    for field in fields(Reconciliation):
        if field.name in frames or field.name in _SCHEMAS:
            values[field.name] = _frame(frames, field.name)
        elif field.name in kept:
            values[field.name] = msgspec.convert(kept[field.name], _PLAIN.get(field.name, Any))
    details = SimpleNamespace(**{name: _frame(frames, name) for name in _DETAILS})
    values["details"] = cast("Details", details)
    values["summary"] = msgspec.json.decode(summary, type=Summary)
    values["policy"] = _policy(policy)
    return Result(**values)


def _frame(frames: Mapping[str, Sequence[bytes]], name: str) -> pd.DataFrame:
    """Read a frame; one that came later than the run has no rows."""
    if name in frames:
        return schema.to_frame(read_frame(frames[name], name))
    return schema.to_frame(_SCHEMAS.get(name, pa.schema([])).empty_table())


def read_frame(
    streams: Sequence[bytes], name: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """Read a frame, or some of its columns; a column that came later than it is null."""
    options = None
    if columns is not None:
        with pa.ipc.open_stream(streams[0]) as first:
            held = first.schema.names
        places = [held.index(one) for one in columns if one in held]
        options = pa.ipc.IpcReadOptions(included_fields=places)
    tables = []
    for stream in streams:
        with pa.ipc.open_stream(stream, options=options) as reader:
            tables.append(reader.read_all())
    table = pa.concat_tables(tables)
    for place, field in enumerate(_SCHEMAS.get(name, ())):
        if field.name not in table.column_names and columns is None:
            nulls = pa.nulls(table.num_rows, field.type)
            table = table.add_column(min(place, table.num_columns), field, nulls)
    return table if columns is None else table.select(columns)


def _inputs(summary: Summary, tables: Mapping[str, pa.Table]) -> Iterator[Input]:
    for source in summary.sources:
        sha256 = source.sha256 or _content_of(source, tables)
        yield Input(source.kind, source.name, source.rows, sha256, source.sha256 is not None)


def _content_of(source: Source, tables: Mapping[str, pa.Table]) -> str:
    if source.kind == "payments":
        payments = tables["payments"].select(schema.PAYMENTS.names)
        return hash_of(
            content_sha256(payments, by=["payment_id"], without=_NOT_TOLD).encode(),
            content_sha256(tables["parts"], by=["payment_id", "part_no"]).encode(),
        )
    return content_sha256(tables["tenders"].select(schema.TENDERS.names), by=["tender_id"])


def _in_order(inputs: Sequence[Input]) -> list[Input]:
    return sorted(inputs, key=lambda one: (one.kind, one.sha256))


def _streams(table: pa.Table) -> Iterator[bytes]:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    for start in range(0, max(table.num_rows, 1), _ROWS):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
            writer.write_table(table.slice(start, _ROWS).combine_chunks())
        yield sink.getvalue().to_pybytes()


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, enc_hook=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} cannot be kept")


def _can_be_kept(value: object) -> bool:
    """Tell what is plain data from live objects, which belong to the run that made them."""
    return value is None or isinstance(
        value, str | int | Decimal | date | tuple | list | dict | Mapping
    )


def _policy(policy: bytes) -> Policy:
    """Give the policy back; a setting that this version does not know is left out."""
    hints = get_type_hints(Policy) | {"tolerance": Decimal}
    kept: dict[str, Any] = msgspec.json.decode(policy)
    try:
        stated = {
            name: msgspec.convert(value, hints[name])
            for name, value in kept.items()
            if name in hints
        }
    except msgspec.ValidationError as error:
        raise HistoryError(f"the policy of this run cannot be read: {error}") from error
    return Policy(**stated)
