"""Columns of dates and times: cells in the venue's local time in, UTC out.

Czech and German dots, ISO 8601 with or without offset, slashes, Hungarian year-first dots, date
and time in one column or two. A date without a time is put at noon, so that it falls on that
business day whatever the cut-off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import ConfigError, shorten
from qerko_recon.pos.parts import Part
from qerko_recon.pos.profile import DateOrder
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.time_forms import NEVER, SECOND, TimeForm, form_of, moments_of
from qerko_recon.pos.vocabulary import says_nothing
from qerko_recon.schema import TIME
from qerko_recon.threads import at_once

__all__ = ["Times", "find_zone", "parse_times"]

_MIDNIGHT: Final = r"[T\s]+0?0:00(?::00(?:[.,]0+)?)?$"
_YEAR_MONTHS: Final = 12
_NOON: Final = 12
_ISO: Final = len("2026-11-20T21:33:39")
_NINES: Final = bytes.maketrans(b"0123456789", b"9" * 10)
_DAY: Final = 86_400 * SECOND
_SMALL_HOURS: Final = 6 * 3600 * SECOND
_QUARTER: Final = 900 * SECOND
_BLOCK: Final = 1 << 16
_WIDEST: Final = 1 << 22

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


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
    has_second
        Which rows say it to the second.
    """

    moments: pa.Array
    faults: tuple[tuple[int, str], ...]
    order: DateOrder | None
    is_sure: bool
    notes: tuple[str, ...]
    is_bare: Mask
    has_second: Mask


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
    dates: Strings,
    clocks: Strings | None,
    zone: ZoneInfo,
    *,
    order: DateOrder | None = None,
    formats: Sequence[str] = (),
    is_business_day: bool = False,
    year: int | None = None,
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
    is_business_day
        Whether the dates are of business days, so that clocks after midnight are of the next.
    year
        Of dates that have none; these are not read without it.
    """
    if clocks is not None:
        days = pc.replace_substring_regex(dates.text, _MIDNIGHT, "")
        dates = Strings(
            pc.utf8_trim_whitespace(pc.binary_join_element_wise(days, clocks.text, " "))
        )
    reading = _Reading(dates, order, formats, year)
    notes = reading.go_on_after_midnight() if clocks is not None and is_business_day else []
    notes += reading.to_utc(zone)
    is_read = reading.is_read
    column = pa.array(np.where(is_read, reading.moments, 0), pa.timestamp("us", "UTC"))
    faults: list[tuple[int, str]] = []
    if not is_read.all():
        column = pc.if_else(pa.array(is_read), column, pa.scalar(None, column.type))
        faults = [
            (row, cell)
            for row in np.flatnonzero(~is_read).tolist()
            if not says_nothing(cell := dates[row])
        ]
    return Times(
        column.cast(TIME),
        tuple(faults),
        reading.order,
        reading.is_sure,
        tuple(notes),
        reading.is_bare,
        reading.has_second,
    )


class _Reading:
    """Cells turned into local times, and these into UTC."""

    def __init__(
        self,
        cells: Strings,
        order: DateOrder | None,
        formats: Sequence[str],
        year: int | None = None,
    ) -> None:
        self.cells, self._year = cells, year
        self.moments = np.full(len(cells), NEVER, dtype=np.int64)
        self.is_bare = np.zeros(len(cells), dtype=bool)
        self.has_second = np.zeros(len(cells), dtype=bool)
        self._is_zoned = np.zeros(len(cells), dtype=bool)
        self.order = self._stated = order
        self.is_sure = True
        self._is_yearless = False
        self._by_formats(formats)
        if not formats and self._is_iso():
            return
        forms = self._forms()
        is_month_first = self._is_month_first(forms)
        for form in forms:
            self._read(form, is_month_first=is_month_first)
        self._forget_midnights()

    @property
    def is_read(self) -> Mask:
        """Which cells are times."""
        return np.asarray(self.moments != NEVER)

    def _is_iso(self) -> bool:
        """Read a column that is ISO 8601 to the second throughout, as Arrow does it."""
        if not self.cells.parts or any(part.width != _ISO for part in self.cells.parts):
            return False
        first = self.cells.parts[0].table[0].tobytes().translate(_NINES)
        if first not in {b"9999-99-99T99:99:99", b"9999-99-99 99:99:99"}:
            return False
        try:
            moments = at_once(_cast, self.cells.parts)
        except pa.ArrowInvalid:
            return False
        np.concatenate(moments, out=self.moments)
        self.order = self.order or "ymd"
        self.has_second[:] = True
        self._forget_midnights()
        return True

    def _by_formats(self, formats: Sequence[str]) -> None:
        """Read what fits a format of the profile."""
        coded = self.cells.coded if formats else None
        for code, word in enumerate(coded.words.to_pylist() if coded else ()):
            for form in formats:
                try:
                    moment = datetime.strptime(word, form)  # noqa: DTZ007 - made local later
                except ValueError:
                    continue
                assert coded is not None  # noqa: S101 - it has words
                rows = coded.codes == code
                shift = moment.utcoffset() or timedelta(0)
                local = np.datetime64(moment.replace(tzinfo=None) - shift, "us")
                self.moments[rows] = local.astype(np.int64)
                self._is_zoned[rows] = moment.tzinfo is not None
                self.is_bare[rows] = not any(one in form for one in ("%H", "%I", "%X", "%c"))
                self.has_second[rows] = any(one in form for one in ("%S", "%X", "%c"))
                break

    def _forms(self) -> list[TimeForm]:
        """Tell how each shape is read, where it is one of a time."""
        shapes = self.cells.shapes
        held = (form_of(shapes, code) for code in range(len(shapes.words)))
        forms = [form for form in held if form is not None and (form.has_year or self._year)]
        if any(form.sep is None and form.month is None for form in forms):
            self.order = self.order or "ymd"
        return forms

    def _is_month_first(self, forms: Sequence[TimeForm]) -> bool:
        """Tell days from months where slashes or dashes leave it open."""
        day_first = [form for form in forms if form.sep is not None]
        is_open = [form for form in day_first if form.is_open]
        if self._stated is not None or not is_open:
            self.order = self.order or ("dmy" if day_first else None)
            return self._stated == "mdy"
        days = months = 0
        for form in is_open:
            for _, block in self.cells.shapes.blocks(form.code):
                days += int((block.number(form.places["a"]) > _YEAR_MONTHS).sum())
                months += int((block.number(form.places["b"]) > _YEAR_MONTHS).sum())
        self.is_sure = (days > 0) != (months > 0)
        is_month = months > days if days or months else self._is_closer(is_open)
        self.order = "mdy" if is_month else "dmy"
        return is_month

    def _is_closer(self, forms: Sequence[TimeForm]) -> bool:
        """Tell whether the dates are much closer together if the month is first."""
        spans = []
        for is_month_first in (False, True):
            first, last = np.iinfo(np.int64).max, NEVER
            for form in forms:
                for _, block in self.cells.shapes.blocks(form.code):
                    moments = moments_of(form, block, is_month_first=is_month_first)
                    held = moments[moments != NEVER]
                    if len(held):
                        first, last = min(first, int(held.min())), max(last, int(held.max()))
            spans.append(last - first)
        return 2 * spans[1] < spans[0]

    def _read(self, form: TimeForm, *, is_month_first: bool) -> None:
        """Read the rows of one shape that no format has."""
        for rows, block in self.cells.shapes.blocks(form.code):
            moments = moments_of(form, block, is_month_first=is_month_first, year=self._year or 0)
            free = self.moments[rows] == NEVER
            if not free.all():
                every = np.arange(len(self.moments))
                rows, moments = every[rows][free], moments[free]  # noqa: PLW2901
            self.moments[rows] = moments
            self.is_bare[rows] = not form.has_clock
            self.has_second[rows] = form.has_second
            self._is_zoned[rows] = form.is_zoned
            self._is_yearless |= not form.has_year

    def _forget_midnights(self) -> None:
        """Take midnight in every row for no time of day: dates with a clock that never runs."""
        if self._is_zoned.any():
            return
        for begin in range(0, len(self.moments), _BLOCK):
            some = self.moments[begin : begin + _BLOCK]
            if ((some % _DAY != 0) & (some != NEVER)).any():
                return
        self.is_bare = self.is_read
        self.has_second[:] = False

    def go_on_after_midnight(self) -> list[str]:
        """Put what a business day has in the small hours on the day of the calendar."""
        is_late = self.is_read & ~self.is_bare & (self.moments % _DAY < _SMALL_HOURS)
        if not is_late.any():
            return []
        self.moments[is_late] += _DAY
        note = "the dates are business days, so times before 6 o'clock are read as of the next "
        return [f"{note}morning: {int(is_late.sum())} rows"]

    def to_utc(self, zone: ZoneInfo) -> list[str]:
        """Turn local times into UTC, saying what had to be assumed."""
        notes = []
        if self._is_yearless:
            notes.append(f"dates without a year are taken as of {self._year}, which a title names")
        if self.is_bare.any():
            self.moments[self.is_bare & self.is_read] += _NOON * 3600 * SECOND
            notes.append("dates without a time of day are put at noon of that day")
        if not self.is_sure:
            notes.append(
                "the dates do not tell days from months; they are read as "
                f"{self.order}: state date_order in a profile"
            )
        is_local = self.is_read
        if self._is_zoned.any():
            is_local &= ~self._is_zoned
        if len(is_local) and is_local.all():
            self.moments, more = _to_utc(self.moments, zone)
            return [*notes, *more]
        if is_local.any():
            self.moments[is_local], more = _to_utc(self.moments[is_local], zone)
            notes += more
        return notes


def _cast(part: Part) -> Numbers:
    """Read a part of a column of ISO 8601."""
    moments = part.text().cast(pa.timestamp("us"))
    return np.asarray(moments.cast(pa.int64()).to_numpy(), dtype=np.int64)


def _to_utc(local: Numbers, zone: ZoneInfo) -> tuple[Numbers, list[str]]:
    """Turn local times into UTC; clocks are changed at a quarter of an hour, if at all."""
    low = int(local.min()) // _QUARTER
    span = int(local.max()) // _QUARTER - low + 1
    blocks = [slice(begin, begin + _BLOCK) for begin in range(0, len(local), _BLOCK)]
    quarters = np.empty(len(local), dtype=np.int64)
    for block in blocks:
        np.floor_divide(local[block], _QUARTER, out=quarters[block])
        quarters[block] -= low
    if span > _WIDEST:
        there, quarters = np.unique(quarters, return_inverse=True)
        shifts, kinds = _shifts(there + low, zone)
    else:
        is_there = np.zeros(span, dtype=bool)
        is_there[quarters] = True
        there = np.flatnonzero(is_there)
        shifts, kinds = np.zeros(span, dtype=np.int64), np.zeros(span, dtype=np.int8)
        shifts[there], kinds[there] = _shifts(there + low, zone)
    notes = []
    for kind, text in ((1, _TWICE), (2, _SKIPPED)):
        if (kinds == kind).any():
            count = len(np.unique(local[kinds[quarters] == kind]))
            notes.append(text.format(count=count))
    for block in blocks:
        local[block] -= shifts[quarters[block]]
    return local, notes


_TWICE: Final = (
    "{count} distinct times fall into the hour that the end of summer time repeats; "
    "they are taken as summer time"
)
_SKIPPED: Final = (
    "{count} distinct times fall into the hour that summer time skips; "
    "they are taken as winter time"
)


def _shifts(quarters: Numbers, zone: ZoneInfo) -> tuple[Numbers, npt.NDArray[np.int8]]:
    """Give how far local time is ahead of UTC; 1 where it comes twice, 2 where it is skipped."""
    local = quarters * _QUARTER
    naive = pd.DatetimeIndex(local.astype("datetime64[us]"))
    summer, hour = np.ones(len(naive), dtype=bool), pd.Timedelta(hours=1)
    utc = naive.tz_localize(zone, ambiguous=summer, nonexistent=hour).tz_convert("UTC")
    shifts = local - utc.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    twice = naive.tz_localize(zone, ambiguous="NaT", nonexistent=hour).isna()
    never = naive.tz_localize(zone, ambiguous=summer, nonexistent="NaT").isna()
    return shifts, np.where(twice, 1, np.where(never, 2, 0)).astype(np.int8)
