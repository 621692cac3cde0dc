"""Cells that have a type of their own in, text that the rest of the reading understands out.

Workbooks, JSON and Parquet say what is a number and what is a moment. Numbers become exact
decimals by their shortest text, moments become ISO 8601, and a kind beside each cell keeps what
it was: no vote on decimal marks and no guess at the order of dates is asked about such cells.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.money import DecimalMark
from qerko_recon.pos.amounts import Amounts, MarkVote, vote_mark
from qerko_recon.pos.strings import Strings

__all__ = [
    "ERROR",
    "FLAG",
    "MOMENT",
    "NUMBER",
    "TEXT",
    "Column",
    "Kinds",
    "column_of",
    "number_text",
    "render",
    "retell",
]

Kinds = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

TEXT: Final = 0
NUMBER: Final = 1
MOMENT: Final = 2
FLAG: Final = 3
ERROR: Final = 4

_TINY: Final = Decimal("1e-9")
_MILLIONTH: Final = Decimal("1e-6")
_LARGE: Final = 1e12
_EPOCH_YEARS: Final = (1899, 1900, 1904)
_DAY: Final = timedelta(days=1)
_SOME_DAY: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - only its clock is used
_MIDNIGHT: Final = "T00:00:00"
_FAULTS: Final[Mapping[int, str]] = {
    ERROR: "the formula here gives {value}, so nothing is known of it; correct the formula",
    MOMENT: "{value} is a date, not an amount: the spreadsheet made one of what was typed; "
    "write the amount anew in a cell formatted as a number",
    FLAG: "{value} is a yes or a no, not an amount",
    NUMBER: "{reason}: a formula gives more decimals than money has; round it in the sheet",
}


class Column(NamedTuple):
    """A column's cells as text, decimals with a point, and the kind of each."""

    text: pa.Array
    kinds: Kinds

    @property
    def is_text(self) -> Mask:
        """Whether each cell was text to begin with."""
        return np.asarray(self.kinds == TEXT)

    def take(self, mask: Mask) -> Column:
        """Keep some of its rows."""
        return Column(self.text.filter(pa.array(mask)), self.kinds[mask])


def number_text(value: float | Decimal) -> str:
    """Write a number as the exact decimal that a person typed, or a spreadsheet means.

    A float less than a thousand millionth from six decimals is these: what lies between is left
    by the spreadsheet's sums. Others are cut to the 15 digits that spreadsheets keep.

    >>> number_text(0.1 + 0.2), number_text(4711.0), number_text(5564.47 - 6484.94)
    ('0.3', '4711', '-920.47')
    >>> number_text(100 / 3), number_text(Decimal("1.10")), number_text(12345678901234567890)
    ('33.3333333333333', '1.10', '12345678901234567890')
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        value = _meant(value)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _meant(value: float) -> Decimal:
    """Give the shortest exact decimal that a float stands for."""
    if abs(value) < _LARGE:
        exact = Decimal(value)
        near = exact.quantize(_MILLIONTH)
        if abs(exact - near) < _TINY:
            return near.normalize() + 0
    return Decimal(format(value, ".15g")).normalize() + 0


def _told(value: object) -> tuple[str, int]:
    """Give a cell's text and kind."""
    if value is None or isinstance(value, str):
        return value or "", TEXT
    if isinstance(value, bool):
        return ("true" if value else "false"), FLAG
    if isinstance(value, int | float | Decimal):
        if isinstance(value, float) and math.isnan(value):
            return "", TEXT
        return number_text(value), NUMBER
    if isinstance(value, datetime | date | time | timedelta):
        return _moment_text(value), MOMENT
    return str(value), TEXT


def _moment_text(value: date | time | timedelta) -> str:
    """Write a moment as ISO 8601; times of day that a sheet counts from its epoch lose the day.

    >>> _moment_text(datetime(2026, 11, 20, 21, 33, 39))
    '2026-11-20T21:33:39'
    >>> _moment_text(datetime(1899, 12, 31, 9, 5)), _moment_text(timedelta(hours=9, minutes=5))
    ('09:05:00', '09:05:00')
    """
    if isinstance(value, timedelta):
        if not timedelta(0) <= value < _DAY:
            return str(value)
        return (_SOME_DAY + value).time().isoformat("seconds")
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, datetime):
        is_clock = value.year in _EPOCH_YEARS and value.tzinfo is None
        return value.time().isoformat() if is_clock else value.isoformat()
    return value.isoformat()


def column_of(values: Sequence[Any], errors: Iterable[tuple[int, str]] = ()) -> Column:
    """Put a column's values into text and kinds.

    Parameters
    ----------
    values
        As a reader gives them: text, numbers, moments, booleans, ``None``.
    errors
        Rows whose formula gives an error, each with the error.

    >>> column = column_of([1234.5, "1 234,50", date(2026, 11, 20)])
    >>> column.text.to_pylist(), column.kinds.tolist()
    (['1234.5', '1 234,50', '2026-11-20'], [1, 0, 2])
    """
    told = [_told(value) for value in values]
    texts = [text for text, _ in told]
    kinds = np.array([kind for _, kind in told], dtype=np.uint8)
    for row, error in errors:
        texts[row], kinds[row] = error, ERROR
    is_moment = kinds == MOMENT
    if any("T" in texts[row] for row in np.flatnonzero(is_moment).tolist()):
        # A payment at midnight sharp comes as a bare date where its neighbours have times.
        for row in np.flatnonzero(is_moment).tolist():
            if isinstance(values[row], date) and "T" not in texts[row] and "-" in texts[row]:
                texts[row] += _MIDNIGHT
    text = pc.utf8_trim_whitespace(pa.array(texts, pa.string()))
    return Column(text, kinds)


def render(
    columns: Sequence[Column], money: Iterable[int], stated: DecimalMark | None, delimiter: str
) -> tuple[MarkVote, list[pa.Array]]:
    """Write the numbers of the money columns with the decimal mark that their text cells use.

    Returns
    -------
    vote, columns
        What the cells that are text agree on, and all columns as text.
    """
    places = list(money)
    texts = [
        Strings(pc.if_else(pa.array(columns[place].is_text), columns[place].text, ""))
        for place in places
    ]
    vote = vote_mark(texts, delimiter)
    if stated is not None:
        vote = MarkVote(stated, 0, 0, "the profile says so")
    elif not vote.votes and not vote.is_open:
        vote = MarkVote(".", 0, 0, "the amounts are numbers, so no mark is asked for")
    held = [column.text for column in columns]
    if vote.mark == ",":
        for place in places:
            column = columns[place]
            is_number = pa.array(column.kinds == NUMBER)
            rendered = pc.replace_substring(column.text, ".", ",")
            held[place] = pc.if_else(is_number, rendered, column.text)
    return vote, held


def retell(amounts: Amounts, column: Strings, kinds: Kinds) -> Amounts:
    """Say of cells with a type why they are no amounts."""
    faults = []
    for row, reason in amounts.faults:
        form = _FAULTS.get(int(kinds[row]), "{reason}")
        faults.append((row, form.format(value=column[row], reason=reason)))
    return replace(amounts, faults=tuple(faults))
