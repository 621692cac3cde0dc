"""The Excel workbook: a reconciliation in, one file that ties back to its control totals out.

Sheets: Summary, Breaks (with an empty column for notes), Matches, Tips, Bridge (with a chart),
Payments, Source rows, and the export's problems where there are any. The same result gives the
same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import action, cause, kind_name, severity_name
from qerko_recon.report.labels import LABELS, term
from qerko_recon.report.rows import break_rows, plain_rows
from qerko_recon.report.saving import saved_at
from qerko_recon.report.sheets import Book, Column, Formula, Link, Sheet, cell_name, check_rows
from qerko_recon.report.steps_sheet import write_bridge
from qerko_recon.report.summary_sheet import write_summary
from qerko_recon.report.tips import tips_by_provider
from qerko_recon.wording import language_of, one_line

__all__ = ["write_workbook"]

_LONG_AGO: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - Excel has no time zones
_IDS_NAMED: Final = 50

Rows = list[list[object]]


def write_workbook(
    result: Reconciliation, path: str | os.PathLike[str], language: str = "en"
) -> None:
    """Write a result as an Excel workbook.

    Parameters
    ----------
    result
        What ``reconcile`` returned.
    path
        The file to write; it appears whole or not at all.
    language
        ``cs``, ``de``, ``en`` or ``sk``, for headings and sentences.

    Raises
    ------
    QerkoReconError
        A sheet would have more rows than Excel holds, or the file cannot be written: it is open
        elsewhere, or its folder does not exist.
    """
    words = _Words(result, language_of(language))
    breaks = break_rows(result, words.language)
    for name, frame in (
        ("breaks", result.breaks),
        ("matches", result.matches),
        ("payments", result.payments),
        ("lines", result.tenders),
        ("problems", result.problems),
    ):
        check_rows(words.sheet(name), len(frame))
    with saved_at(path) as draft:
        _write(result, words, breaks, draft)


class _Words:
    """The workbook's words in one language."""

    def __init__(self, result: Reconciliation, language: str) -> None:
        self.result = result
        self.language = language

    def sheet(self, name: str) -> str:
        """Name a sheet; Excel takes 31 characters."""
        return LABELS.say(f"sheet.{name}", self.language)

    def column(self, name: str, kind: Any, width: float = 12) -> Column:
        """Declare a column by the name of its heading."""
        zone = self.result.summary.time_zone
        return Column(LABELS.say(f"column.{name}", self.language, {"zone": zone}), kind, width)


def _write(
    result: Reconciliation, words: _Words, breaks: list[dict[str, Any]], draft: Path
) -> None:
    workbook = Workbook(str(draft))
    try:
        _set_properties(workbook, result, words)
        page = LABELS.say("report.page", words.language, {"page": "&P", "pages": "&N"})
        book = Book(workbook, ZoneInfo(result.summary.time_zone), f"&R{page}")
        venue = one_line(result.summary.venue or "").replace("&", "&&")
        title = LABELS.say("report.title", words.language)
        header = " · ".join(filter(None, (title, venue, "&A")))
        names = ("summary", "breaks", "matches", "tips", "bridge", "payments", "lines")
        sheets = {name: book.sheet(words.sheet(name), header) for name in names}
        _fill_breaks(sheets["breaks"], result, words, breaks)
        _fill_matches(sheets["matches"], result, words)
        _fill_tips(sheets["tips"], result, words)
        write_bridge(sheets["bridge"], result.bridge, words.sheet("bridge"), words.language)
        _fill_payments(sheets["payments"], result, words, breaks)
        _fill_lines(sheets["lines"], result, words, breaks)
        if len(result.problems):
            _fill_problems(book.sheet(words.sheet("problems"), header), result, words)
        write_summary(sheets["summary"], result, words.language)
    except BaseException:
        workbook.fileclosed = True  # half a workbook is not written
        raise
    try:
        workbook.close()
    except FileCreateError as error:
        # XlsxWriter wraps what the disk said.
        raise OSError(*error.args[0].args) from error


def _set_properties(workbook: Workbook, result: Reconciliation, words: _Words) -> None:
    """Date the file by its data, so that the same result gives the same bytes."""
    last = pc.max(pa.array(result.payments["fetched_at"])).as_py()
    if last is not None:
        created = last.astimezone(UTC).replace(tzinfo=None)
    elif result.summary.last_day is not None:
        created = datetime.combine(result.summary.last_day, time())
    else:
        created = _LONG_AGO
    title = LABELS.say("report.title", words.language)
    workbook.set_properties({"title": title, "comments": "qerko-recon", "created": created})


def _fill_breaks(
    sheet: Sheet, result: Reconciliation, words: _Words, breaks: list[dict[str, Any]]
) -> None:
    lines = {
        line["tender_id"]: (place, line)
        for place, line in enumerate(
            plain_rows(result.tenders[["tender_id", "source_file", "source_row"]]), start=1
        )
    }
    columns = [
        words.column("break", "id", 16),
        words.column("kind", "long", 17),
        words.column("payment", "id", 13),
        words.column("bill", "id", 16),
        words.column("sentence", "long", 46),
        words.column("action", "long", 42),
        words.column("settled", "money", 12),
        words.column("posted", "money", 12),
        words.column("variance", "money", 12),
        words.column("currency", "unit", 10),
        words.column("note", "long", 24),
        words.column("source", "link", 26),
        words.column("severity", "text", 9),
        words.column("business_date", "date", 12),
        words.column("age", "count", 8),
        words.column("cause", "long", 44),
        words.column("evidence", "long", 40),
        words.column("lines", "long", 24),
    ]
    rows: Rows = []
    for number, row in enumerate(breaks, start=2):
        variance = Formula(f"=H{number}-G{number}", row["variance"])
        rows.append(
            [
                row["break_id"],
                kind_name(row["kind"], words.language),
                row["payment_id"],
                row["bill_id"],
                row["sentence"],
                action(row, words.language),
                row["settled"],
                row["posted"],
                variance,
                row["currency"],
                None,
                _first_line(row, lines, words),
                severity_name(row["severity"], words.language),
                row["business_date"],
                row["age"],
                cause(row, words.language),
                "; ".join(row["evidence"] or ()),
                _joined(row["tender_ids"]),
            ]
        )
    sheet.table("Breaks", columns, rows)
    # What is printed ends with the note; the rest is for the screen.
    sheet.worksheet.print_area(0, 0, max(len(rows), 1), 10)


def _first_line(
    row: Mapping[str, Any], lines: Mapping[str, tuple[int, Mapping[str, Any]]], words: _Words
) -> Link | None:
    """Link a break to its first POS line."""
    for tender in row["tender_ids"] or ():
        if tender in lines:
            place, line = lines[tender]
            where = [line["source_file"], line["source_row"]]
            shown = ", ".join(str(one) for one in where if one is not None) or tender
            return Link(words.sheet("lines"), cell_name(place, 0), shown)
    return None


def _fill_matches(sheet: Sheet, result: Reconciliation, words: _Words) -> None:
    columns = [
        words.column("match", "id", 18),
        words.column("kind", "text", 15),
        words.column("status", "text", 12),
        words.column("rule", "text", 24),
        words.column("payments", "long", 26),
        words.column("lines", "long", 30),
        words.column("settled", "money", 13),
        words.column("posted", "money", 13),
        words.column("variance", "money", 13),
        words.column("currency", "unit", 10),
    ]
    rows: Rows = [
        [
            row["match_id"],
            term("match_kind", row["kind"], words.language),
            term("match_status", row["status"], words.language),
            term("rule", row["rule"], words.language),
            _joined(row["payment_ids"]),
            _joined(row["tender_ids"]),
            row["settled"],
            row["posted"],
            Formula(f"=H{number}-G{number}", row["variance"]),
            row["currency"],
        ]
        for number, row in enumerate(plain_rows(result.matches), start=2)
    ]
    sheet.table("Matches", columns, rows)


def _fill_tips(sheet: Sheet, result: Reconciliation, words: _Words) -> None:
    columns = [
        words.column("provider", "text", 34),
        words.column("currency", "unit", 10),
        words.column("payments", "count", 11),
        words.column("gross", "money", 13),
        words.column("fee", "money", 13),
        words.column("net", "money", 13),
        words.column("settled_tip", "money", 13),
        words.column("posted_tip", "money", 13),
        words.column("variance", "money", 13),
    ]
    rows: Rows = []
    for number, tip in enumerate(tips_by_provider(result), start=2):
        variance = None if tip.variance is None else Formula(f"=H{number}-G{number}", tip.variance)
        rows.append(
            [
                tip.name(words.language),
                tip.currency,
                tip.payments,
                tip.gross,
                Formula(f"=D{number}-F{number}", tip.fee),
                tip.net,
                tip.settled,
                tip.posted,
                variance,
            ]
        )
    sheet.table("Tips", columns, rows)


def _fill_payments(
    sheet: Sheet, result: Reconciliation, words: _Words, breaks: list[dict[str, Any]]
) -> None:
    columns = [
        words.column("payment", "id", 16),
        words.column("bill", "id", 18),
        words.column("state", "text", 14),
        words.column("created", "time", 19),
        words.column("items", "money", 12),
        words.column("discount", "money", 12),
        words.column("gross", "money", 12),
        words.column("net", "money", 12),
        words.column("parts", "money", 12),
        words.column("settled", "money", 12),
        words.column("currency", "unit", 10),
        words.column("break", "link", 18),
    ]
    names = (
        "payment_id",
        "bill_id",
        "state",
        "created_at",
        "items_total",
        "discount_total",
        "tip_gross",
        "tip_net",
        "parts_total",
    )
    found = _breaks_of(breaks, lambda row: [row["payment_id"]])
    rows: Rows = [
        [
            *(row[name] for name in names),
            row["settled"],
            row["currency"],
            _to_break(found.get(row["payment_id"]), words),
        ]
        for row in plain_rows(result.payments)
    ]
    sheet.table("Payments", columns, rows)


def _fill_lines(
    sheet: Sheet, result: Reconciliation, words: _Words, breaks: list[dict[str, Any]]
) -> None:
    columns = [
        words.column("line", "id", 18),
        words.column("file", "text", 22),
        words.column("row", "place", 8),
        words.column("payment", "id", 14),
        words.column("bill", "id", 18),
        words.column("paid_at", "time", 19),
        words.column("state", "text", 11),
        words.column("tender_type", "text", 12),
        words.column("provider", "text", 18),
        words.column("amount_without_tip", "money", 12),
        words.column("tip", "money", 11),
        words.column("total", "money", 12),
        words.column("posted", "money", 12),
        words.column("currency", "unit", 10),
        words.column("break", "link", 18),
    ]
    found = _breaks_of(breaks, lambda row: row["tender_ids"] or ())
    rows: Rows = [
        [
            row["tender_id"],
            row["source_file"],
            row["source_row"],
            row["payment_id"],
            row["bill_id"],
            row["paid_at"],
            term("tender_state", row["state"], words.language),
            row["tender_type"],
            row["provider"],
            row["amount"],
            row["tip"],
            row["total"],
            row["posted"],
            row["currency"],
            _to_break(found.get(row["tender_id"]), words),
        ]
        for row in plain_rows(result.tenders)
    ]
    sheet.table("SourceRows", columns, rows)


def _fill_problems(sheet: Sheet, result: Reconciliation, words: _Words) -> None:
    columns = [
        words.column("file", "text", 26),
        words.column("row", "place", 8),
        words.column("column", "text", 20),
        words.column("value", "text", 30),
        words.column("problem", "long", 80),
    ]
    names = ("source_file", "source_row", "column", "value", "problem")
    rows: Rows = [[row[name] for name in names] for row in plain_rows(result.problems)]
    sheet.table("Problems", columns, rows)


def _breaks_of(breaks: Iterable[Mapping[str, Any]], ids_of: Any) -> dict[str, tuple[int, str]]:
    """Tell, by ID, the row of the first break and the IDs of all."""
    found: dict[str, tuple[int, str]] = {}
    for number, row in enumerate(breaks, start=1):
        for one in ids_of(row):
            if one is not None:
                first, shown = found.get(one, (number, ""))
                found[one] = (first, f"{shown}, {row['break_id']}" if shown else row["break_id"])
    return found


def _to_break(found: tuple[int, str] | None, words: _Words) -> Link | None:
    if found is None:
        return None
    return Link(words.sheet("breaks"), cell_name(found[0], 0), found[1])


def _joined(ids: Sequence[str] | None) -> str | None:
    shown = list(ids or ())
    rest = [f"… ({len(shown)})"] if len(shown) > _IDS_NAMED else []
    return ", ".join(shown[:_IDS_NAMED] + rest) or None
