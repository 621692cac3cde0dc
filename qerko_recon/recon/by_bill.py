"""Match by bill what no payment ID brought together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.bills import BillLine, match_bill, sum_up
from qerko_recon.recon.coded import Codes, Mask, Units, flat, where_in
from qerko_recon.recon.groups import Group, Groups
from qerko_recon.recon.passes import Key, Passes
from qerko_recon.recon.whole_bills import BillSide, match_plain_bills
from qerko_recon.threads import aside

__all__ = ["BillPasses"]


class BillPasses(Passes):
    """The passes within bills; see :mod:`qerko_recon.recon.whole_bills` and ``bills``."""

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
        words, left_keys, right_keys = self.intake.bill_keys(payments, lines)
        several = len(self.intake.currencies)
        # Only bills that have lines are numbered; a table of all keys is quicker than sorting.
        has_lines = np.bincount(right_keys, minlength=len(words) * several) > 0
        keys = np.flatnonzero(has_lines)
        numbers = np.cumsum(has_lines) - 1
        kept = has_lines[left_keys]
        payments, left_bills = payments[kept], numbers[left_keys[kept]]
        right_bills = numbers[right_keys]
        is_active = posted.counts & posted.readable
        silent = np.bincount(
            right_bills[(is_active & ~posted.has_tip)[lines]], minlength=len(keys)
        )
        says_tips = silent == 0
        other_side = aside(
            self._bill_side,
            payments,
            left_bills,
            (self.due, self.tip),
            paid.settles & (self.due > 0),
            paid.table["payment_id"],
        )
        right = self._bill_side(
            lines,
            right_bills,
            (posted.total, posted.tip),
            is_active & (posted.total > 0),
            posted.table["tender_id"],
        ).with_tips_of(says_tips)
        left = other_side.result().with_tips_of(says_tips)
        searched = self._ruled_bills(left, right, len(keys))
        plain = match_plain_bills(left, right, len(keys), self.tolerance, searched=searched)
        for groups in plain.groups:
            self._take(groups)
        names = (
            [
                (str(words[int(key // several)]), self.intake.currencies[key % several])
                for key in keys[~plain.is_done].tolist()
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
        side, rows = self.intake.tenders, list(group.tenders)
        lines = list(zip(side.total[rows].tolist(), side.tip[rows].tolist(), strict=True))
        if group.payments[0] in self.found.foreign or len(set(lines)) < len(lines):
            return []
        apart = {payment for payment, line in self.decided.apart if line in group.tenders}
        tip = sum(tip for _, tip in lines) - int(self.tip[group.payments[0]])
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
