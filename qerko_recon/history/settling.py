"""Breaks of different days that settle each other: open ones in, those whose sum is 0 out.

A payment that is in no POS line, and a line without a payment, are brought together where they
name the same payment, or the same bill within :data:`NEAR`: first one with one, then all that is
open of a payment or a bill, if it comes to nothing exactly. What one run has on both sides it has
compared itself, so only breaks of different runs settle each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from qerko_recon.history.states import Carried
from qerko_recon.recon.rulings import Ruling

__all__ = ["NEAR", "Settlement", "settlements"]

NEAR: Final = timedelta(days=7)
"""How far apart a payment and a line may be whose bill alone brings them together: a till may
begin to count its bills anew."""

_PAYMENT_SIDE: Final = frozenset({"missing_in_pos", "timing"})
_LINE_SIDE: Final = frozenset({"missing_in_qerko", "timing", "unfetched"})

_Key = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """Payments and lines whose variances sum to 0."""

    payments: tuple[Carried, ...]
    lines: tuple[Carried, ...]


def settlements(states: Collection[Carried], rulings: Sequence[Ruling]) -> Iterator[Settlement]:
    """Find what settles each other, the same whatever the order."""
    free = [one for one in sorted(states, key=_order) if one.found.variance]
    payments = [one for one in free if _is_of(one, "P:", _PAYMENT_SIDE)]
    lines = [one for one in free if _is_of(one, "T:", _LINE_SIDE)]
    fits = partial(_may_settle, refused=_refused(rulings))
    for find in (_one_by_one, _all_together):
        for key_of in (_payment_of, _bill_of):
            settled: set[str] = set()
            for found in find(payments, lines, key_of, fits):
                yield found
                settled |= {one.key for one in (*found.payments, *found.lines)}
            payments = [one for one in payments if one.key not in settled]
            lines = [one for one in lines if one.key not in settled]


_Fits = Callable[[Carried, Carried], bool]


def _one_by_one(
    payments: Sequence[Carried],
    lines: Sequence[Carried],
    key_of: Callable[[Carried], _Key],
    fits: _Fits,
) -> Iterator[Settlement]:
    """Pair payments with single lines of exactly the opposite variance, the nearest first."""
    held: dict[tuple[_Key, Decimal], list[Carried]] = defaultdict(list)
    for line in lines:
        held[key_of(line), line.found.variance].append(line)
    for payment in payments:
        key = key_of(payment)
        among = [] if key is None else held.get((key, -payment.found.variance), [])
        possible = [line for line in among if fits(payment, line)]
        if possible:
            line = min(possible, key=partial(_distance, payment))
            among.remove(line)
            yield Settlement((payment,), (line,))


def _all_together(
    payments: Sequence[Carried],
    lines: Sequence[Carried],
    key_of: Callable[[Carried], _Key],
    fits: _Fits,
) -> Iterator[Settlement]:
    """Take all that is open of a payment or a bill, where it comes to nothing."""
    groups: dict[_Key, tuple[list[Carried], list[Carried]]] = defaultdict(lambda: ([], []))
    for side, some in enumerate((payments, lines)):
        for one in some:
            groups[key_of(one)][side].append(one)
    for key, (paid, posted) in groups.items():
        if key is None or not paid or not posted:
            continue
        left = sum((one.found.variance for one in (*paid, *posted)), Decimal(0))
        if not left and all(fits(one, line) for one in paid for line in posted):
            yield Settlement(tuple(paid), tuple(posted))


def _payment_of(one: Carried) -> _Key:
    named = one.found.payment_id
    return None if named is None else (one.found.currency, named)


def _bill_of(one: Carried) -> _Key:
    """Name a bill; a line that names a payment is not of another payment of its bill."""
    is_line = one.found.subject.startswith("T:")
    if one.found.bill_id is None or (is_line and one.found.payment_id is not None):
        return None
    return one.found.currency, one.found.bill_id


def _may_settle(payment: Carried, line: Carried, *, refused: Collection[tuple[str, str]]) -> bool:
    if payment.found_in.no == line.found_in.no:
        return False
    tender_id = line.found.subject[2:].rpartition("@")[0]
    if (payment.found.payment_id, tender_id) in refused:
        return False
    if line.found.payment_id is not None:
        return True
    apart = _apart(payment, line)
    return apart is not None and apart <= NEAR


def _refused(rulings: Sequence[Ruling]) -> set[tuple[str, str]]:
    return {
        (payment_id, tender_id)
        for ruling in rulings
        if ruling.kind == "reject_match"
        for payment_id in ruling.payment_ids
        for tender_id in ruling.tender_ids
    }


def _is_of(one: Carried, mark: str, kinds: Collection[str]) -> bool:
    is_free = one.why is None or one.why == "by_person"
    return is_free and one.found.subject.startswith(mark) and one.found.kind in kinds


def _order(one: Carried) -> tuple[date, str]:
    return one.day or date.min, one.key


def _apart(one: Carried, other: Carried) -> timedelta | None:
    return None if one.day is None or other.day is None else abs(one.day - other.day)


def _distance(payment: Carried, line: Carried) -> tuple[timedelta, tuple[date, str]]:
    apart = _apart(payment, line)
    return timedelta.max if apart is None else apart, _order(line)
