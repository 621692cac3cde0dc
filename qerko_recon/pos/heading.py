"""Headers over two rows in, one row of names out.

A column may be named in two rows, one above the other: *Platba* over *ID* and *částka*, or its
unit below its name. What the two say together is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from qerko_recon.pos.records import HeadRow
from qerko_recon.pos.vocabulary import currency_in, guess_idea, says_nothing

__all__ = ["Heading", "find_heading", "says_header"]

_UNIT: Final = re.compile(r"[\[(].*[\])]|\W*")
_KNOWN: Final = 0.9
_FEW: Final = 2
_MONEY: Final = frozenset({"amount", "total"})


class Heading(NamedTuple):
    """The names of a table's columns, and how many rows they take."""

    cells: tuple[str, ...]
    first_row: int
    last_row: int


def find_heading(rows: Sequence[HeadRow], row: int) -> Heading:
    """Join the header row with the one below or above it, where they are one header.

    Parameters
    ----------
    rows
        The first rows of the table, blank ones left out.
    row
        The row that has the header.
    """
    place = next(place for place, one in enumerate(rows) if one.row == row)
    head = rows[place]
    if place + 1 < len(rows) and _goes_on(head, below := rows[place + 1]):
        return Heading(_joined(head.cells, below.cells), head.row, below.row)
    if place and _begins(above := rows[place - 1], head):
        joined = _joined(above.cells, head.cells)
        if len(_ideas(joined)) > len(_ideas(head.cells)):
            return Heading(joined, above.row, head.row)
    return Heading(tuple(head.cells), head.row, head.row)


def _goes_on(head: HeadRow, below: HeadRow) -> bool:
    """Tell whether a row goes on with the header above it: words or units, and no figures."""
    filled = [cell.strip() for cell in below.cells if cell.strip()]
    if below.row != head.row + 1 or below.cells == head.cells or _has_digit(below.cells):
        return False
    if len(below.cells) > len(head.cells) or not filled:
        return False
    units = sum(bool(_UNIT.fullmatch(cell)) or currency_in(cell) == cell for cell in filled)
    if units == len(filled):
        return any(any(map(str.isalnum, cell)) or currency_in(cell) for cell in filled)
    return len(filled) >= _FEW and len(_ideas(_joined(head.cells, below.cells))) > len(
        _ideas(head.cells)
    )


def _begins(above: HeadRow, head: HeadRow) -> bool:
    filled = [cell for cell in above.cells if cell.strip()]
    return (
        above.row == head.row - 1
        and len(filled) >= _FEW
        and len(above.cells) >= len(head.cells)
        and not _has_digit(above.cells)
    )


def _has_digit(cells: Sequence[str]) -> bool:
    return any(letter.isdigit() for cell in cells for letter in cell)


def _joined(above: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    """Join two rows; a name above stands for the columns to its right that have none."""
    names, spanning = [], ""
    for place in range(max(len(above), len(below))):
        top = above[place].strip() if place < len(above) else ""
        bottom = below[place].strip() if place < len(below) else ""
        bottom = "" if says_nothing(bottom) else bottom
        spanning = top or (spanning if bottom else "")
        options = (f"{spanning} {bottom}".strip(), bottom, spanning)
        known = (one for one in options if one and _score(one) >= _KNOWN)
        names.append(next(known, options[0]))
    return tuple(names)


def _score(name: str) -> float:
    guess = guess_idea(name)
    return guess.score if guess else 0.0


def _ideas(cells: Sequence[str]) -> set[str]:
    """Give what the cells of a header surely stand for."""
    guesses = (guess_idea(cell) for cell in cells)
    return {guess.idea for guess in guesses if guess is not None and guess.score >= _KNOWN}


def says_header(cells: Sequence[str]) -> bool:
    """Tell whether a row is the header of a table of payments.

    >>> says_header(["Účet", "Částka", "ID platby"]), says_header(["B1", "Suma", ""])
    (True, False)
    """
    filled = [cell for cell in cells if cell.strip()]
    ideas = _ideas(filled)
    is_most = 2 * len(ideas) >= len(filled)
    return len(ideas) >= _FEW and bool(ideas & _MONEY) and is_most and not _has_digit(filled)
