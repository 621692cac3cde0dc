"""A table of payment lines, whatever it was read from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from qerko_recon.pos.amounts import MarkVote
from qerko_recon.pos.columns import Columns
from qerko_recon.pos.findings import Finding
from qerko_recon.pos.problems import Problem
from qerko_recon.pos.records import Records
from qerko_recon.pos.sniff import Layout
from qerko_recon.pos.typed import Kinds

__all__ = ["MONEY", "Table", "tell_apart"]

MONEY: Final = ("amount", "tip", "total")
"""Ideas whose columns hold amounts."""
_YEAR: Final = re.compile(r"(?<!\d)20\d\d(?!\d)")


@dataclass(frozen=True, eq=False)
class Table:
    """A table of payment lines.

    Attributes
    ----------
    name
        What its rows are said to come from: the file, and the sheet where several are read.
    file
        The file alone, or the archive's member.
    format, sheet, encoding
        What it is; ``None`` where there is none.
    records
        Its rows as text; numbers of money columns with the decimal mark of ``vote``.
    kinds
        By column place, what kind each cell was; nothing for text files.
    vote
        Which decimal mark its text cells agree on; ``None`` where it is still to be found.
    floats
        Places of columns whose numbers are binary fractions, which keep some fifteen digits.
    aside
        How many rows of summaries below it were left out.
    findings, problems, notes
        What was found out of the file's form, what of it was damaged, what is to be said.
    """

    name: str
    file: str
    format: str
    sheet: str | None
    encoding: str | None
    layout: Layout
    columns: Columns
    records: Records
    kinds: Mapping[int, Kinds]
    vote: MarkVote | None
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    floats: frozenset[int] = frozenset()
    aside: int = 0

    @property
    def year(self) -> int | None:
        """The year that titles, sheet or file name, if they agree on one."""
        texts = (*self.layout.titles, self.sheet or "", self.file)
        years = {year for text in texts for year in _YEAR.findall(text)}
        return int(years.pop()) if len(years) == 1 else None


def tell_apart(tables: list[Table]) -> list[Table]:
    """Keep the tables that say of what their amounts are, as the first one does."""
    first, kept, notes, aside = tables[0], [], [], 0
    for one in tables:
        row = one.layout.header_row
        if _names_less(one.columns.places, first.columns.places):
            aside += len(one.records) + len(one.records.broken) + 1
            notes.append(f"the table that begins in row {row} sums others up and is not read")
            continue
        kept.append(one)
        if one is not first:
            text = "with a header of its own, and is read by it"
            notes.append(f"another table begins in row {row}, {text}")
    kept[0] = replace(first, notes=(*first.notes, *notes), aside=aside)
    return kept


def _names_less(places: Mapping[str, int], first: Mapping[str, int]) -> bool:
    """Tell a table that has neither bill nor ID, or no time, where the first has."""
    for some in (("payment_id", "bill_id", "tender_id"), ("paid_at",)):
        if any(idea in first for idea in some):
            return not any(idea in places for idea in some)
    return False
