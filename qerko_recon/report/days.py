"""The bridge by day as reports show it: its frame in, a walk for each business day out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

import pandas as pd

from qerko_recon.report.rows import plain_rows

__all__ = ["DayWalk", "days_of", "steps_of"]

_ZERO: Final = Decimal("0.00")


@dataclass(slots=True)
class DayWalk:
    """One business day in one currency: both totals, and what each step between them moves.

    ``day`` is ``None`` for what has no time.
    """

    venue: str | None
    currency: str
    day: date | None
    settled: Decimal = _ZERO
    posted: Decimal = _ZERO
    breaks: int = 0
    moves: dict[str, Decimal] = field(default_factory=dict)

    @property
    def variance(self) -> Decimal:
        """Posted − settled."""
        return self.posted - self.settled


def days_of(bridge_by_day: pd.DataFrame) -> list[DayWalk]:
    """Gather the steps of each day and currency, in the frame's order."""
    days: dict[tuple[str | None, str, date | None], DayWalk] = {}
    for row in plain_rows(bridge_by_day):
        key = row["venue"], row["currency"], row["business_date"]
        own = days.setdefault(key, DayWalk(*key))
        if row["step"] == "settled":
            own.settled = row["amount"]
        elif row["step"] == "posted":
            own.posted = row["amount"]
        else:
            own.moves[row["step"]] = row["amount"]
            own.breaks += row["breaks"]
    return list(days.values())


def steps_of(days: Iterable[DayWalk], bridge: pd.DataFrame) -> list[str]:
    """List the steps that occur on some day, in the order of the bridge; others come last."""
    taken: Mapping[str, None] = dict.fromkeys(step for one in days for step in one.moves)
    walked = dict.fromkeys(bridge["step"])
    return [one for one in walked if one in taken] + [one for one in taken if one not in walked]
