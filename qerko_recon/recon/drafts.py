"""Breaks before they have an ID, a severity and words: one at a time, or thousands in columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from qerko_recon.recon.coded import Codes, Units
from qerko_recon.recon.days import Days
from qerko_recon.recon.groups import starts_of

__all__ = ["NO_FACTS", "Draft", "Drafts", "repeated"]

Objects = npt.NDArray[np.object_]
Facts = Mapping[str, str]

NO_FACTS: Final[Facts] = {}


@dataclass(frozen=True, slots=True)
class Draft:
    """A break before it has an ID, a severity and words; amounts in millionths."""

    kind: str
    reason: str
    field: str
    settled: int
    posted: int
    currency: str
    payment_id: str | None = None
    payment: int = -1  # its row, where it was had
    bill_id: str | None = None
    tenders: tuple[int, ...] = ()
    day: date | None = None
    facts: Facts = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Drafts:
    """Many drafts in columns; those of draft ``n`` are ``lines[starts[n]:starts[n + 1]]``."""

    kind: Objects
    reason: Objects
    field: Objects
    settled: Units
    posted: Units
    currency: Objects
    payment_id: Objects
    payment: Codes
    bill_id: Objects
    day: Days
    facts: Objects
    lines: Codes
    starts: Codes

    @classmethod
    def of(cls, drafts: Sequence[Draft]) -> Self:
        """Put single drafts into columns."""

        def column(name: str) -> Objects:
            return _objects([getattr(draft, name) for draft in drafts])

        days = [draft.day for draft in drafts]
        return cls(
            kind=column("kind"),
            reason=column("reason"),
            field=column("field"),
            settled=np.array([draft.settled for draft in drafts], dtype=np.int64),
            posted=np.array([draft.posted for draft in drafts], dtype=np.int64),
            currency=column("currency"),
            payment_id=column("payment_id"),
            payment=np.array([draft.payment for draft in drafts], dtype=np.int64),
            bill_id=column("bill_id"),
            day=np.array(days, dtype="datetime64[D]"),
            facts=column("facts"),
            lines=np.array([row for one in drafts for row in one.tenders], dtype=np.int64),
            starts=starts_of([len(draft.tenders) for draft in drafts]),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put several together."""
        columns: dict[str, Any] = {
            one.name: np.concatenate([getattr(part, one.name) for part in parts])
            for one in fields(cls)
            if one.name != "starts"
        }
        counts = np.concatenate([np.diff(part.starts) for part in parts])
        return cls(**columns, starts=starts_of(counts))

    def __len__(self) -> int:
        return len(self.settled)

    def text(self, name: str) -> pa.Array:
        """Give a column of words as text; each is made once."""
        if name not in self._texts:
            self._texts[name] = pa.array(getattr(self, name), pa.string())
        return self._texts[name]

    @cached_property
    def _texts(self) -> dict[str, pa.Array]:
        return {}

    @property
    def owners(self) -> Codes:
        """For each line the draft that it belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


def repeated(value: object, size: int) -> Objects:
    """Say the same of each of some drafts."""
    column = np.empty(size, dtype=object)
    column[:] = [value] * size if isinstance(value, Mapping) else value
    return column


def _objects(values: Sequence[object]) -> Objects:
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value
    return column
