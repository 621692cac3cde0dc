"""A table's rows in, which of them are payment lines out.

Beside these a table has lines of totals, headers that stand again on each page, titles of pages
and days, rulers, counts, and remarks below. Each of them is counted, and none is a payment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from qerko_recon.pos.cells import find_left_out
from qerko_recon.pos.fits import DATE, is_figure, label_of
from qerko_recon.pos.heading import says_header
from qerko_recon.pos.records import Broken, Records
from qerko_recon.pos.strings import Strings
from qerko_recon.pos.vocabulary import says_nothing, tender_meant, totals_label
from qerko_recon.pos.words import says_printing, says_statistics

__all__ = ["Below", "TotalsLine", "find_next_header", "split_rows"]

Mask = npt.NDArray[np.bool_]

_MONEY: Final = ("amount", "tip", "total")
_IDS: Final = ("payment_id", "tender_id")
_TELLING: Final = ("payment_id", "tender_id", "paid_at", "tender_type", "provider")
_TYPES: Final = ("line_type", "tender_type")
_WORD: Final = (
    r"(?i)^[\W\d]*(?:celk|den celk|za den|tr[zž]ba|sou[cč]t|sou[cč]et|s[uú][cč]et|sum|[uú]hrn|"
    r"mezisou|medzis|spolu|gesamt|zwischens|endsum|tagess|tagesu|tot|day tot|grand|sub|össz|ossz|"
    r"mind|napi|r[eé]sz|v[eé]g|razem|[lł][aą]cz|og[oó][lł])"
)
_DIGITS: Final = (ord("0"), ord("9"))
_UPPER: Final = (ord("A"), ord("Z"))
_LOWER: Final = (ord("a"), ord("z"))
_ASCII: Final = 0x7F
_LISTED: Final = 3
_MANY: Final = 10_000


class TotalsLine(NamedTuple):
    """A line of totals: its row, its label, and its cells (aligned with the columns or not)."""

    row: int
    label: str
    cells: tuple[str, ...]
    is_aligned: bool


@dataclass(frozen=True, eq=False)
class Below:
    """What of a file's rows is no payment line.

    Attributes
    ----------
    is_line
        Which regular rows are payment lines.
    broken
        The broken rows that are no totals or remarks.
    totals, remarks, repeated_headers
        The lines of totals, and the rows of the others.
    sums
        Rows that have no label and say what other rows add up to.
    left_out
        How many rows are of types that a profile leaves out.
    notes
        What is to be said.
    """

    is_line: Mask
    broken: tuple[Broken, ...]
    totals: tuple[TotalsLine, ...]
    remarks: tuple[int, ...]
    repeated_headers: tuple[int, ...]
    sums: tuple[int, ...] = ()
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many rows are no data."""
        return sum(map(len, (self.totals, self.remarks, self.repeated_headers, self.sums)))


def split_rows(
    records: Records,
    places: Mapping[str, int],
    left_out: Sequence[str] = (),
    *,
    titles: frozenset[str] = frozenset(),
    sums: Mask | None = None,
) -> Below:
    """Tell payment lines from all others.

    Parameters
    ----------
    records
        The table's rows.
    places
        Which column stands for what.
    left_out
        Words of line types or tenders whose rows are no payments.
    titles
        The lines above the header.
    sums
        Regular rows that are known to be sums of others.
    """
    is_header = _repeats_header(records, places)
    is_total = _is_total(records, places) & ~is_header
    is_sum = np.zeros(len(records), dtype=bool) if sums is None else sums & ~is_total
    types = [records.columns[places[idea]] for idea in _TYPES if idea in places]
    is_out = find_left_out(types, left_out, len(records)) & ~(is_total | is_header | is_sum)
    totals, broken = _broken_totals(records, places)
    totals += [_totals_line(records, row, places) for row in np.flatnonzero(is_total).tolist()]
    totals.sort()
    last = totals[-1].row if totals else None
    is_remark = _is_remark(records, places, last) & ~(is_total | is_header | is_sum | is_out)
    headers = tuple(records.rows[is_header].tolist())
    asides = [one for one in broken if _is_aside(one, last, titles)]
    others = [one for one in broken if one not in asides]
    ends = [*headers, *(one.row for one in totals), *filter(None, [records.end])]
    asides += _above(ends, others, records)
    return Below(
        ~(is_total | is_header | is_remark | is_out | is_sum),
        tuple(one for one in broken if one not in asides),
        tuple(totals),
        tuple(sorted([*records.rows[is_remark].tolist(), *(one.row for one in asides)])),
        headers,
        tuple(records.rows[is_sum].tolist()),
        int(is_out.sum()),
        _notes(records, is_remark, is_sum, is_out),
    )


def _notes(records: Records, is_remark: Mask, is_sum: Mask, is_out: Mask) -> tuple[str, ...]:
    told = (
        (is_remark, "rows of nothing but titles, rulers or counts, not read"),
        (is_sum, "rows without a label that are the sum of others, not read"),
        (is_out, "rows of types that the profile leaves out, not read"),
    )
    return tuple(f"{what}: {_counted(records, mask)}" for mask, what in told if mask.any())


def _counted(records: Records, mask: Mask) -> str:
    rows = records.rows[mask].tolist()
    shown = ", ".join(map(str, rows[:_LISTED])) + (" …" if len(rows) > _LISTED else "")
    return f"{len(rows)} (row {shown})" if len(rows) == 1 else f"{len(rows)} (rows {shown})"


def _cells(records: Records, row: int) -> tuple[str, ...]:
    return tuple(column[row] for column in records.columns)


def _is_lone(cells: Sequence[str]) -> bool:
    return sum(bool(cell) for cell in cells) == 1


# Totals


def _totals_line(records: Records, row: int, places: Mapping[str, int]) -> TotalsLine:
    cells = _cells(records, row)
    is_aligned = not _is_short(cells, places)
    return TotalsLine(int(records.rows[row]), label_of(cells), cells, is_aligned)


def _is_short(cells: Sequence[str], places: Mapping[str, int]) -> bool:
    """Tell a label and a figure right behind it, which stand in columns of something else."""
    filled = [place for place, cell in enumerate(cells) if cell]
    return filled == [0, 1] and places.get("amount") != 1 and is_figure(cells[1])


def _broken_totals(
    records: Records, places: Mapping[str, int]
) -> tuple[list[TotalsLine], list[Broken]]:
    """Find short lines of totals, of all rows or of one tender, among the broken rows."""
    totals, broken = [], []
    for one in records.broken:
        label = label_of(one.cells)
        is_of_tender = "tender_type" in places and tender_meant(label) is not None
        if (totals_label(label) is not None or is_of_tender) and _has_figures(one.cells):
            totals.append(TotalsLine(one.row, label, one.cells, is_aligned=False))
        else:
            broken.append(one)
    return totals, broken


def _has_figures(cells: Sequence[str]) -> bool:
    """Tell whether a row is a label and nothing but figures."""
    label = label_of(cells)
    rest = [cell for cell in cells if cell and cell != label]
    return bool(rest) and all(map(is_figure, rest))


def _is_total(records: Records, places: Mapping[str, int]) -> Mask:
    """Find regular rows whose first filled cell is a word for a total."""
    found = np.zeros(len(records), dtype=bool)
    timed = places.get("paid_at")
    for row in np.flatnonzero(_may_be_total(records, places)).tolist():
        cells = _cells(records, row)
        if totals_label(label_of(cells)) is None:
            continue
        when = cells[timed] if timed is not None else ""
        is_timed = not says_nothing(when) and totals_label(when) is None
        is_payment = is_timed or _has_id(cells, places)
        found[row] = not is_payment or _is_short(cells, places)
    return found


def _has_id(cells: Sequence[str], places: Mapping[str, int]) -> bool:
    """Tell whether a row has a payment ID that is not the totals word itself."""
    place = places.get("payment_id")
    if place is None:
        return False
    return not says_nothing(cells[place]) and totals_label(cells[place]) is None


def _may_be_total(records: Records, places: Mapping[str, int]) -> Mask:
    """Find rows that may be totals: without a time, payment or amount, with a word for one."""
    suspects = np.ones(len(records), dtype=bool)
    for idea in ("paid_at", "payment_id"):
        if idea in places:
            suspects &= _may_be_label(records, places[idea])
    suspects |= _silent(records, {"amount": places["amount" if "amount" in places else "total"]})
    if not suspects.any():
        return suspects
    words = np.zeros(int(suspects.sum()), dtype=bool)
    for column in records.columns:
        said = pc.match_substring_regex(column.where(suspects).text, _WORD)
        words |= np.asarray(said.to_numpy(zero_copy_only=False))
    suspects[suspects] = words
    return suspects


def _may_be_label(records: Records, place: int) -> Mask:
    """Find the cells that begin with no digit, or are a date and a word for a total."""
    column = records.columns[place]
    others = ~_within(column.first_letters, _DIGITS)
    if column.is_even and not others.any():
        return others
    return others | column.shapes.spread(
        totals_label(shape) is not None for shape in column.shapes.words
    )


def _within(letters: npt.NDArray[np.uint8], span: tuple[int, int]) -> Mask:
    return np.asarray((letters >= span[0]) & (letters <= span[1]))


# Headers, titles, rulers, counts


def _repeats_header(records: Records, places: Mapping[str, int]) -> Mask:
    """Find headers that stand again between the rows, as printed pages leave them."""
    found = np.ones(len(records), dtype=bool)
    for place in places.values():
        found &= records.columns[place].are(records.header[place])
        if not found.any():
            break
    return found


def _is_remark(records: Records, places: Mapping[str, int], last: int | None) -> Mask:
    """Find regular rows that say nothing of money and are no line that lacks its amount."""
    silent = _silent(records, places)
    found = _is_statistic(records, places)
    if not silent.any():
        return found
    filled = np.zeros(len(records), dtype=np.int64)
    is_ruler = silent.copy()
    for column in records.columns:
        says = _is_alnum(column.first_letters) | _begins_oddly(column)
        filled += says
        is_ruler &= ~says
    for row in np.flatnonzero(is_ruler).tolist():
        is_ruler[row] = not any(map(str.isalnum, "".join(_cells(records, row))))
    found |= is_ruler
    own = [place for idea, place in places.items() if idea in {*_IDS, *_MONEY}]
    for row in np.flatnonzero(silent & (filled == 1) & ~is_ruler).tolist():
        cells = _cells(records, row)
        said = [cell if any(map(str.isalnum, cell)) else "" for cell in cells]
        label, is_line = label_of(said), any(said[place] for place in own)
        is_after = last is not None and int(records.rows[row]) > last
        is_title = bool(DATE.search(label)) or not any(map(str.isdigit, label))
        is_title |= is_after and _is_title(label)
        found[row] = says_printing(label) or (is_title and not is_line)
    return found


def find_next_header(records: Records, places: Mapping[str, int]) -> int | None:
    """Find the first row that is the header of another table; where columns stand otherwise."""
    found = [one.row for one in records.broken if says_header(one.cells)]
    silent = _silent(records, places)
    if silent.any():
        silent &= ~_repeats_header(records, places)
    for row in np.flatnonzero(silent).tolist():
        if says_header(_cells(records, row)):
            found.append(int(records.rows[row]))
            break
    return min(found, default=None)


def _silent(records: Records, places: Mapping[str, int]) -> Mask:
    """Tell the rows without any digit where amounts stand."""
    silent = np.ones(len(records), dtype=bool)
    for idea in _MONEY:
        if idea in places:
            shapes = records.columns[places[idea]].shapes
            silent &= ~shapes.spread(
                "9" in shape and not says_printing(shape) for shape in shapes.words
            )
    return silent


def _is_alnum(letters: npt.NDArray[np.uint8]) -> Mask:
    return np.asarray(
        _within(letters, _DIGITS)
        | _within(letters, _UPPER)
        | _within(letters, _LOWER)
        | (letters > _ASCII)
    )


def _begins_oddly(column: Strings) -> Mask:
    """Tell cells such as ``#REF!`` or ``[Kč]``: no letter first, and more behind it."""
    odd = ~_is_alnum(column.first_letters) & ~column.is_empty
    for row in np.flatnonzero(odd).tolist() if odd.sum() <= _MANY else ():
        odd[row] = any(map(str.isalnum, column[row]))
    return odd


def _is_statistic(records: Records, places: Mapping[str, int]) -> Mask:
    """Find counts and averages below all rows that say when or how they were paid."""
    found = np.zeros(len(records), dtype=bool)
    telling = [records.columns[places[idea]] for idea in _TELLING if idea in places]
    if not telling or not len(records):
        return found
    told = np.zeros(len(records), dtype=bool)
    for column in telling:
        told |= ~column.is_empty
        if told[-1]:
            return found
    begin = int(np.flatnonzero(told)[-1]) + 1 if told.any() else len(records)
    for row in range(begin, len(records)):
        found[row] = says_statistics(label_of(_cells(records, row)))
    return found


def _is_aside(one: Broken, last: int | None, titles: frozenset[str]) -> bool:
    """Tell a broken row that is a title of each page, or a remark below the totals."""
    if " ".join(one.text.split()) in titles:
        return True
    if not any(letter.isalnum() for letter in one.text):
        return True
    is_after = last is not None and one.row > last
    return _is_lone(one.cells) and (is_after or says_printing(label_of(one.cells)))


def _is_title(text: str) -> bool:
    """Tell a title from what may be a payment's ID alone."""
    has_digit = any(letter.isdigit() for letter in text)
    return not has_digit or len(text.split()) > 1


def _above(places: Sequence[int], broken: Sequence[Broken], records: Records) -> list[Broken]:
    """Find the lone cells that stand right above a header that stands again, or a total."""
    by_row = {one.row: one for one in broken if _is_lone(one.cells) and _is_title(one.text)}
    regular = set(records.rows.tolist()) if places and by_row else set()
    found: dict[int, Broken] = {}
    for place in places:
        row = place - 1
        while row > records.header_row and row not in regular:
            if row in by_row:
                found[row] = by_row[row]
            row -= 1
    return list(found.values())
