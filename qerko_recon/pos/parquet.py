"""A Parquet file's bytes in, its table as a grid out."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet as pq

from qerko_recon.errors import PosExportError
from qerko_recon.money import SCALE
from qerko_recon.pos.grids import Grid
from qerko_recon.pos.typed import NUMBER, TEXT, Column, column_of

__all__ = ["read_parquet"]

_DAMAGED: Final = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, ValueError)


def read_parquet(data: bytes, name: str) -> list[Grid]:
    """Read a Parquet file.

    Raises
    ------
    PosExportError
        It is damaged or encrypted.
    """
    try:
        table = pq.read_table(io.BytesIO(data))
    except _DAMAGED as error:
        msg = f"{name} is a damaged or encrypted Parquet file; export it again"
        raise PosExportError(msg, file=name) from error
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    names = [field.name for field in table.schema]
    columns = {
        one: _column(table.column(place).combine_chunks()) for place, one in enumerate(names)
    }
    floats = frozenset(field.name for field in table.schema if pa.types.is_floating(field.type))
    rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return [Grid.of_columns("parquet", None, columns, rows, floats)]


def _column(held: pa.Array) -> Column:
    """Turn a column into text and kinds."""
    if isinstance(held, pa.ChunkedArray):
        held = held.combine_chunks()
    kind = held.type
    if pa.types.is_dictionary(kind):
        held = held.dictionary_decode()
        kind = held.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        text = pc.utf8_trim_whitespace(pc.fill_null(held.cast(pa.string()), ""))
        return Column(text, np.full(len(held), TEXT, dtype=np.uint8))
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and 0 <= kind.scale <= SCALE):
        is_null = np.asarray(held.is_null())
        text = pc.fill_null(held.cast(pa.string()), "")
        return Column(text, np.where(is_null, TEXT, NUMBER).astype(np.uint8))
    if pa.types.is_timestamp(kind):
        held = held.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    return _by_value(held)


def _by_value(held: pa.Array) -> Column:
    """Write each distinct value once."""
    try:
        coded = held.dictionary_encode()
    except pa.ArrowNotImplementedError:  # lists and maps
        return column_of([None if one is None else str(one) for one in held.to_pylist()])
    words = column_of(coded.dictionary.to_pylist())
    codes = coded.indices
    text = pc.fill_null(words.text.take(codes), "")
    places = np.asarray(pc.fill_null(codes, 0).to_numpy(zero_copy_only=False))
    kinds = words.kinds[places] if len(words.kinds) else np.zeros(len(held), dtype=np.uint8)
    return Column(text, np.where(np.asarray(held.is_null()), TEXT, kinds).astype(np.uint8))
