"""How an export is laid out: its text in, delimiter and header row out, with reasons.

The header row is the one whose words stand for most ideas, wherever title lines push it.
Whatever a profile states is taken as it is, and an error says where it does not fit the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from qerko_recon.errors import shorten
from qerko_recon.pos.encoding import Decoded
from qerko_recon.pos.findings import Confidence, Finding, NoTable, no_amounts
from qerko_recon.pos.fits import DATE, is_amount
from qerko_recon.pos.heading import find_heading
from qerko_recon.pos.profile import Profile
from qerko_recon.pos.records import HeadRow, name_columns, read_head
from qerko_recon.pos.vocabulary import guess_idea, plain

__all__ = ["Layout", "find_header", "find_layout"]

DELIMITERS: Final = (";", ",", "\t", "|")
DELIMITER_NAMES: Final = {";": "semicolon", ",": "comma", "\t": "tab", "|": "bar"}
_MONEY: Final = ("amount", "total")
_HALF: Final = 0.5
_HIGH: Final = 0.9
_ENOUGH: Final = 2


@dataclass(frozen=True)
class Layout:
    """Where a file's table begins, what separates its cells, and what stands above it."""

    delimiter: str
    header_row: int
    last_header_row: int
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    findings: tuple[Finding, ...]
    titles: frozenset[str] = frozenset()

    def moved(self, by: int) -> Layout:
        """Count the rows from further below."""
        row, last = self.header_row + by, self.last_header_row + by
        return replace(self, header_row=row, last_header_row=last)


class _Candidate(NamedTuple):
    score: float
    has_money: bool
    delimiter: str
    head: HeadRow
    rows: list[HeadRow]


def find_layout(source: Decoded, profile: Profile, name: str) -> Layout:
    """Find the delimiter and the header row.

    Raises
    ------
    PosExportError
        No row looks like a header, or none of its columns has amounts.
    """
    delimiters = (profile.delimiter,) if profile.delimiter else _there(source.head)
    heads = {delimiter: read_head(source, delimiter) for delimiter in delimiters}
    best = _best(heads, profile, name)
    return _layout(best, (_explain_delimiter(best, profile), _explain_row(best, profile)))


def _there(head: str) -> tuple[str, ...]:
    """Give the delimiters that a file has anywhere, and one that it has not: a lone column."""
    there = tuple(one for one in DELIMITERS if one in head)
    return (*there, *[one for one in DELIMITERS if one not in there][:1])


def find_header(rows: Sequence[HeadRow], profile: Profile, name: str) -> Layout:
    """Find the header row of a sheet, whose cells nothing has to tell apart.

    Raises
    ------
    NoTable
        No row looks like a header, or none of its columns has amounts.
    """
    best = _best({"": list(rows)}, profile, name)
    return _layout(best, (_explain_row(best, profile),))


def _best(heads: Mapping[str, list[HeadRow]], profile: Profile, name: str) -> _Candidate:
    """Choose the row whose words say most."""
    found = [
        candidate
        for delimiter, rows in heads.items()
        for candidate in _candidates(delimiter, rows, profile)
    ]
    if not found:
        raise _no_header(heads, profile, name)
    best = max(found, key=lambda one: (one.has_money, one.score, -one.head.row))
    if not best.has_money:
        raise no_amounts(name_columns(best.head.cells), best.head.row, name)
    return best


def _layout(best: _Candidate, findings: tuple[Finding, ...]) -> Layout:
    heading = find_heading(best.rows, best.head.row)
    header = name_columns(heading.cells)
    width = len(heading.cells)
    sample = tuple(
        tuple(cell.strip() for cell in row.cells)
        for row in best.rows
        if row.row > heading.last_row and len(row.cells) == width and row.cells != best.head.cells
    )
    above = [row.cells for row in best.rows if row.row < heading.first_row]
    titles = frozenset(" ".join(best.delimiter.join(cells).split()) for cells in above)
    return Layout(
        best.delimiter, heading.first_row, heading.last_row, header, sample, findings, titles
    )


def _candidates(delimiter: str, rows: list[HeadRow], profile: Profile) -> list[_Candidate]:
    declared = _declared(profile, profile.columns)
    declared_money = _declared(profile, _MONEY)
    found: list[_Candidate] = []
    for place, head in enumerate(rows):
        if profile.header_row is not None and head.row != profile.header_row:
            continue
        if any(head.cells == earlier.head.cells for earlier in found):
            continue  # the header again, as on every printed page
        words = {plain(cell) for cell in head.cells}
        guesses = [guess for cell in head.cells if (guess := guess_idea(cell)) is not None]
        best: dict[str, float] = {}
        for guess in guesses:
            best[guess.idea] = max(best.get(guess.idea, 0.0), guess.score)
        score = sum(best.values()) + 2 * len(words & declared)
        has_money = any(idea in best for idea in _MONEY) or bool(words & declared_money)
        if profile.header_row is None and score < (_HALF if has_money else 1.5):
            continue
        score *= _fit_below(head, rows[place + 1 :]) * _like_header(head.cells)
        found.append(_Candidate(score, has_money, delimiter, head, rows))
    return found


def _declared(profile: Profile, ideas: Iterable[str]) -> set[str]:
    """Give the headers that a profile names for some ideas, as they are compared."""
    headers = [header for idea in ideas for header in profile.headers_of(idea)]
    parts = [part for header in headers for part in header.split(" + ")]
    return {plain(one) for one in (*headers, *parts)}


def _fit_below(head: HeadRow, below: Sequence[HeadRow]) -> float:
    """Prefer a header whose width is that of the rows under it."""
    near = below[:40]
    if not near:
        return 1.0
    same = sum(len(row.cells) == len(head.cells) for row in near)
    return _HALF + _HALF * same / len(near)


def _like_header(cells: Sequence[str]) -> float:
    """Tell rows of words from rows of figures."""
    filled = [cell for cell in cells if cell.strip()]
    figures = sum(is_amount(cell) or bool(DATE.search(cell)) for cell in filled)
    return 1.0 if not figures else 0.2


def _no_header(heads: Mapping[str, list[HeadRow]], profile: Profile, name: str) -> NoTable:
    first = next((rows[0] for rows in heads.values() if rows), HeadRow(1, [""]))
    shown = shorten(" | ".join(cell.strip() for cell in first.cells))
    if profile.header_row is not None:
        msg = (
            f"{name}, row {profile.header_row}: no column names stand there, though the profile's "
            "header_row says so; correct it or leave it out"
        )
        return NoTable(msg, "no column names stand there", file=name, row=profile.header_row)
    msg = (
        f"{name}: no row with column names was found among its first lines; looked for words such "
        "as Částka, Suma, Betrag, Amount (amount), ID platby, Zahlungs-ID, Payment ID (payment), "
        f"Číslo účtu, Beleg, Bill (bill). Row {first.row} reads {shown!r}. Name the columns in a "
        "profile (columns.amount = …) or export with a header"
    )
    return NoTable(msg, "it has no row of column names", file=name, row=first.row, value=shown)


def _explain_delimiter(best: _Candidate, profile: Profile) -> Finding:
    value = DELIMITER_NAMES.get(best.delimiter, repr(best.delimiter))
    if profile.delimiter:
        return Finding("delimiter", value, "stated", "the profile says so")
    fit = _fit_below(best.head, [row for row in best.rows if row.row > best.head.row])
    why = f"gives rows of {len(best.head.cells)} cells under the header"
    return Finding("delimiter", value, "high" if fit >= _HIGH else "medium", why)


def _explain_row(best: _Candidate, profile: Profile) -> Finding:
    value = str(best.head.row)
    if profile.header_row:
        return Finding("header_row", value, "stated", "the profile says so")
    surely: Confidence = "high" if best.score >= _ENOUGH else "medium"
    return Finding("header_row", value, surely, "its words stand for the most ideas")
