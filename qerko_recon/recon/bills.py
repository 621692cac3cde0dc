"""Match what stands on one bill: payments, and POS lines without a payment ID.

Takes in amounts; gives out matches, repeated lines, and what is left. Exact sums come first: one
to one, then the smallest sets of payments and lines that make the same sum, in a fixed order, so
that the same bill always comes out the same whatever the order of its rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from qerko_recon.recon.sums import Sums, common_sum

__all__ = ["BillLine", "BillMatch", "match_bill", "sum_up"]

_HARD_SEARCHES: Final = 8
"""How many matches by sums are looked for on a bill whose sums cannot all be followed."""

Rows = tuple[int, ...]
Pairs = Collection[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class BillLine:
    """A payment or a POS line of the bill.

    ``active`` says that its money counts: the payment settles, the line is posted.
    """

    row: int
    amount: int
    active: bool
    key: str  # its ID, for a fixed order
    readable: bool = True


@dataclass(eq=False)
class BillMatch:
    """What came of a bill: (rule, payment rows, line rows, status), repeats, and the rest."""

    matches: list[tuple[str, Rows, Rows, str]] = field(default_factory=list)
    duplicates: list[tuple[int, int]] = field(default_factory=list)
    payments: list[int] = field(default_factory=list)
    tenders: list[int] = field(default_factory=list)
    gave_up: bool = False


class _Bill:
    """A bill being matched; lines leave it as they find their counterpart."""

    def __init__(
        self,
        payments: list[BillLine],
        tenders: list[BillLine],
        standing: list[BillLine],
        apart: Pairs,
    ) -> None:
        self.payments = sorted(payments, key=_order)
        self.tenders = sorted(tenders, key=_order)
        self.standing = list(standing)
        self.apart = apart
        self.outcome = BillMatch()

    def match(
        self, rule: str, left: list[BillLine], right: list[BillLine], status: str = "confirmed"
    ) -> None:
        rows = tuple(line.row for line in left), tuple(line.row for line in right)
        self.outcome.matches.append((rule, *rows, status))
        self.payments = [line for line in self.payments if line not in left]
        self.tenders = [line for line in self.tenders if line not in right]
        self.standing += right

    def may_match(self, left: Iterable[BillLine], right: Iterable[BillLine]) -> bool:
        """Tell whether nobody has ruled that some of them do not belong together."""
        if not self.apart:
            return True
        others = list(right)
        return not any((one.row, other.row) in self.apart for one in left for other in others)

    def pair_equal(self, *, paid: bool, posted: bool, rule: str) -> None:
        """Pair payments and lines of the same amount, in the given states."""
        lines: dict[int, list[BillLine]] = defaultdict(list)
        for one in self.tenders:
            if one.active == posted and one.readable:
                lines[one.amount].append(one)
        candidates = [one for one in self.payments if one.active == paid]
        wanted = Counter(one.amount for one in candidates)
        offered = {amount: len(same) for amount, same in lines.items()}
        for payment in candidates:
            same_amount = lines[payment.amount]
            allowed = (one for one in same_amount if self.may_match([payment], [one]))
            if (line := next(allowed, None)) is not None:
                same = wanted[payment.amount] == offered[payment.amount]
                status = "confirmed" if same or not (paid and posted) else "ambiguous"
                same_amount.remove(line)
                self.match(rule, [payment], [line], status)

    def pair_sums(self) -> None:
        """Match the smallest sets of payments and lines that make the same sum, one by one."""
        hard = 0
        while hard < _HARD_SEARCHES:
            left, right = self.active_payments, self.active_tenders
            if not left or not right:
                return
            sums = [Sums.of([line.amount for line in side]) for side in (left, right)]
            is_hard = not (sums[0].is_whole and sums[1].is_whole)
            hard += is_hard
            found = common_sum(*sums)
            if found is None:
                break
            some = _pick(left, found.left), _pick(right, found.right)
            if not self.may_match(*some):
                break
            self.match("bill_sum", *some, "confirmed" if found.is_only else "ambiguous")
        self._pair_whole(is_hard=bool(hard))

    def _pair_whole(self, *, is_hard: bool) -> None:
        """Match all with all where the totals agree; where a search was given up, say so."""
        left, right = self.active_payments, self.active_tenders
        if not left or not right:
            return
        if _total(left) == _total(right) and self.may_match(left, right):
            self.match("bill_sum", left, right)
        else:
            self.outcome.gave_up |= is_hard

    def pair_rest(self, tolerance: int) -> None:
        """Pair what is left, closest first: same bill, but the amounts differ.

        Where one payment is left with several lines, or one line with several payments, all are
        taken together if that comes closer than any one of them.
        """
        while True:
            left = self.active_payments
            right = [line for line in self.tenders if line.active or not line.readable]
            options = [([one], [other]) for one in left for other in right]
            if len(options) > 1 and 1 in {len(left), len(right)}:
                options.append((left, right))
            allowed = [option for option in options if self.may_match(*option)]
            if not allowed:
                return
            payments, tenders = min(allowed, key=_closeness)
            gap = abs(_total(payments) - _total(tenders))
            readable = all(line.readable for line in tenders)
            rule = "bill_tolerance" if gap <= tolerance and readable else "bill_only"
            self.match(rule, payments, tenders)

    def set_repeats_aside(self) -> None:
        """Recognise lines that repeat one already matched on this bill."""
        for tender in self.active_tenders:
            twin = next((one for one in self.standing if one.amount == tender.amount), None)
            if twin is not None and twin.active:
                self.outcome.duplicates.append((tender.row, twin.row))
                self.tenders.remove(tender)

    @property
    def active_payments(self) -> list[BillLine]:
        return [line for line in self.payments if line.active]

    @property
    def active_tenders(self) -> list[BillLine]:
        return [line for line in self.tenders if line.active]


def match_bill(
    payments: list[BillLine],
    tenders: list[BillLine],
    standing: list[BillLine],
    tolerance: int,
    apart: Pairs = (),
) -> BillMatch:
    """Match one bill in one currency.

    Parameters
    ----------
    payments
        Its payments that no line names; ``amount`` is what each is due, were it paid.
    tenders
        Its lines without a payment ID.
    standing
        Its lines already matched by payment ID: a line may repeat one of them.
    tolerance
        In millionths.
    apart
        Rows of payments and lines that somebody ruled do not belong together.
    """
    bill = _Bill(payments, tenders, standing, apart)
    if payments and tenders:
        bill.pair_equal(paid=True, posted=True, rule="bill_exact")
        bill.pair_sums()
        # Of what is left, cancelled payments may still be posted, and paid ones be open.
        bill.pair_equal(paid=False, posted=True, rule="bill_exact")
        bill.pair_equal(paid=True, posted=False, rule="bill_exact")
        bill.pair_equal(paid=False, posted=False, rule="bill_exact")
        bill.pair_rest(tolerance)
    bill.set_repeats_aside()
    bill.outcome.payments = [line.row for line in bill.payments]
    bill.outcome.tenders = [line.row for line in bill.tenders]
    return bill.outcome


def sum_up(target: int, lines: list[BillLine]) -> list[BillLine] | None:
    """Find the smallest set of lines that sums to the target; ``None`` if there is none."""
    sums = Sums.of([line.amount for line in lines], target)
    return _pick(lines, sums.chosen(target)) if target in sums.ways else None


def _pick(lines: Iterable[BillLine], wanted: Mapping[int, int]) -> list[BillLine]:
    """Take so many lines of each amount, in their fixed order."""
    left = dict(wanted)
    some = []
    for line in sorted(lines, key=_order):
        if left.get(line.amount, 0):
            left[line.amount] -= 1
            some.append(line)
    return some


def _order(line: BillLine) -> tuple[int, str]:
    return -line.amount, line.key


def _closeness(option: tuple[list[BillLine], list[BillLine]]) -> tuple[object, ...]:
    """Rank a pairing: a line that cannot be read may be just what the payment lacks."""
    payments, tenders = option
    short = _total(payments) - _total(tenders)
    may_fit = short >= 0 and not all(line.readable for line in tenders)
    size = len(payments) + len(tenders)
    orders = [_order(one) for one in payments], [_order(one) for one in tenders]
    return 0 if may_fit else abs(short), abs(short), size, *orders


def _total(lines: Iterable[BillLine]) -> int:
    return sum(line.amount for line in lines)
