"""Bring payments and POS lines together, in passes; each match names its rule.

Takes in both sides; gives out groups of row numbers. Every payment and every line is in at most
one group. The passes are those of :data:`~qerko_recon.recon.groups.RULES`, in order; what one has
matched the next does not see. Within a bill see :mod:`qerko_recon.recon.whole_bills` and
:mod:`qerko_recon.recon.bills`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.ids import split_ids
from qerko_recon.pos.vocabulary import DAY_TOTAL
from qerko_recon.recon.bills import BillLine, match_bill, sum_up
from qerko_recon.recon.coded import Codes, Mask, Units, encode, flat, texts, where_in
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.days import Days
from qerko_recon.recon.decided import Decided
from qerko_recon.recon.groups import Group, Groups, labels, starts_of
from qerko_recon.recon.sides import Side
from qerko_recon.recon.whole_bills import BillSide, match_plain_bills

__all__ = ["Matching", "match"]

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
    reversed: list[tuple[int, int]] = field(
        default_factory=list
    )  # lines that take each other back
    alone_payments: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    alone_tenders: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    given_up: list[str] = field(default_factory=list)  # bills with too many combinations


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


class _Passes:
    """Passes over two sides; rows leave as they find their counterpart."""

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
        self.standing: dict[Key, list[BillLine]] = defaultdict(list)
        self.parts: list[Groups] = []
        self.found = Matching(self.owner, self.failed, Groups.of([]), paid.days.copy())
        self.completed: dict[int, list[int]] = {}

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

    def _take(self, groups: Groups) -> None:
        if len(groups):
            self.parts.append(groups)
            self.free_payments[groups.payments] = False
            self.free_tenders[groups.tenders] = False

    def _accepted(self) -> None:
        self._take(
            Groups.of(
                [
                    Group("accepted", payments, tenders)
                    for payments, tenders in self.decided.together
                ]
            )
        )

    # By payment ID

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
                tuple(_by_id(some, self.intake.payments.table["payment_id"])),
                tuple(_by_id(lines, posted.table["tender_id"])),
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
        owned = (self.owner >= 0) & self.free_tenders
        owned[owned] = self.free_payments[self.owner[owned]]
        rows = np.flatnonzero(owned)
        payments = self.owner[rows]
        same = intake.posted_currency[rows] == intake.paid_currency[payments]
        for row in rows[~same].tolist():
            self.found.foreign.setdefault(int(self.owner[row]), []).append(row)
            self.free_tenders[row] = False
        rows = rows[same]
        added = self._completions(rows)
        if added:
            rows = np.concatenate([rows, np.array(added, dtype=np.int64)])
        groups = self._grouped(rows)
        self._take(groups)
        self.free_payments[list(self.found.foreign)] = False
        return groups

    def _completions(self, rows: Codes) -> list[int]:
        """Give payments that lack something the unnamed lines of their bill that are just that."""
        paid, posted = self.intake.payments, self.intake.tenders
        loose = np.flatnonzero(self.unnamed & self.free_tenders & (posted.posted != 0))
        if not len(loose) or not len(rows):
            return []
        owner = self.owner[rows]
        sums = _sums_at(owner, posted.posted[rows], len(paid))
        is_named = np.zeros(len(paid), dtype=bool)
        is_named[owner] = True
        short = np.flatnonzero(is_named & paid.settles & (self.due > sums))
        short = short[self._bills_among(short, posted, loose)]
        if not len(short):
            return []
        bills = sorted({str(bill) for bill in paid.texts("bill_id", short)})
        by_key: dict[Key, list[BillLine]] = defaultdict(list)
        held = where_in(flat(posted.table["bill_id"]).take(pa.array(loose)), bills)
        for line, key in self._lines(loose[held]):
            by_key[key].append(line)
        added: list[int] = []
        for payment, (line, key) in zip(short.tolist(), self._paid_lines(short), strict=True):
            lack = line.amount - int(sums[payment])
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

    def _bills_among(self, payments: Codes, side: Side, rows: Codes) -> Mask:
        """Tell which payments are of a bill that some rows of a side are of."""
        own = flat(self.intake.payments.table["bill_id"]).take(pa.array(payments))
        bills = pc.unique(flat(side.table["bill_id"]).take(pa.array(rows))).drop_null()
        among: Mask = np.asarray(pc.is_in(own, value_set=bills).to_numpy(False))
        return among

    def _grouped(self, rows: Codes) -> Groups:
        """Group lines by the payment they name."""
        size = len(self.intake.payments)
        counts = np.bincount(self.owner[rows], minlength=size)
        payments = np.flatnonzero(counts)
        starts = starts_of(counts)
        lines = np.empty(len(rows), dtype=np.int64)
        single = counts[self.owner[rows]] == 1
        lines[starts[self.owner[rows[single]]]] = rows[single]
        several = rows[~single]
        if len(several):
            first = np.flatnonzero(counts > 1)
            order = np.argsort(self.owner[several], kind="stable")
            lines[_ranges(starts[first], counts[first])] = several[order]
        rules = labels("payment_id", len(payments))
        if self.completed:
            places = np.searchsorted(payments, sorted(self.completed))
            rules[places] = labels("payment_and_bill", len(places))
        return Groups(
            payments,
            np.arange(len(payments) + 1),
            lines,
            starts_of(counts[payments]),
            rules,
            labels("confirmed", len(payments)),
        )

    # By bill

    def _by_bill(self, named: Groups) -> None:
        """Match what no payment ID brought together, bill by bill."""
        paid, posted = self.intake.payments, self.intake.tenders
        lines = np.flatnonzero(self.unnamed & self.free_tenders)
        lines = lines[np.asarray(flat(posted.table["bill_id"]).take(pa.array(lines)).is_valid())]
        payments = np.flatnonzero(self.free_payments)
        payments = payments[
            np.asarray(flat(paid.table["bill_id"]).take(pa.array(payments)).is_valid())
        ]
        if not len(lines):
            return
        words, coded = encode(
            flat(posted.table["bill_id"]).take(pa.array(lines)),
            flat(paid.table["bill_id"]).take(pa.array(payments)),
        )
        several = len(self.intake.currencies)
        right_keys = coded[0] * several + self.intake.posted_currency[lines]
        left_keys = coded[1] * several + self.intake.paid_currency[payments]
        keys, numbers = np.unique(np.concatenate([right_keys, left_keys]), return_inverse=True)
        right_bills, left_bills = numbers[: len(lines)], numbers[len(lines) :]
        has_lines = np.bincount(right_bills, minlength=len(keys)) > 0
        payments, left_bills = payments[has_lines[left_bills]], left_bills[has_lines[left_bills]]
        is_active = posted.counts & posted.readable
        silent = np.bincount(
            right_bills[(is_active & ~posted.has_tip)[lines]], minlength=len(keys)
        )
        says_tips = silent == 0
        left = self._bill_side(
            payments,
            left_bills,
            (self.due, self.tip),
            paid.settles & (self.due > 0),
            paid.table["payment_id"],
        ).with_tips_of(says_tips)
        right = self._bill_side(
            lines,
            right_bills,
            (posted.total, posted.tip),
            is_active & (posted.total > 0),
            posted.table["tender_id"],
        ).with_tips_of(says_tips)
        searched = self._ruled_bills(left, right, len(keys))
        plain = match_plain_bills(left, right, len(keys), self.tolerance, searched=searched)
        for groups in plain.groups:
            self._take(groups)
        names = (
            [
                (str(words[int(key // several)]), self.intake.currencies[key % several])
                for key in keys[~plain.is_done & has_lines].tolist()
            ]
            if not plain.is_done.all()
            else []
        )
        self._search(left.of(~plain.is_done), right.of(~plain.is_done), names, named)

    def _shared(self, named: Groups) -> None:
        """Give lines that name one payment and exceed it the rest of its bill, if that is just it.

        The rest are payments that no line has. Lines that may stand twice are left alone.
        """
        paid, posted = self.intake.payments, self.intake.tenders
        free = np.flatnonzero(self.free_payments & paid.settles & (self.due > 0))
        if not len(free) or not len(named):
            return
        over = named.posted(posted.posted) - self.due[named.first]
        places = np.flatnonzero((over > 0) & paid.settles[named.first])
        places = places[self._bills_among(named.first[places], paid, free)]
        if not len(places):
            return
        free = free[self._bills_among(free, paid, named.first[places])]
        by_key: dict[Key, list[BillLine]] = defaultdict(list)
        for line, key in self._paid_lines(free):
            by_key[key].append(line)
        shared, groups = np.zeros(len(named), dtype=bool), []
        heads = sorted(zip(paid.texts("payment_id", named.first[places]), places, strict=True))
        for (_, place), key in zip(
            heads, self._keys_of_payments(named.first[[at for _, at in heads]]), strict=True
        ):
            group = named.group(int(place))
            some = self._rest_of(group, by_key[key], int(over[place]))
            if some:
                by_key[key] = [one for one in by_key[key] if one not in some]
                rest = tuple(one.row for one in some)
                groups.append(Group("payment_and_bill", group.payments + rest, group.tenders))
                shared[place] = True
        if groups:
            self.parts[self.parts.index(named)] = named.take(~shared)
            self._take(Groups.of(groups))

    def _rest_of(self, group: Group, others: list[BillLine], over: int) -> list[BillLine]:
        """Find the payments that are just what some lines have beyond the one that they name."""
        lines = self._bill_lines(np.array(group.tenders, dtype=np.int64))
        seen = {(line.amount, line.tip) for line in lines}
        if group.payments[0] in self.found.foreign or len(seen) < len(lines):
            return []
        apart = {payment for payment, line in self.decided.apart if line in group.tenders}
        tip = sum(line.tip or 0 for line in lines) - int(self.tip[group.payments[0]])
        return sum_up(over, [one for one in others if one.row not in apart], tip) or []

    def _bill_side(
        self,
        rows: Codes,
        bills: Codes,
        money: tuple[Units, Units],
        is_plain: Mask,
        ids: pa.ChunkedArray,
    ) -> BillSide:
        """Put rows in the order of bill, amount, tip (largest first) and ID."""
        own, tip = money[0][rows], money[1][rows]
        order = np.lexsort((-tip, -own, bills))
        rows, bills, own, tip = rows[order], bills[order], own[order], tip[order]
        tied = (np.diff(bills) == 0) & (np.diff(own) == 0) & (np.diff(tip) == 0)
        if tied.any():
            touched = np.zeros(len(rows), dtype=bool)
            touched[:-1] |= tied
            touched[1:] |= tied
            places = np.flatnonzero(touched)
            keys = pa.table(
                {
                    "bill": bills[places],
                    "amount": -own[places],
                    "tip": -tip[places],
                    "id": flat(ids).take(pa.array(rows[places])),
                }
            )
            by = [(name, "ascending") for name in keys.column_names]
            rows[places] = rows[places][np.asarray(pc.sort_indices(keys, by))]
        return BillSide(rows, bills, own, tip, is_plain[rows])

    def _ruled_bills(self, left: BillSide, right: BillSide, size: int) -> Mask:
        """Mark bills on which somebody ruled that rows do not belong together."""
        marked = np.zeros(size, dtype=bool)
        if self.decided.apart:
            for side, place in ((left, 0), (right, 1)):
                rows = [pair[place] for pair in self.decided.apart]
                marked[side.bills[np.isin(side.rows, rows)]] = True
        return marked

    def _search(self, left: BillSide, right: BillSide, names: list[Key], named: Groups) -> None:
        """Search the bills that are not plain, one by one."""
        if not len(right.rows):
            return
        standing = self._standing(names, named)
        paid: dict[Key, list[BillLine]] = defaultdict(list)
        posted: dict[Key, list[BillLine]] = defaultdict(list)
        for line, key in self._paid_lines(left.rows):
            paid[key].append(line)
        for line, key in self._lines(right.rows):
            posted[key].append(line)
        groups = []
        for key in names:
            if len(posted[key]) == 1 and key not in paid and key not in standing:
                continue  # a line alone on its bill
            outcome = match_bill(
                paid.get(key, []),
                posted[key],
                standing.get(key, []),
                self.tolerance,
                self.decided.apart,
            )
            groups += [
                Group(rule, payments, tenders, status)
                for rule, payments, tenders, status in outcome.matches
            ]
            self.found.duplicates += outcome.duplicates
            self.free_tenders[[line for line, _ in outcome.duplicates]] = False
            self.found.reversed += outcome.reversed
            self.free_tenders[[line for pair in outcome.reversed for line in pair]] = False
            if outcome.gave_up:
                self.found.given_up.append(key[0])
        self._take(Groups.of(groups))

    def _standing(self, names: Collection[Key], named: Groups) -> dict[Key, list[BillLine]]:
        """Collect, for bills to be searched, the lines already matched by payment ID."""
        standing: dict[Key, list[BillLine]] = defaultdict(list)
        bills = sorted({bill for bill, _ in names})
        if not bills or not len(named):
            return standing
        own = flat(self.intake.payments.table["bill_id"]).take(pa.array(named.first))
        some = named.take(where_in(own, bills))
        wanted = set(names)
        owners = np.repeat(some.first, some.tender_counts)
        keys = self._keys_of_payments(owners)
        for line, key in zip(self._bill_lines(some.tenders), keys, strict=True):
            if key in wanted:
                standing[key].append(line)
        return standing

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

    # By day

    def _day_totals(self) -> None:
        """Match lines that stand for a whole day with the payments that no other line has."""
        paid, posted = self.intake.payments, self.intake.tenders
        lines = np.flatnonzero(
            self.unnamed & self.free_tenders & where_in(posted.table["tender_type"], (DAY_TOTAL,))
        )
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
                        tuple(_by_id(payments[some], paid.table["payment_id"])),
                        tuple(_by_id(lines[own], posted.table["tender_id"])),
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


def _by_id(rows: Iterable[int], ids: pa.ChunkedArray) -> list[int]:
    held = [int(row) for row in rows]
    return [row for _, row in sorted(zip(map(str, texts(ids, held)), held, strict=True))]


def _sums_at(places: Codes, units: Units, size: int) -> Units:
    """Sum exactly by place: in halves, each of which a double holds."""
    low = np.bincount(places, weights=units & 0xFFFFFF, minlength=size).astype(np.int64)
    high = np.bincount(places, weights=units >> 24, minlength=size).astype(np.int64)
    sums: Units = (high << 24) + low
    return sums


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
