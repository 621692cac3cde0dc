"""Columns of IDs in, as spreadsheets leave them; the IDs themselves out.

A spreadsheet takes an ID for a number: it writes ``4711.0`` or ``4,71E+03``, forgets zeros in
front and all digits after the fifteenth. What can be undone is undone, the rest is reported.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.cells import clean_ids, or_null
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.tips import Fault
from qerko_recon.pos.typed import ERROR, FLAG, MOMENT, NUMBER, Kinds

__all__ = ["Ids", "read_ids"]

Mask = npt.NDArray[np.bool_]

_TELLING: Final = "#=',. +EQq"
_FRACTION: Final = r"^\d+[.,]\d+$"
_WHOLE: Final = r"^\d{1,15}[.,]0+$"
_GROUPED: Final = r"^\d{1,3}(?:[ \x{a0}\x{202f}]\d{3})+$"
_NAMED: Final = r"(?i)^qerko\W+"
_PLAIN: Final = r"^\d{1,3}$"
_ERROR: Final = (
    r"(?i)^#(?:REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|ODKAZ!|HODNOTA!|BEZUG!|WERT!)$"
)
_KEPT_DIGITS: Final = 15
_GONE: Final = (
    "the formula here gives an error, so the ID is not known; correct the formula and read the "
    "file again"
)
_CUT: Final = (
    "spreadsheets keep 15 digits of a number, so the last digits of this ID are lost; format the "
    "column as text before the IDs are put in, or give the POS's own export"
)
_PARTED: Final = (
    "the spreadsheet made a number with decimals of this, perhaps of two IDs with a comma "
    "between; write it anew in a cell formatted as text"
)
_DATED: Final = "the spreadsheet made a date of this ID; write it anew in a cell formatted as text"
_FEW: Final = 2


class Ids(NamedTuple):
    """IDs, null where there is none; what is wrong with some; what is to be said of all.

    ``is_lost`` tells the rows that had an ID whose digits are lost: no ID is better than a wrong
    one, which would be another payment's.
    """

    values: pa.Array
    faults: list[Fault]
    notes: list[str]
    is_lost: Mask


def read_ids(
    cells: Strings,
    idea: str,
    header: str,
    kinds: Kinds | None = None,
    *,
    is_float: bool = False,
) -> Ids:
    """Take IDs as text, digit by digit; numbers that are floats have lost those after fifteen.

    >>> cells = Strings(pa.array(["4711.0", "4712.0", "#REF!", "4.7E+05"]))
    >>> ids = read_ids(cells, "payment_id", "ID")
    >>> ids.values.to_pylist(), [fault.row for fault in ids.faults]
    (['4711', '4712', None, None], [2, 3])
    """
    column = cells.text
    is_lost = np.zeros(len(column), dtype=bool)
    if kinds is None and cells.is_ascii and not cells.has(_TELLING):
        values = or_null(column)
        return Ids(values, [], _lost_zeros(values, header), is_lost)
    faults: list[Fault] = []
    lost: list[Fault] = []
    is_error = pc.match_substring_regex(column, _ERROR)
    if kinds is not None:
        lost += _of_kinds(column, idea, kinds, is_float=is_float)
        is_error = pc.or_(is_error, pa.array(kinds == ERROR))
    if pc.any(is_error).as_py():
        rows = np.flatnonzero(is_error.to_numpy(zero_copy_only=False)).tolist()
        faults += [Fault(row, idea, _GONE) for row in rows]
        column = pc.if_else(is_error, "", column)
    column = _without_name(_without_groups(_without_fraction(column)))
    values, destroyed = clean_ids(column, idea)
    lost += destroyed
    is_lost[[fault.row for fault in lost]] = True
    if lost:
        values = pc.if_else(pa.array(is_lost), pa.scalar(None, pa.string()), values)
    return Ids(values, [*faults, *lost], _lost_zeros(values, header), is_lost)


def _of_kinds(column: pa.Array, idea: str, kinds: Kinds, *, is_float: bool) -> list[Fault]:
    """Report numbers too long for a spreadsheet, and IDs that it took for dates."""
    is_long = pc.greater(pc.utf8_length(column), _KEPT_DIGITS).to_numpy(zero_copy_only=False)
    long = np.flatnonzero((kinds == NUMBER) & is_long & is_float).tolist()
    dated = np.flatnonzero(np.isin(kinds, [MOMENT, FLAG])).tolist()
    is_number = kinds == NUMBER
    parted = pc.match_substring_regex(column, r"^\d+\.\d*[1-9]").to_numpy(zero_copy_only=False)
    return [
        *(Fault(row, idea, _PARTED) for row in np.flatnonzero(is_number & parted).tolist()),
        *(Fault(row, idea, _CUT) for row in long),
        *(Fault(row, idea, _DATED) for row in dated),
    ]


def _without_fraction(column: pa.Array) -> pa.Array:
    """Undo ``4711.0`` where no ID of the column has another fraction."""
    whole = pc.match_substring_regex(column, _WHOLE)
    if (
        not pc.any(whole).as_py()
        or not pc.all(
            pc.or_(whole, pc.invert(pc.match_substring_regex(column, _FRACTION)))
        ).as_py()
    ):
        return column
    return pc.if_else(whole, pc.replace_substring_regex(column, r"[.,]0+$", ""), column)


def _without_groups(column: pa.Array) -> pa.Array:
    """Undo ``44 711 001`` where every ID of the column is written so."""
    grouped = pc.match_substring_regex(column, _GROUPED)
    others = pc.invert(pc.or_(grouped, pc.match_substring_regex(column, _PLAIN)))
    if not pc.any(grouped).as_py() or len(or_null(column.filter(others)).drop_null()):
        return column
    return pc.replace_substring_regex(column, r"[ \x{a0}\x{202f}]", "")


def _without_name(column: pa.Array) -> pa.Array:
    """Take Qerko's name away where it stands before every ID."""
    named = pc.match_substring_regex(column, _NAMED)
    if not pc.any(named).as_py() or len(or_null(column.filter(pc.invert(named))).drop_null()):
        return column
    return pc.replace_substring_regex(column, _NAMED, "")


def _lost_zeros(values: pa.Array, header: str) -> list[str]:
    """Tell IDs whose zeros in front a spreadsheet may have forgotten."""
    if int((Strings(values).first_letters == ord("0")).sum()) < _FEW:
        return []
    digits = pc.fill_null(pc.match_substring_regex(values, r"^\d+$"), False)
    whole = values.filter(digits)
    begins = pc.starts_with(whole, "0")
    zeroed = whole.filter(begins)
    widths = pc.unique(pc.utf8_length(zeroed)).to_pylist()
    if len(zeroed) < _FEW or len(widths) != 1:
        return []
    short = whole.filter(pc.less(pc.utf8_length(whole), widths[0]))
    if not len(short):
        return []
    note = (
        f"column {header!r} has IDs of {widths[0]} digits with zeros in front, and {len(short)} "
        f"shorter ones such as {short[0].as_py()!r}: a spreadsheet may have taken their zeros"
    )
    return [note]
