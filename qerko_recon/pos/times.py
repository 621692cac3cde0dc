"""Columns of dates and times: cells in the venue's local time in, UTC out.

Czech and German dots, ISO 8601 with or without offset, slashes, Hungarian year-first dots, date
and time in one column or two. A date without a time is put at noon, so that it falls on that
business day whatever the cut-off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.pos.amounts import encode
from qerko_recon.pos.profile import DateOrder
from qerko_recon.pos.vocabulary import says_nothing
from qerko_recon.schema import TIME

__all__ = ["Times", "find_zone", "parse_times"]

_CLOCK: Final = (
    r"(?:(?:T|,?\s+)(?P<H>\d{1,2})[:.h](?P<M>\d{2})(?:[:.](?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?\s*(?P<z>Z|[+-]\d{2}:?\d{2})?)?\s*$"
)
_GAP: Final = r"[\s\x{a0}]*"
_YEAR_FIRST: Final = (
    rf"^(?P<y>\d{{4}}){_GAP}[-./]{_GAP}(?P<b>\d{{1,2}}){_GAP}[-./]{_GAP}(?P<a>\d{{1,2}})\.?"
)
_DAY_FIRST: Final = (
    rf"^(?:\p{{L}}{{2,}}\.?,?\s+)?(?P<a>\d{{1,2}}){_GAP}(?P<sep>[./-]){_GAP}(?P<b>\d{{1,2}})"
    rf"{_GAP}[./-]{_GAP}(?P<y>\d{{4}}|\d{{2}})\.?"
)
_COMPACT: Final = (
    r"^(?P<y>(?:19|20)\d{2})(?P<b>\d{2})(?P<a>\d{2})"
    r"(?:[T ]?(?P<H>\d{2}):?(?P<M>\d{2})(?::?(?P<S>\d{2}))?)?$"
)
_MIDNIGHT: Final = r"[T\s]+0?0:00(?::00(?:[.,]0+)?)?$"
_YEAR_MONTHS: Final = 12
_NOON: Final = 12
_CENTURY: Final = 100
_HOURS: Final = 24
_SIXTY: Final = 60
_MONTH: Final = np.timedelta64(1, "M")
_SECOND: Final = np.timedelta64(1_000_000, "us")

Numbers = npt.NDArray[np.int64]
Moments = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Times:
    """A column of moments.

    Attributes
    ----------
    moments
        ``timestamp[us, UTC]``; null where nothing could be read.
    faults
        Rows where something stands that is no time, with the cell.
    order
        In which order days, months and years stand.
    is_sure
        Whether the file itself tells the order.
    notes
        What had to be assumed.
    is_bare
        Which rows have a date alone; midnight in every row is no time of day either.
    """

    moments: pa.Array
    faults: tuple[tuple[int, str], ...]
    order: DateOrder | None
    is_sure: bool
    notes: tuple[str, ...]
    is_bare: npt.NDArray[np.bool_]


def find_zone(name: str) -> ZoneInfo:
    """Give a time zone by its name.

    Raises
    ------
    ConfigError
        There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        msg = f"there is no time zone {shorten(name)!r}; give one such as Europe/Prague"
        raise ConfigError(msg) from error


def parse_times(
    dates: pa.Array,
    clocks: pa.Array | None,
    zone: ZoneInfo,
    *,
    order: DateOrder | None = None,
    formats: Sequence[str] = (),
) -> Times:
    """Read the times of an export's rows.

    Parameters
    ----------
    dates
        Dates, or dates with times.
    clocks
        Times of day where they stand in a column of their own.
    zone
        The venue's; for times without an offset.
    order
        ``dmy`` or ``mdy`` for dates with slashes or dashes; found out by default.
    formats
        ``strptime`` formats to try first.
    """
    if clocks is not None:
        dates = pc.replace_substring_regex(dates, _MIDNIGHT, "")
        both = pc.binary_join_element_wise(dates, clocks, " ")
        dates = pc.utf8_trim_whitespace(both)
    coded = encode(dates)
    reading = _Reading(coded.words, order, formats)
    moments, notes = reading.to_utc(zone)
    is_faulty = np.isnat(moments)
    for place in np.flatnonzero(is_faulty).tolist():
        is_faulty[place] = not says_nothing(coded.words[place].as_py())
    faulty = np.flatnonzero(is_faulty[coded.codes]).tolist()
    column = pa.array(moments[coded.codes]).cast(pa.timestamp("us")).cast(TIME)
    faults = tuple((row, str(dates[row].as_py())) for row in faulty)
    is_bare = reading.is_bare[coded.codes]
    return Times(column, faults, reading.order, reading.is_sure, tuple(notes), is_bare)


class _Reading:
    """Distinct cells taken apart into naive local times and offsets."""

    def __init__(self, words: pa.Array, order: DateOrder | None, formats: Sequence[str]) -> None:
        self.naive = np.full(len(words), "NaT", dtype="datetime64[us]")
        self.offset = np.zeros(len(words), dtype="timedelta64[us]")
        self.is_zoned = np.zeros(len(words), dtype=bool)
        self.is_bare = np.zeros(len(words), dtype=bool)
        self.order: DateOrder | None = order
        self.is_sure = True
        self._stated = order
        self._by_formats(words, formats)
        for pattern in (_YEAR_FIRST + _CLOCK, _COMPACT):
            self._by_pattern(words, pattern, year_first=True)
        self._by_pattern(words, _DAY_FIRST + _CLOCK, year_first=False)
        is_read = ~np.isnat(self.naive)
        days = self.naive[is_read].astype("datetime64[D]")
        if is_read.any() and (self.naive[is_read] == days).all() and not self.is_zoned.any():
            self.is_bare = is_read  # dates that a program writes with a clock that never runs

    def _by_formats(self, words: pa.Array, formats: Sequence[str]) -> None:
        for place, word in enumerate(words.to_pylist() if formats else ()):
            for form in formats:
                try:
                    moment = datetime.strptime(word, form)  # noqa: DTZ007 - made local later
                except ValueError:
                    continue
                shift = moment.utcoffset()
                self.naive[place] = np.datetime64(moment.replace(tzinfo=None), "us")
                self.is_zoned[place] = shift is not None
                self.offset[place] = np.timedelta64(shift or 0, "us")
                self.is_bare[place] = not any(sign in form for sign in ("%H", "%I", "%X", "%c"))
                break

    def _by_pattern(self, words: pa.Array, pattern: str, *, year_first: bool) -> None:
        places = np.flatnonzero(np.isnat(self.naive))
        held = pc.extract_regex(words.take(pa.array(places)), pattern)
        found = np.asarray(pc.is_valid(held).to_numpy(zero_copy_only=False))
        if not found.any():
            return
        parts, places = _Parts(held.filter(pa.array(found))), places[found]
        day, month = parts.number("a"), parts.number("b")
        if year_first:
            self.order = self.order or "ymd"
        else:
            day, month = self._in_order(day, month, parts.text("sep"))
        year = parts.number("y")
        year = np.where(year < _CENTURY, year + 2000, year)
        self.naive[places] = _combine(year, month, day, parts)
        self.is_bare[places] = parts.text("H") == ""
        zones = parts.text("z")
        self.is_zoned[places] = zones != ""
        self.offset[places] = _offsets(zones)

    def _in_order(self, first: Numbers, second: Numbers, sep: Any) -> tuple[Numbers, Numbers]:
        """Tell days from months where slashes or dashes leave it open; dots are day first."""
        is_open = sep != "."
        if self._stated == "mdy":
            swap = is_open
        elif self._stated is not None or not is_open.any():
            swap = np.zeros(len(first), dtype=bool)
            self.order = self.order or "dmy"
        else:
            days = int((is_open & (first > _YEAR_MONTHS)).sum())
            months = int((is_open & (second > _YEAR_MONTHS)).sum())
            self.order = "mdy" if months > days else "dmy"
            self.is_sure = (days > 0) != (months > 0)
            swap = is_open & (months > days)
        return np.where(swap, second, first), np.where(swap, first, second)

    def to_utc(self, zone: ZoneInfo) -> tuple[Moments, list[str]]:
        """Turn local times into UTC, saying what the clock change left open."""
        local = self.naive.copy()
        local[self.is_bare] += _NOON * 3600 * _SECOND
        moments: Moments = local.copy()
        moments -= self.offset
        places = np.flatnonzero(~self.is_zoned & ~np.isnat(local))
        if not len(places):
            return moments, []
        naive = pd.DatetimeIndex(local[places])
        summer = np.ones(len(naive), dtype=bool)
        utc = naive.tz_localize(zone, ambiguous=summer, nonexistent=pd.Timedelta(hours=1))
        moments[places] = utc.tz_convert("UTC").tz_localize(None).to_numpy()
        notes = []
        if self.is_bare.any():
            notes.append("dates without a time of day are put at noon of that day")
        if not self.is_sure:
            notes.append(
                "the dates do not tell days from months; they are read as "
                f"{self.order}: state date_order in a profile"
            )
        twice = naive.tz_localize(zone, ambiguous="NaT", nonexistent=pd.Timedelta(hours=1))
        if count := int(np.sum(twice.isna())):
            notes.append(
                f"{count} distinct times fall into the hour that the end of summer time repeats; "
                "they are taken as summer time"
            )
        never = naive.tz_localize(zone, ambiguous=summer, nonexistent="NaT")
        if count := int(np.sum(never.isna())):
            notes.append(
                f"{count} distinct times fall into the hour that summer time skips; "
                "they are taken as winter time"
            )
        return moments, notes


class _Parts:
    """Groups of a pattern, a column each."""

    def __init__(self, held: pa.StructArray) -> None:
        self._held = held
        self._names = {field.name for field in held.type}

    def text(self, name: str) -> Any:
        """Give one group; empty where it is not there."""
        if name not in self._names:
            return np.full(len(self._held), "", dtype=object)
        return np.asarray(self._held.field(name).to_numpy(zero_copy_only=False), dtype=object)

    def number(self, name: str) -> Numbers:
        """Give one group as numbers; 0 where it is not there."""
        if name not in self._names:
            return np.zeros(len(self._held), dtype=np.int64)
        digits = self._held.field(name)
        digits = pc.if_else(pc.equal(digits, ""), "0", digits)
        return np.asarray(digits.cast(pa.int64()).to_numpy(zero_copy_only=False))

    def micros(self) -> Numbers:
        """Give the fraction of a second in microseconds."""
        if "f" not in self._names:
            return np.zeros(len(self._held), dtype=np.int64)
        six = pc.utf8_slice_codeunits(pc.utf8_rpad(self._held.field("f"), 6, "0"), 0, 6)
        return np.asarray(six.cast(pa.int64()).to_numpy(zero_copy_only=False))


def _combine(year: Numbers, month: Numbers, day: Numbers, parts: _Parts) -> Moments:
    """Put dates and times together; what the calendar or the clock does not have is NaT."""
    hour, minute, second = (parts.number(name) for name in ("H", "M", "S"))
    half = np.array([mark[:1].lower() for mark in parts.text("ap")], dtype=object)
    is_twelve = half != ""
    by_half = (hour >= 1) & (hour <= _NOON)
    is_valid = (minute < _SIXTY) & (second < _SIXTY)
    is_valid &= np.where(is_twelve, by_half, hour < _HOURS)
    hour = np.where(is_twelve, hour % _NOON + np.where(half == "p", _NOON, 0), hour)
    is_valid &= (month >= 1) & (month <= _YEAR_MONTHS) & (day >= 1)
    months = (year - 1970) * _YEAR_MONTHS + np.where(is_valid, month, 1) - 1
    start = months.astype("datetime64[M]")
    first, after = (moment.astype("datetime64[D]") for moment in (start, start + _MONTH))
    length = (after - first).astype(int)
    is_valid &= day <= length
    seconds = hour * 3600 + minute * 60 + second
    dates = (first + (day - 1).astype("timedelta64[D]")).astype("datetime64[us]")
    moments: Moments = dates.copy()
    moments += seconds * _SECOND + parts.micros().astype("timedelta64[us]")
    moments[~is_valid] = np.datetime64("NaT", "us")
    return moments


def _offsets(zones: Any) -> npt.NDArray[np.timedelta64]:
    """Turn ``+01:00`` into a time span."""
    seconds = {zone: _offset_seconds(zone) for zone in dict.fromkeys(zones.tolist())}
    return np.array([seconds[zone] for zone in zones.tolist()], dtype=np.int64) * _SECOND


def _offset_seconds(zone: str) -> int:
    if zone in {"", "Z"}:
        return 0
    digits = zone[1:].replace(":", "")
    span = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -span if zone[0] == "-" else span
