"""Business days: times in UTC in, the days a restaurant books them on out."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

__all__ = ["Days", "are_neighbours", "business_dates", "covered_days"]

Days = npt.NDArray[np.datetime64]
"""Business days as ``datetime64[D]``; ``NaT`` where no time is known."""

_SHARE: Final = 0.02


def business_dates(times: pa.ChunkedArray, time_zone: str, cutoff: time) -> Days:
    """Give each moment its business day: the local date, the night before cut-off a day back.

    >>> from datetime import UTC, datetime
    >>> night = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    >>> business_dates(pa.chunked_array([[night]], pa.timestamp("us", "UTC")),
    ...                "Europe/Prague", time(4))
    array(['2026-11-20'], dtype='datetime64[D]')
    """
    if times.null_count == len(times):
        return np.full(len(times), "NaT", dtype="datetime64[D]")
    utc = pd.DatetimeIndex(times.to_pandas())
    local = utc.tz_convert(time_zone).tz_localize(None)
    shift = timedelta(hours=cutoff.hour, minutes=cutoff.minute, seconds=cutoff.second)
    return np.asarray((local - shift).to_numpy()).astype("datetime64[D]")


def covered_days(days: Days) -> frozenset[date]:
    """Tell which business days an export covers: a stray line does not make a day."""
    distinct, counts = np.unique(days[~np.isnat(days)], return_counts=True)
    enough = _SHARE * counts.sum()
    return frozenset(distinct[counts >= enough].astype(object).tolist())


def are_neighbours(day: date, covered: frozenset[date]) -> bool:
    """Tell whether a day is not covered but the one before or after it is."""
    return day not in covered and not covered.isdisjoint(
        {day - timedelta(days=1), day + timedelta(days=1)}
    )
