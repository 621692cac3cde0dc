"""The walk from settled to posted for each business day, exact to the last digit.

A payment of one day may be booked on the next; money counts on the day of its own row, and the
step ``booked_on_other_day`` carries what a match moves between days. Over all days it is 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import numpy as np
import pyarrow as pa

from qerko_recon.money import unit_to_decimal
from qerko_recon.recon.bridge import place_of_kind
from qerko_recon.recon.coded import Codes, Units
from qerko_recon.recon.compare import Comparison
from qerko_recon.recon.days import Days
from qerko_recon.recon.drafts import Drafts
from qerko_recon.recon.match import Matching
from qerko_recon.schema import DAY_BRIDGE

__all__ = ["MOVED", "day_bridge_table"]

MOVED: Final = "booked_on_other_day"

Key = tuple[str, date | None]
Sums = dict[Key, int]


def day_bridge_table(comparison: Comparison, matching: Matching, drafts: Drafts) -> pa.Table:
    """Walk from the settled to the posted total of each currency and business day."""
    intake = comparison.intake
    homes = _Homes(comparison, matching, drafts)
    settled = _sums(intake.currencies, intake.paid_currency, homes.paid, comparison.settled)
    posted = _sums(intake.currencies, intake.posted_currency, homes.posted, intake.tenders.posted)
    moved = _without_zeros(
        _minus(
            _minus(
                posted,
                _sums(
                    intake.currencies,
                    intake.posted_currency,
                    homes.posted_home,
                    intake.tenders.posted,
                ),
            ),
            _minus(
                settled,
                _sums(
                    intake.currencies, intake.paid_currency, homes.paid_home, comparison.settled
                ),
            ),
        )
    )
    steps, counts = _breaks(drafts)
    keys = settled.keys() | posted.keys() | moved.keys() | {key for key, _ in steps}
    rows = []
    venue = comparison.policy.venue
    for currency, day in sorted(keys, key=lambda key: (key[0], key[1] or date.min)):
        key = currency, day
        kinds = sorted((kind for one, kind in steps if one == key), key=place_of_kind)
        walk = [(kind, steps[key, kind], counts[key, kind]) for kind in kinds]
        if key in moved:
            walk.append((MOVED, moved[key], 0))
        for step, amount, running, breaks in _walked(
            settled.get(key, 0), posted.get(key, 0), walk
        ):
            rows.append(
                {
                    "venue": venue,
                    "currency": currency,
                    "business_date": day,
                    "step": step,
                    "amount": unit_to_decimal(amount),
                    "running": unit_to_decimal(running),
                    "breaks": breaks,
                }
            )
    return pa.Table.from_pylist(rows, schema=DAY_BRIDGE)


def _walked(
    settled: int, posted: int, walk: Iterable[tuple[str, int, int]]
) -> Iterator[tuple[str, int, int, int]]:
    running = settled
    yield "settled", settled, running, 0
    for step, amount, breaks in walk:
        running += amount
        yield step, amount, running, breaks
    yield "posted", posted, posted, 0


class _Homes:
    """For each row its own day, and the day on which what it belongs to is counted."""

    def __init__(self, comparison: Comparison, matching: Matching, drafts: Drafts) -> None:
        groups = matching.groups
        self.paid = comparison.days
        self.paid_home = self.paid.copy()
        home = self.paid[groups.first]
        self.paid_home[groups.payments] = np.repeat(home, groups.payment_counts)
        self.posted_home = comparison.intake.tenders.days.copy()
        self.posted_home[drafts.lines] = np.repeat(drafts.day, np.diff(drafts.starts))
        self.posted_home[groups.tenders] = np.repeat(home, groups.tender_counts)
        for group in matching.unsure:
            day = comparison.intake.tenders.days[group.tenders[0]]
            self.paid_home[list(group.payments)] = day
            self.posted_home[list(group.tenders)] = day
        for pair in matching.reversed:
            self.posted_home[list(pair)] = comparison.intake.tenders.days[pair[0]]
        own = comparison.intake.tenders.days
        # A line without a time is taken for one of the day of what it belongs to.
        self.posted: Days = np.where(np.isnat(own), self.posted_home, own)


def _sums(currencies: tuple[str, ...], codes: Codes, days: Days, units: Units) -> Sums:
    """Sum by currency and day, exactly."""
    sums: Sums = {}
    held = np.flatnonzero(units != 0) if len(units) else np.zeros(0, dtype=np.int64)
    if not len(held):
        return sums
    order = held[np.lexsort((days[held].astype(np.int64), codes[held]))]
    numbers = days[order].astype(np.int64)
    changes = (np.diff(numbers) != 0) | (np.diff(codes[order]) != 0)
    firsts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    for first, total in zip(
        firsts.tolist(), np.add.reduceat(units[order], firsts).tolist(), strict=True
    ):
        row = order[first]
        sums[currencies[codes[row]], days[row].astype(object)] = total
    return sums


def _minus(left: Sums, right: Sums) -> Sums:
    return {key: left.get(key, 0) - right.get(key, 0) for key in left.keys() | right.keys()}


def _without_zeros(sums: Sums) -> Sums:
    return {key: total for key, total in sums.items() if total}


def _breaks(drafts: Drafts) -> tuple[dict[tuple[Key, str], int], dict[tuple[Key, str], int]]:
    sums: dict[tuple[Key, str], int] = defaultdict(int)
    counts: dict[tuple[Key, str], int] = defaultdict(int)
    columns = (drafts.currency, drafts.day.astype(object), drafts.kind)
    variances = (drafts.posted - drafts.settled).tolist()
    for currency, day, kind, variance in zip(
        *(column.tolist() for column in columns), variances, strict=True
    ):
        sums[(currency, day), kind] += variance
        counts[(currency, day), kind] += 1
    return sums, counts
