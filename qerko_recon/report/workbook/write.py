"""A result in, its workbook out: every sheet, filled in the order that their links ask for.

Sheets: Summary, Breaks (with an empty column for notes), Matches, Tips and Bridge (each with
charts), By day, Payments, Source rows, and where there are any: lines of other tenders, IDs not
fetched, problems of the export. The same result gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

from qerko_recon.recon import Reconciliation
from qerko_recon.report.rows import breaks_by_kind
from qerko_recon.report.saving import saved_at
from qerko_recon.report.workbook.breaks_sheet import write_breaks
from qerko_recon.report.workbook.bridge_sheet import write_bridge
from qerko_recon.report.workbook.days_sheet import write_days
from qerko_recon.report.workbook.listed import Listed, check_size, list_rows
from qerko_recon.report.workbook.matches_sheet import write_matches
from qerko_recon.report.workbook.places import Places
from qerko_recon.report.workbook.sheets import Book, check_rows
from qerko_recon.report.workbook.source_sheets import (
    write_failures,
    write_lines,
    write_others,
    write_payments,
    write_problems,
)
from qerko_recon.report.workbook.summary_sheet import write_summary
from qerko_recon.report.workbook.tips_sheet import write_tips
from qerko_recon.report.workbook.words import Words
from qerko_recon.wording import language_of, one_line

__all__ = ["write_workbook"]

_LONG_AGO: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - Excel has no time zones


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
    words = Words(language_of(language), result.summary.time_zone)
    listed = list_rows(result, words)
    frames = dict(_frames(result, listed))
    for name, frame in frames.items():
        check_rows(words.sheet(name), len(frame))
    check_size(list(frames.values()))
    with saved_at(path) as draft:
        _write(result, listed, frames, words, draft)


def _frames(result: Reconciliation, listed: Listed) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the frame behind each sheet; one that may be empty only where it is not."""
    yield "breaks", result.breaks
    yield "matches", listed.matches
    yield "tips", result.tip_bridge
    yield "bridge", result.bridge
    yield "days", result.bridge_by_day
    yield "payments", listed.payments
    yield "lines", listed.tenders
    for name, frame in (
        ("others", result.others),
        ("failures", result.failures),
        ("problems", result.problems),
    ):
        if len(frame):
            yield name, frame


def _write(
    result: Reconciliation,
    listed: Listed,
    frames: Mapping[str, pd.DataFrame],
    words: Words,
    draft: Path,
) -> None:
    workbook = Workbook(str(draft))
    try:
        _set_properties(workbook, result, words)
        _fill(workbook, result, listed, frames, words)
    except BaseException:
        workbook.fileclosed = True  # half a workbook is not written
        raise
    try:
        workbook.close()
    except FileCreateError as error:
        # XlsxWriter wraps what the disk said.
        raise OSError(*error.args[0].args) from error


def _fill(
    workbook: Any,
    result: Reconciliation,
    listed: Listed,
    frames: Mapping[str, pd.DataFrame],
    words: Words,
) -> None:
    page = words.say("report.page", {"page": "&P", "pages": "&N"})
    book = Book(workbook, ZoneInfo(result.summary.time_zone), words.language, f"&R{page}")
    venue = one_line(result.summary.venue or "").replace("&", "&&")
    header = " · ".join(filter(None, (words.say("report.title"), venue, "&A")))
    sheets = {name: book.sheet(words.sheet(name), header) for name in ("summary", *frames)}
    breaks = [row for kind in breaks_by_kind(result, words.language) for row in kind.rows]
    places = Places(listed, breaks, words)
    write_breaks(sheets["breaks"], result, breaks, places, words)
    write_matches(sheets["matches"], listed.matches, places, words)
    write_tips(sheets["tips"], result, words)
    write_bridge(sheets["bridge"], result.bridge, places, words)
    days = write_days(sheets["days"], result.bridge_by_day, result.bridge, words)
    write_payments(sheets["payments"], listed.payments, places, words)
    write_lines(sheets["lines"], listed.tenders, places, words)
    if "others" in sheets:
        write_others(sheets["others"], result, words)
    if "failures" in sheets:
        write_failures(sheets["failures"], result, words)
    if "problems" in sheets:
        write_problems(sheets["problems"], result, words)
    rows = {name: len(frame) for name, frame in frames.items()} | {"days": days}
    write_summary(sheets["summary"], result, rows, words, lists_all=listed.is_whole)


def _set_properties(workbook: Any, result: Reconciliation, words: Words) -> None:
    """Date the file by its data, so that the same result gives the same bytes."""
    last = pc.max(pa.array(result.payments["fetched_at"])).as_py()
    if last is not None:
        created = last.astimezone(UTC).replace(tzinfo=None)
    elif result.summary.last_day is not None:
        created = datetime.combine(result.summary.last_day, time())
    else:
        created = _LONG_AGO
    workbook.set_properties(
        {"title": words.say("report.title"), "comments": "qerko-recon", "created": created}
    )
