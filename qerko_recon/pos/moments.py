"""Columns of dates and times in, as text files and spreadsheets have them; moments in UTC out.

A spreadsheet counts days: where it wrote the count instead of the date, the date is had from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.profile import DateOrder
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.times import Times, parse_times
from qerko_recon.pos.typed import MOMENT, Kinds

__all__ = ["is_serial", "read_moments"]

Mask = npt.NDArray[np.bool_]

_SERIAL: Final = re.compile(r"(?:3[7-9]|[4-6]\d|7[0-2])\d{3}(?:[.,]\d+)?")
_COUNT: Final = re.compile(r"\s*9{5}(?:[.,]9+)?\s*")
_COUNTED: Final = 18
_PART_OF_DAY: Final = r"^0?[.,]\d{2,}$|^0[.,]\d$"
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - the sheet's own time
_DAY_SECONDS: Final = 86_400
_DATE_BEFORE: Final = r"^\d{4}-\d{2}-\d{2}T"


def is_serial(cell: str) -> bool:
    """Tell whether a cell is a spreadsheet's count of days, of the years 2001 to 2099.

    >>> is_serial("46346"), is_serial("46346,8984"), is_serial("4711")
    (True, True, False)
    """
    return bool(_SERIAL.fullmatch(cell))


def read_moments(
    dates: tuple[Strings, Kinds | None],
    clocks: Strings | None,
    zone: ZoneInfo,
    *,
    order: DateOrder | None = None,
    formats: Sequence[str] = (),
    is_business_day: bool = False,
    year: int | None = None,
) -> Times:
    """Read the times of a table's rows.

    Parameters
    ----------
    dates
        Dates, or dates with times, and the kinds of their cells.
    clocks
        Times of day where they stand in a column of their own.
    zone
        The venue's; for times without an offset.
    order, formats
        As a profile states them.
    is_business_day
        Whether the dates are of business days.
    year
        Of dates that have none.
    """
    column, kinds = dates
    column, counted = _from_serials(column)
    hours = None
    if clocks is not None:
        hours = _from_parts(pc.replace_substring_regex(clocks.text, _DATE_BEFORE, ""))
    times = parse_times(
        column,
        hours,
        zone,
        order=order,
        formats=formats,
        is_business_day=is_business_day,
        year=year,
    )
    if kinds is not None and (kinds == MOMENT).any():
        times = _without_typed(times, column, hours, zone, kinds, order, formats)
    if not counted:
        return times
    note = f"{counted} dates are a spreadsheet's counts of days, and are read as such"
    return replace(times, notes=(*times.notes, note))


def _without_typed(
    times: Times,
    column: Strings,
    hours: Strings | None,
    zone: ZoneInfo,
    kinds: Kinds,
    order: DateOrder | None,
    formats: Sequence[str],
) -> Times:
    """Let the cells that are text alone tell the order of days and months."""
    is_text = kinds != MOMENT
    text = column.where(is_text)
    if text.is_empty.all():
        return replace(times, order=None, is_sure=True)
    own = parse_times(
        text,
        None if hours is None else hours.where(is_text),
        zone,
        order=order,
        formats=formats,
    )
    return replace(times, order=own.order, is_sure=own.is_sure)


def _from_serials(column: Strings) -> tuple[Strings, int]:
    """Write counts of days as dates; how many there were."""
    widths = {part.width for part in column.parts}
    if 0 not in widths and min(widths, default=0) > _COUNTED:  # as long as dates with times
        return column, 0
    if not any(map(_COUNT.fullmatch, column.shapes.words)):
        return column, 0
    coded = column.coded
    held = coded.words.to_pylist()
    found = np.array([is_serial(word) for word in held], dtype=bool)
    words = pa.array([_date(word) if is_serial(word) else word for word in held], pa.string())
    return Strings(words.take(pa.array(coded.codes))), int(found[coded.codes].sum())


def _date(word: str) -> str:
    """Write one count of days as ISO 8601, to the second."""
    days, _, part = word.replace(",", ".").partition(".")
    moment = _EPOCH + timedelta(days=int(days), seconds=_seconds(part))
    return moment.isoformat() if part else moment.date().isoformat()


def _seconds(part: str) -> int:
    """Give the seconds of a day's part, exactly and then to the nearest."""
    if not part:
        return 0
    scale = int(10 ** len(part))
    return (int(part) * _DAY_SECONDS * 2 + scale) // (2 * scale)


def _from_parts(column: pa.Array) -> Strings:
    """Write parts of a day as times of day."""
    found = pc.match_substring_regex(column, _PART_OF_DAY)
    if not pc.any(found).as_py():
        return Strings(column)
    cells = column.to_pylist()
    for row in np.flatnonzero(found.to_numpy(zero_copy_only=False)).tolist():
        part = cells[row].replace(",", ".").partition(".")[2]
        cells[row] = (_EPOCH + timedelta(seconds=_seconds(part))).time().isoformat()
    return Strings(pa.array(cells, pa.string()))
