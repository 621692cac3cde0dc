"""Match what stands on one bill: payments, and POS lines without a payment ID.

Takes in amounts; gives out matches, repeated lines, and what is left. Exact sums come first: one
to one, then one to many, many to one and many to many, bounded and in a fixed order, so that the
same bill always comes out the same whatever the order of its rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Final

__all__ = ["SUBSETS", "BillLine", "BillMatch", "match_bill", "sum_up"]

SUBSETS: Final = 20_000
"""How many combinations are tried for one sum before it is given up."""

Rows = tuple[int, ...]


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
        self, payments: list[BillLine], tenders: list[BillLine], standing: list[BillLine]
    ) -> None:
        self.payments = sorted(payments, key=_order)
        self.tenders = sorted(tenders, key=_order)
        self.standing = list(standing)
        self.outcome = BillMatch()

    def match(
        self, rule: str, left: list[BillLine], right: list[BillLine], status: str = "confirmed"
    ) -> None:
        rows = tuple(line.row for line in left), tuple(line.row for line in right)
        self.outcome.matches.append((rule, *rows, status))
        self.payments = [line for line in self.payments if line not in left]
        self.tenders = [line for line in self.tenders if line not in right]
        self.standing += right

    def pair_equal(self, *, paid: bool, posted: bool, rule: str) -> None:
        """Pair payments and lines of the same amount, in the given states."""
        lines: dict[int, list[BillLine]] = defaultdict(list)
        for line in self.tenders:
            if line.active == posted and line.readable:
                lines[line.amount].append(line)
        candidates = [line for line in self.payments if line.active == paid]
        wanted = Counter(line.amount for line in candidates)
        offered = {amount: len(same) for amount, same in lines.items()}
        for payment in candidates:
            if lines[payment.amount]:
                same = wanted[payment.amount] == offered[payment.amount]
                status = "confirmed" if same or not (paid and posted) else "ambiguous"
                self.match(rule, [payment], [lines[payment.amount].pop(0)], status)

    def pair_sums(self) -> None:
        """Match one payment to several lines, one line to several payments, or all to all."""
        for payment in [line for line in self.payments if line.active]:
            if some := self.summing_to(payment.amount, self.active_tenders):
                self.match("bill_sum", [payment], some)
        for tender in self.active_tenders:
            if some := self.summing_to(
                tender.amount, [one for one in self.payments if one.active]
            ):
                self.match("bill_sum", some, [tender])
        left, right = [one for one in self.payments if one.active], self.active_tenders
        if left and right and _total(left) == _total(right):
            self.match("bill_sum", left, right)

    def summing_to(self, target: int, lines: list[BillLine]) -> list[BillLine] | None:
        """Find two or more lines that sum to the target, noting where too many were to try."""
        some = sum_up(target, lines, least=2)
        self.outcome.gave_up |= some is None and _combinations(len(lines)) > SUBSETS
        return some

    def pair_rest(self, tolerance: int) -> None:
        """Pair what is left, closest first: same bill, but the amounts differ."""
        while True:
            pairs = [
                (
                    abs(payment.amount - tender.amount),
                    _order(payment),
                    _order(tender),
                    payment,
                    tender,
                )
                for payment in self.payments
                if payment.active
                for tender in self.tenders
                if tender.active or not tender.readable
            ]
            if not pairs:
                return
            gap, _, _, payment, tender = min(pairs, key=lambda pair: pair[:3])
            rule = "bill_tolerance" if gap <= tolerance and tender.readable else "bill_only"
            self.match(rule, [payment], [tender])

    def set_repeats_aside(self) -> None:
        """Recognise lines that repeat one already matched on this bill."""
        for tender in self.active_tenders:
            twin = next((one for one in self.standing if one.amount == tender.amount), None)
            if twin is not None and twin.active:
                self.outcome.duplicates.append((tender.row, twin.row))
                self.tenders.remove(tender)

    @property
    def active_tenders(self) -> list[BillLine]:
        return [line for line in self.tenders if line.active]


def match_bill(
    payments: list[BillLine],
    tenders: list[BillLine],
    standing: list[BillLine],
    tolerance: int,
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
    """
    bill = _Bill(payments, tenders, standing)
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


def _order(line: BillLine) -> tuple[int, str]:
    return -line.amount, line.key


def _total(lines: Iterable[BillLine]) -> int:
    return sum(line.amount for line in lines)


def sum_up(target: int, lines: list[BillLine], *, least: int = 1) -> list[BillLine] | None:
    """Find the smallest set of lines that sums to the target exactly.

    ``None`` where there is none among the first :data:`SUBSETS` combinations.
    """
    ordered = sorted(lines, key=_order)
    for some in islice(_subsets(ordered, least), SUBSETS):
        if _total(some) == target:
            return list(some)
    return None


def _subsets(lines: list[BillLine], least: int) -> Iterator[tuple[BillLine, ...]]:
    for size in range(least, len(lines) + 1):
        yield from combinations(lines, size)


def _combinations(count: int) -> int:
    return (1 << count) - count - 1
