"""What is not matched yet, and the outcome so far: what all passes of the matching share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.bills import BillLine
from qerko_recon.recon.coded import Codes, Mask, flat, texts
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.days import Days
from qerko_recon.recon.decided import Decided
from qerko_recon.recon.groups import Group, Groups
from qerko_recon.recon.sides import Side

__all__ = ["Key", "Matching", "Passes", "by_id"]

Key = tuple[str, str]


@dataclass(eq=False)
class Matching:
    """The outcome of all passes.

    ``groups`` are the matches. ``owner`` gives each line the payment that its ID names and
    ``failed`` the failed ID (-1: none). ``foreign`` are lines whose currency is not their
    payment's. What found no counterpart is in ``alone_payments`` and ``alone_tenders``.
    """

    owner: Codes
    failed: Codes
    groups: Groups
    days: Days  # of each payment; where Qerko gave no time, of the line that names it
    foreign: dict[int, list[int]] = field(default_factory=dict)
    unsure: list[Group] = field(default_factory=list)  # several payments, some of them not had
    duplicates: list[tuple[int, int]] = field(default_factory=list)  # line, line it repeats
    reversed: list[tuple[int, int]] = field(default_factory=list)  # take each other back
    alone_payments: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    alone_tenders: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    given_up: list[str] = field(default_factory=list)  # bills with too many combinations


class Passes:
    """Two sides, of which rows leave as they find their counterpart."""

    def __init__(self, comparison: Comparison, decided: Decided) -> None:
        intake = comparison.intake
        self.intake = intake
        self.due, self.tip = comparison.due, comparison.tip
        self.settled = comparison.settled
        self.tolerance = comparison.tolerance
        self.decided = decided
        paid, posted = intake.payments, intake.tenders
        self.free_payments = ~decided.excluded_payments
        self.free_tenders = ~decided.excluded_tenders
        self.unnamed = np.asarray(pc.is_null(flat(posted.table["payment_id"])).to_numpy(False))
        self.owner = decided.owners(intake.owner)
        self.unnamed |= (self.owner < 0) & (intake.owner >= 0)
        self.failed = intake.failure
        self.parts: list[Groups] = []
        self.found = Matching(self.owner, self.failed, Groups.of([]), paid.days.copy())
        self.completed: dict[int, list[int]] = {}

    def _take(self, groups: Groups) -> None:
        if len(groups):
            self.parts.append(groups)
            self.free_payments[groups.payments] = False
            self.free_tenders[groups.tenders] = False

    def _bills_among(self, payments: Codes, side: Side, rows: Codes) -> Mask:
        """Tell which payments are of a bill that some rows of a side are of."""
        own = flat(self.intake.payments.table["bill_id"]).take(pa.array(payments))
        bills = pc.unique(flat(side.table["bill_id"]).take(pa.array(rows))).drop_null()
        among: Mask = np.asarray(pc.is_in(own, value_set=bills).to_numpy(False))
        return among

    def _keys_of_payments(self, rows: Codes) -> list[Key]:
        bills = self.intake.payments.texts("bill_id", rows)
        codes = self.intake.paid_currency[rows].tolist()
        return [
            (str(bill), self.intake.currencies[code])
            for bill, code in zip(bills, codes, strict=True)
        ]

    def _paid_lines(self, rows: Codes) -> Iterable[tuple[BillLine, Key]]:
        side = self.intake.payments
        lines = [
            BillLine(row, due, settles, str(name), tip=tip)
            for row, due, settles, name, tip in zip(
                rows.tolist(),
                self.due[rows].tolist(),
                side.settles[rows].tolist(),
                side.texts("payment_id", rows),
                self.tip[rows].tolist(),
                strict=True,
            )
        ]
        return zip(lines, self._keys_of_payments(rows), strict=True)

    def _lines(self, rows: Codes) -> Iterable[tuple[BillLine, Key]]:
        bills = self.intake.tenders.texts("bill_id", rows)
        codes = self.intake.posted_currency[rows].tolist()
        keys = [
            (str(bill), self.intake.currencies[code])
            for bill, code in zip(bills, codes, strict=True)
        ]
        return zip(self._bill_lines(rows), keys, strict=True)

    def _bill_lines(self, rows: Codes) -> list[BillLine]:
        side = self.intake.tenders
        active = side.counts & side.readable
        return [
            BillLine(row, total, is_active, str(name), is_readable, tip if says_tip else None)
            for row, total, is_active, name, is_readable, tip, says_tip in zip(
                rows.tolist(),
                side.total[rows].tolist(),
                active[rows].tolist(),
                side.texts("tender_id", rows),
                side.readable[rows].tolist(),
                side.tip[rows].tolist(),
                side.has_tip[rows].tolist(),
                strict=True,
            )
        ]


def by_id(rows: Iterable[int], ids: pa.ChunkedArray) -> list[int]:
    """Sort rows by their IDs."""
    held = [int(row) for row in rows]
    return [row for _, row in sorted(zip(map(str, texts(ids, held)), held, strict=True))]
