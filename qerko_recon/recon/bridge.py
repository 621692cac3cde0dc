"""The walk from what Qerko settled to what the POS posted, exact to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from qerko_recon.money import unit_to_decimal
from qerko_recon.schema import BRIDGE

__all__ = ["KINDS", "Totals", "bridge_table", "place_of_kind", "unexplained"]

KINDS: Final = (
    "missing_in_pos",
    "missing_in_qerko",
    "state_mismatch",
    "amount_mismatch",
    "tip_mismatch",
    "duplicate_in_pos",
    "currency_mismatch",
    "timing",
    "unfetched",
    "unreadable",
    "rounding",
    "part_mismatch",
    "inconsistent_payment",
    "excluded",
)
"""The kinds of break, in the order the bridge walks them."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Both sides in one currency, and the variance of its breaks by kind; in millionths."""

    settled: int
    posted: int
    variances: Mapping[str, int]
    counts: Mapping[str, int]


def bridge_table(totals: Mapping[str, Totals]) -> pa.Table:
    """Walk from the settled to the posted total of each currency; a step a kind of break."""
    rows = []
    for currency, total in sorted(totals.items()):
        running = total.settled
        rows.append(_step(currency, "settled", total.settled, running, 0))
        for kind in sorted(total.counts, key=place_of_kind):
            running += total.variances[kind]
            rows.append(_step(currency, kind, total.variances[kind], running, total.counts[kind]))
        # The posted total is summed from the POS lines, not carried over from the walk: that
        # the last step arrives there is the proof.
        rows.append(_step(currency, "posted", total.posted, total.posted, 0))
    return pa.Table.from_pylist(rows, schema=BRIDGE)


def unexplained(totals: Mapping[str, Totals]) -> int:
    """Sum over currencies how far the walk ends from the posted total: 0."""
    return sum(
        abs(total.posted - total.settled - sum(total.variances.values()))
        for total in totals.values()
    )


def _step(currency: str, step: str, amount: int, running: int, breaks: int) -> dict[str, object]:
    return {
        "currency": currency,
        "step": step,
        "amount": unit_to_decimal(amount),
        "running": unit_to_decimal(running),
        "breaks": breaks,
    }


def place_of_kind(kind: str) -> tuple[int, str]:
    """Order kinds as the bridge walks them; one nobody knows comes last."""
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), kind)
