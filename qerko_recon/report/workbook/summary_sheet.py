"""The workbook's first sheet: verdict, control totals that tie out by formula, what went in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import qerko_recon
from qerko_recon.recon import ControlTotal, Reconciliation
from qerko_recon.report.labels import term
from qerko_recon.report.verdict import verdict
from qerko_recon.report.workbook.cells import Formula, Kind, Link
from qerko_recon.report.workbook.sheets import Column, Sheet, line_count
from qerko_recon.report.workbook.words import Words
from qerko_recon.wording import format_date, format_number, one_line

__all__ = ["write_summary"]

_WIDTHS: Final = (34, 20, 18, 18, 20, 17, 16, 19, 19)
_LAST: Final = len(_WIDTHS) - 1
_TEXT_WIDTH: Final = sum(_WIDTHS) * 0.95
_LINE: Final = 15
_STRONG_LINE: Final = 18
_SIGNED: Final = ("prepared", "approved")
_LINES: Final = (1, 2, 4, 6, 7)
_SIGN_HEIGHT: Final = 30


def write_summary(
    sheet: Sheet,
    result: Reconciliation,
    rows: Mapping[str, int],
    words: Words,
    *,
    lists_all: bool = True,
) -> None:
    """Write the summary; it comes last, since it says what the other sheets had to do.

    Parameters
    ----------
    rows
        How many rows each of the other sheets holds, by its name in the catalogs.
    lists_all
        Whether every payment and line has a row of its own.
    """
    for place, width in enumerate(_WIDTHS):
        sheet.worksheet.set_column(place, place, width)
    page = _Page(sheet, result, words, lists_all=lists_all)
    page.head()
    page.totals()
    page.contents(rows)
    page.sources()
    page.readings()
    page.notes()
    page.signatures()
    sheet.worksheet.freeze_panes(1, 0)
    sheet.worksheet.repeat_rows(0)
    sheet.worksheet.activate()


class _Page:
    """Writes downwards, block by block."""

    def __init__(
        self, sheet: Sheet, result: Reconciliation, words: Words, *, lists_all: bool
    ) -> None:
        self._lists_all = lists_all
        self._sheet = sheet
        self._result = result
        self._words = words
        self._row = 0

    def head(self) -> None:
        sheet, summary, words = self._sheet, self._result.summary, self._words
        sheet.write(0, 0, words.say("report.title"), "title")
        sheet.worksheet.set_row(0, 27)
        self._row = 1
        self._across(verdict(self._result, words.language), "strong", _STRONG_LINE)
        self._row += 1
        days = dict.fromkeys((summary.first_day, summary.last_day))
        shown = [format_date(day, words.language) for day in days if day is not None]
        for name, value in (
            ("venue", summary.venue and one_line(summary.venue)),
            ("period", " – ".join(shown) or None),
            ("time_zone", summary.time_zone),
            ("made_by", f"qerko-recon {qerko_recon.__version__}"),
        ):
            sheet.write(self._row, 0, words.say(f"report.{name}"), "faint_text")
            sheet.write(self._row, 1, value, "text")
            self._row += 1
        self._row += 1

    def totals(self) -> None:
        """Write both sides' totals as sums over their sheets, and what the breaks leave."""
        self._heading("totals")
        self._across(self._words.say("report.totals_hint"), "hint")
        first = self._row + 2
        totals = [
            self._total(number, total)
            for number, total in enumerate(self._result.summary.totals, start=first)
        ]
        self._table(
            "ControlTotals",
            totals,
            ("currency", "text"),
            ("settled", "money"),
            ("posted", "money"),
            ("variance", "money"),
            ("by_breaks", "money"),
            ("unexplained", "money"),
            ("payments", "count"),
            ("lines", "count"),
            ("breaks", "count"),
        )

    def contents(self, rows: Mapping[str, int]) -> None:
        self._heading("contents")
        cells = [
            (
                Link(self._words.sheet(name), "A1", self._words.sheet(name)),
                count,
                self._words.say(f"contents.{name}"),
            )
            for name, count in rows.items()
        ]
        self._table("Contents", cells, ("sheet", "link"), ("rows", "count"), ("holds", "unit"))

    def sources(self) -> None:
        self._heading("sources")
        cells = [
            (one.name, self._words.say(f"side.{one.kind}"), one.rows, one.sha256)
            for one in self._result.summary.sources
        ]
        self._table(
            "Sources",
            cells,
            ("name", "long"),
            ("side", "text"),
            ("rows", "count"),
            ("hash", "unit"),
        )

    def readings(self) -> None:
        self._heading("readings")
        language = self._words.language
        cells = [
            (
                term("setting", one.setting, language),
                term("setting_value", one.value, language),
                term("chosen", one.chosen, language),
                f"{format_number(one.explains, language)} / {format_number(one.of, language)}",
            )
            for one in self._result.summary.readings
        ]
        self._table(
            "Readings",
            cells,
            ("setting", "long"),
            ("value", "text"),
            ("chosen", "text"),
            ("explains", "text"),
        )

    def notes(self) -> None:
        notes = [one.say(self._words.language) for one in self._result.summary.remarks]
        if not self._lists_all:
            notes.append(self._words.say("workbook.left_out"))
        if self._sheet.book.has_long_numbers:
            notes.append(self._words.say("workbook.as_text"))
        if not notes:
            return
        self._heading("notes")
        for note in notes:
            self._across(note, "long")
        self._row += 1

    def signatures(self) -> None:
        """Leave lines for those who prepare and approve, to be filled in by hand."""
        self._heading("sign_off")
        line = self._sheet.book.format("line")
        for name in _SIGNED:
            self._sheet.worksheet.set_row(self._row, _SIGN_HEIGHT)
            for place, key in ((0, name), (3, "date"), (5, "signature")):
                text = self._words.say(f"sign_off.{key}")
                self._sheet.write(self._row, place, text, "to_sign" if place else "signed")
            for place in _LINES:
                self._sheet.worksheet.write_blank(self._row, place, None, line)
            self._row += 1

    def _total(self, number: int, total: ControlTotal) -> tuple[object, ...]:
        words, own = self._words, f"$A{number}"
        explained = _explained(self._result, total.currency)
        return (
            total.currency,
            Formula(words.sum("Payments", "settled", currency=own), total.settled),
            Formula(words.sum("SourceRows", "posted", currency=own), total.posted),
            words.less(f"C{number}", f"B{number}", total.variance),
            Formula(words.sum("Breaks", "variance", currency=own), explained),
            words.less(f"D{number}", f"E{number}", total.variance - explained),
            self._count("Payments", own, total.payments),
            self._count("SourceRows", own, total.tenders),
            Formula(words.count("Breaks", currency=own), total.breaks),
        )

    def _count(self, table: str, currency: str, count: int) -> Formula | int:
        """Count the rows, where each has one of its own."""
        if not self._lists_all:
            return count
        return Formula(self._words.count(table, currency=currency), count)

    def _table(
        self, name: str, rows: Sequence[tuple[object, ...]], *columns: tuple[str, Kind]
    ) -> None:
        by_column: list[list[Any]] = [list(values) for values in zip(*rows, strict=True)]
        held = by_column or [[] for _ in columns]
        declared: list[Column] = [
            self._words.column(heading, kind, values)
            for (heading, kind), values in zip(columns, held, strict=True)
        ]
        self._row = self._sheet.plain_table(name, declared, _WIDTHS[: len(columns)], at=self._row)
        self._row += 1

    def _heading(self, name: str) -> None:
        self._sheet.write(self._row, 0, self._words.say(f"report.{name}"), "heading")
        self._sheet.worksheet.set_row(self._row, 20)
        self._row += 1

    def _across(self, text: str, kind: str, line: int = _LINE) -> None:
        """Write a text over the whole width, as high as it takes."""
        worksheet, row = self._sheet.worksheet, self._row
        worksheet.merge_range(row, 0, row, _LAST, "", self._sheet.book.format(kind))
        self._sheet.write(row, 0, text, kind)
        worksheet.set_row(row, line * line_count(text, _TEXT_WIDTH * _LINE / line))
        self._row += 1


def _explained(result: Reconciliation, currency: str) -> Decimal:
    own = result.breaks[result.breaks["currency"] == currency]
    return sum(own["variance"], Decimal(0))
