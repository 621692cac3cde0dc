"""Bring payments and POS lines together, in passes; each match names its rule.

Takes in both sides; gives out groups of row numbers. Every payment and every line is in at most
one group. The passes are those of :data:`RULES`; within a bill see
:mod:`qerko_recon.recon.bills`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.bills import BillLine, BillMatch, match_bill, sum_up
from qerko_recon.recon.intake import Intake, Mask, Units

__all__ = ["RULES", "Group", "Matching", "NamedLines", "match"]

RULES: Final = (
    "payment_id",  # the line names the payment
    "payment_and_bill",  # the same, and unnamed lines of its bill that are exactly what it lacks
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


@dataclass(frozen=True, eq=False)
class NamedLines:
    """Lines that name their payment, grouped by it.

    The lines of ``payments[n]`` are ``lines[starts[n]:starts[n + 1]]``, in the order of their IDs.
    ``completed`` are payments to which unnamed lines of their bill were added.
    """

    payments: Units
    starts: Units
    lines: Units
    completed: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.payments)

    def group(self, place: int) -> Group:
        """Give one of the groups."""
        rows = self.lines[self.starts[place] : self.starts[place + 1]]
        payment = int(self.payments[place])
        return Group(self.rule(payment), (payment,), tuple(rows.tolist()))

    def rule(self, payment: int) -> str:
        """Name the rule that matched a payment."""
        return "payment_and_bill" if payment in self.completed else "payment_id"

    def sum(self, units: Units) -> Units:
        """Sum a column of the lines by payment."""
        sums: Units = _reduced(np.add, units[self.lines], self.starts)
        return sums

    def any(self, mask: Mask) -> Mask:
        """Tell for which payments a mask holds for any line."""
        held: Mask = _reduced(np.logical_or, mask[self.lines], self.starts)
        return held

    def without(self, rows: Collection[int]) -> NamedLines:
        """Leave out some lines; no payment may lose its last one."""
        if not rows:
            return self
        kept = ~np.isin(self.lines, list(rows))
        owners = np.repeat(np.arange(len(self)), np.diff(self.starts))[kept]
        starts = np.searchsorted(owners, np.arange(len(self) + 1))
        return NamedLines(self.payments, starts, self.lines[kept], self.completed)


def _reduced(how: np.ufunc, values: Any, starts: Units) -> Any:
    return how.reduceat(values, starts[:-1]) if len(values) else values[:0]


@dataclass(eq=False)
class Matching:
    """The outcome of all passes.

    ``named`` are the matches by payment ID, ``groups`` those within bills. ``failed`` gives each
    line the row of the failure it names (-1: none). ``foreign`` are lines whose currency is not
    their payment's.
    """

    named: NamedLines
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
    _complete(intake, due, found)
    _by_bill(intake, due, tolerance, found)
    return found


def _by_payment_id(intake: Intake) -> Matching:
    paid, posted = intake.payments, intake.tenders
    ids = posted.table["payment_id"]
    owner = _places(ids, paid.table["payment_id"])
    of_payment = np.flatnonzero(owner >= 0)
    wanted = paid.table["currency"].take(pa.array(owner[of_payment]))
    given = posted.table["currency"].take(pa.array(of_payment))
    same = np.asarray(pc.equal(given, wanted).to_numpy())
    found = Matching(
        _grouped(owner, of_payment[same], intake),
        owner,
        _places(ids, paid.failures["payment_id"]),
    )
    for row in of_payment[~same].tolist():
        found.foreign.setdefault(int(owner[row]), []).append(row)
    return found


def _complete(intake: Intake, due: Units, found: Matching) -> None:
    """Give payments that lack something the unnamed lines of their bill that are exactly that."""
    paid, posted = intake.payments, intake.tenders
    unnamed: dict[tuple[str | None, str], list[BillLine]] = defaultdict(list)
    no_id = np.asarray(pc.is_null(posted.table["payment_id"]).to_numpy())
    for row in np.flatnonzero(no_id & (posted.posted != 0)).tolist():
        unnamed[posted.bills[row], posted.currencies[row]].append(_tender_line(intake, row))
    if not unnamed:
        return
    lacks = due[found.named.payments] - found.named.sum(posted.posted)
    added: list[int] = []
    completed: set[int] = set()
    for place in np.flatnonzero((lacks > 0) & paid.settles[found.named.payments]).tolist():
        payment = int(found.named.payments[place])
        key = paid.bills[payment], paid.currencies[payment]
        if key[0] is None or key not in unnamed:
            continue
        if some := sum_up(int(lacks[place]), unnamed[key]):
            unnamed[key] = [line for line in unnamed[key] if line not in some]
            found.owner[[line.row for line in some]] = payment
            added += [line.row for line in some]
            completed.add(payment)
    if added:
        rows = np.concatenate([found.named.lines, np.array(added, dtype=np.int64)])
        found.named = replace(_grouped(found.owner, rows, intake), completed=frozenset(completed))


def _grouped(owner: Units, rows: Units, intake: Intake) -> NamedLines:
    lines = rows[np.argsort(owner[rows], kind="stable")]
    payments, firsts = np.unique(owner[lines], return_index=True)
    starts = np.append(firsts, len(lines))
    ids = intake.tenders.table["tender_id"]
    for place in np.flatnonzero(np.diff(starts) > 1).tolist():
        some = slice(starts[place], starts[place + 1])
        lines[some] = sorted(lines[some].tolist(), key=lambda row: str(ids[row].as_py()))
    return NamedLines(payments, starts, lines)


def _places(values: Any, among: Any) -> Units:
    places = pc.fill_null(pc.index_in(values, value_set=among), -1)
    return np.array(places.to_numpy(), dtype=np.int64)


def _by_bill(intake: Intake, due: Units, tolerance: int, found: Matching) -> None:
    """Match what no payment ID brought together, bill by bill."""
    paid, posted = intake.payments, intake.tenders
    left_over = np.ones(len(paid), dtype=bool)
    left_over[found.named.payments] = False
    left_over[list(found.foreign)] = False
    no_id = np.asarray(pc.is_null(posted.table["payment_id"]).to_numpy())
    found.alone_tenders += np.flatnonzero(~no_id & (found.owner < 0)).tolist()
    unnamed = no_id & (found.owner < 0)
    bills: dict[tuple[str, str], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row in np.flatnonzero(left_over).tolist():
        _put(bills, paid.bills[row], paid.currencies[row], row, 0, found.alone_payments)
    for row in np.flatnonzero(unnamed).tolist():
        _put(bills, posted.bills[row], posted.currencies[row], row, 1, found.alone_tenders)
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
    intake: Intake, found: Matching, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[BillLine]]:
    """Collect, for bills with unnamed lines, the lines already matched by payment ID."""
    standing: dict[tuple[str, str], list[BillLine]] = defaultdict(list)
    if not keys:
        return standing
    paid = intake.payments
    for place, payment in enumerate(found.named.payments.tolist()):
        bill = paid.bills[payment]
        if bill is not None and (bill, paid.currencies[payment]) in keys:
            rows = found.named.group(place).tenders
            standing[bill, paid.currencies[payment]] += [_tender_line(intake, r) for r in rows]
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
