"""Tables in, a hash of what they say out: the same for the same content, however it is held."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["as_table", "content_sha256", "hash_of"]


def as_table(frame: pd.DataFrame) -> pa.Table:
    """Give an Arrow-backed frame's columns as they are, without pandas' own remarks."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def content_sha256(
    table: pa.Table, *, by: Sequence[str] = (), without: Collection[str] = ()
) -> str:
    """Hash the names, types and cells of a table.

    How Arrow happens to hold the cells (chunks, slices, what lies under a null) is left out.

    Parameters
    ----------
    by
        Columns by which the rows are put in order first, so that theirs means nothing.
    without
        Columns that do not count.

    Examples
    --------
    >>> one = pa.table({"id": ["a", "b"], "n": [1, None]})
    >>> two = pa.table({"id": ["b", "a"], "n": [None, 1]})
    >>> content_sha256(one, by=["id"]) == content_sha256(two, by=["id"])
    True
    """
    if by:
        table = table.take(pc.sort_indices(table, [(name, "ascending") for name in by]))
    digest = hashlib.sha256()
    for name in table.column_names:
        if name not in without:
            digest.update(f"{name}\x1f".encode())
            _feed(digest, table[name].combine_chunks())
    return digest.hexdigest()


def hash_of(*parts: bytes) -> str:
    """Hash some bytes, each with its length, so that no two ways to cut them are the same."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _feed(digest: Any, column: pa.Array) -> None:
    """Put a column's type, length, nulls and values into a digest."""
    kind = column.type
    digest.update(f"{kind}\x1f{len(column)}\x1f".encode())
    if column.null_count:
        valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        digest.update(np.packbits(valid).tobytes())
    digest.update(b"\x1f")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        digest.update(lengths.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
        _feed(digest, column.flatten())
    elif pa.types.is_null(kind):
        return
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        _feed_text(digest, pc.fill_null(column, "").cast(pa.large_string()))
    elif pa.types.is_decimal(kind):
        held = pc.fill_null(column, pa.scalar(0, kind))
        width = kind.byte_width
        start = held.offset * width
        digest.update(memoryview(held.buffers()[1])[start : start + len(held) * width])
    else:
        if pa.types.is_temporal(kind):
            column = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())  # noqa: PLR2004
        elif pa.types.is_boolean(kind):
            column = column.cast(pa.uint8())
        digest.update(pc.fill_null(column, 0).to_numpy(zero_copy_only=False).tobytes())


def _feed_text(digest: Any, column: pa.Array) -> None:
    lengths = pc.binary_length(column).to_numpy(zero_copy_only=False)
    digest.update(lengths.astype("<i8").tobytes())
    _, offsets, letters = column.buffers()
    if letters is None or not len(column):
        return
    ends = np.frombuffer(offsets, dtype="<i8")
    first, last = ends[column.offset], ends[column.offset + len(column)]
    digest.update(memoryview(letters)[first:last])
