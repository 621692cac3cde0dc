"""Which provider's tip a payment's and a POS line's is: a reconciliation in, labels out.

Qerko does not say whose part of a payment holds the tip. So the label of a payment is its
provider, or all of them together, and that of a line is what the payments it stands for have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.coded import Units, column_of

if TYPE_CHECKING:
    from qerko_recon.recon.result import Reconciliation

__all__ = ["NOBODY", "Joined", "TipOwners"]

NOBODY: Final = -1
"""Label of POS lines that belong to no payment."""

_SUGGESTED: Final = "suggested"


@dataclass(frozen=True, slots=True)
class Joined:
    """Payments and lines that a match brought together, as rows, and the label of them all.

    ``is_shared`` tells that the payments have labels of their own that differ.
    """

    payments: tuple[int, ...]
    tenders: tuple[int, ...]
    label: int
    is_shared: bool


class TipOwners:
    """Labels every payment and every line of a result.

    Parameters
    ----------
    result
        A finished reconciliation.
    """

    def __init__(self, result: Reconciliation) -> None:
        self._parts = result.parts
        self._matches = result.matches
        self._payment_ids = column_of(result.payments, "payment_id")
        self._tender_ids = column_of(result.tenders, "tender_id")
        self._named = _places(column_of(result.tenders, "payment_id"), self._payment_ids)
        self._names: list[tuple[str, ...]] = []
        self._labels: dict[tuple[str, ...], int] = {}

    def name(self, label: int) -> str | None:
        """Name a label: providers joined, empty where none is named, ``None`` for nobody."""
        return None if label == NOBODY else " + ".join(self._names[label])

    @cached_property
    def payments(self) -> Units:
        """The label of each payment."""
        owner = _places(column_of(self._parts, "payment_id"), self._payment_ids)
        coded = _provider_names(self._parts).dictionary_encode()
        words = coded.dictionary.to_pylist()
        codes = np.asarray(coded.indices.to_numpy(False)).astype(np.int64)
        pairs = np.sort((owner * len(words) + codes)[owner >= 0])
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        rows, named = np.divmod(pairs, max(len(words), 1))
        labels = np.full(len(self._payment_ids), self._label(()), dtype=np.int64)
        single = np.array([self._label([word]) for word in words], dtype=np.int64)
        labels[rows] = single[named]
        repeated = np.isin(rows, rows[1:][rows[1:] == rows[:-1]])
        several: dict[int, list[str]] = defaultdict(list)
        for row, code in zip(rows[repeated].tolist(), named[repeated].tolist(), strict=True):
            several[row].append(words[code])
        for row, own in several.items():
            labels[row] = self._label(own)
        return labels

    @cached_property
    def tenders(self) -> Units:
        """The label of each line: of the payment that it names, else of the match it is in."""
        labels = np.full(len(self._named), NOBODY, dtype=np.int64)
        held = self._named >= 0
        labels[held] = self.payments[self._named[held]]
        for match in self.joined:
            labels[list(match.tenders)] = match.label
        return labels

    @cached_property
    def joined(self) -> tuple[Joined, ...]:
        """Matches that say more than their lines do: by bill, or of several payments."""
        paid, booked = (column_of(self._matches, name) for name in ("payment_ids", "tender_ids"))
        counts = pc.list_value_length(paid)
        unnamed = self._tender_ids.filter(pa.array(self._named < 0))
        held = np.asarray(pc.is_in(pc.list_flatten(booked), value_set=unnamed).to_numpy(False))
        says_more = np.zeros(len(booked), dtype=bool)
        says_more[np.asarray(pc.list_parent_indices(booked).to_numpy(False))[held]] = True
        wanted = pc.and_(
            pc.not_equal(column_of(self._matches, "status"), _SUGGESTED),
            pc.or_(pc.greater(counts, 1), pc.and_(pc.equal(counts, 1), pa.array(says_more))),
        )
        pairs = zip(
            _rows(paid.filter(wanted), self._payment_ids),
            _rows(booked.filter(wanted), self._tender_ids),
            strict=True,
        )
        return tuple(self._join(payments, tenders) for payments, tenders in pairs)

    def _join(self, payments: tuple[int, ...], tenders: tuple[int, ...]) -> Joined:
        found = {int(self.payments[row]) for row in payments}
        label = self._label(name for one in found for name in self._names[one])
        return Joined(payments, tenders, label, is_shared=len(found) > 1)

    def _label(self, names: Iterable[str]) -> int:
        key = tuple(sorted({name for name in names if name}))
        if key not in self._labels:
            self._labels[key] = len(self._names)
            self._names.append(key)
        return self._labels[key]


def _rows(lists: pa.Array, ids: pa.Array) -> Iterator[tuple[int, ...]]:
    """Give, of a column of lists of IDs, the rows of the table that has these IDs."""
    rows = _places(pc.list_flatten(lists), ids).tolist()
    end = 0
    for count in pc.list_value_length(lists).to_pylist():
        start, end = end, end + count
        yield tuple(rows[start:end])


def _provider_names(parts: pd.DataFrame) -> pa.Array:
    """Give each part's provider, by name where it has one."""
    name, own_id = (column_of(parts, each) for each in ("provider_name", "provider_id"))
    named = pc.if_else(pc.equal(name, ""), None, name)
    return pc.coalesce(named, own_id, pa.scalar(""))


def _places(values: pa.Array, among: pa.Array) -> Units:
    found = pc.fill_null(pc.index_in(values, value_set=among, skip_nulls=True), -1)
    return np.asarray(found.to_numpy(False)).astype(np.int64)
