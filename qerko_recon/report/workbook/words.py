"""The workbook's words in one language, and which zone its times are in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from qerko_recon.report.labels import LABELS
from qerko_recon.report.workbook.cells import Formula, Kind
from qerko_recon.report.workbook.sheets import Column
from qerko_recon.wording import format_number

__all__ = ["Words", "cells_of", "joined"]

_NOTHING: Final[Mapping[str, object]] = {}
_IDS_NAMED: Final = 50
_MEANT: Final = re.compile(r"[\[\]#']")


class Words:
    """Names sheets and columns, and writes the formulas that name them."""

    def __init__(self, language: str, zone: str) -> None:
        self.language = language
        self._zone = zone

    def say(self, key: str, values: Mapping[str, object] = _NOTHING) -> str:
        """Say a label."""
        return LABELS.say(key, self.language, values)

    def number(self, count: int) -> str:
        """Write a count."""
        return format_number(count, self.language)

    def sheet(self, name: str) -> str:
        """Name a sheet; Excel takes 31 characters."""
        return self.say(f"sheet.{name}")

    def heading(self, name: str) -> str:
        """Name a column."""
        return self.say(f"column.{name}", {"zone": self._zone})

    def column(
        self, name: str, kind: Kind, values: Sequence[Any] = (), width: float | None = None
    ) -> Column:
        """Declare a column by the name of its heading."""
        return Column(self.heading(name), kind, values, width)

    def cells(self, table: str, column: str) -> str:
        """Name a table's column in a formula."""
        return cells_of(table, self.heading(column))

    def sum(self, table: str, column: str, **same: str) -> str:
        """Write the sum of a column over the rows that have these values, to the last digit.

        Cells are compared whole and by case: a currency is data, and ``SUMIFS`` would take
        ``*`` or ``<1`` for a pattern.
        """
        return self.sum_of(table, self.heading(column), **same)

    def sum_of(self, table: str, heading: str, **same: str) -> str:
        """Write the sum of the column of a heading."""
        tests = self._tests(table, same)
        return f"=ROUND(SUMPRODUCT({tests},{cells_of(table, heading)}),6)"

    def count(self, table: str, **same: str) -> str:
        """Write the number of rows that have these values."""
        return f"=SUMPRODUCT({self._tests(table, same)})"

    def _tests(self, table: str, same: Mapping[str, str]) -> str:
        return ",".join(
            f"--EXACT({self.cells(table, name)},{cell})" for name, cell in same.items()
        )

    def less(self, minuend: str, subtrahend: str, value: Any) -> Formula:
        """Write one cell less another, to the last digit."""
        return Formula(f"=ROUND({minuend}-{subtrahend},6)", value)


def cells_of(table: str, heading: str) -> str:
    """Name a table's column in a formula, where some characters have a meaning of their own."""
    return f"{table}[{_MEANT.sub(_escaped, heading)}]"


def _escaped(found: re.Match[str]) -> str:
    return f"'{found[0]}"


def joined(ids: Sequence[str] | None) -> str | None:
    """Name IDs in one cell; where there are too many, the first and how many in all."""
    shown = list(ids or ())
    rest = [f"… ({len(shown)})"] if len(shown) > _IDS_NAMED else []
    return ", ".join(shown[:_IDS_NAMED] + rest) or None
