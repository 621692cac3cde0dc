"""One of a few names for each row: what a column of words says, as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from qerko_recon.pos.strings import Strings

__all__ = ["Tags"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tags:
    """One of a few names for each row; ``None`` may be one of them.

    >>> tags = Tags.of(Strings(pa.array(["Ano", "Ne", "Ano"])), str.upper)
    >>> tags.are("ANO").tolist(), tags.column().to_pylist()
    ([True, False, True], ['ANO', 'NE', 'ANO'])
    """

    names: tuple[str | None, ...]
    codes: npt.NDArray[np.int32]

    @classmethod
    def all_of(cls, name: str | None, length: int) -> Tags:
        """Give every row the same name."""
        return cls((name,), np.zeros(length, dtype=np.int32))

    @classmethod
    def of(cls, column: Strings, meaning: Callable[[str], str | None]) -> Tags:
        """Name each row by what its cell means; each distinct cell is looked at once."""
        coded = column.coded
        return cls._distinct([meaning(word) for word in coded.words.to_pylist()], coded.codes)

    @classmethod
    def _distinct(cls, names: Sequence[str | None], codes: npt.NDArray[np.int32]) -> Tags:
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        if len(places) == len(names):
            return cls(tuple(names), codes)
        table = np.array([places[name] for name in names], dtype=np.int32)
        return cls(tuple(places), table[codes])

    def __len__(self) -> int:
        return len(self.codes)

    def are(self, *names: str | None) -> Mask:
        """Tell the rows of some names."""
        wanted = np.array([name in names for name in self.names], dtype=bool)
        if wanted.all() or not wanted.any():
            return np.full(len(self), bool(wanted.all()))
        return np.asarray(wanted[self.codes])

    def having(self, mask: Mask, other: Tags | str | None) -> Tags:
        """Name some rows otherwise."""
        if not mask.any():
            return self
        if not isinstance(other, Tags):
            other = Tags.all_of(other, len(self))
        codes = np.where(mask, other.codes + np.int32(len(self.names)), self.codes)
        return self._distinct([*self.names, *other.names], codes)

    def column(self) -> pa.Array:
        """Give each row its name."""
        if len(self.names) == 1:
            return pa.repeat(pa.scalar(self.names[0], pa.string()), len(self))
        return pa.array(list(self.names), pa.string()).take(pa.array(self.codes))
