"""Business days: times in UTC in, the days a restaurant books them on out."""

from __future__ import annotations

from collections.abc import Iterator
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
_SPARSE: Final = 50  # places a row, from which on sorting costs less than a table of all places
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1) // _MICROSECOND
_QUARTER: Final = timedelta(minutes=15) // _MICROSECOND
_EPOCH: Final = pd.Timestamp(0, tz="UTC")


def business_dates(times: pa.ChunkedArray, time_zone: str, cutoff: time) -> Days:
    """Give each moment its business day: the local date, the night before cut-off a day back.

    A day begins when the clock on the wall first shows the cut-off. Where the clock is put back
    over it that night, what comes after stays in the new day; where it is put forward over it,
    the day begins with the first moment after the gap.

    >>> from datetime import UTC, datetime
    >>> night = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
    >>> business_dates(pa.chunked_array([[night]], pa.timestamp("us", "UTC")),
    ...                "Europe/Prague", time(4))
    array(['2026-11-20'], dtype='datetime64[D]')
    """
    if times.null_count == len(times):
        return np.full(len(times), "NaT", dtype="datetime64[D]")
    held = times.combine_chunks() if isinstance(times, pa.ChunkedArray) else times
    moments = np.asarray(held.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False))
    local = moments + _offsets(moments, time_zone)
    shift = timedelta(
        hours=cutoff.hour,
        minutes=cutoff.minute,
        seconds=cutoff.second,
        microseconds=cutoff.microsecond,
    )
    days = ((local - shift // _MICROSECOND) // _DAY).astype("datetime64[D]")
    if held.null_count:
        days[np.asarray(held.is_null().to_numpy(zero_copy_only=False))] = "NaT"
    for day, begins in _begun_twice(days, time_zone, shift):
        days[(days == day - 1) & (moments >= begins)] = day
    return days


def _offsets(moments: npt.NDArray[np.int64], time_zone: str) -> npt.NDArray[np.int64]:
    """Give each moment its zone's offset in microseconds, asked for once a quarter of an hour.

    Zones change their offset at full quarters of an hour, so a million times of a year need no
    more than some ten thousand look-ups.
    """
    numbers = moments // _QUARTER
    first, last = int(numbers.min()), int(numbers.max())
    if last - first < _SPARSE * len(numbers):
        quarters, places = np.arange(first, last + 1), numbers - first
    else:
        quarters, places = np.unique(numbers, return_inverse=True)
    utc = pd.DatetimeIndex((quarters * _QUARTER).astype("datetime64[us]")).tz_localize("UTC")
    local = utc.tz_convert(time_zone).tz_localize(None)
    offsets = local.to_numpy().astype("datetime64[us]").astype(np.int64) - quarters * _QUARTER
    return np.asarray(offsets[places], dtype=np.int64)


def _begun_twice(
    days: Days, time_zone: str, shift: timedelta
) -> Iterator[tuple[np.datetime64, int]]:
    """Give the days whose cut-off the clock shows twice, and the first moment at which it does."""
    known = _known(days)
    nights = pd.date_range(known.min(), known.max() + 1, unit="us")
    first, second = (
        (nights + shift).tz_localize(
            time_zone, ambiguous=np.full(len(nights), is_first), nonexistent="shift_forward"
        )
        for is_first in (True, False)
    )
    for place in np.flatnonzero(first != second).tolist():
        day = nights[place].to_datetime64().astype("datetime64[D]")
        yield day, (first[place] - _EPOCH) // _MICROSECOND


def _known(days: Days) -> Days:
    unknown = np.isnat(days)
    return days[~unknown] if unknown.any() else days


def covered_days(days: Days) -> frozenset[date]:
    """Tell which business days an export covers: a stray line does not make a day."""
    numbers = _known(days).view(np.int64)
    if not len(numbers):
        return frozenset()
    first = int(numbers.min())
    if int(numbers.max()) - first < _SPARSE * len(numbers):
        counts = np.bincount(numbers - first)
        distinct = np.arange(first, first + len(counts))
    else:
        distinct, counts = np.unique(numbers, return_counts=True)
    held = (counts > 0) & (counts >= _SHARE * len(numbers))
    return frozenset(distinct[held].astype("datetime64[D]").astype(object).tolist())


def are_neighbours(day: date, covered: frozenset[date]) -> bool:
    """Tell whether a day is not covered but the one before or after it is."""
    return day not in covered and not covered.isdisjoint(
        {day - timedelta(days=1), day + timedelta(days=1)}
    )
