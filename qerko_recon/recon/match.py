"""Bring payments and POS lines together, in passes; each match names its rule.

Takes in both sides; gives out groups of row numbers. Every payment and every line is in at most
one group. The passes are those of :data:`~qerko_recon.recon.groups.RULES`, in order; what one has
matched the next does not see. By payment ID see :mod:`qerko_recon.recon.by_id`, by bill
:mod:`qerko_recon.recon.by_bill`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from qerko_recon.pos.vocabulary import DAY_TOTAL
from qerko_recon.recon.by_bill import BillPasses
from qerko_recon.recon.by_id import IdPasses
from qerko_recon.recon.coded import flat, where_in
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.decided import Decided
from qerko_recon.recon.groups import Group, Groups
from qerko_recon.recon.passes import Matching, by_id

__all__ = ["Matching", "match"]


def match(comparison: Comparison, decided: Decided) -> Matching:
    """Run the passes that confirm.

    Parameters
    ----------
    comparison
        Both sides, what each payment is due, and the tolerance.
    decided
        What people have ruled.
    """
    return _Passes(comparison, decided).run()


class _Passes(IdPasses, BillPasses):
    """All passes, in their order."""

    def run(self) -> Matching:
        """Run them all."""
        self._accepted()
        self._several_ids()
        named = self._by_payment_id()
        self._by_bill(named)
        self._shared(named)
        self._day_totals()
        found = self.found
        found.groups = Groups.joined(self.parts or [Groups.of([])])
        found.alone_payments = np.flatnonzero(self.free_payments)
        found.alone_tenders = np.flatnonzero(self.free_tenders)
        self._borrow_days()
        return found

    def _accepted(self) -> None:
        self._take(
            Groups.of(
                [
                    Group("accepted", payments, tenders)
                    for payments, tenders in self.decided.together
                ]
            )
        )

    def _day_totals(self) -> None:
        """Match lines that stand for a whole day with the payments that no other line has."""
        paid, posted = self.intake.payments, self.intake.tenders
        lines = np.flatnonzero(self.unnamed & self.free_tenders)
        types = flat(posted.table["tender_type"]).take(pa.array(lines))
        lines = lines[where_in(types, (DAY_TOTAL,))]
        if not len(lines):
            return
        payments = np.flatnonzero(self.free_payments & paid.settles & (self.settled != 0))
        groups = []
        keys = posted.days[lines], self.intake.posted_currency[lines]
        for day, currency in sorted(
            {*zip(keys[0].tolist(), keys[1].tolist(), strict=True)}, key=str
        ):
            if day is None:
                continue
            own = (keys[0] == np.datetime64(day)) & (keys[1] == currency)
            some = (paid.days[payments] == np.datetime64(day)) & (
                self.intake.paid_currency[payments] == currency
            )
            if some.any():
                groups.append(
                    Group(
                        "day_total",
                        tuple(by_id(payments[some], paid.table["payment_id"])),
                        tuple(by_id(lines[own], posted.table["tender_id"])),
                    )
                )
        self._take(Groups.of(groups))

    def _borrow_days(self) -> None:
        """Give payments without a time the day of the line that they are matched with."""
        days, groups = self.found.days, self.found.groups
        nameless = np.isnat(days)
        if not nameless.any():
            return
        borrowed = np.repeat(groups.first_day(self.intake.tenders.days), groups.payment_counts)
        rows = groups.payments
        days[rows] = np.where(np.isnat(days[rows]), borrowed, days[rows])
        for payment, lines in self.found.foreign.items():
            if np.isnat(days[payment]):
                days[payment] = np.fmin.reduce(self.intake.tenders.days[lines])
