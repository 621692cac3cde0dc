"""The workbook's first sheet: verdict, control totals that tie out by formula, what went in."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from qerko_recon.recon import Reconciliation
from qerko_recon.report.labels import LABELS, term
from qerko_recon.report.sheets import Column, Formula, Kind, Sheet, line_count
from qerko_recon.report.verdict import verdict
from qerko_recon.wording import format_date

__all__ = ["write_summary"]

_WIDTHS: Final = (36, 20, 17, 17, 20, 17, 19, 19, 19)
_LAST: Final = len(_WIDTHS) - 1
_TEXT_WIDTH: Final = sum(_WIDTHS) - 10
_LINE: Final = 15


def write_summary(sheet: Sheet, result: Reconciliation, language: str) -> None:
    """Write the summary; it comes last, since it says what the other sheets had to do."""
    for place, width in enumerate(_WIDTHS):
        sheet.worksheet.set_column(place, place, width)
    title = LABELS.say("report.title", language)
    sheet.worksheet.write_string(0, 0, title, sheet.book.format("title"))
    sheet.worksheet.set_row(0, 24)
    _write_across(sheet, 1, verdict(result, language), "strong")
    row = _write_facts(sheet, result, language, 3)
    row = _write_totals(sheet, result, language, row + 1)
    row = _write_sources(sheet, result, language, row + 1)
    row = _write_readings(sheet, result, language, row + 1)
    _write_notes(sheet, result, language, row + 1)
    sheet.worksheet.freeze_panes(1, 0)
    sheet.worksheet.repeat_rows(0)
    sheet.worksheet.activate()


def _write_facts(sheet: Sheet, result: Reconciliation, language: str, row: int) -> int:
    summary = result.summary
    days = [summary.first_day, summary.last_day]
    shown = [format_date(day, language) for day in dict.fromkeys(days) if day is not None]
    for name, value in (
        ("venue", summary.venue),
        ("period", " – ".join(shown) or None),
        ("time_zone", summary.time_zone),
    ):
        sheet.write(row, 0, LABELS.say(f"report.{name}", language), "faint_text")
        sheet.write(row, 1, value, "text")
        row += 1
    return row


def _write_totals(sheet: Sheet, result: Reconciliation, language: str, row: int) -> int:
    """Write both sides' totals as sums over their sheets, and what the breaks leave: nothing."""
    _heading(sheet, row, "totals", language)
    columns = _columns(
        language,
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
    word = {name: LABELS.say(f"column.{name}", language) for name in _SUMMED}
    rows: list[list[object]] = []
    for number, total in enumerate(result.summary.totals, start=row + 3):
        own = f"$A{number}"
        explained = _explained(result, total.currency)
        sums = {
            name: f"=SUMIFS({table}[{word[column]}],{table}[{word['currency']}],{own})"
            for name, table, column in (
                ("settled", "Payments", "settled"),
                ("posted", "SourceRows", "posted"),
                ("by_breaks", "Breaks", "variance"),
            )
        }
        counts = {
            table: f"=COUNTIFS({table}[{word['currency']}],{own})"
            for table in ("Payments", "SourceRows", "Breaks")
        }
        rows.append(
            [
                total.currency,
                Formula(sums["settled"], total.settled),
                Formula(sums["posted"], total.posted),
                Formula(f"=C{number}-B{number}", total.variance),
                Formula(sums["by_breaks"], explained),
                Formula(f"=ROUND(D{number}-E{number},6)", total.variance - explained),
                Formula(counts["Payments"], total.payments),
                Formula(counts["SourceRows"], total.tenders),
                Formula(counts["Breaks"], total.breaks),
            ]
        )
    return sheet.plain_table("ControlTotals", columns, rows, at=row + 1)


_SUMMED: Final = ("settled", "posted", "variance", "currency")


def _explained(result: Reconciliation, currency: str) -> Decimal:
    own = result.breaks[result.breaks["currency"] == currency]
    return sum(own["variance"], Decimal(0))


def _write_sources(sheet: Sheet, result: Reconciliation, language: str, row: int) -> int:
    _heading(sheet, row, "sources", language)
    columns = _columns(language, ("name", "long"), ("side", "text"), ("rows", "count"))
    columns.append(Column(LABELS.say("column.hash", language), "unit", _WIDTHS[3]))
    rows = [
        [one.name, LABELS.say(f"side.{one.kind}", language), one.rows, one.sha256]
        for one in result.summary.sources
    ]
    return sheet.plain_table("Sources", columns, rows, at=row + 1)


def _write_readings(sheet: Sheet, result: Reconciliation, language: str, row: int) -> int:
    _heading(sheet, row, "readings", language)
    columns = _columns(
        language, ("setting", "long"), ("value", "text"), ("chosen", "text"), ("explains", "text")
    )
    rows = [
        [
            term("setting", one.setting, language),
            term("setting_value", one.value, language),
            term("chosen", one.chosen, language),
            f"{one.explains} / {one.of}",
        ]
        for one in result.summary.readings
    ]
    return sheet.plain_table("Readings", columns, rows, at=row + 1)


def _write_notes(sheet: Sheet, result: Reconciliation, language: str, row: int) -> None:
    notes = [one.say(language) for one in result.summary.remarks]
    if sheet.book.has_long_numbers:
        notes.append(LABELS.say("workbook.as_text", language))
    if not notes:
        return
    _heading(sheet, row, "notes", language)
    for number, note in enumerate(notes, start=row + 1):
        _write_across(sheet, number, note, "long")


def _write_across(sheet: Sheet, row: int, text: str, kind: str) -> None:
    """Write a text over the whole width, as high as it takes."""
    sheet.worksheet.merge_range(row, 0, row, _LAST, "", sheet.book.format(kind))
    sheet.write(row, 0, text, kind)
    sheet.worksheet.set_row(row, _LINE * line_count(text, _TEXT_WIDTH))


def _heading(sheet: Sheet, row: int, name: str, language: str) -> None:
    text = LABELS.say(f"report.{name}", language)
    sheet.worksheet.write_string(row, 0, text, sheet.book.format("heading"))


def _columns(language: str, *columns: tuple[str, Kind]) -> list[Column]:
    return [
        Column(LABELS.say(f"column.{name}", language), kind, width)
        for (name, kind), width in zip(columns, _WIDTHS, strict=False)
    ]
