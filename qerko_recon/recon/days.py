"""Business days: times in UTC in, the days a restaurant books them on out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Final

import pandas as pd
import pyarrow as pa

__all__ = ["are_neighbours", "business_dates", "covered_days"]

_SHARE: Final = 0.02


def business_dates(times: pa.Array, time_zone: str, cutoff: time) -> list[date | None]:
    """Give each moment its business day: the local date, the night before cut-off a day back.

    >>> from datetime import UTC, datetime
    >>> night = pa.array([datetime(2026, 11, 21, 1, 30, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    >>> business_dates(night, "Europe/Prague", time(4))
    [datetime.date(2026, 11, 20)]
    """
    local = pd.Series(times.to_pandas()).dt.tz_convert(time_zone).dt.tz_localize(None)
    shift = timedelta(hours=cutoff.hour, minutes=cutoff.minute, seconds=cutoff.second)
    return [None if pd.isna(moment) else moment.date() for moment in local - shift]


def covered_days(days: Iterable[date | None]) -> frozenset[date]:
    """Tell which business days an export covers: a stray line does not make a day."""
    counts = Counter(day for day in days if day is not None)
    enough = _SHARE * counts.total()
    return frozenset(day for day, count in counts.items() if count >= enough)


def are_neighbours(day: date, covered: frozenset[date]) -> bool:
    """Tell whether a day is not covered but the one before or after it is."""
    return day not in covered and not covered.isdisjoint(
        {day - timedelta(days=1), day + timedelta(days=1)}
    )
