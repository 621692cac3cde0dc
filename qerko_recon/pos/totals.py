"""Lines of totals in, what of them the rows do not add up to out.

What such a line says is compared with what the rows add up to:
all of them, the paid ones, those of one tender or one currency; a sum that none of these gives is
a problem, since then a row is missing or was misread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from qerko_recon.errors import AmountError
from qerko_recon.money import DecimalMark, parse_amount, unit_to_decimal
from qerko_recon.pos.amounts import Amounts
from qerko_recon.pos.fits import label_of
from qerko_recon.pos.rows import Below, TotalsLine
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.tags import Tags
from qerko_recon.pos.vocabulary import currency_in, plain, says_nothing, tender_meant, totals_label

__all__ = ["Lines", "check_totals", "find_sums"]

Mask = npt.NDArray[np.bool_]

_IDENTITY: Final = ("payment_id", "bill_id", "tender_id", "paid_at")


@dataclass(frozen=True, eq=False)
class Lines:
    """What totals are checked against; a row a value."""

    amounts: dict[str, tuple[int, Amounts]]
    rows: npt.NDArray[np.int64]
    states: Tags
    kinds: Tags
    currencies: pa.Array


def find_sums(
    cells: Mapping[str, Strings], amounts: Mapping[str, Amounts], words: Tags | None
) -> Mask:
    """Find the rows without a label that say what rows above them add up to.

    Such a row has neither bill nor time nor ID, where the others have, and none of these follows;
    what stands in it is the sum of all rows above, or of several of its own tender.
    """
    length = len(next(iter(cells.values())))
    found = np.zeros(length, dtype=bool)
    identity = [cells[idea].is_empty for idea in _IDENTITY if idea in cells]
    if not identity:
        return found
    bare = np.logical_and.reduce(identity)
    tail = length - int(np.argmin(bare[::-1])) if bare.any() and not bare.all() else length
    for row in range(tail, length):
        above = ~bare
        is_of_all = words is None or not words.names[words.codes[row]]
        if words is not None and not is_of_all:
            above = above & (words.codes == words.codes[row])
        given = [one for one in amounts.values() if one.is_read[row] and one.units[row]]
        is_sum = all(int(one.units[row]) == int(one.units[above].sum()) for one in given)
        # One more line of the same amount is a payment, unless it has no tender where others have.
        several = int(above.sum()) > 1 or (words is not None and is_of_all)
        found[row] = bool(given) and is_sum and several
    return found


class Misfit(NamedTuple):
    """A total that the rows do not add up to: its row, column place, cell, and what is wrong."""

    row: int
    place: int | None
    value: str
    text: str


def check_totals(below: Below, lines: Lines, mark: DecimalMark) -> Iterator[Misfit]:
    """Compare every totals line with the rows above it."""
    last = 0
    for line in below.totals:
        above = lines.rows < line.row
        since = above & (lines.rows > last)
        last = line.row
        segments = [above, since]
        if line.is_aligned:
            for idea, (place, amounts) in lines.amounts.items():
                cell = line.cells[place]
                if not says_nothing(cell) and totals_label(cell) is None:
                    yield from _check(line, cell, (idea, place), [amounts], lines, segments, mark)
            continue
        every = [amounts for _, amounts in lines.amounts.values()]
        label = label_of(line.cells)
        for cell in line.cells:
            if cell and cell != label:
                yield from _check(line, cell, ("", None), every, lines, segments, mark)


def _check(
    line: TotalsLine,
    cell: str,
    where: tuple[str, int | None],
    columns: list[Amounts],
    lines: Lines,
    segments: list[Mask],
    mark: DecimalMark,
) -> Iterator[Misfit]:
    try:
        said = parse_amount(cell, decimal_mark=mark)
    except AmountError as error:
        if where[1] is not None:
            text = f"{error}, so this total was not checked against the rows"
            yield Misfit(line.row, where[1], cell, text)
        return
    subsets = list(_subsets(line, lines))
    sums = {
        _sum(column, segment & mask): is_likely
        for is_likely in (False, True)
        for column in columns
        for segment in segments
        for mask, likely in subsets
        if likely is is_likely
    }
    # A short line may count the rows instead.
    counts = [] if where[1] is not None else [Decimal(int(one.sum())) for one in segments]
    if said in sums or said in counts or not sums:
        return
    nearest = min(sums, key=lambda one: (not sums[one], abs(said - one)))
    gap = said - nearest
    unread = max(int((column.is_faulty & segments[0]).sum()) for column in columns)
    text = f"the totals line says {said:f}, the rows above add up to {nearest:f}"
    if unread:
        rows = "the row" if unread == 1 else f"the {unread} rows"
        text += f"; the {gap:f} between them may be {rows} whose amount cannot be read"
    else:
        text += f"; {gap:f} is not accounted for: a row may be missing from the export"
    yield Misfit(line.row, where[1], cell, text)


def _sum(column: Amounts, mask: Mask) -> Decimal:
    return unit_to_decimal(sum(column.units[mask].tolist()))


def _subsets(line: TotalsLine, lines: Lines) -> Iterator[tuple[Mask, bool]]:
    """Give the sets of rows that a totals line may be about, and whether that is likely.

    A sum over several currencies or of one tender alone is accepted, not expected.
    """
    every = np.ones(len(lines.rows), dtype=bool)
    stands = ~lines.states.are("cancelled", "open")
    label = totals_label(line.label)
    label = line.label if label is None else label
    currency = next(filter(None, (currency_in(cell) for cell in line.cells)), None)
    kind = tender_meant(label) if label else None
    if kind is not None:
        every = lines.kinds.are(kind)
    bases = [every, every & stands]
    codes = [currency] if currency else pc.unique(lines.currencies.drop_null()).to_pylist()
    yield from ((base, len(codes) <= 1) for base in bases)
    for code in codes if len(codes) > 1 or currency else []:
        own = np.asarray(
            pc.fill_null(pc.equal(lines.currencies, code), False).to_numpy(zero_copy_only=False)
        )
        for base in bases:
            yield base & own, True
    if kind is None and (plain(label) or not line.is_aligned):
        for one in ("qerko", "cash", "card", "voucher", "invoice"):
            yield lines.kinds.are(one) & stands, False
