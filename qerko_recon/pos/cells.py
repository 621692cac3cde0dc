"""Columns of words: IDs, states, tenders and currencies as POSs write them in, the contract's out.

Each distinct cell is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.profile import Profile
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.tags import Tags
from qerko_recon.pos.tips import Fault
from qerko_recon.pos.vocabulary import (
    currency_in,
    is_yes,
    plain,
    says_nothing,
    state_meant,
    tender_meant,
)

__all__ = [
    "clean_ids",
    "find_currencies",
    "find_kinds",
    "find_left_out",
    "find_states",
    "or_null",
    "without",
    "words_of",
]

Units = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_NOTHING: Final = pa.array(["", "-", "–", "—", "n/a", "null", "none", "nan", "#n/a"])
_LONGEST: Final = max(len(word.encode()) for word in _NOTHING.to_pylist())
_WRAPPED: Final = r'^="(.*)"$'
_APOSTROPHE: Final = r"^'(\d+)$"
_SCIENTIFIC: Final = r"^\d+(?:[.,]\d+)?[Ee]\+\d+$|^\d[.,]\d+E\d{1,2}$"
_DESTROYED: Final = (
    "Excel has rounded this ID and its digits are lost; export again and do not save the file "
    "from Excel"
)
_CODE: Final = re.compile(r"[A-Za-z]{3}")


def or_null(column: pa.Array) -> pa.Array:
    """Make cells that say nothing null.

    >>> or_null(pa.array(["4711", "-", "N/A", ""])).to_pylist()
    ['4711', None, None, None]
    """
    lengths = pc.binary_length(column).to_numpy(zero_copy_only=False)
    short = np.flatnonzero(lengths <= _LONGEST)
    if not len(short):
        return column
    words = pc.utf8_lower(column.take(pa.array(short)))
    is_nothing = np.zeros(len(column), dtype=bool)
    is_nothing[short] = pc.is_in(words, value_set=_NOTHING).to_numpy(zero_copy_only=False)
    return without(column, is_nothing)


def without(column: pa.Array, mask: Mask) -> pa.Array:
    """Make some cells null."""
    if not mask.any():
        return column
    buffers = column.buffers()
    held = np.packbits(~mask, bitorder="little").tobytes()
    if column.offset or column.null_count:
        return pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), column)
    return pa.StringArray.from_buffers(len(column), buffers[1], buffers[2], pa.py_buffer(held))


def words_of(column: Strings) -> pa.Array:
    """Give a column of few words, those that say nothing as null."""
    words, codes = or_null(column.coded.words), pa.array(column.coded.codes)
    return words.take(codes)


def clean_ids(column: pa.Array, idea: str) -> tuple[pa.Array, list[Fault]]:
    """Take IDs as text, digit by digit, out of what spreadsheets wrap around them.

    >>> ids, faults = clean_ids(pa.array(['="00123"', "1,23457E+07", "-"]), "payment_id")
    >>> ids.to_pylist(), [fault.row for fault in faults]
    (['00123', '1,23457E+07', None], [1])
    """
    if pc.any(pc.starts_with(column, "=")).as_py():
        column = pc.utf8_trim_whitespace(pc.replace_substring_regex(column, _WRAPPED, r"\1"))
    if pc.any(pc.starts_with(column, "'")).as_py():
        column = pc.replace_substring_regex(column, _APOSTROPHE, r"\1")
    destroyed = pc.match_substring_regex(column, _SCIENTIFIC).to_numpy(zero_copy_only=False)
    faults = [Fault(row, idea, _DESTROYED) for row in np.flatnonzero(destroyed).tolist()]
    return or_null(column), faults


def find_kinds(column: Strings | None, profile: Profile, length: int) -> Tags:
    """Tell by the tender's word how each line was paid; ``None`` where it says nothing known."""
    if column is None:
        return Tags.all_of(None, length)
    own = {plain(word): kind for word, kind in profile.tenders.items()}
    own |= dict.fromkeys(map(plain, profile.qerko_tenders), "qerko")
    return Tags.of(column, lambda word: own.get(plain(word)) or tender_meant(word))


def find_left_out(columns: Iterable[Strings], words: Sequence[str], length: int) -> Mask:
    """Tell which rows are of a type that a profile leaves out."""
    known = set(map(plain, words))
    found = np.zeros(length, dtype=bool)
    for column in columns if known else ():
        found |= Tags.of(column, lambda word: "out" if plain(word) in known else None).are("out")
    return found


def find_states(
    column: Strings | None,
    is_cancelled: Strings | None,
    types: tuple[Strings | None, Tags, Tags],
    profile: Profile,
    units: Units,
) -> Tags:
    """Tell each line's state: ``paid``, ``cancelled``, ``open``, or the POS's own word.

    Parameters
    ----------
    column, is_cancelled
        The column of states, and the one of yes or no, where there are such.
    types
        The column of line types, the kind of each line's tender, and what its word says beside
        it: each may say *Storno*.
    units
        What each line is about: money given back is a negative line that counts, or a line
        whose money is gone.
    """
    own = {plain(word): state for word, state in profile.states.items()}

    def meaning(word: str) -> str:
        if says_nothing(word):
            return "paid"
        return own.get(plain(word)) or state_meant(word) or word

    states = Tags.all_of("paid", len(units)) if column is None else Tags.of(column, meaning)
    line_types, kinds, beside = types
    states = states.having(states.are("paid") & beside.are("cancelled", "refund"), beside)
    if line_types is not None:
        told = Tags.of(
            line_types, lambda word: own.get(plain(word)) or state_meant(word) or "paid"
        )
        states = states.having(states.are("paid") & ~told.are("paid"), told)
    states = states.having(states.are("paid") & kinds.are("storno"), "cancelled")
    if is_cancelled is not None:
        yes = Tags.of(
            is_cancelled,
            lambda word: "yes" if not says_nothing(word) and is_yes(word) else None,
        )
        states = states.having(yes.are("yes"), "cancelled")
    refunds = states.are("refund")
    states = states.having(refunds & (units < 0), "paid")
    return states.having(refunds & (units >= 0), "cancelled")


def find_currencies(
    column: Strings | None, signs: pa.Array | None, default: str | None, length: int
) -> tuple[pa.Array, list[Fault]]:
    """Tell each line's currency by its column, the sign beside its amount, or the default."""
    fallback = pa.repeat(pa.scalar(default, pa.string()), length)
    beside = fallback if signs is None else pc.coalesce(signs, fallback)
    if column is None:
        return beside, []
    codes = Tags.of(column, _code)
    is_faulty = codes.are("")
    named = codes.having(is_faulty, None).column()
    faults = [
        Fault(row, "currency", "this is no currency code of three letters such as CZK or EUR")
        for row in np.flatnonzero(is_faulty).tolist()
    ]
    if signs is not None:
        apart = pc.fill_null(pc.not_equal(named, signs), False)
        faults += [
            Fault(
                row,
                "currency",
                f"the amount beside is in {signs[row].as_py()}; the currency column was taken",
            )
            for row in np.flatnonzero(apart.to_numpy(zero_copy_only=False)).tolist()
        ]
    if not named.null_count:
        return named, faults
    filled = pc.coalesce(named, beside)
    return (pc.if_else(pa.array(is_faulty), named, filled) if is_faulty.any() else filled), faults


def _code(word: str) -> str | None:
    """Give a cell's currency: a code, ``None`` where it says nothing, ``""`` where it is none."""
    if says_nothing(word):
        return None
    if found := currency_in(word):
        return found
    return word.upper() if _CODE.fullmatch(word) else ""
