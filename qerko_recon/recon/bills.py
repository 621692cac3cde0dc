"""Match what stands on one bill: payments, and POS lines without a payment ID.

Takes in amounts; gives out matches, repeated lines, and what is left. Exact sums come first, with
their tips where the POS says them: one to one, then the smallest sets of payments and lines that
make the same sum, in a fixed order, so that the same bill always comes out the same whatever the
order of its rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from qerko_recon.recon.sums import Sums, common_sum

__all__ = ["BillLine", "BillMatch", "match_bill", "sum_up"]

_FEW: Final = 24
"""Rows left of a bill that are still compared all with all."""

_CLOSE: Final = 50
"""The part of a payment by which a line may differ and still be taken for its own."""

_HARD_SEARCHES: Final = 8
"""How many matches by sums are looked for on a bill whose sums cannot all be followed."""

_TIP_BITS: Final = 80
"""An amount and its tip are one number: the tip has the low bits, more than any sum fills."""

Rows = tuple[int, ...]
Pairs = Collection[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class BillLine:
    """A payment or a POS line of the bill.

    ``amount`` is with the tip; ``active`` says that its money counts: the payment settles, the
    line is posted. ``tip`` is ``None`` where the POS does not say it.
    """

    row: int
    amount: int
    active: bool
    key: str  # its ID, for a fixed order
    readable: bool = True
    tip: int | None = None


Weight = Callable[[BillLine], int]
_Option = tuple[list[BillLine], list[BillLine]]


@dataclass(eq=False)
class BillMatch:
    """What came of a bill.

    ``matches`` are (rule, payment rows, line rows, status); ``duplicates`` (line, the one that it
    repeats); ``reversed`` pairs of lines that take each other back; then the rest.
    """

    matches: list[tuple[str, Rows, Rows, str]] = field(default_factory=list)
    duplicates: list[tuple[int, int]] = field(default_factory=list)
    reversed: list[tuple[int, int]] = field(default_factory=list)
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
        self._payments = sorted(payments, key=_order)
        self._tenders = sorted(tenders, key=_order)
        self._gone: tuple[set[int], set[int]] = (set(), set())
        self.standing = list(standing)
        self.apart = apart
        self.outcome = BillMatch()
        self._weights: tuple[Weight, ...] = (_amount,)
        if all(line.tip is not None for line in tenders if line.active):
            self._weights = (_amount_and_tip, _amount)
        self._reversed: list[tuple[BillLine, BillLine]] = []

    def match(
        self, rule: str, left: list[BillLine], right: list[BillLine], status: str = "confirmed"
    ) -> None:
        rows = tuple(line.row for line in left), tuple(line.row for line in right)
        self.outcome.matches.append((rule, *rows, status))
        self._take_out(left, right)
        self.standing += right

    def _take_out(self, left: Iterable[BillLine], right: Iterable[BillLine]) -> None:
        self._gone[0].update(line.row for line in left)
        self._gone[1].update(line.row for line in right)

    @property
    def payments(self) -> list[BillLine]:
        return [line for line in self._payments if line.row not in self._gone[0]]

    @property
    def tenders(self) -> list[BillLine]:
        return [line for line in self._tenders if line.row not in self._gone[1]]

    def may_match(self, left: Iterable[BillLine], right: Iterable[BillLine]) -> bool:
        """Tell whether nobody has ruled that some of them do not belong together."""
        if not self.apart:
            return True
        others = list(right)
        return not any((one.row, other.row) in self.apart for one in left for other in others)

    def set_reversals_aside(self) -> None:
        """Take out lines that take each other back, where there is more than the two of them."""
        for back in [line for line in self.active_tenders if line.amount < 0]:
            taken = next((one for one in self.tenders if _takes_back(back, one)), None)
            if taken is not None:
                self._reversed.append((taken, back))
                self._take_out((), (taken, back))

    def match_reversed(self) -> None:
        """Give a payment without a line the one that was taken back; the rest is for nothing."""
        for taken, back in self._reversed:
            payment = next(
                (
                    one
                    for one in self.active_payments
                    if one.amount == taken.amount and self.may_match([one], [taken, back])
                ),
                None,
            )
            if payment is not None:
                self.match("bill_exact", [payment], [taken, back])
            else:
                self.outcome.reversed.append((taken.row, back.row))

    def pair_exactly(self, *states: tuple[bool, bool]) -> None:
        """Match equal amounts, then equal sums, of payments and lines in the given states.

        A state says whether a payment settles and whether a line is posted; tips that agree say
        more than the order of states does.
        """
        for weight in self._weights:
            for paid, posted in states:
                self._pair_equal(weight, paid=paid, posted=posted)
                self._pair_sums(weight, paid=paid, posted=posted)

    def _pair_equal(self, weight: Weight, *, paid: bool, posted: bool) -> None:
        """Pair payments and lines of the same amount."""
        left, right = self._sides(paid=paid, posted=posted)
        lines: dict[int, list[BillLine]] = defaultdict(list)
        for one in right:
            lines[weight(one)].append(one)
        wanted = Counter(weight(payment) for payment in left)
        offered = {amount: len(same) for amount, same in lines.items()}
        for payment in left:
            amount = weight(payment)
            allowed = (one for one in lines[amount] if self.may_match([payment], [one]))
            if (line := next(allowed, None)) is not None:
                same = wanted[amount] == offered[amount]
                status = "confirmed" if same or not (paid and posted) else "ambiguous"
                lines[amount].remove(line)
                self.match("bill_exact", [payment], [line], status)

    def _pair_sums(self, weight: Weight, *, paid: bool, posted: bool) -> None:
        """Match the smallest sets of payments and lines that make the same sum, one by one."""
        hard = 0
        while hard < _HARD_SEARCHES:
            left, right = self._sides(paid=paid, posted=posted)
            if not left or not right:
                return
            sums = [Sums.of([weight(line) for line in side]) for side in (left, right)]
            hard += not (sums[0].is_whole and sums[1].is_whole)
            found = common_sum(*sums)
            if found is None:
                break
            some = _pick(left, found.left, weight), _pick(right, found.right, weight)
            if not self.may_match(*some):
                break
            self.match("bill_sum", *some, "confirmed" if found.is_only else "ambiguous")
        self._pair_whole(weight, paid=paid, posted=posted, is_hard=bool(hard))

    def _pair_whole(self, weight: Weight, *, paid: bool, posted: bool, is_hard: bool) -> None:
        """Match all with all where the totals agree; where a search was given up, say so."""
        left, right = self._sides(paid=paid, posted=posted)
        if not left or not right:
            return
        if sum(map(weight, left)) == sum(map(weight, right)) and self.may_match(left, right):
            self.match("bill_sum", left, right)
        else:
            self.outcome.gave_up |= is_hard and weight is _amount

    def _sides(self, *, paid: bool, posted: bool) -> tuple[list[BillLine], list[BillLine]]:
        return (
            [line for line in self.payments if line.active == paid],
            [line for line in self.tenders if line.active == posted and line.readable],
        )

    def pair_rest(self, tolerance: int, *, near: bool) -> None:
        """Pair what is left: same bill, but the amounts differ.

        With ``near`` only what comes closer than half of the payment.
        """
        self._pair_many(tolerance)
        while (option := self._closest(near=near)) is not None:
            self._match_rest(*option, tolerance)

    def _match_rest(self, left: list[BillLine], right: list[BillLine], tolerance: int) -> None:
        gap = abs(_total(left) - _total(right))
        readable = all(line.readable for line in right)
        rule = "bill_tolerance" if gap <= tolerance and readable else "bill_only"
        self.match(rule, left, right)

    def _pair_many(self, tolerance: int) -> None:
        """Pair what is near until few are left; comparing all with all would take for ever."""
        while True:
            left, right = self.active_payments, self.active_tenders
            if len(left) + len(right) <= _FEW or not left or not right:
                return
            amounts = [-line.amount for line in right]
            options = []
            for payment in left:
                place = bisect_left(amounts, -payment.amount)
                for line in right[max(place - 1, 0) : place + 1]:
                    option = [payment], [line]
                    if self.may_match(*option) and line.readable and _is_near(option):
                        options.append(option)
            if not options:
                return
            for payments, lines in sorted(options, key=_closeness):
                if payments[0].row not in self._gone[0] and lines[0].row not in self._gone[1]:
                    self._match_rest(payments, lines, tolerance)

    def _closest(self, *, near: bool) -> _Option | None:
        """Choose what belongs together most likely.

        As many payments as lines go in pairs, if they are near. A payment that is left alone has
        all that is left of the lines. Else the closest, be it a pair or all with all.
        """
        left = self.active_payments
        right = [line for line in self.tenders if line.active or not line.readable]
        if near and not all(line.readable for line in right):
            return None
        # A tip on a line of its own is of some other line, so none of them goes by itself.
        alone = not any(line.tip and line.tip == line.amount for line in right)
        pairs = [([one], [other]) for one in left for other in right if alone]
        options = [option for option in pairs if self.may_match(*option)]
        if len(left) == len(right) and _go_in_pairs(options, len(left)):
            return min(options, key=_closeness, default=None)
        whole = (left, right)
        if left and right and len(pairs) != 1 and self.may_match(*whole):
            if len(left) == 1 and (_is_near(whole) or not near):
                return whole
            options.append(whole)
        held = [option for option in options if not near or _is_near(option)]
        return min(held, key=_closeness, default=None)

    def set_twins_aside(self, tolerance: int) -> None:
        """Recognise lines that repeat one already matched, tip and all.

        One that a payment without a line comes close to is more likely that payment's.
        """
        left = self.active_payments
        for tender in self.active_tenders:
            if not any(_is_close(payment, tender, tolerance) for payment in left):
                self._set_aside_if_repeated(tender, with_tip=True)

    def set_repeats_aside(self) -> None:
        """Recognise lines that repeat one already matched on this bill."""
        for tender in self.active_tenders:
            self._set_aside_if_repeated(tender, with_tip=False)

    def _set_aside_if_repeated(self, tender: BillLine, *, with_tip: bool) -> None:
        twins = (
            one
            for one in self.standing
            if one.amount == tender.amount and (one.tip == tender.tip or not with_tip)
        )
        twin = next(twins, None)
        if twin is not None and twin.active and tender.amount > 0:
            self.outcome.duplicates.append((tender.row, twin.row))
            self._take_out((), (tender,))

    def add_refunds(self) -> None:
        """Put money given back to the only match of the bill, if that is all that is left."""
        left = self.tenders
        if len(self.outcome.matches) != 1 or not left or self.payments:
            return
        _, payments, tenders, status = self.outcome.matches[0]
        if all(line.active and line.amount < 0 for line in left):
            rows = tuple(line.row for line in left)
            self.outcome.matches = [("bill_only", payments, (*tenders, *rows), status)]
            self._take_out((), left)

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
    bill.set_reversals_aside()
    bill.pair_exactly((True, True))
    # Of what is left, cancelled payments may still be posted, and paid ones be open.
    bill.pair_exactly((False, True))
    bill.set_twins_aside(tolerance)
    bill.pair_rest(tolerance, near=True)
    bill.match_reversed()
    bill.pair_exactly((True, False), (False, False))
    bill.pair_rest(tolerance, near=False)
    bill.set_repeats_aside()
    bill.add_refunds()
    bill.outcome.payments = [line.row for line in bill.payments]
    bill.outcome.tenders = [line.row for line in bill.tenders]
    return bill.outcome


def sum_up(target: int, lines: list[BillLine], tip: int | None = None) -> list[BillLine] | None:
    """Find the smallest set of lines that sums to the target; ``None`` if there is none.

    Where a tip is given, sets whose tips make it go first.
    """
    if tip is not None:
        both = Sums.of([_amount_and_tip(line) for line in lines], wanted := _pressed(target, tip))
        if wanted in both.ways:
            return _pick(lines, both.chosen(wanted), _amount_and_tip)
    sums = Sums.of([line.amount for line in lines], target)
    return _pick(lines, sums.chosen(target), _amount) if target in sums.ways else None


def _pick(lines: Iterable[BillLine], wanted: Mapping[int, int], weight: Weight) -> list[BillLine]:
    """Take so many lines of each amount, in their fixed order."""
    left = dict(wanted)
    some = []
    for line in sorted(lines, key=_order):
        if left.get(weight(line), 0):
            left[weight(line)] -= 1
            some.append(line)
    return some


def _amount(line: BillLine) -> int:
    return line.amount


def _amount_and_tip(line: BillLine) -> int:
    return _pressed(line.amount, line.tip or 0)


def _pressed(amount: int, tip: int) -> int:
    return (amount << _TIP_BITS) + tip


def _takes_back(back: BillLine, line: BillLine) -> bool:
    tips_agree = None in {line.tip, back.tip} or line.tip == -(back.tip or 0)
    return line.active and line.amount == -back.amount and tips_agree


def _order(line: BillLine) -> tuple[int, str]:
    return -line.amount, line.key


def _go_in_pairs(options: list[_Option], size: int) -> bool:
    """Tell whether the closest pairs, each row once, are all near."""
    left = sorted((one for one in options if _is_near(one)), key=_closeness)
    pairs = 0
    while left:
        (payment,), (tender,) = left[0]
        pairs += 1
        left = [one for one in left if one[0] != [payment] and one[1] != [tender]]
    return pairs == size


def _is_near(option: _Option) -> bool:
    gap = abs(_total(option[0]) - _total(option[1]))
    return 2 * gap <= _total(option[0])


def _closeness(option: _Option) -> tuple[object, ...]:
    """Rank by the share that differs; a line that cannot be read may be just what is lacking."""
    payments, tenders = option
    settled, short = _total(payments), _total(payments) - _total(tenders)
    may_fit = short >= 0 and not all(line.readable for line in tenders)
    share = Fraction(0 if may_fit else abs(short), max(settled, 1))
    size = len(payments) + len(tenders)
    orders = [_order(one) for one in payments], [_order(one) for one in tenders]
    return share, abs(short), size, *orders


def _is_close(payment: BillLine, tender: BillLine, tolerance: int) -> bool:
    gap = abs(payment.amount - tender.amount)
    return gap <= max(tolerance, payment.amount // _CLOSE)


def _total(lines: Iterable[BillLine]) -> int:
    return sum(line.amount for line in lines)
