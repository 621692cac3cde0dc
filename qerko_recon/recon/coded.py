"""Text columns as whole numbers: columns in, distinct words and the place of each row's out.

Comparing a million texts costs more than all arithmetic on them, so each column is hashed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.parts import flat

__all__ = [
    "Codes",
    "Mask",
    "Units",
    "column_of",
    "encode",
    "flat",
    "numbered",
    "ranks",
    "rows_by_code",
    "texts",
    "where_in",
    "where_in_each",
]

Codes = npt.NDArray[np.int64]
"""Places of words; -1 where a row has none."""

Units = npt.NDArray[np.int64]
"""Money in millionths."""

Mask = npt.NDArray[np.bool_]


def encode(*columns: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, list[Codes]]:
    """Give the distinct words of some text columns, in order of appearance, and each's codes.

    >>> words, (left, right) = encode(pa.array(["b", "a"]), pa.array(["a", None, "c"]))
    >>> words.to_pylist(), left.tolist(), right.tolist()
    (['b', 'a', 'c'], [0, 1], [1, -1, 2])
    """
    flats = [flat(column) for column in columns]
    if (word := _only_word(flats)) is not None:
        return word, [np.zeros(len(one), dtype=np.int64) for one in flats]
    # Arrow drops empty chunks.
    coded = pa.chunked_array([one for one in flats if len(one)], pa.string()).dictionary_encode()
    chunks = list(coded.chunks)
    words = chunks[-1].dictionary if chunks else pa.array([], pa.string())
    nothing = np.zeros(0, dtype=np.int64)
    return words, [_codes(chunks.pop(0).indices) if len(one) else nothing for one in flats]


def _only_word(columns: Sequence[pa.Array]) -> pa.Array | None:
    """Give the word that all rows have, if they do; that is told sooner than by hashing all."""
    held = [column for column in columns if len(column)]
    if not held or any(column.null_count for column in held):
        return None
    word = held[0].slice(0, 1)
    if any(column.slice(len(column) - 1) != word for column in held):
        return None
    return word if all(pc.all(pc.equal(column, word[0])).as_py() for column in held) else None


def _codes(indices: pa.Array) -> Codes:
    if indices.null_count:
        indices = pc.fill_null(indices, pa.scalar(-1, indices.type))
    return np.asarray(indices.to_numpy(zero_copy_only=False)).astype(np.int64)


def column_of(frame: pd.DataFrame, name: str) -> pa.Array:
    """Give a column of an Arrow-backed frame in one piece."""
    return flat(pa.array(frame[name]))


def ranks(words: pa.Array) -> Codes:
    """Give the place of each of some distinct words among all of them, sorted.

    >>> ranks(pa.array(["b", "c", "a"])).tolist()
    [1, 2, 0]
    """
    return np.argsort(np.argsort(np.array(words.to_pylist(), dtype=object)))


def rows_by_code(codes: Codes) -> Iterator[tuple[int, Codes]]:
    """Give each code that is not -1, in their order, with the rows that have it.

    >>> [(code, rows.tolist()) for code, rows in rows_by_code(np.array([7, -1, 2, 7]))]
    [(2, [2]), (7, [0, 3])]
    """
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    distinct, starts = np.unique(codes[rows], return_index=True)
    yield from zip(distinct.tolist(), np.split(rows, starts[1:]), strict=True) if len(rows) else ()


def numbered(*columns: Codes) -> Codes:
    """Give rows numbers by what some columns of whole numbers hold; alike rows have the same.

    >>> numbered(np.array([5, 3, 5]), np.array([1, 1, 1])).tolist()
    [1, 0, 1]
    """
    order = np.lexsort(columns[::-1])
    is_new = np.zeros(len(order), dtype=bool)
    for column in columns:
        is_new[1:] |= np.diff(column[order]) != 0
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(is_new)
    return numbers


def texts(column: pa.Array | pa.ChunkedArray, rows: Sequence[int] | Codes) -> list[str | None]:
    """Give the texts of some rows, ``None`` for a row of -1."""
    places = np.asarray(rows, dtype=np.int64)
    taken = flat(column).take(pa.array(places, mask=places < 0))
    return list(taken.to_pylist())


def where_in(values: pa.Array | pa.ChunkedArray, words: Iterable[str]) -> Mask:
    """Tell which rows have one of some words."""
    found = pc.is_in(values, value_set=pa.array(list(words), pa.string()))
    return np.asarray(flat(found).to_numpy(zero_copy_only=False))


def where_in_each(values: pa.Array | pa.ChunkedArray, *several: Iterable[str]) -> Iterator[Mask]:
    """Tell which rows have one of some words, for several sets of them; for columns of few words.

    >>> [one.tolist() for one in where_in_each(pa.array(["a", None, "b"]), "ab", "b")]
    [[True, False, True], [False, False, True]]
    """
    words, (codes,) = encode(values)
    for some in several:
        held = np.append(where_in(words, some), np.False_)  # the last place is for no word
        yield held[codes]
