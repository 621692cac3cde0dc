"""The sheet of breaks: what is wrong, what to do, room for a note, and links to the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from qerko_recon.recon import Reconciliation
from qerko_recon.recon.sentences import action, cause, kind_name, severity_name
from qerko_recon.report.evidence import evidence_text
from qerko_recon.report.rows import plain_columns
from qerko_recon.report.workbook.places import Places
from qerko_recon.report.workbook.sheets import Column, Sheet
from qerko_recon.report.workbook.words import Words, joined

__all__ = ["write_breaks"]

_PRINTED: Final = 12
_SHOUTED: Final = ("high", "medium")

Row = Mapping[str, Any]


def write_breaks(
    sheet: Sheet, result: Reconciliation, rows: Sequence[Row], places: Places, words: Words
) -> None:
    """Write the breaks in the order given; what is printed ends with the note."""
    columns = [*_printed(rows, places, words), *_on_screen(result, rows, places, words)]
    sheet.table("Breaks", columns)
    severity = [column.heading for column in columns].index(words.heading("severity"))
    for number, row in enumerate(rows, start=1):
        if row["severity"] in _SHOUTED:
            name = severity_name(row["severity"], words.language)
            sheet.write(number, severity, name, row["severity"])
    sheet.worksheet.print_area(0, 0, max(len(rows), 1), _PRINTED - 1)


def _printed(rows: Sequence[Row], places: Places, words: Words) -> list[Column]:
    kinds = {row["kind"]: kind_name(row["kind"], words.language) for row in rows}
    grades = {row["severity"]: severity_name(row["severity"], words.language) for row in rows}
    return [
        words.column("break", "id", _all(rows, "break_id")),
        words.column("severity", "text", [grades[row["severity"]] for row in rows]),
        words.column("kind", "long", [kinds[row["kind"]] for row in rows], 19),
        words.column("payment", "link", [places.payment(row["payment_id"]) for row in rows]),
        words.column("bill", "id", _all(rows, "bill_id")),
        words.column("sentence", "long", _all(rows, "sentence"), 52),
        words.column("action", "long", [action(row, words.language) for row in rows], 48),
        words.column("settled", "money", _all(rows, "settled")),
        words.column("posted", "money", _all(rows, "posted")),
        words.column("variance", "money", _all(rows, "variance")),
        words.column("currency", "unit", _all(rows, "currency")),
        words.column("note", "long", [row.get("note") for row in rows], 26),
    ]


def _on_screen(
    result: Reconciliation, rows: Sequence[Row], places: Places, words: Words
) -> list[Column]:
    files = _places_in_files(result)
    sources = [places.first_line(row["tender_ids"], _source(row, files, words)) for row in rows]
    columns = [
        words.column("source", "link", sources),
        words.column("business_date", "date", _all(rows, "business_date")),
        words.column("age", "count", _all(rows, "age")),
        words.column("cause", "long", [cause(row, words.language) for row in rows], 90),
        words.column(
            "evidence",
            "long",
            [evidence_text(row["evidence"], words.language) for row in rows],
            100,
        ),
        words.column("lines", "long", [joined(row["tender_ids"]) for row in rows], 30),
    ]
    if "log_records" in result.breaks:
        texts = [joined(list(map(str, row["log_records"] or ()))) for row in rows]
        columns.append(words.column("log_records", "long", texts, 24))
    return columns


def _all(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[name] for row in rows]


def _places_in_files(result: Reconciliation) -> dict[str, tuple[str | None, int | None]]:
    """Tell, by POS line, its file and row."""
    own = plain_columns(result.tenders, "tender_id", "source_file", "source_row")
    return dict(
        zip(own["tender_id"], zip(own["source_file"], own["source_row"], strict=True), strict=True)
    )


def _source(row: Row, files: Mapping[str, tuple[Any, Any]], words: Words) -> str | None:
    """Say where the first POS line of a break stands."""
    first = next(iter(row["tender_ids"] or ()), None)
    file, number = files.get(first, (None, None)) if first is not None else (None, None)
    if number is None:
        return first
    return words.say("report.place", {"file": file, "row": number})
