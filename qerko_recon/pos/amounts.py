"""Columns of amounts: cells in, exact millionths out, with the decimal mark the file agrees on.

The decimal mark is decided over all amounts of a file, since ``1.234`` alone says nothing. What
an amount looks like is read once by :func:`qerko_recon.money.parse_amount`, and then the digits of
all that look alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from qerko_recon.errors import AmountError
from qerko_recon.money import SCALE, DecimalMark, fits, parse_amount
from qerko_recon.pos.strings import Shapes, SomeRows, Strings
from qerko_recon.pos.vocabulary import currency_in, says_nothing
from qerko_recon.threads import at_once

__all__ = ["Amounts", "MarkVote", "Units", "parse_amounts", "vote_mark"]

Units = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_WHOLE: Final = 12
_HUNDRED: Final = 100
_TORN: Final = "hundredths with so many decimals are not held; write the amount in whole units"
_WORDS: Final = re.compile(r"(?:[^\W\d_]|[$£¥€])+\.?")
# A lone mark before three digits may group thousands or not; everything else tells.
_TELLS: Final = (
    r"^[^{m}]*{o}[^{m}]*{m}[^{o}{m}]*$",
    r"^[^{o}{m}]*{m}(?:\d{{0,2}}|\d{{4,}})(?:\D.*)?$",
    r"^\D*\d{{4,}}{m}\d{{3}}\D*$",
    r"^\D*\d{{1,3}}(?:[\s\xa0\u202f'\u2019]\d{{3}})+{m}\d{{3}}\D*$",
    r"^[^{m}{o}]*{o}\d{{3}}(?:{o}\d{{3}})+\D*$",
)
_OPEN: Final = r"^\D*\d{{1,3}}{m}\d{{3}}\D*$"
_SHOWN: Final = {
    mark: (
        re.compile("|".join(_TELLS).format(m=re.escape(mark), o=re.escape(other)), re.ASCII),
        re.compile(_OPEN.format(m=re.escape(mark)), re.ASCII),
    )
    for mark, other in ((",", "."), (".", ","))
}


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


def vote_mark(columns: Sequence[Strings], delimiter: str) -> MarkVote:
    """Decide a file's decimal mark by all its amounts.

    >>> cells = Strings(pa.array(["1.234", "1.234,50", "12,00"]))
    >>> vote_mark([cells], ";").mark
    ','
    >>> vote_mark([Strings(pa.array(["1.234"]))], ";").mark  # money seldom has three decimals
    ','
    """
    said: Counter[str] = Counter()
    for column in columns:
        for code, shape in enumerate(column.shapes.words):
            said.update(_tells(column.shapes, code, shape))
    comma, dot = said[","], said["."]
    if comma or dot:
        mark: DecimalMark = "," if comma >= dot else "."
        votes, against = max(comma, dot), min(comma, dot)
        reason = f"{votes} amounts show it" + (f", {against} show the other" if against else "")
        return MarkVote(mark, votes, against, reason)
    if said["open ,"] or said["open ."]:
        mark = "." if said["open ,"] > said["open ."] else ","
        reason = "every mark stands before three digits, so it is read as grouping thousands"
        return MarkVote(mark, 0, 0, reason, is_open=True)
    return MarkVote("." if delimiter == "," else ",", 0, 0, "no amount has decimals")


def _tells(shapes: Shapes, code: int, shape: str) -> dict[str, int]:
    """Count the rows of a shape by the mark that they show to be the decimal one."""
    bare, count = _WORDS.sub("", shape).strip(), shapes.counts[code]
    for mark, (tells, is_open) in _SHOWN.items():
        if tells.search(bare):
            return {mark: count}
        if is_open.search(bare):
            # A mark before three digits may group thousands, unless nothing stands before it.
            before = bare.partition(mark)[0].count("9")
            places = shapes.places(code, (0, len(shape)))[:before]
            naught = sum(
                int((block.number(places) == 0).sum()) for _, block in shapes.blocks(code)
            )
            return {mark: naught, f"open {mark}": count - naught}
    return {}


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

    def hundredths(self) -> Amounts:
        """Read the column as hundredths of what it says."""
        torn = self.units % _HUNDRED != 0
        faults = tuple((row, _TORN) for row in np.flatnonzero(torn).tolist())
        units = np.where(torn, 0, self.units // _HUNDRED)
        return replace(
            self, units=units, is_read=self.is_read & ~torn, faults=(*self.faults, *faults)
        )

    def plus(self, other: Amounts) -> Amounts:
        """Add a column row by row; what is empty in one of the two is nothing."""
        is_faulty = self.is_faulty | other.is_faulty
        is_given = self.is_given | other.is_given
        units = np.where(is_faulty, 0, self.units + other.units)
        faults = (*self.faults, *other.faults)
        currencies = self.currencies if self.currencies is not None else other.currencies
        return Amounts(units, is_given, is_given & ~is_faulty, faults, currencies)


class _Form(NamedTuple):
    """How the amounts of one shape are read: which digits, times what."""

    places: list[int]
    factor: int


def parse_amounts(column: Strings, mark: DecimalMark) -> Amounts:
    """Read a column of amounts.

    >>> amounts = parse_amounts(Strings(pa.array(["1.234,50 Kč", "", "12.50"])), ",")
    >>> amounts.units.tolist(), amounts.is_given.tolist(), amounts.is_read.tolist()
    ([1234500000, 0, 0], [True, False, True], [True, False, False])
    >>> amounts.faults
    ((2, "'12.50' is not an amount with ',' as the decimal mark"),)
    """
    shapes = column.shapes
    units = np.zeros(len(column), dtype=np.int64)
    nothing = [says_nothing(shape) for shape in shapes.words]
    forms = [_form(shapes, code, mark) for code in range(len(shapes.words))]
    is_given = shapes.spread(not one for one in nothing)
    is_read = shapes.spread(form is not None for form in forms)
    faults: list[tuple[int, str]] = []
    at_once(lambda some: _fill(units, some, forms), shapes.parts())
    for code, form in enumerate(forms):
        if form is None and not nothing[code]:
            faults += _by_word(column, shapes.rows(code), mark, units, is_read)
    faults.sort()
    return Amounts(units, is_given, is_read, tuple(faults), _currencies(shapes))


def _fill(units: Units, some: SomeRows, forms: Sequence[_Form | None]) -> None:
    """Read the amounts of some rows, those of one shape at a time or all at once."""
    factors = {form.factor if (form := forms[code]) else None for code in some.codes}
    factor = factors.pop() if len(factors) == 1 else None
    if factor is not None and some.part.lone_mark:
        np.multiply(some.part.numbers(), factor, out=units[some.rows])
        return
    for code in some.codes:
        if (form := forms[code]) is not None:
            rows, block = some.block(code)
            units[rows] = block.number(form.places) * form.factor


def _form(shapes: Shapes, code: int, mark: DecimalMark) -> _Form | None:
    """Tell how the amounts of a shape are read; ``None`` where each is to be looked at itself."""
    shape = shapes.words[code]
    try:
        value = parse_amount(shape.strip(), decimal_mark=mark)
    except AmountError:
        return None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 - an amount is finite
    places = shapes.places(code, (0, len(shape)))
    if exponent < -SCALE or len(places) + exponent > _WHOLE:
        return None
    factor = int(10 ** (SCALE + exponent))
    return _Form(places, -factor if value < 0 else factor)


def _by_word(
    column: Strings,
    rows: npt.NDArray[np.int64],
    mark: DecimalMark,
    units: Units,
    is_read: Mask,
) -> Iterator[tuple[int, str]]:
    """Read amounts one by one, each distinct one once; give the rows that have none."""
    told: dict[str, int | str] = {}
    for row in rows.tolist():
        word = column[row]
        if word not in told:
            told[word] = _read(word, mark)
        value = told[word]
        if isinstance(value, str):
            yield row, value
        else:
            units[row], is_read[row] = value, True


def _read(word: str, mark: DecimalMark) -> int | str:
    """Give one amount in millionths, or say why there is none."""
    try:
        value = parse_amount(word, decimal_mark=mark)
    except AmountError as error:
        return str(error)
    if not fits(value):
        return (
            f"{word!r} does not fit: at most 12 digits before and {SCALE} after the decimal "
            "mark are held, and nothing is rounded"
        )
    return int(value.scaleb(SCALE))


def _currencies(shapes: Shapes) -> pa.Array | None:
    """Find the currency beside each amount."""
    found = [currency_in(shape) for shape in shapes.words]
    if not any(found):
        return None
    return pa.array(found, pa.string()).take(pa.array(shapes.codes))
