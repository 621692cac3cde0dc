"""Some cells of a column as they lie in memory: their bytes, their edges, their digits.

A part is small enough for a processor to hold at once, which is what makes going through a
million cells quick; a column is a list of such parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Block", "Part", "flat", "in_one_piece", "split"]

Mask = npt.NDArray[np.bool_]
Letters = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]

_NINES: Final = bytes.maketrans(b"0123456789", b"9" * 10)
_ZERO: Final = np.uint8(ord("0"))
_TEN: Final = np.uint8(10)
_MOST_ROWS: Final = 1 << 16
_FIRST_PRINTED: Final = 0x21
_LAST_ASCII: Final = 0x7F
_INT32_DIGITS: Final = 9


def flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Give a column as one array; it is copied only where it is several."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def in_one_piece(table: pa.Table) -> pa.Table:
    """Give a table of which each column is one array; it is copied only where one is several."""
    is_whole = all(column.num_chunks == 1 for column in table.columns)
    return table if is_whole else table.combine_chunks()


def split(column: pa.Array | pa.ChunkedArray, codec: str) -> list[Part]:
    """Take a column apart; nothing is copied."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return [
        Part(chunk.slice(begin, _MOST_ROWS), codec)
        for chunk in chunks
        for begin in range(0, len(chunk), _MOST_ROWS)
    ]


class Looks(NamedTuple):
    """What cells look like: the shapes, which of them each cell has, and how many have each."""

    words: list[bytes]
    codes: Places
    counts: list[int]


class Part:
    """Cells beside one another in memory."""

    def __init__(self, raw: pa.Array, codec: str) -> None:
        self.raw, self.codec = raw, codec

    def __len__(self) -> int:
        return len(self.raw)

    @cached_property
    def offsets(self) -> Places:
        """Where each cell begins in the bytes, and where the last one ends."""
        held = np.frombuffer(self.raw.buffers()[1], dtype=np.int32)
        return held[self.raw.offset : self.raw.offset + len(self) + 1]

    @cached_property
    def data(self) -> Letters:
        """The bytes that cells stand in; not all need be a cell's."""
        return np.frombuffer(self.raw.buffers()[2] or b"", dtype=np.uint8)

    @property
    def own(self) -> Letters:
        """The bytes of all cells, one behind the other."""
        return self.data[self.offsets[0] : self.offsets[-1]]

    @cached_property
    def lengths(self) -> Places:
        """How many bytes each cell has."""
        return np.diff(self.offsets)

    @cached_property
    def width(self) -> int:
        """How many bytes every cell has; 0 where they differ."""
        width = int(self.offsets[1] - self.offsets[0])
        is_even = width * len(self) == len(self.own) and (self.lengths == width).all()
        return width if is_even else 0

    @cached_property
    def table(self) -> npt.NDArray[np.uint8]:
        """The bytes of cells of one width, a row a cell."""
        return self.own.reshape(-1, self.width)

    @cached_property
    def is_constant(self) -> bool:
        """Whether all cells are the same, and not empty."""
        return bool(self.width and self.own.tobytes() == self.table[0].tobytes() * len(self))

    @cached_property
    def is_ascii(self) -> bool:
        """Whether all letters are ASCII's."""
        return not len(self.own) or int(self.own.max()) <= _LAST_ASCII

    def first(self) -> Letters:
        """Give the first byte of each cell; 0 for an empty one."""
        return self._at(self.offsets[:-1])

    def last(self) -> Letters:
        """Give the last byte of each cell; 0 for an empty one."""
        return self._at(self.offsets[1:] - 1)

    def _at(self, places: Places) -> Letters:
        if not len(self.own):
            return np.zeros(len(self), dtype=np.uint8)
        found = self.data.take(np.clip(places, self.offsets[0], self.offsets[-1] - 1))
        is_empty = self.offsets[1:] == self.offsets[:-1]
        if is_empty.any():
            found[is_empty] = 0
        return found

    @cached_property
    def may_have_space(self) -> bool:
        """Whether a cell may begin or end with space; beyond ASCII there are many kinds."""
        if self.is_ascii and (not len(self.own) or int(self.own.min()) >= _FIRST_PRINTED):
            return False
        edges = (self.first(), self.last())
        return any(
            bool((((edge < _FIRST_PRINTED) & (edge > 0)) | (edge > _LAST_ASCII)).any())
            for edge in edges
        )

    def is_empty(self) -> Mask:
        """Tell which cells have nothing but space in them."""
        if self.may_have_space:
            return np.asarray(pc.equal(self.text(), "").to_numpy(zero_copy_only=False))
        return np.asarray(self.offsets[1:] == self.offsets[:-1])

    def text(self) -> pa.Array:
        """Give the cells as text, surrounding space removed."""
        text = self._decoded()
        return pc.utf8_trim_whitespace(text) if self.may_have_space else text

    def _decoded(self) -> pa.Array:
        if pa.types.is_string(self.raw.type):
            return self.raw
        if self.codec != "utf-8" and not self.is_ascii:
            return self._transcoded()
        buffers = self.raw.buffers()
        return pa.StringArray.from_buffers(
            len(self), buffers[1], buffers[2], offset=self.raw.offset
        )

    def _transcoded(self) -> pa.Array:
        """Decode all cells at once; each byte of such a codec is a letter of its own."""
        letters = [bytes([byte]).decode(self.codec, "replace").encode() for byte in range(256)]
        widths = np.array([len(letter) for letter in letters], dtype=np.int32)
        ends = np.cumsum(widths[self.own], dtype=np.int32)
        places = np.append(np.int32(0), ends)[self.offsets - self.offsets[0]]
        data = self.own.tobytes().decode(self.codec).encode()
        return pa.StringArray.from_buffers(len(self), pa.py_buffer(places), pa.py_buffer(data))

    def shapes(self) -> Looks:
        """Give what the cells look like, with a 9 for every digit, and where each stands."""
        if self._has_one_shape():
            shape = self.table[0].tobytes().translate(_NINES)
            return Looks([shape], np.zeros(len(self), dtype=np.int32), [len(self)])
        return self._shapes_by_length() if self.lone_mark else self._shapes_by_look()

    def _has_one_shape(self) -> bool:
        """Tell whether digits stand where the first cell has digits, and all else is the same."""
        if not self.width:
            return False
        is_digit = (self.table - _ZERO) < _TEN
        if not (is_digit == is_digit[0]).all():
            return False
        others = np.flatnonzero(~is_digit[0])
        return bool((self.table[:, others] == self.table[0, others]).all())

    @cached_property
    def lone_mark(self) -> int:
        """How far from its end each cell has a mark, all else being digits; 0 where it differs."""
        is_mark = (self.own - _ZERO) >= _TEN
        if not len(self) or np.count_nonzero(is_mark) != len(self):
            return 0
        first = np.flatnonzero(is_mark[: self.lengths[0]])
        if len(first) != 1:
            return 0
        behind = int(self.lengths[0] - first[0])
        if int(self.lengths.min()) < behind:  # a mark would stand in the cell before
            return 0
        marks = self.data.take(self.offsets[1:] - behind)
        return behind if (marks == marks[0]).all() else 0

    def _shapes_by_length(self) -> Looks:
        """Tell shapes by length, as cells with a lone mark differ in nothing else."""
        counts = np.bincount(self.lengths)
        there = np.flatnonzero(counts)
        codes = np.zeros(int(there[-1]) + 1, dtype=np.int32)
        codes[there] = np.arange(len(there))
        behind = self.lone_mark
        mark = self.data[self.offsets[1] - behind].tobytes()
        tail = mark + b"9" * (behind - 1)
        words = [b"9" * (int(one) - behind) + tail for one in there]
        return Looks(words, codes[self.lengths], counts[there].tolist())

    def _shapes_by_look(self) -> Looks:
        data = self.own.tobytes().translate(_NINES)
        places = pa.py_buffer(self.offsets - self.offsets[0])
        bare = pa.BinaryArray.from_buffers(
            pa.binary(), len(self), [None, places, pa.py_buffer(data)]
        )
        coded = bare.dictionary_encode()
        codes = np.asarray(coded.indices.to_numpy(zero_copy_only=False))
        words = coded.dictionary.to_pylist()
        return Looks(words, codes, np.bincount(codes, minlength=len(words)).tolist())

    def numbers(self) -> Numbers:
        """Read all digits of each cell as one number, where all of them have a lone mark."""
        longest, shortest = int(self.lengths.max()), int(self.lengths.min())
        ends = self.offsets[1:].astype(np.int64)
        found: npt.NDArray[Any] = np.zeros(len(self), dtype=_wide_enough(longest - 1))
        for behind in range(longest, 0, -1):
            if behind == self.lone_mark:
                continue
            letters = self.data.take(ends - behind, mode="clip") - _ZERO
            if behind > shortest:
                letters *= self.lengths >= behind  # it is the cell's before
            found *= 10
            found += letters
        return found.astype(np.int64)

    def block(self, rows: Places | None) -> Block:
        """Give some rows of one shape; all of them by ``None``."""
        if rows is None and self.width:
            return Block(self.table, None)
        begins = self.offsets[:-1]
        return Block(self.data, begins if rows is None else begins[rows])


def _wide_enough(digits: int) -> type[np.int32 | np.int64]:
    return np.int32 if digits <= _INT32_DIGITS else np.int64


class Block:
    """Cells of one shape: a table of their bytes, or the bytes and where each cell begins."""

    def __init__(self, data: npt.NDArray[np.uint8], begins: Places | None) -> None:
        self._data, self._begins = data, begins

    def __len__(self) -> int:
        return len(self._data if self._begins is None else self._begins)

    def number(self, places: Sequence[int]) -> Numbers:
        """Read the digits at some places of each cell as one number; 0 where there are none."""
        found: npt.NDArray[Any] = np.zeros(len(self), dtype=_wide_enough(len(places)))
        for letters in self._letters(places):
            found *= 10
            found += letters - _ZERO
        return found.astype(np.int64)

    def _letters(self, places: Sequence[int]) -> Iterator[Letters]:
        for place in places:
            if self._begins is None:
                yield self._data[:, place]
            else:
                yield self._data.take(self._begins + np.int32(place))
