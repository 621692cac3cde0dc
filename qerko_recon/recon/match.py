"""Bring payments and POS lines together, in passes; each match names its rule.

Takes in both sides; gives out groups of row numbers. Every payment and every line is in at most
one group. The passes are those of :data:`RULES`; within a bill see
:mod:`qerko_recon.recon.bills`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from qerko_recon.recon.bills import BillLine, BillMatch, match_bill
from qerko_recon.recon.intake import Intake, Units

__all__ = ["RULES", "Group", "Matching", "match"]

RULES: Final = (
    "payment_id",  # the line names the payment
    "bill_exact",  # bill and currency agree, amounts to the last digit
    "bill_sum",  # the same, several lines or payments summed
    "bill_tolerance",  # bill and currency agree, amounts within the tolerance
    "bill_only",  # what is left of a bill on both sides; amounts differ
    "nothing_due",  # cancelled on one side, absent or cancelled on the other
)


@dataclass(frozen=True, slots=True)
class Group:
    """Payments and lines that belong together, as row numbers."""

    rule: str
    payments: tuple[int, ...]
    tenders: tuple[int, ...]
    status: str = "confirmed"


@dataclass(eq=False)
class Matching:
    """The outcome of all passes.

    ``owner`` gives each line the row of the payment it names (-1: none); ``failed`` the row of
    the failure it names. ``foreign`` are lines whose currency is not their payment's.
    """

    owner: Units
    failed: Units
    groups: list[Group] = field(default_factory=list)
    foreign: dict[int, list[int]] = field(default_factory=dict)
    duplicates: list[tuple[int, int]] = field(default_factory=list)  # line, line it repeats
    alone_payments: list[int] = field(default_factory=list)
    alone_tenders: list[int] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)  # bills with too many combinations


def match(intake: Intake, due: Units, tolerance: int) -> Matching:
    """Run the passes.

    Parameters
    ----------
    intake
        Both sides.
    due
        What each payment settles for with its tip, were it paid, in millionths.
    tolerance
        In millionths.
    """
    found = _by_payment_id(intake)
    _by_bill(intake, due, tolerance, found)
    return found


def _by_payment_id(intake: Intake) -> Matching:
    paid, posted = intake.payments, intake.tenders
    named = posted.table["payment_id"]
    owner = _places(named, paid.table["payment_id"])
    found = Matching(owner, _places(named, paid.failures["payment_id"]))
    lines: dict[int, list[int]] = defaultdict(list)
    currencies = paid.currencies
    for row in np.flatnonzero(owner >= 0).tolist():
        payment = int(owner[row])
        if posted.currencies[row] == currencies[payment]:
            lines[payment].append(row)
        else:
            found.foreign.setdefault(payment, []).append(row)
    found.groups = [
        Group("payment_id", (payment,), tuple(rows)) for payment, rows in sorted(lines.items())
    ]
    return found


def _places(values: Any, among: Any) -> Units:
    places = pc.fill_null(pc.index_in(values, value_set=among), -1)
    return np.array(places.to_numpy(), dtype=np.int64)


def _by_bill(intake: Intake, due: Units, tolerance: int, found: Matching) -> None:
    """Match what no payment ID brought together, bill by bill."""
    paid, posted = intake.payments, intake.tenders
    taken = {payment for group in found.groups for payment in group.payments}
    taken.update(found.foreign)
    payments = [row for row in range(len(paid)) if row not in taken]
    unnamed = np.asarray(pc.is_null(posted.table["payment_id"]).to_numpy())
    bills: dict[tuple[str, str], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row in payments:
        _put(bills, paid.bills[row], paid.currencies[row], row, 0, found.alone_payments)
    for row in range(len(posted)):
        if unnamed[row]:
            _put(bills, posted.bills[row], posted.currencies[row], row, 1, found.alone_tenders)
        elif found.owner[row] < 0:
            found.alone_tenders.append(row)
    standing = _standing(intake, found, {key for key, (_, rows) in bills.items() if rows})
    for key, (left, right) in bills.items():
        outcome = match_bill(
            [_payment_line(intake, due, row) for row in left],
            [_tender_line(intake, row) for row in right],
            standing.get(key, []),
            tolerance,
        )
        _take(outcome, found)
        if outcome.gave_up:
            found.given_up.append(key[0])


def _put(
    bills: dict[tuple[str, str], tuple[list[int], list[int]]],
    bill: str | None,
    currency: str,
    row: int,
    side: int,
    alone: list[int],
) -> None:
    if bill is None:
        alone.append(row)
    else:
        bills[bill, currency][side].append(row)


def _standing(
    intake: Intake, found: Matching, keys: set[tuple[str, str]]
) -> dict[tuple[str, str], list[BillLine]]:
    """Collect, for bills with unnamed lines, the lines already matched by payment ID."""
    standing: dict[tuple[str, str], list[BillLine]] = defaultdict(list)
    if keys:
        paid = intake.payments
        for group in found.groups:
            payment = group.payments[0]
            bill = paid.bills[payment]
            if bill is not None and (bill, paid.currencies[payment]) in keys:
                lines = [_tender_line(intake, row) for row in group.tenders]
                standing[bill, paid.currencies[payment]] += lines
    return standing


def _payment_line(intake: Intake, due: Units, row: int) -> BillLine:
    side = intake.payments
    return BillLine(row, int(due[row]), bool(side.settles[row]), side.ids[row])


def _tender_line(intake: Intake, row: int) -> BillLine:
    side = intake.tenders
    active = bool(side.counts[row] and side.readable[row])
    return BillLine(row, int(side.total[row]), active, side.ids[row], bool(side.readable[row]))


def _take(outcome: BillMatch, found: Matching) -> None:
    for rule, payments, tenders, status in outcome.matches:
        found.groups.append(Group(rule, payments, tenders, status))
    found.duplicates += outcome.duplicates
    found.alone_payments += outcome.payments
    found.alone_tenders += outcome.tenders
