"""Likely counterparts among what stands alone: suggested, and never counted until accepted.

Two rules: a line that names another payment, but whose bill and amount are those of one that is
alone; and a line without an ID whose amount and time fit one payment, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.recon.coded import Codes, Units, flat, numbered
from qerko_recon.recon.decided import Decided
from qerko_recon.recon.groups import Group
from qerko_recon.recon.match import Matching
from qerko_recon.recon.sides import Intake

__all__ = ["suggest"]


def suggest(
    intake: Intake, matching: Matching, settled: Units, window: timedelta, decided: Decided
) -> list[Group]:
    """Find pairs that fit each other and nothing else."""
    paid, posted = intake.payments, intake.tenders
    payments = matching.alone_payments
    payments = payments[settled[payments] != 0]
    lines = matching.alone_tenders
    lines = lines[posted.posted[lines] != 0]
    if not len(payments) or not len(lines):
        return []
    found = list(_by_bill(intake, payments, lines, settled))
    taken = {one for pair in found for one in (("p", pair[0]), ("t", pair[1]))}
    has_id = np.asarray(flat(posted.table["payment_id"]).take(pa.array(lines)).is_valid())
    unnamed = lines[~has_id | (intake.owner[lines] >= 0)]
    near = _by_time(intake, payments, unnamed, settled, window)
    pairs = [("bill_and_amount", *pair) for pair in found]
    pairs += [
        ("time_window", one, other)
        for one, other in near
        if ("p", one) not in taken and ("t", other) not in taken
    ]
    groups = [
        Group(rule, (payment,), (line,), "suggested")
        for rule, payment, line in pairs
        if (payment, line) not in decided.apart
    ]
    return sorted(groups, key=lambda group: paid.id(group.payments[0]))


def _by_bill(
    intake: Intake, payments: Codes, lines: Codes, settled: Units
) -> Iterator[tuple[int, int]]:
    """Pair by bill, currency and amount, where each is the only one."""
    _, left, right = intake.bill_keys(payments, lines)
    payments, left = payments[left >= 0], left[left >= 0]
    lines, right = lines[right >= 0], right[right >= 0]
    amounts = np.concatenate([settled[payments], intake.tenders.posted[lines]])
    yield from _only_pairs(payments, lines, numbered(np.concatenate([left, right]), amounts))


def _only_pairs(payments: Codes, lines: Codes, numbers: Codes) -> Iterator[tuple[int, int]]:
    size = int(numbers.max(initial=-1)) + 1
    own = np.bincount(numbers[: len(payments)], minlength=size)
    other = np.bincount(numbers[len(payments) :], minlength=size)
    line_at = np.full(size, -1, dtype=np.int64)
    line_at[numbers[len(payments) :]] = lines
    for payment, number in zip(payments.tolist(), numbers[: len(payments)].tolist(), strict=True):
        if own[number] == 1 and other[number] == 1:
            yield payment, int(line_at[number])


def _by_time(
    intake: Intake, payments: Codes, lines: Codes, settled: Units, window: timedelta
) -> Iterator[tuple[int, int]]:
    """Pair by currency, amount and time, where neither has a second candidate."""
    made = _moments(intake.payments.table["created_at"], payments)
    taken = _moments(intake.tenders.table["paid_at"], lines)
    payments, made = payments[made != _NEVER], made[made != _NEVER]
    lines, taken = lines[taken != _NEVER], taken[taken != _NEVER]
    reach = window // _STEP
    left = _sorted(intake.paid_currency[payments], settled[payments], made)
    right = _sorted(intake.posted_currency[lines], intake.tenders.posted[lines], taken)
    payments, lines = payments[left], lines[right]
    times = made[left], taken[right]
    numbers = numbered(
        np.concatenate([intake.paid_currency[payments], intake.posted_currency[lines]]),
        np.concatenate([settled[payments], intake.tenders.posted[lines]]),
    )
    own, other = numbers[: len(payments)], numbers[len(payments) :]
    forward = _within(own, times[0], other, times[1], reach)
    backward = _within(other, times[1], own, times[0], reach)
    for place in np.flatnonzero(forward[1] == 1).tolist():
        line = int(forward[0][place])
        if backward[1][line] == 1:
            yield int(payments[place]), int(lines[line])


_NEVER: Final = -(2**63)
_STEP: Final = timedelta(milliseconds=1)


def _moments(column: pa.ChunkedArray, rows: Codes) -> Codes:
    """Give times in milliseconds."""
    some = flat(column).take(pa.array(rows)).cast(pa.int64())
    known = np.asarray(some.is_valid().to_numpy(False))
    moments = np.asarray(pc.fill_null(some, 0).to_numpy(False), dtype=np.int64) // 1000
    return np.where(known, moments, _NEVER)


def _sorted(currency: Codes, amount: Units, time: Codes) -> Codes:
    return np.lexsort((time, amount, currency))


def _within(
    own: Codes, own_times: Codes, other: Codes, other_times: Codes, reach: int
) -> tuple[Codes, Codes]:
    """Give for each row the first counterpart in reach, and how many there are.

    Both sides are sorted by key and time; key and time are pressed into one number.
    """
    if not len(own) or not len(other):
        return np.zeros(len(own), dtype=np.int64), np.zeros(len(own), dtype=np.int64)
    first = min(int(own_times.min()), int(other_times.min()))
    span = max(int(own_times.max()), int(other_times.max())) - first + 2 * reach + 1
    ours = own * span + (own_times - first)
    theirs = other * span + (other_times - first)
    low = np.searchsorted(theirs, ours - reach, side="left")
    high = np.searchsorted(theirs, ours + reach, side="right")
    return low, high - low
