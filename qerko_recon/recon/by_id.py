"""Match lines by the payment IDs that they name: one, or several in one cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.ids import split_ids
from qerko_recon.recon.bills import BillLine, sum_up
from qerko_recon.recon.coded import Codes, flat, where_in
from qerko_recon.recon.groups import Group, Groups, labels, starts_of
from qerko_recon.recon.passes import Key, Passes, by_id

__all__ = ["IdPasses"]


class IdPasses(Passes):
    """The passes by payment ID."""

    def _several_ids(self) -> None:
        """Match lines that name several payments, all that hang together at once."""
        posted = self.intake.tenders
        nowhere = self.free_tenders & ~self.unnamed & (self.owner < 0) & (self.failed < 0)
        rows = np.flatnonzero(nowhere)
        if not len(rows):
            return
        cells = flat(posted.table["payment_id"]).take(pa.array(rows))
        may_be = np.asarray(pc.match_substring_regex(cells, r"[,;+/|&\s]").to_numpy(False))
        rows = rows[may_be]
        if not len(rows):
            return
        names = [split_ids(str(cell)) for cell in posted.texts("payment_id", rows)]
        payments = self._places_of(names, self.intake.payments.table["payment_id"])
        unknown = self.intake.payments.failures
        unknown = unknown.filter(pc.not_equal(unknown["kind"], "not_found"))
        failures = self._places_of(names, unknown["payment_id"])
        known = {
            row: [one for one in paid if self.free_payments[one]]
            for row, paid in zip(rows.tolist(), payments, strict=True)
        }
        unsure = {row for row, lost in zip(rows.tolist(), failures, strict=True) if lost}
        for some, lines in _hanging_together(known, self._lines_by_payment(known)):
            group = Group(
                "payment_ids",
                tuple(by_id(some, self.intake.payments.table["payment_id"])),
                tuple(by_id(lines, posted.table["tender_id"])),
            )
            if unsure & set(lines):
                self.found.unsure.append(group)
                self.free_payments[list(some)] = False
                self.free_tenders[list(lines)] = False
            else:
                self._take(Groups.of([group]))

    @staticmethod
    def _places_of(names: list[tuple[str, ...]], column: pa.ChunkedArray) -> list[list[int]]:
        single = [one for some in names for one in some]
        places = pc.index_in(pa.array(single, pa.string()), value_set=flat(column)).to_pylist()
        found, at = [], 0
        for some in names:
            own = places[at : at + len(some)]
            found.append([one for one in own if one is not None])
            at += len(some)
        return found

    def _lines_by_payment(self, known: dict[int, list[int]]) -> dict[int, list[int]]:
        """Find further lines that name one of these payments alone."""
        wanted = sorted({payment for some in known.values() for payment in some})
        lines: dict[int, list[int]] = {}
        if wanted:
            for row in np.flatnonzero(np.isin(self.owner, wanted) & self.free_tenders).tolist():
                lines.setdefault(int(self.owner[row]), []).append(row)
        return lines

    def _by_payment_id(self) -> Groups:
        intake = self.intake
        rows = np.flatnonzero((self.owner >= 0) & self.free_tenders)
        if not self.free_payments.all():
            rows = rows[self.free_payments[self.owner[rows]]]
        if len(intake.currencies) > 1:
            same = intake.posted_currency[rows] == intake.paid_currency[self.owner[rows]]
            for row in rows[~same].tolist():
                self.found.foreign.setdefault(int(self.owner[row]), []).append(row)
                self.free_tenders[row] = False
            rows = rows[same]
        groups = self._grouped(rows)
        if added := self._completions(groups):
            groups = self._grouped(np.concatenate([rows, np.array(added, dtype=np.int64)]))
        self._take(groups)
        self.free_payments[list(self.found.foreign)] = False
        return groups

    def _completions(self, groups: Groups) -> list[int]:
        """Give payments that lack something the unnamed lines of their bill that are just that."""
        paid, posted = self.intake.payments, self.intake.tenders
        loose = np.flatnonzero(self.unnamed & self.free_tenders & (posted.posted != 0))
        if not len(loose) or not len(groups):
            return []
        payments = groups.first
        lacks = self.due[payments] - groups.posted(posted.posted)
        places = np.flatnonzero(paid.settles[payments] & (lacks > 0))
        places = places[self._bills_among(payments[places], posted, loose)]
        if not len(places):
            return []
        short = payments[places]
        bills = sorted({str(bill) for bill in paid.texts("bill_id", short)})
        by_key: dict[Key, list[BillLine]] = defaultdict(list)
        held = where_in(flat(posted.table["bill_id"]).take(pa.array(loose)), bills)
        for line, key in self._lines(loose[held]):
            by_key[key].append(line)
        added: list[int] = []
        of_each = zip(short.tolist(), lacks[places].tolist(), self._paid_lines(short), strict=True)
        for payment, lack, (_, key) in of_each:
            allowed = [
                one for one in by_key.get(key, []) if (payment, one.row) not in self.decided.apart
            ]
            some = sum_up(lack, allowed)
            if some:
                by_key[key] = [one for one in by_key[key] if one not in some]
                self.owner[[one.row for one in some]] = payment
                self.completed[payment] = [one.row for one in some]
                added += self.completed[payment]
        return added

    def _grouped(self, rows: Codes) -> Groups:
        """Group lines by the payment they name."""
        size, own = len(self.intake.payments), self.owner[rows]
        counts = np.bincount(own, minlength=size)
        payments = np.flatnonzero(counts)
        starts = starts_of(counts[payments])
        lines = np.empty(len(rows), dtype=np.int64)
        line_of = np.empty(size, dtype=np.int64)
        line_of[own] = rows  # the only one of most payments
        lines[starts[:-1]] = line_of[payments]
        has_several = counts > 1
        several = np.flatnonzero(has_several[own])
        if len(several):
            places = np.flatnonzero(has_several[payments])
            order = np.argsort(own[several], kind="stable")
            lines[_ranges(starts[places], counts[payments[places]])] = rows[several[order]]
        rules = labels("payment_id", len(payments))
        if self.completed:
            places = np.searchsorted(payments, sorted(self.completed))
            rules[places] = labels("payment_and_bill", len(places))
        return Groups(
            payments,
            np.arange(len(payments) + 1),
            lines,
            starts,
            rules,
            labels("confirmed", len(payments)),
        )


def _ranges(starts: Codes, counts: Codes) -> Codes:
    """Give the numbers from each start on, as many as its count."""
    ends = starts_of(counts)
    return np.arange(ends[-1]) + np.repeat(starts - ends[:-1], counts)


def _hanging_together(
    known: dict[int, list[int]], others: dict[int, list[int]]
) -> Iterable[tuple[list[int], list[int]]]:
    """Give the payments and lines that several-named lines tie together."""
    left = {row: set(payments) for row, payments in known.items() if payments}
    while left:
        row, payments = left.popitem()
        lines = {row}
        while tied := {one for one, some in left.items() if some & payments}:
            lines |= tied
            for one in tied:
                payments |= left.pop(one)
        for payment in payments:
            lines |= set(others.get(payment, ()))
        yield sorted(payments), sorted(lines)
