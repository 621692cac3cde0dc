"""The breaks of a result as a person goes through them: filtered, counted, one told in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.history.states import STATUSES
from qerko_recon.money import trim
from qerko_recon.recon.sentences import action, cause, kind_name, sentence
from qerko_recon.report import Result
from qerko_recon.report.evidence import evidence_text
from qerko_recon.report.rows import plain_rows

__all__ = ["GIVEN_STATUSES", "BreakList", "ToldBreak"]

GIVEN_STATUSES: Final = STATUSES[:4]
"""What people say of a break; that one is closed follows from later runs."""

_SEARCHED: Final = ("break_id", "payment_id", "bill_id", "note")

Mask = np.typing.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ToldBreak:
    """One break in words.

    Attributes
    ----------
    row
        Its row of ``result.breaks``, as plain values.
    sentence, cause, evidence, action
        What is wrong, why, where it is to be seen, what to do; in the list's language.
    status, note
        As the history has them; ``open`` and ``""`` where nobody said anything.
    """

    row: Mapping[str, Any]
    sentence: str
    cause: str
    evidence: str
    action: str
    status: str
    note: str


class BreakList:
    """Breaks to go through.

    Parameters
    ----------
    result
        Whose breaks; with the notes of a history where it has some.
    language
        ``cs``, ``de``, ``en`` or ``sk``.

    Attributes
    ----------
    table
        A row a break, most money at risk first: columns of
        :data:`qerko_recon.schema.BREAKS`, ``status``, ``note`` and ``at_risk``, the variance
        without its sign.

    Examples
    --------
    >>> import qerko_recon as qr
    >>> payments = qr.Payments.read("data_samples/payments_day.jsonl")
    >>> pos = qr.read_pos("data_samples/pos/czech_semicolon/day.csv")
    >>> breaks = BreakList(qr.reconcile(payments, pos))
    >>> breaks.kinds()[0]
    ('amount_mismatch', 'amount differs', 2)
    >>> int(breaks.mask(at_least=Decimal(500)).sum()) < len(breaks)
    True
    """

    def __init__(self, result: Result, language: str = "en") -> None:
        self.language = language
        frame = result.breaks
        said = {name: frame[name] for name in ("status", "note") if name in frame}
        table = pa.Table.from_pandas(frame, preserve_index=False)
        for name, instead in (("status", STATUSES[0]), ("note", "")):
            column = pa.array(said[name]) if name in said else pa.nulls(len(frame), pa.string())
            if name in said:
                table = table.drop_columns([name])
            table = table.append_column(name, pc.fill_null(column.cast(pa.string()), instead))
        self.table = table.append_column("at_risk", pc.abs(table["variance"])).combine_chunks()

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def kinds(self) -> list[tuple[str, str, int]]:
        """List the kinds that there are: kind, what it is called, how many; by name."""
        counts = Counter(self.table["kind"].to_pylist())
        named = [(kind, kind_name(kind, self.language), many) for kind, many in counts.items()]
        return sorted(named, key=lambda one: one[1])

    def statuses(self) -> Counter[str]:
        """Count the breaks by status."""
        return Counter(self.table["status"].to_pylist())

    def mask(
        self,
        *,
        kinds: Sequence[str] = (),
        at_least: Decimal | None = None,
        status: str | None = None,
        text: str = "",
    ) -> Mask:
        """Tell which breaks a filter leaves.

        Parameters
        ----------
        kinds
            Of which kinds; none for all.
        at_least
            From which variance on, without its sign.
        status
            With which status.
        text
            What stands in its ID, its payment's, its bill's or its note; case does not matter.
        """
        kept = np.ones(len(self), dtype=bool)
        if kinds:
            kept &= _true(pc.is_in(self.table["kind"], pa.array(kinds, pa.string())))
        if at_least is not None:
            kept &= _true(pc.greater_equal(self.table["at_risk"], pa.scalar(at_least)))
        if status is not None:
            kept &= _true(pc.equal(self.table["status"], status))
        if wanted := text.strip():
            found = np.zeros(len(self), dtype=bool)
            for name in _SEARCHED:
                found |= _true(pc.match_substring(self.table[name], wanted, ignore_case=True))
            kept &= found
        return kept

    def variances(self, kept: Mask | None = None) -> dict[str, Decimal]:
        """Sum the variances of breaks, by currency."""
        table = self.table if kept is None else self.table.filter(pa.array(kept))
        sums = table.group_by("currency").aggregate([("variance", "sum")]).sort_by("currency")
        return {
            row["currency"] or "": trim(row["variance_sum"])
            for row in sums.to_pylist()
            if row["variance_sum"] is not None
        }

    def place(self, break_id: str) -> int:
        """Give the row of a break, or -1."""
        return int(pc.index(self.table["break_id"], break_id).as_py())

    def told(self, break_id: str) -> ToldBreak | None:
        """Tell a break in words, or ``None`` where there is none of that ID."""
        place = self.place(break_id)
        if place < 0:
            return None
        [row] = plain_rows(self._frame(place))
        return ToldBreak(
            row,
            sentence(row, self.language),
            cause(row, self.language),
            evidence_text(row["evidence"], self.language),
            action(row, self.language),
            row["status"],
            row["note"],
        )

    def sentence(self, break_id: str) -> str:
        """Say a break in one sentence."""
        told = self.told(break_id)
        return "" if told is None else told.sentence

    def say(self, break_id: str, *, status: str, note: str) -> None:
        """Show another status and note, as the history has them now."""
        place = self.place(break_id)
        for name, value in (("status", status), ("note", note)):
            values = self.table[name].to_pylist()
            values[place] = value
            at = self.table.column_names.index(name)
            self.table = self.table.set_column(at, name, pa.array(values, pa.string()))
        self.table = self.table.combine_chunks()

    def _frame(self, place: int) -> pd.DataFrame:
        return pd.DataFrame(self.table.slice(place, 1).to_pandas(types_mapper=pd.ArrowDtype))


def _true(found: pa.Array | pa.ChunkedArray) -> Mask:
    filled = pc.fill_null(found, False)
    return np.asarray(filled.to_pylist() if len(filled) == 0 else filled, dtype=bool)
