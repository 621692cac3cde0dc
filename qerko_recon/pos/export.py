"""A POS export as read: Qerko's lines, the other tenders', the problems, and how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from qerko_recon.errors import shorten
from qerko_recon.money import format_amount, total
from qerko_recon.pos.encoding import ONLY_ASCII
from qerko_recon.pos.findings import Confidence, Finding
from qerko_recon.pos.listed import single_ids
from qerko_recon.pos.profile import DateOrder, Profile, TipLayout
from qerko_recon.pos.sniff import DELIMITER_NAMES

__all__ = ["PosExport", "Sniffed", "Source"]


class Source(NamedTuple):
    """A file read: its name, the SHA-256 of its bytes, and how many data rows it has."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Sniffed:
    """How a file was understood, setting by setting, with how surely and why.

    Attributes
    ----------
    file
        Its name, with that of the sheet where several are read.
    format, sheet
        ``csv``, ``xlsx``, ``xls``, ``xlsb``, ``ods``, ``json``, ``json lines`` or ``parquet``,
        and the sheet where there is one.
    encoding, delimiter, decimal_mark, date_order, header_row
        As read; ``None`` where there is no such thing: a workbook has no encoding, dates and
        numbers that are typed as such need no order and no mark.
    header
        The column names as the file has them.
    columns
        Idea to column name, for the ideas the file has.
    tip_layout
        As in :class:`Profile`.
    currency
        Of lines that name none; ``None`` where nothing says.
    findings
        One for each of the above: ``setting, value, confidence, reason``. The confidence is
        ``stated`` (by the profile), ``high``, ``medium`` or ``low``.
    notes
        What had to be assumed, one sentence each.
    """

    file: str
    format: str
    sheet: str | None
    encoding: str | None
    delimiter: str | None
    decimal_mark: str | None
    date_order: DateOrder | None
    header_row: int | None
    header: tuple[str, ...]
    columns: Mapping[str, str]
    tip_layout: TipLayout
    currency: str | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def confidence(self) -> Confidence:
        """The weakest of all findings."""
        order: tuple[Confidence, ...] = ("low", "medium", "high")
        held = {finding.confidence for finding in self.findings}
        return next((one for one in order if one in held), "stated")

    @property
    def is_encoding_sure(self) -> bool:
        """Whether the file's letters tell its encoding, as ASCII alone does not."""
        found = next((one for one in self.findings if one.setting == "encoding"), None)
        return found is not None and found.confidence != "medium" and found.reason != ONLY_ASCII

    @property
    def form(self) -> str:
        """How it was read, in a few words."""
        parts = [self.encoding or self.format]
        if self.sheet is not None:
            parts.append(f"sheet {self.sheet}")
        if self.delimiter is not None:
            parts.append(DELIMITER_NAMES.get(self.delimiter, self.delimiter))
        if self.decimal_mark is not None:
            parts.append(f"decimal {self.decimal_mark}")
        return ", ".join([*parts, f"tips {self.tip_layout}"])

    def __repr__(self) -> str:
        rows = [
            f"  {one.setting:<13} {one.value:<28} {one.confidence:<7} {one.reason}"
            for one in self.findings
        ]
        notes = [f"  note: {note}" for note in self.notes]
        return "\n".join([f"Sniffed {self.file!r}", *rows, *notes])

    def _repr_html_(self) -> str:
        cells = (
            "<tr>" + "".join(f"<td>{escape(part)}</td>" for part in finding) + "</tr>"
            for finding in self.findings
        )
        heads = "".join(f"<th>{name}</th>" for name in Finding._fields)
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<table><caption>{escape(self.file)}</caption><thead><tr>{heads}</tr></thead>"
            f"<tbody>{''.join(cells)}</tbody></table>" + (f"<ul>{notes}</ul>" if notes else "")
        )


@dataclass(frozen=True, eq=False)
class PosExport:
    """What :func:`qerko_recon.pos.read_pos` gives.

    Attributes
    ----------
    tenders
        Qerko's lines, columns of :data:`qerko_recon.schema.TENDERS`. A line whose amount cannot
        be read is there with null ``amount`` and ``total``.
    others
        The same columns: lines of other tenders, set aside.
    problems
        What could not be read, columns of :data:`qerko_recon.schema.PROBLEMS`.
    profile
        What was stated, completed by what was found in the first file; :meth:`Profile.write`
        keeps it for the next day.
    all_sniffed
        How each file was understood.
    sources
        Name, SHA-256 and number of data rows of each file.
    rows
        What became of the rows: ``tenders`` and ``others``, ``tips`` and ``items`` (added to the
        lines they belong to), ``broken`` (only among the problems), ``repeats`` (lines of an
        earlier file once more), ``left_out`` (of types that the profile names), ``totals``
        (lines of totals, repeated headers and remarks below the table). The data rows are all
        but the totals.
    """

    tenders: pd.DataFrame
    others: pd.DataFrame
    problems: pd.DataFrame
    profile: Profile
    all_sniffed: tuple[Sniffed, ...]
    sources: tuple[Source, ...]
    rows: Mapping[str, int]

    @property
    def sniffed(self) -> Sniffed:
        """How the file was understood (the first of several)."""
        return self.all_sniffed[0]

    @cached_property
    def payment_ids(self) -> tuple[str, ...]:
        """Payment IDs on Qerko's lines, each once, in the order of the file.

        A line that pays several payments lists them in its ``payment_id``, such as
        ``4711, 4712``; here they are single, to be fetched.
        """
        return single_ids(pa.array(self.tenders["payment_id"]))

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be assumed, each once."""
        return tuple(dict.fromkeys(note for one in self.all_sniffed for note in one.notes))

    def __len__(self) -> int:
        return len(self.tenders)

    def _facts(self) -> list[tuple[str, str]]:
        one = self.sniffed
        sums = [
            format_amount(total(part["total"].dropna()), currency)
            for currency, part in self._paid().items()
        ]
        columns = ", ".join(f"{idea} = {name}" for idea, name in one.columns.items())
        return [
            ("files", ", ".join(f"{source.name} ({source.rows} rows)" for source in self.sources)),
            ("Qerko's lines", f"{len(self.tenders)}" + (f", {' + '.join(sums)}" if sums else "")),
            ("other tenders", str(len(self.others))),
            ("problems", str(len(self.problems))),
            ("read as", one.form),
            ("columns", columns),
        ]

    def _paid(self) -> dict[str | None, pd.DataFrame]:
        paid = self.tenders[self.tenders["state"] == "paid"]
        codes = paid["currency"].dropna().unique().tolist()
        parts = {str(code): paid[paid["currency"] == code] for code in codes}
        rest = paid[paid["currency"].isna()]
        return parts | ({None: rest} if len(rest) else {})

    def __repr__(self) -> str:
        rows = [f"  {name:<14} {shorten(value, 300)}" for name, value in self._facts()]
        return "\n".join(["PosExport", *rows, *(f"  note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(shorten(value, 300))}</td></tr>"
            for name, value in self._facts()
        )
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<table>{rows}</table>" + (f"<ul>{notes}</ul>" if notes else "")
