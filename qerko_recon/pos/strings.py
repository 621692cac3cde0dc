"""A column's cells as their file has them: bytes in; texts, distinct words and shapes out.

A column of a million cells has few words, or few shapes: what a cell looks like with a 9 for
every digit. What a cell means is told once for each of them, by the same code that reads a single
cell, and the digits are then taken from all rows at once. So each column is looked at as it is
needed, and never cell by cell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.parts import Block, Part, split
from qerko_recon.threads import at_once

__all__ = ["Coded", "Shapes", "Strings"]

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]
Rows = slice | npt.NDArray[np.int64] | npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as its distinct words and where each stands."""

    words: pa.Array
    codes: Codes


class Strings:
    """A column of cells, in the encoding of their file, without nulls.

    >>> cells = Strings(pa.array([" 12,50 Kč", "7,00 Kč", ""]))
    >>> cells.text.to_pylist(), cells.shapes.words
    (['12,50 Kč', '7,00 Kč', ''], [' 99,99 Kč', '9,99 Kč', ''])
    """

    def __init__(self, raw: pa.Array | pa.ChunkedArray, codec: str = "utf-8") -> None:
        self._raw, self.codec = raw, codec

    def __len__(self) -> int:
        return len(self._raw)

    def __getitem__(self, row: int) -> str:
        """Give one row's text."""
        place = bisect_right(self.begins, row) - 1
        part = self.parts[place]
        return str(Part(part.raw.slice(row - self.begins[place], 1), self.codec).text()[0].as_py())

    @cached_property
    def parts(self) -> list[Part]:
        """The cells, some at a time."""
        return split(self._raw, self.codec)

    @cached_property
    def begins(self) -> list[int]:
        """The row that each part begins with, and behind them how many rows there are."""
        return [0, *np.cumsum([len(part) for part in self.parts]).tolist()]

    def _spans(self) -> Iterator[tuple[slice, Part]]:
        for begin, part in zip(self.begins, self.parts, strict=False):
            yield slice(begin, begin + len(part)), part

    @cached_property
    def text(self) -> pa.Array:
        """The cells as text, surrounding space removed."""
        return _joined(at_once(Part.text, self.parts))

    @cached_property
    def is_empty(self) -> Mask:
        """Which cells have nothing but space in them."""
        return self._each(Part.is_empty, np.bool_)

    @cached_property
    def first_letters(self) -> npt.NDArray[np.uint8]:
        """The first byte of each cell; 0 for an empty one."""
        return self._each(Part.first, np.uint8)

    @property
    def is_ascii(self) -> bool:
        """Whether no cell has a letter beyond ASCII."""
        return all(part.is_ascii for part in self.parts)

    @property
    def is_even(self) -> bool:
        """Whether in each part all cells are of one width, and none is empty."""
        return all(part.width for part in self.parts)

    def _each(self, look: Any, kind: Any) -> npt.NDArray[Any]:
        found = np.empty(len(self), dtype=kind)

        def take(some: tuple[slice, Part]) -> None:
            rows, part = some
            found[rows] = look(part)

        at_once(take, self._spans())
        return found

    @cached_property
    def coded(self) -> Coded:
        """The distinct cells, as text, and where each stands."""
        if self._is_constant():
            words = self.parts[0].raw.slice(0, 1)
            return Coded(Strings(words, self.codec).text, np.zeros(len(self), dtype=np.int32))
        coded = pc.dictionary_encode(self._raw)
        chunks = coded.chunks if isinstance(coded, pa.ChunkedArray) else [coded]
        words = chunks[0].dictionary if chunks else pa.array([], pa.string())
        codes = np.empty(len(self), dtype=np.int32)
        begin = 0
        for chunk in chunks:
            codes[begin : begin + len(chunk)] = chunk.indices
            begin += len(chunk)
        return Coded(Strings(words, self.codec).text, codes)

    def _is_constant(self) -> bool:
        return (
            bool(self.parts)
            and all(part.is_constant for part in self.parts)
            and len({part.table[0].tobytes() for part in self.parts}) == 1
        )

    @cached_property
    def shapes(self) -> Shapes:
        """What the cells look like."""
        known: dict[bytes, int] = {}
        codes = np.empty(len(self), dtype=np.int32)
        by_part: list[list[int]] = []
        counts: Counter[int] = Counter()
        found = at_once(Part.shapes, self.parts)
        for (rows, _), looks in zip(self._spans(), found, strict=True):
            table = [known.setdefault(word, len(known)) for word in looks.words]
            is_same = table == list(range(len(table)))
            codes[rows] = looks.codes if is_same else np.array(table)[looks.codes]
            by_part.append(table)
            counts.update(dict(zip(table, looks.counts, strict=True)))
        words = [word.decode(self.codec) for word in known]
        return Shapes(self, words, codes, [counts[code] for code in range(len(words))], by_part)

    def has(self, letters: str) -> bool:
        """Tell whether any of some ASCII letters stands anywhere in the column."""
        wanted = [letter.encode() for letter in letters]
        return any(
            one in own for part in self.parts for own in [part.own.tobytes()] for one in wanted
        )

    def are(self, word: str) -> Mask:
        """Tell the rows whose cell is a word."""

        def look(part: Part) -> pa.Array:
            return pc.equal(part.text(), word) if part.may_have_space else _same(part, word)

        return self._each(look, np.bool_)

    def where(self, mask: Mask) -> Strings:
        """Keep some of the rows."""
        return self if mask.all() else Strings(self._raw.filter(pa.array(mask)), self.codec)

    def is_same(self, other: Strings) -> bool:
        """Tell whether another column has the same cells."""
        return bool(self.text.equals(other.text))


def _same(part: Part, word: str) -> pa.Array:
    return pc.equal(part.raw, pa.scalar(word.encode(part.codec)).cast(part.raw.type))


def _joined(parts: list[pa.Array]) -> pa.Array:
    if not parts:
        return pa.array([], pa.string())
    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)


class Shapes:
    """The shapes of a column's cells, and the digits of those of one shape.

    Attributes
    ----------
    words
        The shapes.
    codes
        Which of them each row has.
    counts
        How many rows have each.
    """

    def __init__(
        self,
        cells: Strings,
        words: list[str],
        codes: Codes,
        counts: list[int],
        by_part: list[list[int]],
    ) -> None:
        self.words, self.codes, self.counts = words, codes, counts
        self._cells, self._by_part = cells, by_part

    def spread(self, said: Iterable[bool]) -> Mask:
        """Give each row what is said of its shape."""
        held = np.array(list(said), dtype=bool)
        if held.all() or not held.any():
            return np.full(len(self.codes), bool(held.all()))
        return np.asarray(held[self.codes])

    def rows(self, code: int) -> npt.NDArray[np.int64]:
        """Give the rows of one shape."""
        return np.flatnonzero(self.codes == code)

    def places(self, code: int, span: tuple[int, int]) -> list[int]:
        """Give the byte places of the digits within some letters of a shape."""
        word, codec = self.words[code], self._cells.codec
        return [
            len(word[:place].encode(codec))
            for place in range(*span)
            if word[place] == "9"  # a shape has no other digit
        ]

    def blocks(self, code: int) -> Iterator[tuple[Rows, Block]]:
        """Go through the rows of one shape, so many at a time as a processor holds at once."""
        for some in self.parts():
            if code in some.codes:
                yield some.block(code)

    def parts(self) -> Iterator[SomeRows]:
        """Go through all rows, so many at a time as a processor holds at once."""
        begins = self._cells.begins
        for begin, part, codes in zip(begins, self._cells.parts, self._by_part, strict=False):
            rows = slice(begin, begin + len(part))
            yield SomeRows(rows, part, codes, self.codes[rows])


class SomeRows(NamedTuple):
    """Some rows of a column: which, their cells, the shapes these have, and each row's own."""

    rows: slice
    part: Part
    codes: list[int]
    own: Codes

    def block(self, code: int) -> tuple[Rows, Block]:
        """Give those of one shape that one of them has."""
        if len(self.codes) == 1:
            return self.rows, self.part.block(None)
        found = np.flatnonzero(self.own == code).astype(np.int32)
        return found + self.rows.start, self.part.block(found)
