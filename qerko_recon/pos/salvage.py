"""Broken rows in, what can be saved of them out: the payment they are about.

A row of too few or too many cells says nothing reliable of money, but a payment ID in it can
still be told by its looks, and then the payment is not reported as missing in the POS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from qerko_recon.errors import shorten
from qerko_recon.pos.cells import clean_ids
from qerko_recon.pos.problems import Problem
from qerko_recon.pos.records import Broken
from qerko_recon.schema import TENDERS

__all__ = ["salvage"]

_LOOKED_AT = 1000


def salvage(
    broken: Sequence[Broken], table: pa.Table, place: int | None, width: int, file: str
) -> tuple[pa.Table, list[Problem]]:
    """Make a line without amount of each broken row whose payment ID can be read.

    Parameters
    ----------
    broken
        The rows.
    table
        The lines of the same file that could be read.
    place, width
        Which column has payment IDs, if any, and how many columns there are.

    Returns
    -------
    lines, problems
        Columns of :data:`qerko_recon.schema.TENDERS`; and a problem for every broken row.
    """
    known: Counter[str] = Counter()
    if broken and place is not None:
        ids = table["payment_id"].drop_null().slice(0, _LOOKED_AT)
        known.update(map(shape, ids.to_pylist()))
    rows, problems = [], []
    for one in broken:
        found = None if place is None else _payment_id(one.cells, place, width, known)
        text = f"the row has {len(one.cells)} cells, the header has {width}"
        if found is not None:
            rows.append((one.row, found))
            text += f"; payment {found} is in it, but not what it posts"
        text += "; correct it in the POS or in the file, and read it again"
        problems.append(Problem(file, one.row, None, one.text, text))
    cells = {
        "payment_id": [found for _, found in rows],
        "state": ["paid"] * len(rows),
        "source_file": [file] * len(rows),
        "source_row": [row for row, _ in rows],
    }
    columns = [
        pa.array(cells.get(field.name, [None] * len(rows)), field.type) for field in TENDERS
    ]
    return pa.table(columns, schema=TENDERS), problems


def _payment_id(broken: Sequence[str], place: int, width: int, known: Counter[str]) -> str | None:
    """Take the cell where the ID belongs, or the only one that looks like an ID of this file."""
    cells = clean_ids(pa.array(broken, pa.string()), "payment_id")[0].to_pylist()
    for near in (place, place - width + len(cells)):
        if 0 <= near < len(cells) and cells[near] and shape(cells[near]) in known:
            return str(cells[near])
    alike = [cell for cell in cells if cell and shape(cell) in known]
    return str(alike[0]) if len(alike) == 1 else None


def shape(text: str) -> str:
    """Reduce an ID to what it looks like: kinds of characters, and its length.

    >>> shape("PAY-0012"), shape("44648366")
    ('A-9 8', '9 8')
    """
    kinds: list[str] = []
    for character in text:
        kind = "9" if character.isdigit() else "A" if character.isalpha() else character
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    return f"{shorten(''.join(kinds))} {len(text)}"
