"""What is wanted of a log: a filter as a frozen value, and the calls that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.schema import TIME

__all__ = ["Look", "problems_of"]

Mask = np.typing.NDArray[np.bool_]

_WELL_DELIVERED = pa.array(["delivered", "none"])
_BAD_OUTCOMES = pa.array(["error", "unanswered"])
_SEARCHED = ("method", "payment_id", "bill_id", "uuid", "error_code", "error_message", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A filter of calls; what is left open filters nothing.

    Attributes
    ----------
    since, until
        The first moment, and the first no longer, by when calls were received.
    methods, outcomes
        Of which calls.
    payment_id
        Of calls about one payment.
    text
        What stands in a call's columns; case does not matter.
    uuids
        Calls that are wanted whatever ``text`` says, for it stands in what was said.
    only_problems
        Calls that were answered by an error or not at all, whose answer may not have arrived, or
        that came more than once.
    """

    since: datetime | None = None
    until: datetime | None = None
    methods: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    payment_id: str = ""
    text: str = ""
    uuids: frozenset[str] = frozenset()
    only_problems: bool = False

    def mask(self, calls: pa.Table) -> Mask:
        """Tell which rows of calls it leaves."""
        kept = np.ones(calls.num_rows, dtype=bool)
        if self.since is not None:
            kept &= _true(pc.greater_equal(calls["received_at"], pa.scalar(self.since, TIME)))
        if self.until is not None:
            kept &= _true(pc.less(calls["received_at"], pa.scalar(self.until, TIME)))
        for name, wanted in (("method", self.methods), ("outcome", self.outcomes)):
            if wanted:
                kept &= _true(pc.is_in(calls[name], pa.array(wanted, pa.string())))
        if self.payment_id:
            kept &= _true(pc.equal(calls["payment_id"], self.payment_id))
        if self.text:
            found = np.zeros(calls.num_rows, dtype=bool)
            for name in _SEARCHED:
                found |= _true(pc.match_substring(calls[name], self.text, ignore_case=True))
            if self.uuids:
                found |= _true(pc.is_in(calls["uuid"], pa.array(sorted(self.uuids), pa.string())))
            kept &= found
        if self.only_problems:
            kept &= problems_of(calls)
        return kept


def problems_of(calls: pa.Table) -> Mask:
    """Tell which calls went wrong."""
    bad = _true(pc.is_in(calls["outcome"], _BAD_OUTCOMES))
    bad |= ~_true(pc.is_in(calls["delivery"], _WELL_DELIVERED))
    return bad | _true(pc.greater(calls["times"], 1))


def _true(found: pa.Array | pa.ChunkedArray) -> Mask:
    filled = pc.fill_null(found, False)
    return np.asarray(filled.to_pylist() if len(filled) == 0 else filled, dtype=bool)
