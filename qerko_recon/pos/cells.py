"""Columns of words: IDs, states, tenders and currencies as POSs write them in, the contract's out.

Each distinct cell is looked at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.pos.amounts import encode
from qerko_recon.pos.profile import Profile
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
]

Words = npt.NDArray[np.object_]
Units = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_NOTHING: Final = pa.array(["", "-", "–", "—", "n/a", "null", "none", "nan", "#n/a"])
_WRAPPED: Final = r'^="(.*)"$'
_APOSTROPHE: Final = r"^'(\d+)$"
_SCIENTIFIC: Final = r"^\d+(?:[.,]\d+)?[Ee]\+\d+$"
_DESTROYED: Final = (
    "Excel has rounded this ID and its digits are lost; export again and do not save the file "
    "from Excel"
)
_CODE: Final = re.compile(r"[A-Za-z]{3}")


def or_null(column: pa.Array) -> pa.Array:
    """Make cells that say nothing null."""
    is_nothing = pc.is_in(pc.utf8_lower(column), value_set=_NOTHING)
    return pc.if_else(is_nothing, pa.scalar(None, pa.string()), column)


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


def _each(column: pa.Array, meaning: Callable[[str], Any]) -> Words:
    """Look up the meaning of each row's cell."""
    coded = encode(column)
    meanings = np.empty(len(coded.words), dtype=object)
    meanings[:] = [meaning(word) for word in coded.words.to_pylist()]
    return meanings[coded.codes]


def find_kinds(column: pa.Array | None, profile: Profile, length: int) -> Words:
    """Tell by the tender's word how each line was paid; ``None`` where it says nothing known."""
    if column is None:
        return np.full(length, None, dtype=object)
    own = {plain(word): kind for word, kind in profile.tenders.items()}
    own |= dict.fromkeys(map(plain, profile.qerko_tenders), "qerko")
    return _each(column, lambda word: own.get(plain(word)) or tender_meant(word))


def find_left_out(columns: Iterable[pa.Array], words: Sequence[str], length: int) -> Mask:
    """Tell which rows are of a type that a profile leaves out."""
    known = set(map(plain, words))
    found = np.zeros(length, dtype=bool)
    for column in columns if known else ():
        found |= _each(column, lambda word: plain(word) in known).astype(bool)
    return found


def find_states(
    column: pa.Array | None,
    is_cancelled: pa.Array | None,
    types: tuple[pa.Array | None, Words],
    profile: Profile,
    units: Units,
) -> Words:
    """Tell each line's state: ``paid``, ``cancelled``, ``open``, or the POS's own word.

    Parameters
    ----------
    column, is_cancelled
        The column of states, and the one of yes or no, where there are such.
    types
        The column of line types, and the kind of each line's tender: either may say *Storno*.
    units
        What each line is about: money given back is a negative line that counts, or a line
        whose money is gone.
    """
    length = len(units)
    own = {plain(word): state for word, state in profile.states.items()}

    def meaning(word: str) -> str:
        if says_nothing(word):
            return "paid"
        return own.get(plain(word)) or state_meant(word) or word

    states = np.full(length, "paid", dtype=object) if column is None else _each(column, meaning)
    line_types, kinds = types
    if line_types is not None:
        told = _each(line_types, lambda word: own.get(plain(word)) or state_meant(word) or "paid")
        states = np.where(states == "paid", told, states)
    states = np.where((states == "paid") & (kinds == "storno"), "cancelled", states)
    if is_cancelled is not None:
        yes = _each(is_cancelled, lambda word: not says_nothing(word) and is_yes(word))
        states = np.where(yes.astype(bool), "cancelled", states)
    refunds = states == "refund"
    return np.where(refunds, np.where(units < 0, "paid", "cancelled"), states)


def find_currencies(
    column: pa.Array | None, signs: pa.Array | None, default: str | None, length: int
) -> tuple[pa.Array, list[Fault]]:
    """Tell each line's currency by its column, the sign beside its amount, or the default."""
    fallback = pa.array([default] * length, pa.string())
    beside = fallback if signs is None else pc.coalesce(signs, fallback)
    if column is None:
        return beside, []
    codes = _each(column, _code)
    named = pa.array([code or None for code in codes.tolist()], pa.string())
    faults = [
        Fault(row, "currency", "this is no currency code of three letters such as CZK or EUR")
        for row in np.flatnonzero(codes == "").tolist()
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
    is_faulty = pa.array(codes == "")
    return pc.if_else(is_faulty, named, pc.coalesce(named, beside)), faults


def _code(word: str) -> str | None:
    """Give a cell's currency: a code, ``None`` where it says nothing, ``""`` where it is none."""
    if says_nothing(word):
        return None
    if found := currency_in(word):
        return found
    return word.upper() if _CODE.fullmatch(word) else ""
