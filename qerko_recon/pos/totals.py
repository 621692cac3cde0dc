"""Lines below the table: totals recognised and checked against the rows, remarks set aside.

A totals line is never read as a payment. What it says is compared with what the rows add up to:
all of them, the paid ones, those of one tender or one currency; a sum that none of these gives is
a problem, since then a row is missing or was misread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
from qerko_recon.pos.cells import find_left_out
from qerko_recon.pos.records import Broken, Records
from qerko_recon.pos.tags import Tags
from qerko_recon.pos.vocabulary import currency_in, plain, says_nothing, tender_meant, totals_label

__all__ = ["Below", "Lines", "TotalsLine", "check_totals", "split_rows"]

Mask = npt.NDArray[np.bool_]

_TYPES: Final = ("line_type", "tender_type")
_WORD: Final = (
    r"(?i)^\W*(?:celk|sou[cč]et|s[uú][cč]et|sum|[uú]hrn|mezisou|medzis|spolu|gesamt|zwischens|"
    r"tagess|tot|grand|sub|össz|ossz|mind|razem)"
)


_FIGURE: Final = re.compile(r"[-\u2212(]?\W*\d[\d\s.,'\u2019]*\W*\w{0,3}\W*")


class TotalsLine(NamedTuple):
    """A line of totals: its row, its label, and its cells (aligned with the columns or not)."""

    row: int
    label: str
    cells: tuple[str, ...]
    is_aligned: bool


@dataclass(frozen=True, eq=False)
class Below:
    """What of a file's rows is no payment line.

    ``is_line`` tells which regular rows are payment lines, ``broken`` are the broken rows left,
    ``left_out`` counts those of types that a profile leaves out.
    """

    is_line: Mask
    broken: tuple[Broken, ...]
    totals: tuple[TotalsLine, ...]
    remarks: tuple[int, ...]
    repeated_headers: tuple[int, ...]
    left_out: int = 0


@dataclass(frozen=True, eq=False)
class Lines:
    """What totals are checked against; a row a value."""

    amounts: dict[str, tuple[int, Amounts]]
    rows: npt.NDArray[np.int64]
    states: Tags
    kinds: Tags
    currencies: pa.Array


def split_rows(records: Records, places: dict[str, int], left_out: Sequence[str] = ()) -> Below:
    """Tell payment lines from totals, repeated headers and remarks below the totals.

    ``left_out`` are words of line types or tenders whose rows are no payments.
    """
    is_header = _repeats_header(records, places)
    is_total = _is_total(records, places) & ~is_header
    types = [records.columns[places[idea]] for idea in _TYPES if idea in places]
    is_out = find_left_out(types, left_out, len(records)) & ~is_total & ~is_header
    totals = [
        TotalsLine(
            int(records.rows[row]),
            _first([column[row] for column in records.columns]),
            tuple(column[row] for column in records.columns),
            is_aligned=True,
        )
        for row in np.flatnonzero(is_total).tolist()
    ]
    broken = []
    for one in records.broken:
        if totals_label(_first(one.cells)) is not None and _has_figures(one.cells):
            totals.append(TotalsLine(one.row, _first(one.cells), one.cells, is_aligned=False))
        else:
            broken.append(one)
    totals.sort()
    last = totals[-1].row if totals else None
    is_remark = np.zeros(len(records), dtype=bool)
    remarks = []
    if last is not None:
        is_remark = (
            (records.rows > last)
            & ~is_total
            & ~is_header
            & ~is_out
            & _says_no_money(records, places)
        )
        remarks = records.rows[is_remark].tolist()
        after = [one for one in broken if one.row > last and _is_lone(one.cells)]
        remarks += [one.row for one in after]
        broken = [one for one in broken if one not in after]
    return Below(
        ~(is_total | is_header | is_remark | is_out),
        tuple(broken),
        tuple(totals),
        tuple(sorted(remarks)),
        tuple(records.rows[is_header].tolist()),
        int(is_out.sum()),
    )


def _first(cells: Sequence[str]) -> str:
    return next((cell for cell in cells if cell), "")


def _is_lone(cells: Sequence[str]) -> bool:
    return sum(bool(cell) for cell in cells) == 1


def _has_figures(cells: Sequence[str]) -> bool:
    """Tell whether a row is a label and nothing but figures."""
    label = _first(cells)
    rest = [cell for cell in cells if cell and cell != label]
    return all(_FIGURE.fullmatch(cell) for cell in rest)


def _has_id(cells: Sequence[str], places: dict[str, int]) -> bool:
    """Tell whether a row has a payment ID that is not the totals word itself."""
    place = places.get("payment_id")
    if place is None or place >= len(cells):
        return False
    return not says_nothing(cells[place]) and totals_label(cells[place]) is None


def _repeats_header(records: Records, places: dict[str, int]) -> Mask:
    """Find headers that stand again between the rows, as printed pages leave them."""
    found = np.ones(len(records), dtype=bool)
    for place in places.values():
        found &= records.columns[place].are(records.header[place])
        if not found.any():
            break
    return found


def _is_total(records: Records, places: dict[str, int]) -> Mask:
    """Find regular rows whose first filled cell is a word for a total."""
    found = np.zeros(len(records), dtype=bool)
    timed = places.get("paid_at")
    for row in np.flatnonzero(_may_be_total(records, places)).tolist():
        cells = [column[row] for column in records.columns]
        if totals_label(_first(cells)) is None or _has_id(cells, places):
            continue
        when = cells[timed] if timed is not None else ""
        found[row] = says_nothing(when) or totals_label(when) is not None
    return found


def _may_be_total(records: Records, places: dict[str, int]) -> Mask:
    """Find rows that may be totals: without a time, without a payment, with a word for one."""
    suspects = np.ones(len(records), dtype=bool)
    for idea in ("paid_at", "payment_id"):
        if idea in places:  # no word for a total or for nothing begins with a digit
            first = records.columns[places[idea]].first_letters
            suspects &= (first < ord("0")) | (first > ord("9"))
            if not suspects.any():
                return suspects
    words = np.zeros(int(suspects.sum()), dtype=bool)
    for column in records.columns:
        said = pc.match_substring_regex(column.where(suspects).text, _WORD)
        words |= np.asarray(said.to_numpy(zero_copy_only=False))
    suspects[suspects] = words
    return suspects


def _says_no_money(records: Records, places: dict[str, int]) -> Mask:
    """Find rows without a payment ID or anything where amounts stand."""
    silent = np.ones(len(records), dtype=bool)
    for idea in ("payment_id", "amount", "tip", "total"):
        if idea in places:
            silent &= records.columns[places[idea]].is_empty
    return silent


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
        label = _first(line.cells)
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
    label = totals_label(line.label) or ""
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
