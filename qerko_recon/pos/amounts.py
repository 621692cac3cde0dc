"""Columns of amounts: cells in, exact millionths out, with the decimal mark the file agrees on.

The decimal mark is decided over all amounts of a file, since ``1.234`` alone says nothing. Each
distinct cell is read once: plain ones by Arrow, unusual ones by
:func:`qerko_recon.money.parse_amount`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import AmountError
from qerko_recon.money import MONEY, SCALE, DecimalMark, fits, parse_amount, to_units
from qerko_recon.pos.vocabulary import currency_in, says_nothing

__all__ = ["Amounts", "Coded", "MarkVote", "Units", "encode", "parse_amounts", "vote_mark"]

Units = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_UNIT: Final = 10**SCALE
_SIGNS: Final = r"(?i)^(?:kč|czk|€|eur|ft|huf|zł|pln)\s*|\s*(?:kč|czk|€|eur|ft|huf|zł|pln)$"
_GROUPS: Final = (" ", "\u00a0", "\u202f", "'", "\u2019")
_WORDS: Final = r"[\p{L}\p{Sc}]+\.?"
# A lone mark before three digits may group thousands or not; everything else tells.
_TELLS: Final = (
    r"^[^{m}]*{o}[^{m}]*{m}[^{o}{m}]*$",
    r"^[^{o}{m}]*{m}(?:\d{{0,2}}|\d{{4,}})(?:\D.*)?$",
    r"^\D*(?:0+|\d{{4,}}){m}\d{{3}}\D*$",
    r"^\D*\d{{1,3}}(?:[\s\x{{a0}}\x{{202f}}'\x{{2019}}]\d{{3}})+{m}\d{{3}}\D*$",
    r"^[^{m}{o}]*{o}\d{{3}}(?:{o}\d{{3}})+\D*$",
)
_OPEN: Final = r"^\D*[1-9]\d{{0,2}}{m}\d{{3}}\D*$"


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as its distinct cells and where each stands."""

    words: pa.Array
    codes: npt.NDArray[np.int64]

    def spread(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Give each row what belongs to its cell."""
        return values[self.codes]

    def counts(self) -> npt.NDArray[np.int64]:
        """Count the rows of each distinct cell."""
        return np.bincount(self.codes, minlength=len(self.words)).astype(np.int64)


def encode(column: pa.Array) -> Coded:
    """Take a column apart into distinct cells and places."""
    coded = column.dictionary_encode()
    codes = np.asarray(coded.indices.to_numpy(zero_copy_only=False)).astype(np.int64)
    return Coded(coded.dictionary, codes)


class MarkVote(NamedTuple):
    """Which decimal mark the amounts of a file agree on, and how many say so."""

    mark: DecimalMark
    votes: int
    against: int
    reason: str
    is_open: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether any amount tells, and none tells otherwise."""
        return self.votes > 0 and not self.against


def vote_mark(columns: Sequence[Coded], delimiter: str) -> MarkVote:
    """Decide a file's decimal mark by all its amounts.

    >>> cells = encode(pa.array(["1.234", "1.234,50", "12,00"]))
    >>> vote_mark([cells], ";").mark
    ','
    >>> vote_mark([encode(pa.array(["1.234"]))], ";").mark  # money seldom has three decimals
    ','
    """
    held = [_Bare(column) for column in columns]
    comma = sum(column.count_telling(",", r"\.") for column in held)
    dot = sum(column.count_telling(r"\.", ",") for column in held)
    if comma or dot:
        mark: DecimalMark = "," if comma >= dot else "."
        votes, against = max(comma, dot), min(comma, dot)
        reason = f"{votes} amounts show it" + (f", {against} show the other" if against else "")
        return MarkVote(mark, votes, against, reason)
    open_comma, open_dot = (
        sum(column.count(_OPEN.format(m=mark)) for column in held) for mark in (",", r"\.")
    )
    if open_comma or open_dot:
        mark = "." if open_comma > open_dot else ","
        reason = "every mark stands before three digits, so it is read as grouping thousands"
        return MarkVote(mark, 0, 0, reason, is_open=True)
    return MarkVote("." if delimiter == "," else ",", 0, 0, "no amount has decimals")


class _Bare:
    """Distinct cells without currency signs and words, and how many rows have each."""

    def __init__(self, column: Coded) -> None:
        bare = pc.replace_substring_regex(column.words, _WORDS, "")
        self._words = pc.utf8_trim_whitespace(bare)
        self._counts = column.counts()

    def count(self, pattern: str) -> int:
        """Count the rows whose cell matches."""
        found = pc.match_substring_regex(self._words, pattern).to_numpy(zero_copy_only=False)
        return int(self._counts[np.asarray(found)].sum())

    def count_telling(self, mark: str, other: str) -> int:
        """Count the rows whose cell can only be read with this mark as the decimal one."""
        return sum(self.count(pattern.format(m=mark, o=other)) for pattern in _TELLS)


@dataclass(frozen=True, eq=False)
class Amounts:
    """A column of amounts, a row a value.

    Attributes
    ----------
    units
        Whole millionths; 0 where nothing could be read.
    is_given
        Whether the cell has anything in it.
    is_read
        Whether it is an amount.
    faults
        The rows given and not read, each with the reason.
    currencies
        ISO 4217 code beside the amount, or ``None`` where no row has one.
    """

    units: Units
    is_given: Mask
    is_read: Mask
    faults: tuple[tuple[int, str], ...]
    currencies: pa.Array | None

    @property
    def is_faulty(self) -> Mask:
        """Whether something stands there that is no amount."""
        return self.is_given & ~self.is_read

    def plus(self, other: Amounts) -> Amounts:
        """Add a column row by row; what is empty in one of the two is nothing."""
        is_faulty = self.is_faulty | other.is_faulty
        is_given = self.is_given | other.is_given
        units = np.where(is_faulty, 0, self.units + other.units)
        faults = (*self.faults, *other.faults)
        currencies = self.currencies if self.currencies is not None else other.currencies
        return Amounts(units, is_given, is_given & ~is_faulty, faults, currencies)


def parse_amounts(column: Coded, mark: DecimalMark) -> Amounts:
    """Read a column of amounts.

    >>> amounts = parse_amounts(encode(pa.array(["1.234,50 Kč", "", "12.50"])), ",")
    >>> amounts.units.tolist(), amounts.is_given.tolist(), amounts.is_read.tolist()
    ([1234500000, 0, 0], [True, False, True], [True, False, False])
    >>> amounts.faults
    ((2, "'12.50' is not an amount with ',' as the decimal mark"),)
    """
    units, is_read = _by_arrow(column.words, mark)
    is_given = np.ones(len(column.words), dtype=bool)
    reasons: dict[int, str] = {}
    for place in np.flatnonzero(~is_read).tolist():
        word = column.words[place].as_py()
        if says_nothing(word):
            is_given[place] = False
            continue
        try:
            value = parse_amount(word, decimal_mark=mark)
        except AmountError as error:
            reasons[place] = str(error)
            continue
        if not fits(value):
            reasons[place] = (
                f"{word!r} does not fit: at most 12 digits before and {SCALE} after the decimal "
                "mark are held, and nothing is rounded"
            )
            continue
        units[place] = int(value.scaleb(SCALE))
        is_read[place] = True
    faults = tuple(
        (row, reasons[int(column.codes[row])])
        for row in np.flatnonzero(np.isin(column.codes, list(reasons))).tolist()
    )
    return Amounts(
        units[column.codes],
        is_given[column.codes],
        is_read[column.codes],
        faults,
        _currencies(column),
    )


def _by_arrow(words: pa.Array, mark: DecimalMark) -> tuple[Units, Mask]:
    """Read the cells that are digits, grouped by one kind of mark or not at all."""
    bare = pc.utf8_trim_whitespace(pc.replace_substring_regex(words, _SIGNS, ""))
    units = np.zeros(len(words), dtype=np.int64)
    is_read = np.zeros(len(words), dtype=bool)
    point, other = re.escape(mark), "." if mark == "," else ","
    part = rf"(?:{point}\d{{1,6}})?$"
    patterns = {"": rf"^-?\d{{1,12}}{part}"} | {
        group: rf"^-?\d{{1,3}}(?:{re.escape(group)}\d{{3}}){{1,3}}{part}"
        for group in (*_GROUPS, other)
    }
    for group, pattern in patterns.items():
        found = np.asarray(pc.match_substring_regex(bare, pattern).to_numpy(zero_copy_only=False))
        if not found.any():
            continue
        digits = bare.filter(pa.array(found))
        if group:
            digits = pc.replace_substring(digits, group, "")
        units[found] = to_units(pc.cast(pc.replace_substring(digits, mark, "."), MONEY))
        is_read |= found
    return units, is_read


def _currencies(column: Coded) -> pa.Array | None:
    """Find the currency beside each amount."""
    signed = pc.match_substring_regex(column.words, r"[\p{L}\p{Sc}]")
    places = np.flatnonzero(signed.to_numpy(zero_copy_only=False)).tolist()
    found = {place: currency_in(column.words[place].as_py()) for place in places}
    if not any(found.values()):
        return None
    codes = [found.get(place) for place in range(len(column.words))]
    return pc.take(pa.array(codes, pa.string()), pa.array(column.codes))
