"""What is found out about a file, how surely and why; and what is said where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from qerko_recon.errors import PosExportError, shorten

__all__ = ["Confidence", "Finding", "NoTable", "at_row", "listed", "no_amounts"]

Confidence = Literal["stated", "high", "medium", "low"]

_LONGEST: Final = 300


class NoTable(PosExportError):
    """What is looked at has no table of amounts, or not the columns that a profile names.

    ``short`` says so in a few words, for a list of several.
    """

    def __init__(
        self,
        message: str,
        short: str,
        *,
        file: str,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(message, file=file, row=row, column=column, value=value)
        self.short = short


class Finding(NamedTuple):
    """One thing found out about a file: what, how surely, and why."""

    setting: str
    value: str
    confidence: Confidence
    reason: str


def at_row(name: str, row: int) -> str:
    """Name the row of the header, where there is one."""
    return f"{name}, row {row}" if row else name


def no_amounts(header: Sequence[str], row: int, name: str) -> NoTable:
    """Say that no column holds amounts."""
    msg = (
        f"{at_row(name, row)}: no column holds amounts; the columns are "
        f"{listed(header)}. Name it in a profile: columns.amount = …"
    )
    return NoTable(msg, "none of its columns holds amounts", file=name, row=row, column="amount")


def listed(header: Sequence[str]) -> str:
    """List a header's names."""
    return shorten(", ".join(cell or "(no name)" for cell in header), limit=_LONGEST)
